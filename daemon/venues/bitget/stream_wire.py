"""Bitget's websockets: commands out, frames in. Pure; knows one frame and no connection.

A frame is the text `pong`, an answer with an `event`, or a push with `arg` and `data` (Bitget
docs: websocket). Every push of orders and fills says `snapshot`, though it is only what happened:
nothing is ever read out of a row's absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.events import Quote, QuoteSource, Undecodable
from daemon.core.terms import Symbol
from daemon.venues.bitget.market_wire import BookRow, quote_of
from daemon.venues.bitget.push_wire import CLASSIC_READERS, UTA_READERS, Rows, Told
from daemon.venues.bitget.wire import Dialect, Market, millis_ns, symbol
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable

PING: Final = b"ping"
PONG: Final = b"pong"
BOOK: Final = "books1"
MESSAGE_BYTES: Final = 4_096
"""The longest subscribe message that Bitget takes."""


class Arg(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """What a subscription names: `channel` and `instId` on the classic API, else `topic`."""

    inst_type: str | None = None
    channel: str | None = None
    topic: str | None = None
    inst_id: str | None = None
    symbol: str | None = None
    coin: str | None = None

    @property
    def about(self) -> str:
        """The channel's name in either dialect."""
        return self.channel or self.topic or ""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to our `ping`: the connection stands, which says nothing of its data."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The key was accepted."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A channel is on; `symbol` where it is one symbol's."""

    channel: str
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class ServerError:
    """The server refused a command; after 30005 to 30015 it closes the connection."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """A symbol's best prices; `seq` counts up, 0 where it is not given."""

    quote: Quote
    seq: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that we know and do not use, or one of another market."""

    kind: str


Body = Pong | LoggedIn | Subscribed | ServerError | Book | Rows | Ignored | Undecodable


@dataclass(frozen=True, slots=True)
class Frame:
    """One message; `sent_ns` is the server's clock when it sent it, where it says."""

    body: Body
    channel: str = ""
    sent_ns: int | None = None


class _Envelope(msgspec.Struct):
    event: str | None = None
    code: str | int | None = None
    msg: str | None = None
    arg: Arg | None = None
    action: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    ts: str | int | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LISTED: Final = msgspec.json.Decoder(list[msgspec.Raw])
_BOOK: Final = msgspec.json.Decoder(BookRow)


def decode_frame(told: Told, dialect: Dialect, raw: bytes) -> Frame:
    """One frame; total. Facts of another market than ours are `Ignored`."""
    if raw == PONG:
        return Frame(Pong())
    try:
        envelope = decode_as(_ENVELOPE, raw)
    except UnreadableError as error:
        return Frame(undecodable(told.stamp, "frame", raw, str(error)))
    channel = "" if envelope.arg is None else envelope.arg.about
    try:
        if envelope.event is not None:
            return Frame(_answer(envelope), channel)
        sent_ns = None if envelope.ts is None else millis_ns(envelope.ts, "ts")
        return Frame(_push(told, dialect, envelope), channel, sent_ns)
    except UnreadableError as error:
        return Frame(undecodable(told.stamp, f"push {channel[:40]}", raw, str(error)), channel)


def _answer(envelope: _Envelope) -> Body:
    code = "" if envelope.code is None else str(envelope.code)
    arg = envelope.arg or Arg()
    if envelope.event == "login" and code in {"0", ""}:
        return LoggedIn()
    if envelope.event in {"error", "login"}:
        return ServerError(code, (envelope.msg or "")[:200])
    if envelope.event == "subscribe":
        named = arg.inst_id or arg.symbol
        return Subscribed(arg.about, None if named in {None, "default"} else symbol(named))
    if envelope.event == "unsubscribe":
        return Ignored("unsubscribe")
    raise UnreadableError(f"event {(envelope.event or '')[:40]!r} is unknown")


def _push(told: Told, dialect: Dialect, envelope: _Envelope) -> Body:
    arg = envelope.arg
    if arg is None or not bytes(envelope.data):
        raise UnreadableError("neither an event nor a push")
    kind = (arg.inst_type or "").upper()
    if kind not in {told.market.value, "UTA"}:
        return Ignored(f"{arg.about} of {kind[:40]}")
    listed = bytes(envelope.data)[:1] == b"["
    rows = decode_as(_LISTED, envelope.data) if listed else [envelope.data]
    if arg.about == BOOK:
        return _book(told.stamp, arg, rows)
    readers = CLASSIC_READERS if dialect is Dialect.CLASSIC else UTA_READERS
    if arg.about not in readers:
        raise UnreadableError(f"channel {arg.about[:40]!r} is unknown")
    return readers[arg.about](told, rows)


def _book(stamp: Stamp, arg: Arg, rows: Sequence[msgspec.Raw]) -> Body:
    if not rows:
        raise UnreadableError("a book without rows")
    row = decode_as(_BOOK, rows[-1])
    wanted = symbol(arg.inst_id, arg.symbol)
    return Book(quote_of(stamp, wanted, row, QuoteSource.BOOK), row.seq or 0)


class _LoginArg(msgspec.Struct, rename="camel"):
    api_key: str
    passphrase: str
    timestamp: str
    sign: str


class _Login(msgspec.Struct):
    op: str
    args: list[_LoginArg]


class _Command(msgspec.Struct):
    op: str
    args: Sequence[Arg]


def encode_login(key: str, passphrase: str, timestamp: str, sign: str) -> bytes:
    """The first message of a private connection."""
    return msgspec.json.encode(_Login("login", [_LoginArg(key, passphrase, timestamp, sign)]))


def encode_subscribe(args: Sequence[Arg], *, on: bool = True) -> Iterator[bytes]:
    """Subscribe to (or leave) these, in as few messages as their length allows."""
    op = "subscribe" if on else "unsubscribe"
    batch: list[Arg] = []
    for arg in args:
        if len(msgspec.json.encode(_Command(op, [*batch, arg]))) > MESSAGE_BYTES:
            yield msgspec.json.encode(_Command(op, batch))
            batch = []
        batch.append(arg)
    if batch:
        yield msgspec.json.encode(_Command(op, batch))


_SPOT_CHANNELS: Final = ("orders", "fill", "orders-algo")
_FUTURES_CHANNELS: Final = (*_SPOT_CHANNELS, "positions", "positions-history", "adl-noti")
_SPOT_TOPICS: Final = ("order", "fill", "account")
_FUTURES_TOPICS: Final = (*_SPOT_TOPICS, "position", "strategy-order", "adl-notification")


def private_args(market: Market, dialect: Dialect) -> tuple[Arg, ...]:
    """All that a private connection of this market subscribes to."""
    spot = market is Market.SPOT
    if dialect is Dialect.UTA:
        topics = _SPOT_TOPICS if spot else _FUTURES_TOPICS
        return tuple(Arg(inst_type="UTA", topic=topic) for topic in topics)
    channels = _SPOT_CHANNELS if spot else _FUTURES_CHANNELS
    named = tuple(
        Arg(inst_type=market.value, channel=channel, inst_id="default") for channel in channels
    )
    return (*named, Arg(inst_type=market.value, channel="account", coin="default"))


def confirming(dialect: Dialect) -> frozenset[str]:
    """The channels without which a private connection is of no use."""
    return frozenset({"fill", "orders" if dialect is Dialect.CLASSIC else "order"})


def book_args(market: Market, dialect: Dialect, symbols: Sequence[Symbol]) -> tuple[Arg, ...]:
    """The best prices of these symbols."""
    if dialect is Dialect.UTA:
        kind = market.value.lower()
        return tuple(Arg(inst_type=kind, topic=BOOK, symbol=wanted) for wanted in symbols)
    return tuple(Arg(inst_type=market.value, channel=BOOK, inst_id=wanted) for wanted in symbols)
