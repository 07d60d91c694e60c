"""How far our wall clock is from a venue's, out of the `Date` headers of its answers.

A header names a second and the answer was made between sending and receiving, so each answer
bounds the skew from both sides; the bounds of many answers are intersected. A clock that may be
right is left as it is: the skew is 0 as long as 0 lies within the bounds.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from daemon.core.terms import NANOS

FORGET_AFTER_NS = 600 * NANOS


class SkewGauge:
    """The running estimate; `skew_ns` is ours minus theirs (+ = our clock is ahead)."""

    def __init__(self) -> None:
        self._low_ns = 0
        self._high_ns = 0
        self._since_ns: int | None = None
        self.skew_ns = 0

    @property
    def measured(self) -> bool:
        """True after the first usable header."""
        return self._since_ns is not None

    def observe(self, header: str, sent_ns: int, received_ns: int) -> bool:
        """Take in a `Date` header and our wall clock before and after; False if unreadable."""
        try:
            date_ns = int(parsedate_to_datetime(header).timestamp()) * NANOS
        except (ValueError, OverflowError):
            return False
        low, high = sent_ns - (date_ns + NANOS), received_ns - date_ns
        stale = self._since_ns is None or received_ns - self._since_ns > FORGET_AFTER_NS
        joined_low, joined_high = max(low, self._low_ns), min(high, self._high_ns)
        if stale or joined_low > joined_high or received_ns < (self._since_ns or 0):
            self._low_ns, self._high_ns, self._since_ns = low, high, received_ns
        else:
            self._low_ns, self._high_ns = joined_low, joined_high
        within = self._low_ns <= 0 <= self._high_ns
        self.skew_ns = 0 if within else (self._low_ns + self._high_ns) // 2
        return True
