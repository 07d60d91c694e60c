"""Phemex's websocket: commands out, frames in. Pure; knows one frame and no connection.

Pushes carry no name: `aop_p` is known by its `orders_p`, `positions_p`, `accounts_p`, `wo` by its
`wallets` and its `orders` of three lists, books by `orderbook_p` or `book`, and answers by their
`id`. A `snapshot` repeats open orders and up to 200 old rows on every subscription: whoever books
them goes by the execution's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.events import PositionRow, Undecodable, VenueEvent
from daemon.core.terms import Venue
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable
from daemon.venues.phemex.book_wire import BookUpdate, decode_book
from daemon.venues.phemex.perp_wire import decode_push_row
from daemon.venues.phemex.position_wire import decode_position_row
from daemon.venues.phemex.product_wire import Products, UnknownSymbolError
from daemon.venues.phemex.spot_wire import (
    Wallet,
    decode_fill_row,
    decode_state_row,
    decode_wallet_row,
)
from daemon.venues.phemex.wire import SPOT, Wire, time_ns

IGNORED: Final = frozenset(
    {
        *("market24h", "market24h_p", "spot_market24h", "index_market24h", "data"),
        *("trades", "trades_p", "kline", "kline_p", "tick", "tick_p"),
        *("risk_units", "risk_wallets"),
    }
)
"""Pushes that we know and have no use for. Anything else unknown is `Undecodable`."""

BOOKS: Final = frozenset({"orderbook_p", "book"})
PERP_KEYS: Final = frozenset({"orders_p", "positions_p", "accounts_p"})
SPOT_KEYS: Final = frozenset({"orders", "wallets"})


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command; `error` says why it was refused, "" where it was done."""

    request_id: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to our heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """The account's facts: what happened to orders, positions and wallets as they are now.

    `whole` where this is a snapshot: it then repeats what is known.
    """

    events: tuple[VenueEvent, ...]
    positions: tuple[PositionRow, ...] = ()
    wallets: tuple[Wallet, ...] = ()
    whole: bool
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Unscaled:
    """A private frame of a product that is not known: to be read again with newer products."""

    text: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A push that we know and do not use."""

    kind: str


Body = Reply | Pong | Private | Unscaled | Ignored | BookUpdate | Undecodable


class _Lists(msgspec.Struct, frozen=True):
    open: list[msgspec.Raw] = []
    closed: list[msgspec.Raw] = []
    fills: list[msgspec.Raw] = []


class _Push(msgspec.Struct):
    type: str
    timestamp: Wire = 0
    orders_p: list[msgspec.Raw] = []
    positions_p: list[msgspec.Raw] = []
    orders: _Lists = _Lists()
    wallets: list[msgspec.Raw] = []


class _Error(msgspec.Struct):
    code: int | str = 0
    message: str = ""


class _Reply(msgspec.Struct):
    id: int | None
    error: _Error | None = None
    result: object = None


_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PUSH: Final = msgspec.json.Decoder(_Push)
_REPLY: Final = msgspec.json.Decoder(_Reply)


def decode_frame(
    stamp: Stamp, raw: bytes, products: Products, *, parks_unknown: bool = True
) -> Body:
    """One frame; total.

    With `parks_unknown` a private frame that cannot be scaled is handed back as `Unscaled`, to be
    decoded again with newer products; else those of its rows become `Undecodable`.
    """
    try:
        return _body(stamp, raw, products, parks_unknown=parks_unknown)
    except UnknownSymbolError as error:
        return Unscaled(str(error))
    except UnreadableError as error:
        return undecodable(stamp, "frame", raw, str(error))


def _body(stamp: Stamp, raw: bytes, products: Products, *, parks_unknown: bool) -> Body:
    keys = decode_as(_KEYS, raw).keys()
    if "id" in keys:
        return _reply(raw)
    if keys & BOOKS:
        return decode_book(raw, products)
    if keys & PERP_KEYS:
        return _perp(stamp, decode_as(_PUSH, raw))
    if keys & SPOT_KEYS:
        return _spot(stamp, decode_as(_PUSH, raw), products, parks_unknown=parks_unknown)
    if not keys & IGNORED:
        raise UnreadableError(f"keys {sorted(keys)[:8]} are unknown")
    return Ignored(min(keys & IGNORED))


def _reply(raw: bytes) -> Body:
    reply = decode_as(_REPLY, raw)
    if reply.result == "pong":
        return Pong()
    if reply.error is not None:
        return Reply(reply.id or 0, f"{reply.error.code} {reply.error.message}"[:200])
    done = reply.result == {"status": "success"}
    return Reply(reply.id or 0, "" if done else f"result {reply.result}"[:200])


def _whole(push: _Push) -> bool:
    if push.type not in {"snapshot", "incremental"}:
        raise UnreadableError(f"type {push.type[:40]!r} is unknown")
    return push.type == "snapshot"


def _perp(stamp: Stamp, push: _Push) -> Private:
    whole = _whole(push)
    events: list[VenueEvent] = []
    for row in push.orders_p:
        events.extend(decode_push_row(stamp, row, replayed=whole))
    positions: list[PositionRow] = []
    for row in push.positions_p:
        for position in decode_position_row(stamp, "aop_p position", row):
            if isinstance(position, Undecodable):
                events.append(position)
            else:
                positions.append(position)
    return Private(
        events=tuple(events),
        positions=tuple(positions),
        whole=whole,
        sent_ns=time_ns(push.timestamp, "timestamp"),
    )


def _spot(stamp: Stamp, push: _Push, products: Products, *, parks_unknown: bool) -> Private:
    """Fills before states: an order that ended has its fills then."""
    whole = _whole(push)
    events: list[VenueEvent] = []
    wallets: list[Wallet] = []
    rows = [
        *((raw, _fill_row) for raw in push.orders.fills),
        *((raw, decode_state_row) for raw in (*push.orders.closed, *push.orders.open)),
        *((raw, _wallet_row) for raw in push.wallets),
    ]
    for raw, decode in rows:
        try:
            found = decode(stamp, raw, products)
        except UnknownSymbolError as error:
            if parks_unknown:
                raise
            found = (undecodable(stamp, "wo", bytes(raw), str(error)),)
        for one in found:
            if isinstance(one, Wallet):
                wallets.append(one)
            else:
                events.append(one)
    return Private(
        events=tuple(events),
        wallets=tuple(wallets),
        whole=whole,
        sent_ns=time_ns(push.timestamp, "timestamp"),
    )


def _fill_row(stamp: Stamp, raw: msgspec.Raw, products: Products) -> tuple[VenueEvent, ...]:
    return (decode_fill_row(stamp, raw, products),)


def _wallet_row(
    stamp: Stamp, raw: msgspec.Raw, products: Products
) -> tuple[Wallet | Undecodable, ...]:
    return (decode_wallet_row(stamp, raw, products),)


class _Command(msgspec.Struct):
    id: int
    method: str
    params: list[str | int]


def encode_auth(request_id: int, key_id: str, signature: str, expiry_s: int) -> bytes:
    """Prove who we are; `expiry_s` (unix) lies at most two minutes ahead."""
    params: list[str | int] = ["API", key_id, signature, expiry_s]
    return msgspec.json.encode(_Command(request_id, "user.auth", params))


def encode_private(request_id: int, venue: Venue) -> bytes:
    """Subscribe to the account's facts; needs `user.auth` before."""
    method = "wo.subscribe" if venue == SPOT else "aop_p.subscribe"
    return msgspec.json.encode(_Command(request_id, method, []))


def encode_book(request_id: int, venue: Venue, symbol: str) -> bytes:
    """Subscribe to one order book of 30 levels."""
    return msgspec.json.encode(_Command(request_id, f"{_channel(venue)}.subscribe", [symbol]))


def encode_no_books(request_id: int, venue: Venue) -> bytes:
    """End all subscriptions to order books: single ones cannot be ended."""
    return msgspec.json.encode(_Command(request_id, f"{_channel(venue)}.unsubscribe", []))


def _channel(venue: Venue) -> str:
    return "orderbook" if venue == SPOT else "orderbook_p"


def encode_ping(request_id: int) -> bytes:
    """Our heartbeat: the venue drops a connection that sends none for 30 s."""
    return msgspec.json.encode(_Command(request_id, "server.ping", []))
