"""Request permits by member and group in fixed minutes, and by address in five. Time is ns.

Every answer about a member says the size and the rest of the group's minute; the group `others`
has no name in the headers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from daemon.paper.clock import SECOND_NS
from daemon.paper.phemex.errors import too_many

CONTRACT = "-contract"
SPOT_ORDER = "-spotorder"
OTHERS = ""
CAPACITIES = {CONTRACT: 500, SPOT_ORDER: 500, OTHERS: 100}
_MINUTE_S = 60
_ADDRESS_S = 300
_ADDRESS_MOST = 5000


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


@dataclass(slots=True)
class Limits:
    """The counts of one market. `is_strict`: without it everything is counted, nothing refused."""

    is_strict: bool
    _minutes: defaultdict[tuple[str, str], _Window] = field(
        default_factory=lambda: defaultdict(lambda: _Window(_MINUTE_S))
    )
    _addresses: defaultdict[str, _Window] = field(
        default_factory=lambda: defaultdict(lambda: _Window(_ADDRESS_S))
    )
    _blocked_until_ns: dict[str, int] = field(default_factory=dict)

    def enter(self, address: str, now_ns: int) -> None:
        """Count a request of an address; over the limit it is blocked for five minutes."""
        used = self._addresses[address].count(1, now_ns)
        if not self.is_strict:
            return
        if used > _ADDRESS_MOST and now_ns >= self._blocked_until_ns.get(address, 0):
            self._blocked_until_ns[address] = now_ns + _ADDRESS_S * SECOND_NS
        if now_ns < self._blocked_until_ns.get(address, 0):
            raise too_many(None)

    def charge(self, account: str, group: str, weight: int, now_ns: int) -> None:
        """Take permits of a member's group; 429 when they are used up."""
        used = self._minutes[account, group].count(weight, now_ns)
        if used > CAPACITIES[group] and self.is_strict:
            raise too_many(_MINUTE_S - (now_ns // SECOND_NS) % _MINUTE_S)

    def headers(self, account: str, group: str, now_ns: int) -> dict[str, str]:
        """What every answer to a member says."""
        used = self._minutes[account, group].count(0, now_ns)
        capacity = CAPACITIES[group]
        return {
            f"x-ratelimit-remaining{group}": str(max(capacity - used, 0)),
            f"x-ratelimit-capacity{group}": str(capacity),
        }
