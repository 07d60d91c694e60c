"""Request weight and order counts in Binance's fixed windows. Time comes in as ns.

One machine is one IP: all REST and websocket-API requests share one weight.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from daemon.paper.binance.errors import ApiError, banned, too_heavy
from daemon.paper.clock import SECOND_NS
from daemon.paper.units import millis

_MINUTE_S = 60
_BAN_S = 120
_PATIENCE = 10


@dataclass(slots=True)
class _Window:
    """A counter that begins again with every `seconds` of the clock."""

    seconds: int
    number: int = 0
    used: int = 0

    def count(self, units: int, now_ns: int) -> int:
        number = now_ns // (self.seconds * SECOND_NS)
        if number != self.number:
            self.number, self.used = number, 0
        self.used += units
        return self.used

    def left_s(self, now_ns: int) -> int:
        """Whole seconds until it begins again, 1 at least."""
        return max(self.seconds - (now_ns // SECOND_NS) % self.seconds, 1)


@dataclass(frozen=True, slots=True)
class OrderLimit:
    """So many orders in so many seconds; `name` is the end of its header, 10S."""

    name: str
    seconds: int
    most: int
    interval: str
    number: int


@dataclass(slots=True)
class Limits:
    """The counts of one market. `is_strict`: without it everything is counted, nothing refused."""

    weight: int
    orders: tuple[OrderLimit, ...]
    is_strict: bool
    _used: _Window = field(default_factory=lambda: _Window(_MINUTE_S))
    _orders: defaultdict[str, dict[str, _Window]] = field(default_factory=lambda: defaultdict(dict))
    _ignored: int = 0
    _banned_until_ns: int = 0

    def charge(self, weight: int, now_ns: int) -> None:
        """Pay for a request; 429 over the limit, 418 after too many of those."""
        used = self._used.count(weight, now_ns)
        if not self.is_strict:
            return
        if now_ns < self._banned_until_ns:
            left_s = (self._banned_until_ns - now_ns) // SECOND_NS + 1
            raise banned(millis(self._banned_until_ns), left_s)
        if used <= self.weight:
            self._ignored = 0
            return
        self._ignored += 1
        if self._ignored > _PATIENCE:
            self._banned_until_ns = now_ns + _BAN_S * SECOND_NS
        raise too_heavy(self.weight, self._used.left_s(now_ns))

    def count_order(self, account: str, now_ns: int) -> None:
        """One more order of an account; 429 over a limit."""
        for limit in self.orders:
            window = self._orders[account].setdefault(limit.name, _Window(limit.seconds))
            if window.count(1, now_ns) > limit.most and self.is_strict:
                span = f"{limit.number} {limit.interval}"
                text = f"Too many new orders; current limit is {limit.most} orders per {span}."
                raise ApiError(429, -1015, text, retry_after_s=window.left_s(now_ns))

    def headers(self, account: str, now_ns: int, *, orders: bool) -> dict[str, str]:
        """What every reply says; the order counts on replies about orders."""
        used = str(self._used.count(0, now_ns))
        found = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if orders:
            for limit in self.orders:
                count = str(self._count(account, limit, now_ns))
                found[f"X-MBX-ORDER-COUNT-{limit.name}"] = count
        return found

    def _count(self, account: str, limit: OrderLimit, now_ns: int) -> int:
        window = self._orders[account].get(limit.name)
        return window.count(0, now_ns) if window else 0

    def views(self, account: str, now_ns: int, *, orders: bool) -> list[dict[str, object]]:
        """`rateLimits` of the websocket API."""
        rows = [self._order_view(limit) for limit in self.orders] if orders else []
        for row, limit in zip(rows, self.orders, strict=False):
            row["count"] = self._count(account, limit, now_ns)
        return [*rows, self._weight_view() | {"count": self._used.count(0, now_ns)}]

    def info(self) -> list[dict[str, object]]:
        """`rateLimits` of exchangeInfo."""
        return [self._weight_view(), *(self._order_view(limit) for limit in self.orders)]

    def _weight_view(self) -> dict[str, object]:
        return {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self.weight,
        }

    @staticmethod
    def _order_view(limit: OrderLimit) -> dict[str, object]:
        return {
            "rateLimitType": "ORDERS",
            "interval": limit.interval,
            "intervalNum": limit.number,
            "limit": limit.most,
        }
