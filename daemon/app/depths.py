"""The order books of what is held and more than its best price shows: the newest of each.

Read beside the loop: one question a second of each venue at most, the most urgent symbol first,
and never one that an exit would have to wait for. A book that a stream keeps costs no question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daemon.core.events import Event, QuoteSource
from daemon.core.terms import NANOS, Account, Symbol, Venue
from daemon.ports import Clock, Depth, MarketReader

_PAUSE_S: Final = 1.0
# Nothing is asked for again sooner: then others have their turn.
_AGAIN_NS: Final = 5 * NANOS
# An older book says nothing of an exit now.
_YOUNG_NS: Final = 10 * NANOS

Owner = tuple[Account, Venue]
Where = tuple[Account, Venue, Symbol]


class Depths:
    """Reads what is wanted, and keeps nothing else. An answer that is no book is handed in."""

    def __init__(
        self,
        venues: Mapping[Owner, MarketReader],
        hand_in: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        self._venues, self._hand_in, self._clock = venues, hand_in, clock
        self._wanted: tuple[Where, ...] = ()
        self._found: dict[Where, Depth] = {}
        self._asked_ns: dict[Where, int] = {}

    def want(self, wanted: Sequence[Where]) -> None:
        """Read these from now on, the most urgent first, and no others."""
        self._wanted = tuple(dict.fromkeys(wanted))
        names = set(self._wanted)
        self._found = {where: book for where, book in self._found.items() if where in names}
        self._asked_ns = {where: ns for where, ns in self._asked_ns.items() if where in names}

    def get(self, where: Where) -> Depth | None:
        """The newest book, if it is young enough to say something of now."""
        found = self._found.get(where)
        old = found is None or self._clock.mono_ns() - found.mono_ns > _YOUNG_NS
        return None if old else found

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as group:
            for owner, venue in self._venues.items():
                group.create_task(self._follow(owner, venue), name=f"order books of {owner[1]}")

    async def _follow(self, owner: Owner, venue: MarketReader) -> None:
        while True:
            await self._read(owner, venue)
            await self._clock.sleep(_PAUSE_S)

    async def _read(self, owner: Owner, venue: MarketReader) -> None:
        """What is due of one venue, until it has cost a question."""
        for where in [w for w in self._wanted if w[:2] == owner and self._due(w)]:
            asked_ns = self._clock.mono_ns()
            found = await venue.depth(where[2])
            if isinstance(found, Depth):
                self._found[where] = found
                if found.source is QuoteSource.BOOK:
                    continue
            elif found is not None:
                self._hand_in(found)
            self._asked_ns[where] = asked_ns
            return

    def _due(self, where: Where) -> bool:
        asked_ns = self._asked_ns.get(where)
        return asked_ns is None or self._clock.mono_ns() - asked_ns >= _AGAIN_NS
