"""What can go wrong, how often in this episode, and how often it did. Draws, never acts."""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Mapping


class Fault(enum.Enum):
    """Every kind of trouble the simulation makes; a long run must reach each."""

    REQUEST_LOST = "request_lost"
    ANSWER_LOST = "answer_lost"
    REQUEST_DELAYED = "request_delayed"
    REQUEST_LATE = "request_late"
    REQUEST_DUPLICATED = "request_duplicated"
    STALE_READ = "stale_read"
    NOT_FOUND_AFTER_ACK = "not_found_after_ack"
    RATE_LIMITED = "rate_limited"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    FILL_HIDDEN = "fill_hidden"
    FRAME_DROPPED = "frame_dropped"
    FRAME_DELAYED = "frame_delayed"
    FRAME_DUPLICATED = "frame_duplicated"
    FILL_BEFORE_ACK = "fill_before_ack"
    OLD_SNAPSHOT = "old_snapshot"
    STREAM_SILENT = "stream_silent"
    STREAM_LOST = "stream_lost"
    FEED_LOST = "feed_lost"
    MARKET_PAUSED = "market_paused"
    VENUE_PAUSED = "venue_paused"
    CLOCK_JUMP = "clock_jump"
    SLOW_COMMIT = "slow_commit"
    COMMIT_REFUSED = "commit_refused"
    COMMIT_UNCERTAIN = "commit_uncertain"
    KILLED = "killed"
    KILLED_BEFORE_COMMIT = "killed_before_commit"
    KILLED_AFTER_COMMIT = "killed_after_commit"
    STOPPED = "stopped"


# The most a seed may draw for each kind that happens by the call, frame or commit.
_CEILINGS = {
    Fault.REQUEST_LOST: 0.20,
    Fault.ANSWER_LOST: 0.30,
    Fault.REQUEST_DELAYED: 0.40,
    Fault.REQUEST_LATE: 0.25,
    Fault.REQUEST_DUPLICATED: 0.30,
    Fault.STALE_READ: 0.70,
    Fault.RATE_LIMITED: 0.15,
    Fault.ERROR_BEFORE: 0.15,
    Fault.ERROR_AFTER: 0.20,
    Fault.FRAME_DROPPED: 0.35,
    Fault.FRAME_DELAYED: 0.50,
    Fault.FRAME_DUPLICATED: 0.35,
    Fault.STREAM_SILENT: 0.03,
    Fault.STREAM_LOST: 0.04,
    Fault.SLOW_COMMIT: 0.25,
    Fault.COMMIT_REFUSED: 0.02,
    Fault.COMMIT_UNCERTAIN: 0.02,
    Fault.KILLED_BEFORE_COMMIT: 0.05,
    Fault.KILLED_AFTER_COMMIT: 0.05,
}
_SWITCHED_ON = 0.45


class Faults:
    """One run's rates and counts. Without `rates` a swarm: about half of the kinds are off."""

    def __init__(self, rng: random.Random, rates: Mapping[Fault, float] | None = None) -> None:
        self.on = True
        self.counts: Counter[Fault] = Counter()
        self._rng = rng
        self._rates = dict(_swarm(rng) if rates is None else rates)

    def hit(self, fault: Fault) -> bool:
        """Draw whether `fault` happens here and now; counts it if so."""
        rate = self._rates.get(fault)
        if not self.on or rate is None or self._rng.random() >= rate:
            return False
        self.counts[fault] += 1
        return True

    def mark(self, fault: Fault) -> None:
        """Note that a fault happened which was drawn elsewhere, or by itself."""
        self.counts[fault] += 1

    def between(self, low: float, high: float) -> float:
        """A seeded number of this episode's trouble."""
        return self._rng.uniform(low, high)


def _swarm(rng: random.Random) -> Mapping[Fault, float]:
    return {
        fault: rng.uniform(0, ceiling)
        for fault, ceiling in _CEILINGS.items()
        if rng.random() < _SWITCHED_ON
    }
