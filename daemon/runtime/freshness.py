"""When each account was last compared with its venue: an observer. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.commands import Command
from daemon.core.events import Event, PositionSnapshot
from daemon.core.terms import Account, Venue


@dataclass(frozen=True, slots=True)
class Compared:
    """One complete read of an account's positions: how many so far, and when the last came."""

    reads: int
    receive_time_ns: int
    mono_ns: int


class Freshness:
    """Remembers the last authoritative reconciliation of every account."""

    def __init__(self) -> None:
        self.compared: dict[tuple[Account, Venue], Compared] = {}

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002
        """Note a read of positions."""
        if isinstance(event, PositionSnapshot):
            owner = (event.account, event.venue)
            before = self.compared.get(owner)
            reads = 1 if before is None else before.reads + 1
            self.compared[owner] = Compared(reads, event.receive_time_ns, event.mono_ns)
