"""All venues at once: each opened on its own, its streams kept running for as long as we run.

A venue that is dead, or that bans us, holds up no other: the run begins when one is open, and
the rest are tried on (semantics.md 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from daemon.core.errors import TheirsError
from daemon.core.events import Event, VenueNotOpened
from daemon.ports import Clock, Venue
from daemon.runtime.inbox import Inbox
from daemon.runtime.outbox import Owner
from daemon.runtime.supervisor import StreamKeeper

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 60.0
# Half a minute: a process that ends at a limit begins anew, and asks all of it again.
PATIENT_TRIES = 4


class Fleet:
    """The venues of one run. `opened` is set when it may begin: one is open, or all of them.

    `told(owner, tries, why)` hears why one does not open, once for each reason, and "" when it
    does after all.
    """

    def __init__(
        self,
        venues: Mapping[Owner, Venue],
        inbox: Inbox,
        clock: Clock,
        *,
        told: Callable[[Owner, int, str], None],
        every: bool = False,
    ) -> None:
        self.venues = dict(venues)
        self.opened = asyncio.Event()
        self._inbox = inbox
        self._clock = clock
        self._told = told
        self._every = every
        self.shut = set(venues)
        self._untold: list[VenueNotOpened] = []
        self._hopeless: set[Owner] = set()

    async def run(self, begin: Callable[[], None]) -> None:
        """Open all, call `begin` once, hand in what they tell, keep their streams, for ever.

        Raises the error of an opening where none, or with `every` not each, could be opened; one
        that the venue limits for a while is tried a few times before that.
        """
        async with asyncio.TaskGroup() as group:
            for owner in self.venues:
                group.create_task(self._keep(owner, begin), name=f"keep {owner[1]}")

    async def close(self) -> None:
        """Let go of all connections."""
        for venue in self.venues.values():
            await venue.close()

    async def _keep(self, owner: Owner, begin: Callable[[], None]) -> None:
        events = await self._until_open(owner)
        self.shut.discard(owner)
        if not self.opened.is_set() and not (self._every and self.shut):
            begin()
            self.opened.set()
            for failure in self._untold:
                self._inbox.put_answer(failure)
        await self.opened.wait()
        for event in events:
            self._inbox.put_answer(event)
        await StreamKeeper(owner, self.venues[owner], self._inbox, self._clock).run()

    async def _until_open(self, owner: Owner) -> Sequence[Event]:
        wait_s, said, tries = FIRST_WAIT_S, "", 0
        while True:
            tries += 1
            try:
                events = await self.venues[owner].open()
            except TheirsError as error:
                if str(error) != said:
                    said = str(error)
                    self._told(owner, tries, said)
                self._tell(owner, error)
                if not error.retryable or tries >= PATIENT_TRIES:
                    self._hopeless.add(owner)
                given_up = self._hopeless if self._every else self._hopeless >= self.venues.keys()
                if given_up and not self.opened.is_set():
                    raise
            else:
                if said:
                    self._told(owner, tries, "")
                return events
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _tell(self, owner: Owner, error: TheirsError) -> None:
        """As a fact, which the engine alerts; none comes before the run has begun."""
        account, venue = owner
        failure = VenueNotOpened(
            receive_time_ns=self._clock.wall_ns(),
            mono_ns=self._clock.mono_ns(),
            account=account,
            venue=venue,
            text=str(error),
        )
        if self.opened.is_set():
            self._inbox.put_answer(failure)
        else:
            self._untold.append(failure)
