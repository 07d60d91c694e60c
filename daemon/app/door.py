"""The daemon as the operator's door sees it: reads what is committed, acts through the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from daemon.analytics.scene import Scene
from daemon.analytics.trade_views import find_trade
from daemon.analytics.turns import Made, Taker, Turns, go_on
from daemon.app.trading import Trader
from daemon.control import acts
from daemon.control.door import EventMaker, Refusal, TradeMaker
from daemon.control.tcp import TcpDoor
from daemon.core.book import Book
from daemon.core.events import RulesLoaded
from daemon.core.fold_trades import key_of, terms_of
from daemon.core.requests import TradeRequested
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.settings import Settings, SettingsError

Read = TypeVar("Read")

# How long one who reads much holds the loop before everybody else has had a turn.
_TURN_NS: Final = 2_000_000


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
    """`daemon.control.door.Door` over the running loop.

    `rules` makes them anew, and says which settings wait for a restart; it raises TheirsError.
    """

    def __init__(
        self,
        driver: Driver,
        inbox: Inbox,
        freshness: Freshness,
        clock: Clock,
        rules: Callable[[], tuple[RulesLoaded, tuple[str, ...]]],
        trader: Trader,
    ) -> None:
        self._driver = driver
        self._inbox = inbox
        self.freshness = freshness
        self._clock = clock
        self._rules = rules
        self._trader = trader
        self._one_turn = asyncio.Lock()

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

    async def read(self, begin: Callable[[Scene], Turns[Made]], take: Taker) -> Made:
        """What the turns that `begin` begins return; several who read take turns about."""

        def begun(scene: Scene) -> tuple[Turns[Made], tuple[Made] | None]:
            turns = begin(scene)
            return turns, self._turn(turns, take)

        async with self._one_turn:
            turns, end = await self.look(begun)
        while end is None:
            async with self._one_turn:
                end = await self._driver.look(lambda _: self._turn(turns, take))
        return end[0]

    def _turn(self, turns: Turns[Made], take: Taker) -> tuple[Made] | None:
        until_ns = self._clock.mono_ns() + _TURN_NS
        return go_on(turns, take, lambda: self._clock.mono_ns() >= until_ns)

    async def act(self, make: EventMaker) -> int | Refusal:
        """Hand in the event that `make` makes; returns after its commit."""
        return await self._driver.act(lambda book: make(self._scene(book)))

    async def trade(self, make: TradeMaker) -> Refusal | bool:
        """Begin the trade that `make` makes, unless it runs or ran already: then True."""

        def made(scene: Scene) -> tuple[TradeRequested, bool] | Refusal:
            wanted = make(scene)
            if isinstance(wanted, Refusal):
                return wanted
            token = wanted.token
            return wanted, token in scene.trading or find_trade(scene.book, token) is not None

        found = await self.look(made)
        if isinstance(found, Refusal):
            return found
        wanted, again = found
        again = again or wanted.token in self._trader.running  # or another has begun it since
        followed = self._trader.begin(wanted)
        return acts.reused(key_of(followed), terms_of(followed), wanted) or again

    async def reload(self) -> tuple[str, ...]:
        """Put the rules of the settings in force; returns the keys that wait for a restart.

        Raises TheirsError, a problem to a line, and then none of them is in force.
        """
        rules, waiting = self._rules()
        await self._driver.act(lambda _: rules)
        return waiting
