"""Kalshi's websocket: commands out, frames in. Pure; knows one frame and no connection.

A frame becomes a `Frame`: who sent it when (`sid`, `seq`, `sending_ts_ms`), and a body that is
either for the feed (a book, a ticker, an acknowledgement) or events. Books are asked for with
`use_yes_price: true`, so both sides come in YES prices (Kalshi docs: order direction).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Fill, MarketChanged, OrderSnapshot, Quote, Undecodable
from daemon.core.terms import Symbol
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, millis_ns, name, undecodable
from daemon.venues.kalshi.fill_wire import FillBody, fill_of
from daemon.venues.kalshi.market_wire import (
    LIFECYCLE_REREAD,
    LifecycleBody,
    TickerBody,
    change_of,
    signed_count,
    ticker_quote,
)
from daemon.venues.kalshi.order_wire import OrderRow, snapshot_of
from daemon.venues.kalshi.wire import instant_ns, number, price, qty, seconds_ns

IGNORED: Final = frozenset(
    {
        "trade",
        "event_lifecycle",
        "event_fee_update",
        "order_group_updates",
        "multivariate_market_lifecycle",
        "unsubscribed",
    }
)
"""Message types that we know and have no use for. Anything else unknown is `Undecodable`."""

TERMINAL_ERRORS: Final = frozenset({10, 25})
"""Channel error and buffer overflow: the subscription is dead (Kalshi docs: websocket errors)."""

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A channel is on, under the frame's `sid`."""

    channel: str
    sid: int


@dataclass(frozen=True, slots=True)
class Acked:
    """An update of a subscription was done."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """The server refused a command or ended a subscription."""

    code: int
    text: str

    @property
    def terminal(self) -> bool:
        """True when the subscription is dead."""
        return self.code in TERMINAL_ERRORS


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """All levels of one market, `(YES price, quantity)`."""

    symbol: Symbol
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class BookDelta:
    """A change of quantity at one level."""

    symbol: Symbol
    bid: bool
    px: Decimal
    delta: Decimal
    venue_time_ns: int


@dataclass(frozen=True, slots=True)
class PositionHint:
    """The venue's net position in one market; may be older than the last fill."""

    symbol: Symbol
    position_qty: Decimal


@dataclass(frozen=True, slots=True)
class Reread:
    """A market's terms changed."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that we know and do not use, or one of another subaccount."""

    kind: str


Body = (
    Subscribed
    | Acked
    | ServerError
    | BookSnapshot
    | BookDelta
    | PositionHint
    | Reread
    | Ignored
    | Fill
    | OrderSnapshot
    | Quote
    | MarketChanged
    | Undecodable
)


class Frame(msgspec.Struct, frozen=True):
    """One message; `sent_ns` is the server's clock when it sent it, where it says."""

    body: Body
    request_id: int | None = None
    sid: int | None = None
    seq: int | None = None
    sent_ns: int | None = None


class _Envelope(msgspec.Struct):
    type: str
    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None
    msg: msgspec.Raw = msgspec.Raw()


class _SubscribedBody(msgspec.Struct):
    channel: str
    sid: int


class _ErrorBody(msgspec.Struct):
    code: int
    msg: str = ""
    market_ticker: str | None = None


class _SnapshotBody(msgspec.Struct):
    market_ticker: str
    market_id: str | None = None
    clock: int | None = None
    yes_dollars_fp: list[tuple[str, str]] | None = None
    no_dollars_fp: list[tuple[str, str]] | None = None


class _DeltaBody(msgspec.Struct):
    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str
    market_id: str | None = None
    clock: int | None = None
    ts: str | None = None
    ts_ms: int | None = None
    client_order_id: str | None = None
    subaccount: int | None = None


class _PositionBody(msgspec.Struct):
    market_ticker: str
    position_fp: str
    user_id: str | None = None
    position_cost_dollars: str | None = None
    realized_pnl_dollars: str | None = None
    fees_paid_dollars: str | None = None
    position_fee_cost_dollars: str | None = None
    volume_fp: str | None = None
    subaccount: int | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_SUBSCRIBED: Final = msgspec.json.Decoder(_SubscribedBody)
_ERROR: Final = msgspec.json.Decoder(_ErrorBody)
_SNAPSHOT: Final = msgspec.json.Decoder(_SnapshotBody)
_DELTA: Final = msgspec.json.Decoder(_DeltaBody)
_TICKER: Final = msgspec.json.Decoder(TickerBody)
_FILL: Final = msgspec.json.Decoder(FillBody)
_ORDER: Final = msgspec.json.Decoder(OrderRow)
_POSITION: Final = msgspec.json.Decoder(_PositionBody)
_LIFECYCLE: Final = msgspec.json.Decoder(LifecycleBody)


def decode_frame(stamp: Stamp, raw: bytes, subaccount: int) -> Frame:
    """One frame; total. Facts of another subaccount than ours are `Ignored`."""
    try:
        envelope = decode_as(_ENVELOPE, raw)
    except UnreadableError as error:
        return Frame(undecodable(stamp, "frame", raw, str(error)))
    try:
        body = _body(stamp, envelope, subaccount)
        sent = envelope.sending_ts_ms
        sent_ns = None if sent is None else millis_ns(sent, "sending_ts_ms")
    except UnreadableError as error:
        body = undecodable(stamp, f"frame {envelope.type[:40]}", raw, str(error))
        sent_ns = None
    return Frame(body, envelope.id, envelope.sid, envelope.seq, sent_ns)


def _body(stamp: Stamp, envelope: _Envelope, subaccount: int) -> Body:
    read = _READERS.get(envelope.type)
    if read is None:
        return _empty(envelope.type)
    if not bytes(envelope.msg):
        raise UnreadableError("msg is missing")
    return read(stamp, envelope.msg, subaccount)


def _empty(kind: str) -> Body:
    if kind in IGNORED:
        return Ignored(kind)
    if kind == "ok":
        return Acked()
    raise UnreadableError(f"type {kind[:40]!r} is unknown")


def _subscribed(_stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_SUBSCRIBED, raw)
    return Subscribed(body.channel, body.sid)


def _error(_stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_ERROR, raw)
    return ServerError(body.code, body.msg[:200])


def _snapshot(_stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_SNAPSHOT, raw)
    symbol = Symbol(name(body.market_ticker, "market_ticker"))
    return BookSnapshot(symbol, _levels(body.yes_dollars_fp), _levels(body.no_dollars_fp))


def _levels(levels: list[tuple[str, str]] | None) -> tuple[Level, ...]:
    """A missing side is an empty one."""
    return tuple((price(px, "level price"), qty(count, "level")) for px, count in levels or ())


def _delta(_stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_DELTA, raw)
    if body.side not in {"yes", "no"}:
        raise UnreadableError(f"side {body.side[:40]!r} is unknown")
    if body.ts_ms is not None:
        time_ns = millis_ns(body.ts_ms, "ts_ms")
    else:
        time_ns = instant_ns(body.ts, "ts") if body.ts else 0
    return BookDelta(
        symbol=Symbol(name(body.market_ticker, "market_ticker")),
        bid=body.side == "yes",
        px=price(body.price_dollars, "price_dollars"),
        delta=signed_count(body.delta_fp),
        venue_time_ns=time_ns,
    )


def _ticker(stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_TICKER, raw)
    if body.ts_ms is not None:
        time_ns = millis_ns(body.ts_ms, "ts_ms")
    else:
        time_ns = seconds_ns(body.ts, "ts") if body.ts is not None else 0
    return ticker_quote(stamp, body, time_ns)


def _fill(stamp: Stamp, raw: msgspec.Raw, subaccount: int) -> Body:
    body = decode_as(_FILL, raw)
    if body.subaccount not in {None, subaccount}:
        return Ignored("fill of another subaccount")
    return fill_of(stamp, body)


def _order(stamp: Stamp, raw: msgspec.Raw, subaccount: int) -> Body:
    body = decode_as(_ORDER, raw)
    if body.subaccount_number not in {None, subaccount}:
        return Ignored("user_order of another subaccount")
    changed = body.last_updated_ts_ms or body.created_ts_ms or 0
    return snapshot_of(stamp, body, millis_ns(changed, "last_updated_ts_ms"))


def _position(_stamp: Stamp, raw: msgspec.Raw, subaccount: int) -> Body:
    body = decode_as(_POSITION, raw)
    if body.subaccount not in {None, subaccount}:
        return Ignored("market_position of another subaccount")
    held = number(body.position_fp, "position_fp")
    return PositionHint(Symbol(name(body.market_ticker, "market_ticker")), held)


def _lifecycle(stamp: Stamp, raw: msgspec.Raw, _subaccount: int) -> Body:
    body = decode_as(_LIFECYCLE, raw)
    if body.event_type in LIFECYCLE_REREAD:
        return Reread(Symbol(name(body.market_ticker, "market_ticker")))
    return change_of(stamp, body) or Ignored(body.event_type)


_READERS: Final[dict[str, Callable[[Stamp, msgspec.Raw, int], Body]]] = {
    "subscribed": _subscribed,
    "error": _error,
    "orderbook_snapshot": _snapshot,
    "orderbook_delta": _delta,
    "ticker": _ticker,
    "fill": _fill,
    "user_order": _order,
    "market_position": _position,
    "market_lifecycle_v2": _lifecycle,
}


class _Params(msgspec.Struct, omit_defaults=True):
    channels: Sequence[str] | None = None
    sids: Sequence[int] | None = None
    market_tickers: Sequence[str] | None = None
    action: str | None = None
    send_initial_snapshot: bool = False
    use_yes_price: bool = False


class _Command(msgspec.Struct):
    id: int
    cmd: str
    params: _Params


def encode_subscribe(request_id: int, channel: str, symbols: Sequence[Symbol] = ()) -> bytes:
    """Subscribe to one channel, so that a refusal concerns nothing else."""
    params = _Params(
        channels=[channel],
        market_tickers=list(symbols) or None,
        send_initial_snapshot=channel == "ticker",
        use_yes_price=channel == "orderbook_delta",
    )
    return msgspec.json.encode(_Command(request_id, "subscribe", params))


def encode_unsubscribe(request_id: int, sid: int) -> bytes:
    """End a subscription."""
    return msgspec.json.encode(_Command(request_id, "unsubscribe", _Params(sids=[sid])))


def encode_update(request_id: int, sid: int, action: str, symbols: Sequence[Symbol]) -> bytes:
    """Change a subscription: `add_markets`, `delete_markets` or `get_snapshot`."""
    params = _Params(
        sids=[sid],
        market_tickers=list(symbols),
        action=action,
        send_initial_snapshot=action == "add_markets",
    )
    return msgspec.json.encode(_Command(request_id, "update_subscription", params))
