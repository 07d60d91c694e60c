"""Reads positions files of the first seed's format: a JSON list, one object a position.

    [{"market_ticker": "NFL-X", "side": "yes", "entry_price": 0.65, "stake": 100, ...}]

Order ids, exits at work and partial fills of an older run may stand in a row; the venue's own
facts decide about them, so they are read and not believed. Numbers are read exactly as they are
written. A NO is a short position at the complement of its price (YES dollars).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from daemon.control.bodies import BadInputError, ImportRow, dollars, read_json, shown, sized, typed
from daemon.core.terms import ONE, ZERO, quotient

_FILE_BYTES_MAX: Final = 8 << 20
_SIGNS: Final = {"yes": 1, "no": -1}


class _Row(msgspec.Struct, kw_only=True):
    """One row: what is used of it, and the seed's other fields, which may be there."""

    market_ticker: str | None = None
    symbol: str | None = None
    ticker: str | None = None
    side: str
    entry_price: Decimal
    stake: Decimal
    exit_order_id: str | None = None
    original_stake_on_exit: Decimal | None = None
    last_exit_price: Decimal | None = None
    exit_reason: str | None = None
    closing_in_progress: bool | None = None
    partial_fills: list[dict[str, object]] | None = None
    settled: bool = False


_KNOWN: Final = frozenset(_Row.__struct_fields__)


@dataclass(slots=True)
class PositionsFile:
    """The usable rows, and remarks for the operator on what was left out or put together."""

    rows: list[ImportRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_positions(path: Path) -> PositionsFile:
    """The positions in `path`; BadInputError names row, field, value and what is accepted."""
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise BadInputError(f"{path}: accepted: at most {_FILE_BYTES_MAX >> 20} MiB")
        raw = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    return decode_positions(raw, str(path))


def decode_positions(raw: bytes, name: str) -> PositionsFile:
    """The same out of bytes; `name` stands for the file in messages."""
    document = read_json(raw, name)
    if not isinstance(document, list):
        raise BadInputError(f"{name} = {shown(document)}: accepted: a list of positions")
    found, problems = PositionsFile(), []
    for number, item in enumerate(document, start=1):
        try:
            _add(found, number, item)
        except BadInputError as error:
            problems.append(f"{name}: row {number}: {error}")
    if problems:
        raise BadInputError("\n".join(problems))
    return found


def _add(found: PositionsFile, number: int, item: object) -> None:
    row = typed(item, _Row, shown(item))
    symbol = _symbol(row)
    unknown = sorted(set(item) - _KNOWN) if isinstance(item, dict) else []
    if unknown:
        found.remarks.append(f"row {number} ({symbol}): not used: {', '.join(map(str, unknown))}")
    sign = _SIGNS.get(row.side.lower())
    if sign is None:
        raise BadInputError(f"side = {shown(row.side)}: accepted: yes or no")
    dollars("entry_price", row.entry_price)
    if not row.stake.is_finite() or row.stake < ZERO:
        raise BadInputError(f"stake = {row.stake}: accepted: contracts, 0 or more")
    sized("entry_price", row.entry_price)
    sized("stake", row.stake)
    if row.settled or not row.stake:
        why = "settled" if row.settled else "stake 0"
        found.remarks.append(f"row {number} ({symbol}): left out: {why}")
        return
    entry_px = row.entry_price if sign > 0 else ONE - row.entry_price
    opened = ImportRow(
        symbol=symbol,
        position_qty=sign * row.stake,
        entry_px=entry_px,
        venue_order_id=row.exit_order_id,
    )
    _merge(found, number, opened)


def _symbol(row: _Row) -> str:
    names = {name for name in (row.market_ticker, row.symbol, row.ticker) if name is not None}
    if len(names) == 1 and all(name.strip() and name.isprintable() for name in names):
        return names.pop()
    if not names:
        raise BadInputError("market_ticker: is missing")
    raise BadInputError(f"market_ticker = {shown(sorted(names))}: accepted: one ticker")


def _merge(found: PositionsFile, number: int, row: ImportRow) -> None:
    """Rows of one market are one position at the average price; YES and NO together are not."""
    for place, other in enumerate(found.rows):
        if other.symbol != row.symbol:
            continue
        if (other.position_qty > ZERO) is not (row.position_qty > ZERO):
            text = f"side: {row.symbol} is held yes and no in one file; accepted: one of them"
            raise BadInputError(text)
        total = other.position_qty + row.position_qty
        cost = other.position_qty * other.entry_px + row.position_qty * row.entry_px
        found.rows[place] = ImportRow(
            symbol=row.symbol,
            position_qty=total,
            entry_px=quotient(cost, total),
            venue_order_id=other.venue_order_id,
        )
        found.remarks.append(f"row {number} ({row.symbol}): put together with the row before")
        return
    found.rows.append(row)
