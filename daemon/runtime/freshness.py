"""When each account was last looked at, and with what success: an observer. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.commands import Command
from daemon.core.events import Event, PositionSnapshot, QueryFailed
from daemon.core.terms import Account, Venue


@dataclass(frozen=True, slots=True)
class Compared:
    """One complete read of an account's positions: how many so far, and when the last came."""

    reads: int
    receive_time_ns: int
    mono_ns: int


class Freshness:
    """Remembers the last authoritative reconciliation of every account.

    `answered_ns`: monotonic ns of the last answer to a look at it, be it an error.
    """

    def __init__(self) -> None:
        self.compared: dict[tuple[Account, Venue], Compared] = {}
        self.answered_ns: dict[tuple[Account, Venue], int] = {}

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002
        """Note a read of positions, and any failure of a look."""
        if not isinstance(event, PositionSnapshot | QueryFailed):
            return
        owner = (event.account, event.venue)
        self.answered_ns[owner] = event.mono_ns
        if isinstance(event, PositionSnapshot):
            before = self.compared.get(owner)
            reads = 1 if before is None else before.reads + 1
            self.compared[owner] = Compared(reads, event.receive_time_ns, event.mono_ns)
