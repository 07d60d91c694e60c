"""What private pushes are made of, and the old rows that each subscription begins with.

A push repeats nothing: of two states of one thing it has the later one.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Protocol

from daemon.paper.crypto.happenings import Happening
from daemon.paper.crypto.model import Fill, Order
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.words import Json

OLD_ROWS = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of one list of a push. A later one with the same `key` takes its place.

    `symbol`: what faults call it by, "" for coins and accounts.
    """

    account: str
    key: tuple[object, ...]
    row: Json
    symbol: str = ""


class Teller(Protocol):
    """How one market puts its facts: `aop_p` of perpetuals, `wo` of spot."""

    @property
    def channel(self) -> str:
        """The name of the subscription, and of its frames in faults."""
        ...

    def pieces(self, happening: Happening) -> list[Piece]:
        """The rows of a happening, in their order."""
        ...

    def frame(self, rows: list[Piece]) -> Json:
        """The lists of a push."""
        ...

    def snapshots(self, account: str) -> list[list[Piece]]:
        """What a subscription begins with, in one push or more."""
        ...


class OldRows:
    """The last fills and ended orders of every account, as they were told."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._fills: defaultdict[str, OrderedDict[tuple[object, ...], Piece]] = defaultdict(
            OrderedDict
        )
        self._ended: defaultdict[str, OrderedDict[tuple[object, ...], Piece]] = defaultdict(
            OrderedDict
        )

    def keep_fill(self, piece: Piece, fill: Fill) -> None:
        """Remember how a fill was told."""
        _keep(self._fills[piece.account], _id_of(fill), piece)

    def keep_ended(self, piece: Piece, order: Order) -> None:
        """Remember how an order's end was told."""
        _keep(self._ended[piece.account], (order.order_id,), piece)

    def ended(self, account: str) -> list[Piece]:
        """The last orders that ended, oldest first."""
        return list(self._ended[account].values())

    def fills(self, account: str) -> list[tuple[Fill, Piece | None]]:
        """The last fills, oldest first; None for one that nobody was told of."""
        rows = self._market.venue.exchange.fills[account][-OLD_ROWS:]
        return [(fill, self._fills[account].get(_id_of(fill))) for fill in rows]


def latest(rows: list[Piece]) -> list[Piece]:
    """Each key once, as it was last, where it was first."""
    found: dict[tuple[object, ...], Piece] = {}
    for piece in rows:
        found[piece.key] = piece
    return list(found.values())


def _id_of(fill: Fill) -> tuple[object, ...]:
    return (fill.symbol, fill.trade_id, fill.order_id)


def _keep(
    kept: OrderedDict[tuple[object, ...], Piece], key: tuple[object, ...], piece: Piece
) -> None:
    kept[key] = piece
    if len(kept) > OLD_ROWS:
        kept.popitem(last=False)
