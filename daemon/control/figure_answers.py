"""What the door answers about figures; as `answers.py`. Rates are shares of 1.

`by` and what follows it stand where figures were asked for by something; a row is named by it.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from daemon.analytics.figure_views import By
from daemon.analytics.slippage import Against
from daemon.analytics.timing import Span
from daemon.control.answers import Answer, Count, Number, Sums

Currency = Annotated[str, Meta(description="what its money is in; null: nobody has told")]
Behind = Annotated[int, Meta(ge=0, description="records that the figures have not reached yet")]


class Named(Answer, kw_only=True):
    """What a row is about: a symbol is one of its venue."""

    venue: str | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    hour: str | UnsetType = UNSET
    currency: Currency | UnsetType | None = UNSET
    liquidity: str | UnsetType = UNSET


class Counts(Named, kw_only=True):
    """How orders fared."""

    total_fills_processed: Count
    fills_of_our_orders: Count
    partial_fills: Count
    partial_fill_rate: Number | None
    inferred_fills: Count
    orders: Count
    complete_orders: Count
    partial_orders: Count
    empty_orders: Count
    completion_rate: Number | None
    total_retries: Count
    retry_rate: Number | None
    fills_per_order: Number | None


class SpanAnswer(Answer, kw_only=True):
    """How long something takes, in seconds."""

    span: Span
    count: Count
    average_s: Number | None
    p50_s: Number | None
    p90_s: Number | None
    p99_s: Number | None
    max_s: Number | None


class ExitSums(Named, kw_only=True):
    """What exits cost against their first trigger, + = worse: a row for each currency.

    Quantities and what is averaged over them are of one symbol, or of contracts, else null.
    """

    exits: Count
    flat: Count
    in_parts: Count
    estimated: Count
    beyond_tolerance: Count
    orders: Count
    qty: Number | None
    cost: Number | None
    cost_share: Number | None
    cost_of_parts: Number | None
    exposed_s: Number | None
    pnl: Number | None
    fees: Number | None


class DelayRow(Answer, kw_only=True):
    """How retries after one delay fared; `best`: the one that serves best."""

    venue: str
    reason: str
    delay_s: Number
    tries: Count
    filled: Count
    filled_share: Number | None
    best: bool


class ModelRow(Answer, kw_only=True):
    """How far what was learnt of slippage is off, beside a naive guess."""

    venue: str
    day: str
    orders: Count
    slippage_bps: Number | None
    mae_bps: Number | None
    naive_mae_bps: Number | None
    bounded: Count
    held_share: Number | None
    pinball_bps: Number | None
    naive_pinball_bps: Number | None
    better: bool | None


class Performance(Counts, kw_only=True):
    """Completion, retries, times and exits."""

    seq: Count
    behind: Behind
    active_orders: Count
    average_fill_time_s: Number | None
    total_fees: Sums
    retry_delays: list[DelayRow]
    retry_reasons: dict[str, Count]
    times: list[SpanAnswer]
    exits: list[ExitSums]
    by: By | UnsetType = UNSET
    rows: list[Counts] | UnsetType = UNSET
    exits_by: list[ExitSums] | UnsetType = UNSET


class Valued(Named, kw_only=True):
    """Fees in one currency, and those that no rate values."""

    reporting_currency: str
    valued_fees: Number
    unvalued_fees: Sums


class FeeRow(Named, kw_only=True):
    """Fees of some fills."""

    fills: Count
    fees: Number


class Fees(Answer, kw_only=True):
    """Fees as paid and as valued."""

    seq: Count
    behind: Behind
    total_fees: Sums
    reporting_currency: str
    valued_fees: Number
    unvalued_fees: Sums
    rates: dict[str, Number]
    liquidity: list[FeeRow]
    by: By | UnsetType = UNSET
    rows: list[FeeRow] | UnsetType = UNSET
    valued: list[Valued] | UnsetType = UNSET


class SlipRow(Named, kw_only=True):
    """Slippage of fills against one price in one currency, + = worse; `qty` as of exits."""

    against: Against
    fills: Count
    qty: Number | None
    cost: Number | None
    price: Number | None
    bps: Number | None
    orders: Count | UnsetType = UNSET
    p50_bps: Number | UnsetType | None = UNSET
    p90_bps: Number | UnsetType | None = UNSET
    p99_bps: Number | UnsetType | None = UNSET


class Slippage(Answer, kw_only=True):
    """Slippage of fills and of exits; `tolerance` is a share of the triggering price's worth."""

    seq: Count
    behind: Behind
    tolerance: Number
    against: list[SlipRow]
    exits: list[ExitSums]
    model: list[ModelRow]
    by: By | UnsetType = UNSET
    rows: list[SlipRow] | UnsetType = UNSET
    exits_by: list[ExitSums] | UnsetType = UNSET
