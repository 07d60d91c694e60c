"""What a dialect's teller makes of the exchange's happenings: rows for channels. No socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from daemon.paper.bitget.words import SIDE_WORDS, Json, ms
from daemon.paper.crypto.happenings import Happening
from daemon.paper.crypto.model import Order
from daemon.paper.crypto.oracle import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One frame for every connection of an account that is subscribed to a channel.

    `data`: rows, or one row bare where the topic is written so.
    """

    account: str
    channel: str
    data: list[Json] | Json
    symbol: str = ""
    action: str = "snapshot"


class Teller(Protocol):
    """One market in one dialect."""

    @property
    def channels(self) -> frozenset[str]:
        """The private channels there are."""
        ...

    def pushes(self, happening: Happening) -> list[Push]:
        """The frames of a happening, in the order in which they are sent."""
        ...

    def dump(self, account: str, channel: str) -> list[Json] | None:
        """What a new subscription is shown first; None where it is shown nothing."""
        ...


def adl_notice(order: Order, channel: str) -> Push:
    """An auto-deleveraging that has begun."""
    row: Json = {
        "symbol": order.symbol,
        "side": SIDE_WORDS[order.side],
        "status": "triggered",
        "price": plain(order.price),
        "amount": plain(order.qty),
        "ts": ms(order.created_ns),
    }
    return Push(
        account=order.account, channel=channel, data=[row], symbol=order.symbol, action="update"
    )


def told(order: Order, channel: str, row: Json) -> Push:
    """One row about an order."""
    return Push(account=order.account, channel=channel, data=[row], symbol=order.symbol)
