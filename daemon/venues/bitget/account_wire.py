"""Bitget's account: pages of rows, positions, balances, UTA settings. Pure.

A list comes in one of three shapes: bare rows (spot), `fillList`, `entrustedList` or `bills` with
an `endId` (futures), `list` with a `cursor` (UTA). Futures pages and spot rows are walked backwards
by `idLessThan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import PositionRow, Undecodable
from daemon.core.terms import EXACT, ZERO, Currency, PositionSide
from daemon.venues.bitget.direction_wire import POSITIONS, hedged_mode
from daemon.venues.bitget.wire import coin, number, qty, symbol, word
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, each still to be decoded, and where the next one begins ("": none)."""

    rows: tuple[msgspec.Raw, ...]
    next_id: str


_Rows = list[msgspec.Raw] | msgspec.UnsetType | None


class _PageBody(msgspec.Struct, rename="camel"):
    fill_list: _Rows = msgspec.UNSET
    entrusted_list: _Rows = msgspec.UNSET
    bills: _Rows = msgspec.UNSET
    rows: _Rows = msgspec.field(name="list", default=msgspec.UNSET)
    end_id: str | int | None = None
    cursor: str | int | None = None


class _Id(msgspec.Struct, rename="camel"):
    order_id: str | int | None = None
    trade_id: str | int | None = None


_PAGE: Final = msgspec.json.Decoder(_PageBody)
_LISTED: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ID: Final = msgspec.json.Decoder(_Id)


def decode_page(data: msgspec.Raw) -> Page:
    """A page in any of the three shapes; raises `UnreadableError`.

    Bitget writes an empty list as `null`; a page without its list at all proves nothing.
    """
    if bytes(data)[:1] == b"[":
        rows = decode_as(_LISTED, data)
        return Page(tuple(rows), _last_id(rows))
    page = decode_as(_PAGE, data)
    for listed in (page.fill_list, page.entrusted_list, page.bills, page.rows):
        if not isinstance(listed, msgspec.UnsetType):
            following = page.end_id if page.cursor in {None, ""} else page.cursor
            return Page(tuple(listed or ()), "" if following is None else str(following))
    raise UnreadableError("the answer has no list")


def _last_id(rows: list[msgspec.Raw]) -> str:
    """The id that the next page lies below: the trade's where rows are fills, else the order's."""
    if not rows:
        return ""
    row = decode_as(_ID, rows[-1])
    found = row.order_id if row.trade_id in {None, ""} else row.trade_id
    return "" if found is None else str(found)


class HeldRow(msgspec.Struct, rename="camel"):
    """A position, classic (`holdSide`, `total`) or UTA (`posSide`, `total` or `size`)."""

    symbol: str | None = None
    inst_id: str | None = None
    hold_side: str | None = None
    pos_side: str | None = None
    total: str | None = None
    size: str | None = None
    open_price_avg: str | None = None
    avg_price: str | None = None
    pos_mode: str | None = None
    hold_mode: str | None = None
    margin_mode: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One futures position, with the modes that its orders have to name."""

    row: PositionRow
    hedged: bool
    margin_mode: str


_HELD: Final = msgspec.json.Decoder(HeldRow)


def decode_held(stamp: Stamp, raw: bytes | msgspec.Raw) -> Held | Undecodable:
    """A position row of a list or of a stream; a quantity of 0 is a flat one.

    `cost` is quantity times average entry price, in the margin coin.
    """
    try:
        return held_of(decode_as(_HELD, raw))
    except UnreadableError as error:
        return undecodable(stamp, "position row", bytes(raw), str(error))


def held_of(row: HeldRow) -> Held:
    """A decoded row; raises `UnreadableError`."""
    said = word(row.hold_side or row.pos_side)
    if said not in POSITIONS:
        raise UnreadableError(f"position side {said[:40]!r} is unknown")
    hedged = hedged_mode(row.pos_mode or row.hold_mode)
    if hedged is None:
        raise UnreadableError("the position does not say its mode")
    held = qty(row.total or row.size, "total")
    entry = number(row.open_price_avg or row.avg_price or "0", "average price")
    return Held(
        PositionRow(
            symbol=symbol(row.inst_id, row.symbol),
            position_qty=held if said == "long" else -held + ZERO,
            position_side=POSITIONS[said] if hedged else PositionSide.NET,
            cost=EXACT.multiply(held, entry) if entry > ZERO else None,
        ),
        hedged=hedged,
        margin_mode=_margin_mode(row.margin_mode),
    )


def _margin_mode(text: str | None) -> str:
    """`crossed` or `isolated`; some answers write `cross`."""
    folded = word(text)
    return "crossed" if folded.startswith("cross") else folded


class BalanceRow(msgspec.Struct, rename="camel"):
    """What an account has of one coin: classic accounts in parts, UTA as one `balance`."""

    coin: str | None = None
    margin_coin: str | None = None
    available: str | None = None
    frozen: str | None = None
    locked: str | None = None
    balance: str | None = None


class _UtaAssets(msgspec.Struct):
    assets: list[msgspec.Raw]


_BALANCE: Final = msgspec.json.Decoder(BalanceRow)
_ASSETS: Final = msgspec.json.Decoder(_UtaAssets)


def decode_balances(data: msgspec.Raw) -> dict[Currency, Decimal]:
    """All of each coin, in orders or not; raises `UnreadableError`."""
    listed = bytes(data)[:1] == b"["
    rows = decode_as(_LISTED, data) if listed else decode_as(_ASSETS, data).assets
    totals: dict[Currency, Decimal] = {}
    for raw in rows:
        held, total = balance_of(decode_as(_BALANCE, raw))
        totals[held] = total
    return totals


def balance_of(row: BalanceRow) -> tuple[Currency, Decimal]:
    """A coin and all of it; a debt (UTA) is negative. Raises `UnreadableError`."""
    held = coin(row.coin or row.margin_coin, "coin")
    if row.balance:
        return held, number(row.balance, "balance")
    if row.available is None:
        raise UnreadableError("neither balance nor available is there")
    total = ZERO
    for part in (row.available, row.frozen, row.locked):
        total = EXACT.add(total, qty(part or "0", "balance"))
    return held, total


class _UtaSettings(msgspec.Struct, rename="camel"):
    hold_mode: str


_SETTINGS: Final = msgspec.json.Decoder(_UtaSettings)


def decode_uta_hedged(data: msgspec.Raw) -> bool:
    """GET /api/v3/account/settings: whether futures are in hedge mode; raises `UnreadableError`."""
    hedged = hedged_mode(decode_as(_SETTINGS, data).hold_mode)
    if hedged is None:
        raise UnreadableError("holdMode is empty")
    return hedged
