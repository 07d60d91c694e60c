"""The words of the tables that all coin venues share: classes of errors, statuses, and who is told.

A venue's own test names its codes and words below these, one row each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pytest

from daemon.core.events import (
    Event,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
)
from daemon.core.terms import OrdStatus, RejectReason

R = RejectReason
REFUSALS: Final = {
    "insufficient funds": R.INSUFFICIENT_FUNDS,
    "unknown order": R.NOT_FOUND,
    "rate limited": R.RATE_LIMIT,
    "clock / window": R.CLOCK_SKEW,
    "bad signature / key": R.AUTH,
    "filter": R.INVALID_ORDER,
    "reduce-only / position rule": R.NO_POSITION,
    "in liquidation / ADL": R.VENUE_ERROR,
    "market closed / halted": R.MARKET_INACTIVE,
    "post-only would cross": R.INVALID_ORDER,
}
"""Classes that prove that no order was made."""

DOUBTS: Final = ("duplicate client id", "unknown outcome")
"""Classes after which an order may live: query, do not resend."""

STATUSES: Final = {
    "PENDING": OrdStatus.PENDING_NEW,
    "OPEN": OrdStatus.NEW,
    "PARTIAL": OrdStatus.PARTIALLY_FILLED,
    "FILLED": OrdStatus.FILLED,
    "CANCELED": OrdStatus.CANCELED,
    "EXPIRED": OrdStatus.EXPIRED,
    "REJECTED": OrdStatus.REJECTED,
}
_ENDS: Final[dict[type[Event], OrdStatus]] = {
    OrderCanceled: OrdStatus.CANCELED,
    OrderExpired: OrdStatus.EXPIRED,
    OrderRejected: OrdStatus.REJECTED,
}


def each(table: Mapping[str, Iterable[object]]) -> pytest.MarkDecorator:
    """Once for each word below each heading; the test takes `heading` and `word`."""
    rows = [
        pytest.param(heading, word, id=f"{heading}: {word}")
        for heading, words in table.items()
        for word in words
    ]
    return pytest.mark.parametrize(("heading", "word"), rows)


def check_placing(events: Sequence[Event], heading: str) -> None:
    """The answer to a placing says what its class means."""
    (event,) = events
    if heading in DOUBTS:
        assert isinstance(event, OrderInDoubt)
        return
    assert isinstance(event, OrderRejected)
    assert event.reason is REFUSALS[heading]


def told_status(events: Sequence[Event]) -> set[OrdStatus]:
    """The statuses that a message about one order tells."""
    told = {event.status for event in events if isinstance(event, OrderSnapshot)}
    return told | {_ENDS[type(event)] for event in events if type(event) in _ENDS}
