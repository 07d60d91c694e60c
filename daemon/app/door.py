"""The daemon as the operator's door sees it: reads what is committed, acts through the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from daemon.analytics.scene import Scene
from daemon.control.door import EventMaker, Refusal
from daemon.core.book import Book
from daemon.core.errors import TheirsError
from daemon.core.events import RulesLoaded
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox

Read = TypeVar("Read")


class OperatorDoor:
    """`daemon.control.door.Door` over the running loop. `reload` makes the rules anew."""

    def __init__(
        self,
        driver: Driver,
        inbox: Inbox,
        freshness: Freshness,
        clock: Clock,
        rules: Callable[[], RulesLoaded],
    ) -> None:
        self._driver = driver
        self._inbox = inbox
        self._freshness = freshness
        self._clock = clock
        self._rules = rules

    def _scene(self, book: Book) -> Scene:
        return Scene(
            book=book,
            now_ns=self._clock.wall_ns(),
            mono_ns=self._clock.mono_ns(),
            seq=self._driver.watermark,
            quotes=self._inbox.quotes(),
            reconciled_ns={
                owner: compared.receive_time_ns
                for owner, compared in self._freshness.compared.items()
            },
        )

    async def look(self, read: Callable[[Scene], Read]) -> Read:
        """What `read` makes of the committed book."""
        return await self._driver.look(lambda book: read(self._scene(book)))

    async def act(self, make: EventMaker) -> int | Refusal:
        """Hand in the event that `make` makes; returns after its commit."""
        return await self._driver.act(lambda book: make(self._scene(book)))

    async def reload(self) -> tuple[str, ...]:
        """Put the rules of the settings in force, all or none; returns what is wrong with them."""
        try:
            rules = self._rules()
        except TheirsError as error:
            return tuple(str(error).splitlines())
        await self._driver.act(lambda _: rules)
        return ()
