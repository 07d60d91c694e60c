"""Kalshi's account: pages of rows, positions, settlements, freshness, limits, cutoffs. Pure.

Reads are eventually consistent with writes; `/exchange/user_data_timestamp` says as of when
(Kalshi docs: user data timestamp). The last page of a list has the cursor "".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import PositionRow, Settlement, Undecodable
from daemon.core.terms import HUNDRED, ONE, ZERO, Symbol, quotient
from daemon.venues.decoding import (
    NAME_LIMIT,
    RAW_LIMIT,
    Stamp,
    UnreadableError,
    decode_as,
    name,
    undecodable,
)
from daemon.venues.kalshi.wire import PRICE_STEP, instant_ns, number, qty


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, each still to be decoded, and where the next one begins ("": none)."""

    rows: tuple[msgspec.Raw, ...]
    cursor: str


class _PageBody(msgspec.Struct):
    orders: list[msgspec.Raw] | None = None
    fills: list[msgspec.Raw] | None = None
    market_positions: list[msgspec.Raw] | None = None
    settlements: list[msgspec.Raw] | None = None
    cursor: str | None = None


_PAGE: Final = msgspec.json.Decoder(_PageBody)


def decode_page(body: bytes, rows: str) -> Page:
    """A page whose rows stand under `rows`; raises `UnreadableError`.

    A page without its rows is not an empty page: it proves nothing.
    """
    page = decode_as(_PAGE, body)
    listed = {
        "orders": page.orders,
        "fills": page.fills,
        "market_positions": page.market_positions,
        "settlements": page.settlements,
    }[rows]
    if listed is None:
        raise UnreadableError(f"{rows} is missing")
    return Page(tuple(listed), page.cursor or "")


class MarketPosition(msgspec.Struct):
    """One row of GET /portfolio/positions; `position_fp` is + for YES, - for NO."""

    ticker: str
    position_fp: str
    exchange_index: int | None = None
    total_traded_dollars: str | None = None
    market_exposure_dollars: str | None = None
    realized_pnl_dollars: str | None = None
    fees_paid_dollars: str | None = None
    last_updated_ts: str | None = None


_POSITION: Final = msgspec.json.Decoder(MarketPosition)


def decode_position_row(stamp: Stamp, raw: bytes | msgspec.Raw) -> PositionRow | Undecodable:
    """One live position; a quantity of 0 is a flat one. `cost` is the venue's exposure.

    A row that cannot be read but for its ticker sets that market aside, and no other.
    """
    try:
        row = decode_as(_POSITION, raw)
        exposure = row.market_exposure_dollars
        return PositionRow(
            symbol=Symbol(name(row.ticker, "ticker")),
            position_qty=number(row.position_fp, "position_fp"),
            cost=None if exposure is None else number(exposure, "market_exposure_dollars"),
        )
    except UnreadableError as error:
        ticker = _ticker(raw)
        if not ticker:
            return undecodable(stamp, "position row", bytes(raw), str(error))
        return PositionRow(symbol=Symbol(ticker), position_qty=None, text=str(error)[:RAW_LIMIT])


class _Named(msgspec.Struct):
    ticker: str


_NAMED: Final = msgspec.json.Decoder(_Named)


def _ticker(raw: bytes | msgspec.Raw) -> str:
    """The name of a row that is otherwise unreadable, cut to a ticker's length; "" without one."""
    try:
        return decode_as(_NAMED, raw).ticker[:NAME_LIMIT]
    except UnreadableError:
        return ""


class SettlementRow(msgspec.Struct):
    """One row of GET /portfolio/settlements; `revenue` and `value` are whole cents."""

    ticker: str
    market_result: str
    yes_count_fp: str
    no_count_fp: str
    revenue: int
    settled_time: str
    exchange_index: int | None = None
    event_ticker: str | None = None
    yes_total_cost_dollars: str | None = None
    no_total_cost_dollars: str | None = None
    fee_cost: str | None = None
    value: int | None = None


_SETTLEMENT: Final = msgspec.json.Decoder(SettlementRow)
RESULTS: Final = {"yes": ONE, "no": ZERO}


def decode_settlement_row(stamp: Stamp, raw: bytes | msgspec.Raw) -> Settlement | Undecodable:
    """One payment. YES and NO always net, so the position is YES minus NO contracts."""
    try:
        row = decode_as(_SETTLEMENT, raw)
        held = qty(row.yes_count_fp, "yes_count_fp") - qty(row.no_count_fp, "no_count_fp")
        return Settlement(
            **stamp,
            symbol=Symbol(name(row.ticker, "ticker")),
            settl_px=_settl_px(row, held),
            position_qty=held,
            revenue=Decimal(row.revenue) / HUNDRED,
            settl_time_ns=instant_ns(row.settled_time, "settled_time"),
        )
    except UnreadableError as error:
        return undecodable(stamp, "settlement row", bytes(raw), str(error))


def _settl_px(row: SettlementRow, held: Decimal) -> Decimal:
    """What one YES pays: by result, for a scalar by `value`, else by the revenue."""
    if row.market_result in RESULTS:
        return RESULTS[row.market_result]
    if row.market_result != "scalar":
        raise UnreadableError(f"market_result {row.market_result[:40]!r} is unknown")
    if row.value is not None:
        value = Decimal(row.value) / HUNDRED
    elif held != ZERO:
        each = quotient(Decimal(row.revenue) / HUNDRED, abs(held), PRICE_STEP)
        value = each if held > ZERO else ONE - each
    else:
        raise UnreadableError("a scalar result without value and without a position")
    if not ZERO <= value <= ONE:
        raise UnreadableError(f"settlement value {value} is not between 0 and 1 dollar")
    return value


class _Freshness(msgspec.Struct):
    as_of_time: str


class _Cutoff(msgspec.Struct):
    market_settled_ts: str
    trades_created_ts: str
    orders_updated_ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """What is older than these (UTC ns) is only under /historical."""

    fills_ns: int
    orders_ns: int


class BucketLimit(msgspec.Struct):
    """A token bucket: tokens a second, and how many it holds."""

    refill_rate: float
    bucket_capacity: float


class AccountLimits(msgspec.Struct):
    """GET /account/limits."""

    read: BucketLimit
    write: BucketLimit
    usage_tier: str = ""


class _EndpointCost(msgspec.Struct):
    method: str
    path: str
    cost: int


class _EndpointCosts(msgspec.Struct):
    endpoint_costs: list[_EndpointCost]
    default_cost: int = 10


_FRESHNESS: Final = msgspec.json.Decoder(_Freshness)
_CUTOFF: Final = msgspec.json.Decoder(_Cutoff)
_LIMITS: Final = msgspec.json.Decoder(AccountLimits)
_COSTS: Final = msgspec.json.Decoder(_EndpointCosts)


def decode_as_of_ns(body: bytes) -> int:
    """GET /exchange/user_data_timestamp as UTC ns; raises `UnreadableError`."""
    return instant_ns(decode_as(_FRESHNESS, body).as_of_time, "as_of_time")


def decode_cutoff(body: bytes) -> Cutoff:
    """GET /historical/cutoff; raises `UnreadableError`."""
    cutoff = decode_as(_CUTOFF, body)
    return Cutoff(
        fills_ns=instant_ns(cutoff.trades_created_ts, "trades_created_ts"),
        orders_ns=instant_ns(cutoff.orders_updated_ts, "orders_updated_ts"),
    )


def decode_limits(body: bytes) -> AccountLimits:
    """GET /account/limits; raises `UnreadableError`."""
    limits = decode_as(_LIMITS, body)
    for bucket in (limits.read, limits.write):
        if bucket.refill_rate <= 0 or bucket.bucket_capacity <= 0:
            raise UnreadableError(f"limits {limits} are not above 0")
    return limits


def decode_costs(body: bytes) -> dict[tuple[str, str], int]:
    """Tokens by (METHOD, route) where they differ from 10; raises `UnreadableError`."""
    costs = decode_as(_COSTS, body)
    return {(row.method.upper(), row.path): max(row.cost, 0) for row in costs.endpoint_costs}
