"""What is timed, in ns by our own clock: spreads by venue. Pure."""

from __future__ import annotations

import enum

from daemon.analytics.spread import Spreads
from daemon.core.decisions import ExitEnd
from daemon.core.exits import Exit


class Span(enum.Enum):
    """What is timed.

    From an order's first sending until we knew that it was complete; from a trigger to the exit's
    first order; from a trigger until flat, for exits that got there; from a trigger until the exit
    ended, however it did.
    """

    ORDER_TO_COMPLETE = "order_to_complete"
    TRIGGER_TO_ORDER = "trigger_to_order"
    TRIGGER_TO_FLAT = "trigger_to_flat"
    EXPOSED = "exposed"


def record(timing: Spreads, venue: str, span: Span, from_ns: int, until_ns: int) -> None:
    """Count one span; less than 0 (a clock was set back) is 0."""
    timing.at(venue, span.value).record(max(until_ns - from_ns, 0))


def record_exit(timing: Spreads, work: Exit, ended_ns: int) -> None:
    """Count the spans of an exit that has ended."""
    record(timing, work.key.venue, Span.EXPOSED, work.opened_time_ns, ended_ns)
    if work.end is ExitEnd.FLAT:
        record(timing, work.key.venue, Span.TRIGGER_TO_FLAT, work.opened_time_ns, ended_ns)
