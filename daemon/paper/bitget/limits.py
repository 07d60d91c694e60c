"""Request counts in windows of one second, per member (or address) and endpoint; 6000 a minute.

One machine is one address. Time comes in as ns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.paper.bitget.errors import ApiError, too_many
from daemon.paper.clock import SECOND_NS

LEFT_HEADER = "x-mbx-used-remain-limit"
_MINUTE_NS = 60 * SECOND_NS
_PER_MINUTE = 6000


@dataclass(slots=True)
class _Window:
    number: int = 0
    used: int = 0

    def count(self, number: int) -> int:
        if number != self.number:
            self.number, self.used = number, 0
        self.used += 1
        return self.used


@dataclass(slots=True)
class Limits:
    """The counts of one market. `is_strict`: without it everything is counted, nothing refused."""

    is_strict: bool
    _minute: _Window = field(default_factory=_Window)
    _seconds: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _cancels: dict[int, int] = field(default_factory=dict)

    def charge(self, who: str, path: str, per_s: int, now_ns: int) -> int:
        """Count a request; says how many are left of this second, 429 when it was too many."""
        window = self._seconds.setdefault((who, path), _Window())
        used = window.count(now_ns // SECOND_NS)
        total = self._minute.count(now_ns // _MINUTE_NS)
        if self.is_strict and (used > per_s or total > _PER_MINUTE):
            raise too_many()
        return max(per_s - used, 0)

    def count_cancel(self, order_id: int, now_ns: int) -> None:
        """One order may be asked to go once a second."""
        recent = {known: at for known, at in self._cancels.items() if now_ns - at < SECOND_NS}
        is_known = order_id in recent
        self._cancels = recent | {order_id: recent.get(order_id, now_ns)}
        if is_known and self.is_strict:
            raise ApiError("45129", "Each order can only be canceled once per second")
