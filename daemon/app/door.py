"""The daemon as the operator's door sees it: reads what is committed, acts through the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from daemon.analytics.scene import Scene
from daemon.app.trading import Trader
from daemon.control.door import EventMaker, Refusal, TradeMaker
from daemon.control.tcp import TcpDoor
from daemon.core.book import Book
from daemon.core.errors import TheirsError
from daemon.core.events import RulesLoaded
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.settings import Settings, SettingsError

Read = TypeVar("Read")


def tcp_door(settings: Settings) -> TcpDoor | None:
    """Where the door listens besides its socket, if anywhere; SettingsError without a token."""
    control = settings.control
    if control.tcp is None:
        return None
    if control.token is None:
        needed = "accepted with a token only: FILLD_CONTROL__TOKEN or a credential control_token"
        raise SettingsError(
            [f"control.tcp = {control.tcp} ({settings.source('control.tcp')}): {needed}"]
        )
    host, _, port = control.tcp.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    return TcpDoor(bare, int(port), control.token.get_secret_value())


class OperatorDoor:
    """`daemon.control.door.Door` over the running loop. `reload` makes the rules anew."""

    def __init__(
        self,
        driver: Driver,
        inbox: Inbox,
        freshness: Freshness,
        clock: Clock,
        rules: Callable[[], RulesLoaded],
        trader: Trader,
    ) -> None:
        self._driver = driver
        self._inbox = inbox
        self.freshness = freshness
        self._clock = clock
        self._rules = rules
        self._trader = trader

    def _scene(self, book: Book) -> Scene:
        return Scene(
            book=book,
            now_ns=self._clock.wall_ns(),
            mono_ns=self._clock.mono_ns(),
            seq=self._driver.watermark,
            quotes=self._inbox.quotes(),
            reconciled_ns={
                owner: compared.receive_time_ns
                for owner, compared in self.freshness.compared.items()
            },
            trading=self._trader.running,
        )

    async def look(self, read: Callable[[Scene], Read]) -> Read:
        """What `read` makes of the committed book."""
        return await self._driver.look(lambda book: read(self._scene(book)))

    async def act(self, make: EventMaker) -> int | Refusal:
        """Hand in the event that `make` makes; returns after its commit."""
        return await self._driver.act(lambda book: make(self._scene(book)))

    async def trade(self, make: TradeMaker) -> Refusal | None:
        """Begin the trade that `make` makes, unless it runs or ran already."""
        wanted = await self.look(make)
        if isinstance(wanted, Refusal):
            return wanted
        self._trader.begin(wanted)
        return None

    async def reload(self) -> tuple[str, ...]:
        """Put the rules of the settings in force, all or none; returns what is wrong with them."""
        try:
            rules = self._rules()
        except TheirsError as error:
            return tuple(str(error).splitlines())
        await self._driver.act(lambda _: rules)
        return ()
