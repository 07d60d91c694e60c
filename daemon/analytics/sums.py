"""Every table and spread of the figures together: what merges, what a state is made of. Pure."""

from __future__ import annotations

import decimal
from dataclasses import dataclass, field

from daemon.analytics.counts import FillCell, OrderCell, ReasonCell
from daemon.analytics.exit_quality import ExitCell
from daemon.analytics.fees import FeeCell, WorthCell
from daemon.analytics.lessons import ErrorCell, RetryCell
from daemon.analytics.slippage import SlipCell
from daemon.analytics.spread import Spreads, SpreadState
from daemon.analytics.tables import Key, Table
from daemon.core.terms import EXACT


@dataclass(slots=True, kw_only=True)
class TablesState:
    """The tables as plain values."""

    orders: list[tuple[Key, OrderCell]] = field(default_factory=list)
    fills: list[tuple[Key, FillCell]] = field(default_factory=list)
    reasons: list[tuple[Key, ReasonCell]] = field(default_factory=list)
    fees: list[tuple[Key, FeeCell]] = field(default_factory=list)
    worths: list[tuple[Key, WorthCell]] = field(default_factory=list)
    slips: list[tuple[Key, SlipCell]] = field(default_factory=list)
    exits: list[tuple[Key, ExitCell]] = field(default_factory=list)
    errors: list[tuple[Key, ErrorCell]] = field(default_factory=list)
    retries: list[tuple[Key, RetryCell]] = field(default_factory=list)
    timing: list[tuple[Key, SpreadState]] = field(default_factory=list)
    spreads: list[tuple[Key, SpreadState]] = field(default_factory=list)


class Tables:
    """Everything that is summed. Keys begin with venue and symbol, but for `reasons` and spreads.

    orders, fills: hour of day · fees: currency, liquidity · worths: currency, worth's currency ·
    slips: against, currency · exits: currency · reasons: account, venue, reason · timing: venue,
    what · spreads: venue, against, currency · errors: venue, day · retries: venue, reason, delay.
    The currency of slips, exits and spreads is what their prices are in, "" where nobody told.
    """

    def __init__(self, state: TablesState | None = None) -> None:
        given = TablesState() if state is None else state
        self.orders = Table(OrderCell, given.orders)
        self.fills = Table(FillCell, given.fills)
        self.reasons = Table(ReasonCell, given.reasons)
        self.fees = Table(FeeCell, given.fees)
        self.worths = Table(WorthCell, given.worths)
        self.slips = Table(SlipCell, given.slips)
        self.exits = Table(ExitCell, given.exits)
        self.errors = Table(ErrorCell, given.errors)
        self.retries = Table(RetryCell, given.retries)
        self.timing = Spreads(given.timing)
        self.spreads = Spreads(given.spreads)

    def merge(self, other: Tables) -> None:
        """Add all that another one has."""
        with decimal.localcontext(EXACT):
            self.orders.merge(other.orders)
            self.fills.merge(other.fills)
            self.reasons.merge(other.reasons)
            self.fees.merge(other.fees)
            self.worths.merge(other.worths)
            self.slips.merge(other.slips)
            self.exits.merge(other.exits)
            self.errors.merge(other.errors)
            self.retries.merge(other.retries)
            self.timing.merge(other.timing)
            self.spreads.merge(other.spreads)

    def state(self) -> TablesState:
        """All of it as plain values; shares the cells, so encode it at once."""
        return TablesState(
            orders=self.orders.rows(),
            fills=self.fills.rows(),
            reasons=self.reasons.rows(),
            fees=self.fees.rows(),
            worths=self.worths.rows(),
            slips=self.slips.rows(),
            exits=self.exits.rows(),
            errors=self.errors.rows(),
            retries=self.retries.rows(),
            timing=self.timing.rows(),
            spreads=self.spreads.rows(),
        )
