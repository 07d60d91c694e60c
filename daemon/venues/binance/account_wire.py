"""Binance's account: spot balances, USD-M positions, listen keys. Pure.

`positionAmt` is signed, and a hedged account has a LONG row (0 or more) and a SHORT row (0 or
less) per symbol (Binance docs: position information V3).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import PositionRow, Undecodable
from daemon.core.terms import ZERO, Currency, PositionSide
from daemon.venues.binance.wire import position_side_of, symbol_of
from daemon.venues.decoding import (
    RAW_LIMIT,
    Stamp,
    UnreadableError,
    decode_as,
    name,
    number,
    undecodable,
    unsigned,
)


class _Balance(msgspec.Struct):
    asset: str
    free: str
    locked: str


class _Account(msgspec.Struct):
    balances: list[_Balance]


class _Position(msgspec.Struct, rename="camel"):
    symbol: str
    position_amt: str
    position_side: str
    entry_price: str | None = None


class _Named(msgspec.Struct):
    symbol: str


class _ListenKey(msgspec.Struct, rename="camel"):
    listen_key: str


_ACCOUNT: Final = msgspec.json.Decoder(_Account)
_POSITION: Final = msgspec.json.Decoder(_Position)
_NAMED: Final = msgspec.json.Decoder(_Named)
_LISTEN_KEY: Final = msgspec.json.Decoder(_ListenKey)


def decode_balances(body: bytes) -> dict[Currency, Decimal]:
    """Every asset of GET /api/v3/account, free and locked together; raises `UnreadableError`.

    What an open order locks is still held. An asset named twice is not a balance.
    """
    held: dict[Currency, Decimal] = {}
    for row in decode_as(_ACCOUNT, body).balances:
        asset = Currency(name(row.asset, "asset"))
        if asset in held:
            raise UnreadableError(f"{asset} has two balances")
        held[asset] = unsigned(row.free, "free") + unsigned(row.locked, "locked")
    return held


def decode_position_row(stamp: Stamp, raw: bytes | msgspec.Raw) -> PositionRow | Undecodable:
    """One row of GET /fapi/v3/positionRisk, 0 when flat; a hedged account has two per symbol.

    `cost` is quantity times entry price, without fees, in the quote currency. A row that cannot be
    read but for its symbol sets that position aside, and no other.
    """
    try:
        return _position_of(decode_as(_POSITION, raw))
    except UnreadableError as error:
        text = str(error)
    try:
        symbol = symbol_of(decode_as(_NAMED, raw).symbol)
    except UnreadableError:
        return undecodable(stamp, f"{stamp['venue']} position", bytes(raw), text)
    return PositionRow(symbol=symbol, position_qty=None, text=text[:RAW_LIMIT])


def _position_of(row: _Position) -> PositionRow:
    side = position_side_of(row.position_side)
    held = number(row.position_amt, "positionAmt")
    wrong = (side is PositionSide.LONG and held < ZERO) or (
        side is PositionSide.SHORT and held > ZERO
    )
    if wrong:
        raise UnreadableError(f"positionAmt {held} contradicts position side {side.value}")
    entry = None if row.entry_price is None else unsigned(row.entry_price, "entryPrice")
    return PositionRow(
        symbol=symbol_of(row.symbol),
        position_qty=held,
        position_side=side,
        cost=abs(held) * entry if entry else None,
    )


def decode_listen_key(body: bytes) -> str:
    """POST /fapi/v1/listenKey; raises `UnreadableError`. A secret: whoever has it reads along."""
    return name(decode_as(_LISTEN_KEY, body).listen_key, "listenKey")
