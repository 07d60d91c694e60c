"""The fault menu: what can go wrong on purpose, how often, where, and how often it did.

It decides and counts; the HTTP door and the websocket hub carry the fault out. It knows no order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from daemon.paper.clock import Chance


class FaultKind(StrEnum):
    """Every fault there is."""

    HTTP_LOSE_BEFORE = "http_lose_before"
    HTTP_LOSE_AFTER = "http_lose_after"
    HTTP_ERROR_BEFORE = "http_error_before"
    HTTP_ERROR_AFTER = "http_error_after"
    HTTP_DELAY_BEFORE = "http_delay_before"
    HTTP_DELAY_AFTER = "http_delay_after"
    HTTP_429 = "http_429"
    HTTP_418 = "http_418"
    STALE_READS = "stale_reads"
    CLOCK_SKEW = "clock_skew"
    WS_DROP = "ws_drop"
    WS_DELAY = "ws_delay"
    WS_DUPLICATE = "ws_duplicate"
    WS_REORDER = "ws_reorder"
    WS_SEQ_GAP = "ws_seq_gap"
    WS_SILENT = "ws_silent"
    WS_REFUSE = "ws_refuse"
    WS_DISCONNECT = "ws_disconnect"
    WS_ERROR_25 = "ws_error_25"
    WS_ERROR_10 = "ws_error_10"
    WS_GOODBYE = "ws_goodbye"
    KEY_EXPIRES = "key_expires"
    CANCEL_RACE = "cancel_race"


# Carried out when armed, on every connection that matches, unless told to wait for a frame.
AT_ONCE = frozenset(
    {
        FaultKind.WS_DISCONNECT,
        FaultKind.WS_ERROR_25,
        FaultKind.WS_ERROR_10,
        FaultKind.WS_GOODBYE,
        FaultKind.KEY_EXPIRES,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place a fault might strike. Empty means that the place has no such thing."""

    endpoint: str = ""
    channel: str = ""
    account: str = ""
    ticker: str = ""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault. Empty filters match everything.

    Of one family of venues only: WS_SEQ_GAP, WS_ERROR_* (Kalshi); HTTP_418, WS_GOODBYE (the venue
    asks to reconnect), KEY_EXPIRES (a listen key), CANCEL_RACE (a cancel meets the order's last
    fill) of the crypto venues.

    `count`: how often it strikes, None for until it is cleared. `skip`: matching chances let
    through first. `per_million`: probability. `endpoint`: a glob on "METHOD /path", Kalshi's path
    without /trade-api/v2, or "WS method" on a websocket API. `channel`: a subscription's channel,
    or the name of a private event (executionReport). `seconds`: how long or how stale.
    `status`, `code`, `shape` (nested, flat, bare, text, html): the error to answer, a 5xx or any
    other.
    `on_frame`: wait for a matching frame instead of striking when armed.
    """

    kind: FaultKind
    count: int | None = 1
    skip: int = 0
    per_million: int = 1_000_000
    endpoint: str = ""
    channel: str = ""
    account: str = ""
    ticker: str = ""
    seconds: float = 1
    status: int = 503
    code: str = ""
    shape: str = "nested"
    on_frame: bool = False
    fault_id: int = 0
    applied: int = field(default=0)

    def matches(self, kind: FaultKind, where: Where) -> bool:
        """Whether this fault is meant for such a place."""
        if kind is not self.kind or self.count == 0:
            return False
        if self.endpoint and not fnmatchcase(where.endpoint, self.endpoint):
            return False
        return (
            self.channel in ("", where.channel)
            and self.account in ("", where.account)
            and self.ticker in ("", where.ticker)
        )


class Faults:
    """The armed faults of one exchange and the count of all that struck."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._armed: list[Fault] = []
        self._last_id = 0
        self.applied: Counter[str] = Counter()

    def arm(self, fault: Fault) -> Fault:
        """Add a fault to the menu of today."""
        self._last_id += 1
        fault.fault_id = self._last_id
        self._armed.append(fault)
        return fault

    def clear(self, kind: FaultKind | None = None, fault_id: int | None = None) -> int:
        """Disarm all, those of one kind, or one; say how many went. The counts stay."""
        gone = [
            fault
            for fault in self._armed
            if kind in (None, fault.kind) and fault_id in (None, fault.fault_id)
        ]
        self._armed = [fault for fault in self._armed if fault not in gone]
        return len(gone)

    def armed(self) -> list[Fault]:
        """All faults that can still strike."""
        return [fault for fault in self._armed if fault.count != 0]

    def take(self, kind: FaultKind, where: Where) -> Fault | None:
        """The fault that strikes here and now, if one does; it is counted."""
        for fault in self._armed:
            if not fault.matches(kind, where):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if not self._chance.happens(fault.per_million):
                continue
            self.strike(fault)
            return fault
        return None

    def strike(self, fault: Fault) -> None:
        """Count one application of an armed fault."""
        fault.applied += 1
        self.applied[fault.kind] += 1
        if fault.count is not None:
            fault.count -= 1

    def standing(self, kind: FaultKind) -> Fault | None:
        """The first armed fault of a kind, without using it up."""
        return next((f for f in self._armed if f.kind is kind and f.count != 0), None)

    def note(self, name: str) -> None:
        """Count something that is a state rather than an armed fault (a pause, a lagging read)."""
        self.applied[name] += 1
