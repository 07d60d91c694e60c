"""Positions of Phemex's USDT perpetuals, on the stream (`positions_p`) and by REST. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.events import PositionRow, Undecodable
from daemon.core.terms import EXACT, ZERO, PositionSide, Side, Symbol
from daemon.venues.decoding import (
    RAW_LIMIT,
    Stamp,
    UnreadableError,
    decode_as,
    name,
    undecodable,
    unsigned,
)
from daemon.venues.phemex.wire import USDT, position_side, side


class _Body(msgspec.Struct, rename="camel"):
    """A position of `positions_p` or of REST, whose size goes by either name."""

    symbol: str
    currency: str
    pos_side: str
    pos_mode: str
    side: str | None = None
    size: str | None = None
    size_rq: str | None = None
    avg_entry_price_rp: str | None = None
    position_status: str | None = None


class _Named(msgspec.Struct):
    symbol: str


_NAMED: Final = msgspec.json.Decoder(_Named)
_POSITION: Final = msgspec.json.Decoder(_Body)
_CONTRADICTIONS: Final = {(PositionSide.LONG, Side.SELL), (PositionSide.SHORT, Side.BUY)}


def decode_position_row(
    stamp: Stamp, source: str, raw: bytes | msgspec.Raw
) -> tuple[PositionRow | Undecodable, ...]:
    """A position, signed; nothing for one of another settlement currency.

    A row that cannot be read but for its symbol sets that symbol aside, on every position side
    (one that is not named would count as flat), and no other.
    """
    try:
        body = decode_as(_POSITION, raw)
        return (_position(body),) if body.currency == USDT else ()
    except UnreadableError as error:
        text = str(error)
    try:
        symbol = Symbol(name(decode_as(_NAMED, raw).symbol, "symbol"))
    except UnreadableError:
        return (undecodable(stamp, source, bytes(raw), text),)
    return tuple(
        PositionRow(symbol=symbol, position_qty=None, position_side=each, text=text[:RAW_LIMIT])
        for each in PositionSide
    )


def _position(body: _Body) -> PositionRow:
    """One-way: signed by `side`. Hedged: LONG holds + and SHORT -, whatever else is said."""
    size = unsigned(body.size or body.size_rq or "", "size")
    named = position_side(body.pos_side)
    if body.pos_mode not in {"OneWay", "Hedged"}:
        raise UnreadableError(f"posMode {body.pos_mode[:40]!r} is unknown")
    if (body.pos_mode == "OneWay") is not (named is PositionSide.NET) and size:
        raise UnreadableError(f"posSide {body.pos_side} in posMode {body.pos_mode}")
    symbol = Symbol(name(body.symbol, "symbol"))
    if not size:
        return PositionRow(symbol=symbol, position_qty=ZERO, position_side=named)
    direction = side(body.side or "")
    if (named, direction) in _CONTRADICTIONS:
        raise UnreadableError(f"side {body.side} of the {body.pos_side} position")
    entry = body.avg_entry_price_rp
    return PositionRow(
        symbol=symbol,
        position_qty=size * direction.sign,
        position_side=named,
        cost=None if entry is None else EXACT.multiply(unsigned(entry, "avgEntryPriceRp"), size),
    )
