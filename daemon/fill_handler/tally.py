"""Sums over orders: what of an order outlives it in memory, and what statistics are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from daemon.analytics.counts import ending
from daemon.core.events import Event, Fill
from daemon.core.order import Order
from daemon.core.requests import TradeRequested
from daemon.core.terms import EXACT, NANOS, ZERO, Currency, OrdStatus, normal, quotient


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """One repetition: `attempt` is its number, `reason` why the one before did not do.

    `order_id` names that one, `time_ns` is our wall clock (UTC ns) at the repetition.
    """

    attempt: int
    reason: str
    text: str
    order_id: str
    time_ns: int

    @classmethod
    def of(cls, event: Event, before: Order, attempt: int) -> Retry:
        """The repetition that `event` caused, after the order `before`."""
        asked = event.reason if isinstance(event, TradeRequested) else None
        return cls(
            attempt=attempt,
            reason=ending(before) if asked is None else asked.value,
            text=before.text,
            order_id=before.client_order_id,
            time_ns=event.receive_time_ns,
        )


class Told(Protocol):
    """What a tally reads of an order's life."""

    order: Order
    born_ns: int
    fills: list[Fill]
    retries: list[Retry]

    @property
    def status(self) -> OrdStatus:
        """How the order stands."""
        ...


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts and sums of orders. Fees by currency, + = paid; `filling_ns` from birth to last fill
    of the orders that were completed."""

    orders: int = 0
    fills: int = 0
    completed: int = 0
    ended: int = 0
    retries: int = 0
    retried_orders: int = 0
    filling_ns: int = 0
    fees: dict[Currency, Decimal] = field(default_factory=dict)

    def add(self, life: Told) -> None:
        """Count one order as it stands."""
        self.orders += 1
        self.fills += len(life.fills)
        self.retries += len(life.retries)
        self.retried_orders += bool(life.retries)
        status = life.status
        self.ended += status.terminal
        if status is OrdStatus.FILLED:
            self.completed += 1
            self.filling_ns += filling_ns(life)
        self._pay(life.order.fees)

    def with_all(self, lives: Iterable[Told]) -> Tally:
        """These sums and those of `lives`."""
        found = self.plus(Tally())
        for life in lives:
            found.add(life)
        return found

    def plus(self, other: Tally) -> Tally:
        """These sums and those of other orders."""
        found = Tally(
            orders=self.orders + other.orders,
            fills=self.fills + other.fills,
            completed=self.completed + other.completed,
            ended=self.ended + other.ended,
            retries=self.retries + other.retries,
            retried_orders=self.retried_orders + other.retried_orders,
            filling_ns=self.filling_ns + other.filling_ns,
            fees=dict(self.fees),
        )
        found._pay(other.fees)
        return found

    def _pay(self, fees: dict[Currency, Decimal]) -> None:
        for currency, paid in fees.items():
            self.fees[currency] = EXACT.add(self.fees.get(currency, ZERO), paid)

    @property
    def completion_rate(self) -> Decimal:
        """Completed of ended orders, 0 to 1; 0 before the first has ended."""
        return quotient(Decimal(self.completed), Decimal(self.ended)) if self.ended else ZERO

    @property
    def retry_rate(self) -> Decimal:
        """Orders that were tried again of all, 0 to 1; 0 before the first order."""
        return quotient(Decimal(self.retried_orders), Decimal(self.orders)) if self.orders else ZERO

    @property
    def average_fill_s(self) -> Decimal | None:
        """Seconds from birth to completion, on average; None before the first completion."""
        if not self.completed:
            return None
        return quotient(Decimal(self.filling_ns), Decimal(self.completed * NANOS))


def neat(value: object) -> object:
    """`value` with its numbers as the library hands them out: no padding, no exponent."""
    if isinstance(value, Decimal):
        return normal(value)
    if isinstance(value, dict):
        return {key: neat(one) for key, one in value.items()}
    return value


def statistics(tally: Tally) -> dict[str, object]:
    """The sums by the names that `FillHandler.get_fill_statistics` says."""
    return {name: neat(value) for name, value in _statistics(tally).items()}


def _statistics(tally: Tally) -> dict[str, object]:
    return {
        "total_fills_processed": tally.fills,
        "total_orders": tally.orders,
        "active_orders": tally.orders - tally.ended,
        "completed_orders": tally.completed,
        "ended_orders": tally.ended,
        "completion_rate": tally.completion_rate,
        "total_retries": tally.retries,
        "retry_rate": tally.retry_rate,
        "average_fill_time": tally.average_fill_s,
        "total_fees": {str(currency): paid for currency, paid in tally.fees.items()},
    }


def filling_ns(life: Told) -> int:
    """From the first that is known of an order to its last fill: ns, by the venue's clock where
    its fills say their time; 0 without a fill."""
    if not life.fills:
        return 0
    last_ns = max(fill.transact_time_ns or fill.receive_time_ns for fill in life.fills)
    return max(last_ns - life.born_ns, 0)
