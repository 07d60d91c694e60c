"""The simulated edges keep their own promises: venue, market, wire, stream, clocks, checks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.book import Book
from daemon.core.commands import PlaceOrder, QueryBook, QueryMarket, QueryOrder
from daemon.core.events import (
    Event,
    MarketPhase,
    MarketRead,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    PositionSnapshot,
    Quote,
)
from daemon.core.terms import (
    NANOS,
    ClientOrderId,
    PositionKey,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
)
from daemon.simulation import verdict
from daemon.simulation.checks import Checks, Halts
from daemon.simulation.clock import SimClock, WallClock
from daemon.simulation.faults import Fault, Faults
from daemon.simulation.gateway import SimGateway
from daemon.simulation.host import Host
from daemon.simulation.loop import SimLoop, run
from daemon.simulation.market import Market, PriceLevel
from daemon.simulation.net import TIMEOUT_S, Refused, Wire
from daemon.simulation.oracle import ViolationError
from daemon.simulation.plan import ACCOUNT, VENUE, Plan, draw
from daemon.simulation.stream import SimStream
from daemon.simulation.venue import BIRTH_NS
from daemon.simulation.venue_order import VenueOrder
from daemon.simulation.world import World

CENT = Decimal("0.01")
LOOPS: list[SimLoop] = []


@pytest.fixture(autouse=True)
def closed_loops() -> Iterator[None]:
    """No loop outlives its test."""
    yield
    while LOOPS:
        LOOPS.pop().close()


def plan_of(seed: int = 3) -> Plan:
    """A plan with one long position of ten, no strangers, an honest reduce-only."""
    plan = draw(seed, random.Random(seed))
    only = replace(
        plan.symbols[0], long=True, lots=10, lot_qty=Decimal(1), entry=60, archived=False
    )
    return replace(
        plan,
        symbols=(only,),
        reduce_only_kept=True,
        hides_fills=False,
        skew_s=0.0,
        fills_name_client=True,
    )


class Stage:
    """Venue, wire and gateway of one process, without any fault unless asked for."""

    def __init__(self, *rates: Fault, path: Path = Path("unused")) -> None:
        self.loop = SimLoop(random.Random(1))
        LOOPS.append(self.loop)
        self.world = World(plan_of(), random.Random(1), self.loop, path)
        self.venue = self.world.venue
        self.faults = Faults(random.Random(1))
        self.faults._rates = dict.fromkeys(rates, 1.0)
        self.clock = SimClock(WallClock(), self.loop, 5.0)
        context = self.loop.process_context(0)
        self.wire = Wire(self.faults, context)
        self.heard: list[Event] = []
        self.stream = SimStream(
            self.faults, self.clock, context, self.venue.book_quote, self._poll, lambda: False
        )
        self.sent: list[PlaceOrder] = []
        self.gateway = SimGateway(self.venue, self.wire, self.clock, self.stream, self.sent.append)

    async def _poll(self, symbol: object) -> list[Event]:
        del symbol
        return []

    def play(self, story: Callable[[], Coroutine[object, object, None]]) -> None:
        failure = run(self.loop, story())
        if failure is not None:
            raise failure

    def order(self, qty: int = 10, name: str = "fd1") -> PlaceOrder:
        command = PlaceOrder(
            key=self.key,
            client_order_id=ClientOrderId(name),
            exit_no=1,
            attempt=1,
            side=Side.SELL,
            order_qty=Decimal(qty),
            limit_px=CENT,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
        self.venue.oracle.decide(command, Decimal(0))
        return command

    @property
    def market(self) -> Market:
        return self.venue.markets[self.symbol]

    @property
    def symbol(self) -> Symbol:
        return self.venue.plan.symbols[0].symbol

    @property
    def key(self) -> PositionKey:
        return PositionKey(account=ACCOUNT, venue=VENUE, symbol=self.symbol)

    def bids(self, *levels: tuple[str, int]) -> None:
        self.market.bids = [PriceLevel(Decimal(px), Decimal(qty)) for px, qty in levels]


def test_a_market_and_its_payment_may_be_read_as_they_were_while_faults_last() -> None:
    stage = Stage()
    ask = QueryMarket(account=ACCOUNT, venue=VENUE, symbol=stage.symbol)

    async def phases() -> set[tuple[MarketPhase, bool]]:
        seen = set()
        for _ in range(40):
            market, *paid = await stage.gateway.market(ask)
            assert isinstance(market, MarketRead)
            seen.add((market.phase, bool(paid)))
        return seen

    async def story() -> None:
        await asyncio.sleep(100)
        stage.venue.set_phase(stage.symbol, MarketPhase.SETTLED)
        assert (MarketPhase.ACTIVE, False) in await phases()
        stage.faults.on = False
        assert await phases() == {(MarketPhase.SETTLED, True)}

    stage.play(story)


def test_an_ioc_takes_what_is_there_and_no_more() -> None:
    stage = Stage()
    stage.bids(("0.60", 4), ("0.58", 3))
    placed = stage.venue.place(stage.order())
    assert isinstance(placed, VenueOrder)
    assert placed.filled == 7
    assert not placed.working
    assert stage.venue.position(stage.symbol) == 3


def test_an_id_is_never_free_again() -> None:
    stage = Stage()
    command = stage.order()
    stage.venue.place(command)
    assert stage.venue.place(command) is RejectReason.DUPLICATE_ID


def test_reduce_only_never_turns_a_position_round() -> None:
    stage = Stage()
    stage.bids(("0.60", 100))
    stage.venue.place(stage.order(15))
    assert stage.venue.position(stage.symbol) == 0
    assert stage.venue.place(stage.order(1, "fd2")) is RejectReason.NO_POSITION


def test_a_venue_without_reduce_only_lets_the_oracle_see_it() -> None:
    stage = Stage()
    stage.venue.plan = replace(stage.venue.plan, reduce_only_kept=False)
    stage.bids(("0.60", 100))
    with pytest.raises(ViolationError, match="never oversold"):
        stage.venue.place(stage.order(15))


def test_an_answer_tells_what_traded() -> None:
    stage = Stage()
    stage.bids(("0.60", 4))
    answers: list[Event] = []

    async def story() -> None:
        answers.extend(await stage.gateway.place(stage.order()))

    stage.play(story)
    accepted, canceled = answers
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert accepted.cum_qty == canceled.cum_qty == 4
    assert len(stage.sent) == 1


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
def test_no_answer_is_a_doubt(fault: Fault) -> None:
    stage = Stage(fault)
    stage.bids(("0.60", 100))
    answers: list[Event] = []

    async def story() -> None:
        answers.extend(await stage.gateway.place(stage.order()))

    stage.play(story)
    assert stage.loop.time() >= TIMEOUT_S
    assert isinstance(answers[0], OrderInDoubt)
    reached = fault is Fault.ANSWER_LOST
    assert (stage.venue.position(stage.symbol) == 0) is reached


def test_a_late_request_arrives_after_its_caller_gave_up() -> None:
    stage = Stage(Fault.REQUEST_LATE)
    stage.bids(("0.60", 100))

    async def story() -> None:
        await stage.gateway.place(stage.order())
        assert not stage.venue.by_client
        await asyncio.sleep(100)
        assert stage.venue.by_client

    stage.play(story)


def test_a_refusal_of_the_wire_says_whether_it_is_certain() -> None:
    stage = Stage(Fault.RATE_LIMITED)

    async def story() -> None:
        answer = await stage.wire.call(lambda: 1)
        assert isinstance(answer, Refused)
        assert answer.certain

    stage.play(story)


def test_a_stale_read_is_dated_no_later_than_it_shows() -> None:
    stage = Stage(Fault.STALE_READ)
    stage.bids(("0.60", 4))

    async def story() -> None:
        await asyncio.sleep(30)
        placed = await stage.gateway.place(stage.order())
        assert isinstance(placed[0], OrderAccepted)
        query = QueryOrder(key=stage.sent[0].key, client_order_id=stage.sent[0].client_order_id)
        seen = await stage.gateway.order(query)
        assert isinstance(seen[-1], OrderAbsent) or seen
        book = await stage.gateway.book(QueryBook(account=ACCOUNT, venue=VENUE, since_ns=0))
        read = next(event for event in book if isinstance(event, PositionSnapshot))
        assert read.as_of_ns < stage.venue.now_ns()

    stage.play(story)


def test_a_stream_tells_a_price_when_it_is_watched() -> None:
    stage = Stage()

    async def story() -> None:
        task = stage.loop.create_task(stage.gateway.run(stage.heard.append))
        await asyncio.sleep(1)
        stage.gateway.watch((stage.symbol,))
        await asyncio.sleep(1)
        assert any(isinstance(event, Quote) for event in stage.heard)
        task.cancel()

    stage.play(story)


def test_a_market_remembers_what_was_the_best() -> None:
    stage = Stage()
    market = stage.market
    first = market.tops[-1]
    stage.bids(("0.10", 1))
    market.note_top(50.0)
    assert market.was_top(first, 40.0)
    assert not market.was_top(first, 60.0)


def test_clocks_of_two_processes_share_the_wall_only() -> None:
    loop, wall = Stage().loop, WallClock()
    one, other = SimClock(wall, loop, 10.0), SimClock(wall, loop, 99.0)
    wall.offset_s = 3_600.0
    assert one.wall_ns() == other.wall_ns() == BIRTH_NS + 3_600 * NANOS
    assert one.mono_ns() != other.mono_ns()
    assert one.venue_stamp()["account"] == ACCOUNT


def test_an_order_nobody_committed_may_not_leave() -> None:
    stage = Stage()
    checks = Checks(stage.venue, Halts(), stage.faults)
    with pytest.raises(ViolationError, match="durable before it leaves"):
        checks.sent(stage.order())


def test_a_world_without_a_process_is_not_at_rest() -> None:
    assert list(verdict.unfinished(Stage().world)) == ["no process runs"]
    assert not list(verdict.wrong_money(Stage().world, Book()))


def test_a_killed_process_leaves_its_journal_to_the_next(tmp_path: Path) -> None:
    stage = Stage(path=tmp_path / "journal.db")
    world = stage.world
    lives: list[Host] = []

    async def story() -> None:
        for _ in range(2):
            world.start()
            await asyncio.sleep(15)
            assert world.host is not None
            lives.append(world.host)
            world.stay_down = True
            world.kill()
            world.stay_down = False

    world.faults.on = False
    stage.play(story)
    first, second = (host.engine.book for host in lives)
    assert first.journal_id == second.journal_id
    assert first.positions[stage.key].qty == second.positions[stage.key].qty == 10
