"""A trade over the loop: attempts, waits and reasons, and no attempt while one is in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Self

import pytest
from typing_extensions import override

from daemon.app import trading
from daemon.app.market_looks import MarketLooks
from daemon.app.trading import Trader
from daemon.core.commands import CancelOrder, PlaceOrder, QueryMarket, QueryQuote
from daemon.core.events import Event, QueryFailed, VenueNotOpened
from daemon.core.requests import TradeRequested
from daemon.core.terms import NANOS, ClientOrderId, RejectReason, Side, TimeInForce
from daemon.core.trade import Trade
from daemon.runtime.clock import SystemClock
from daemon.runtime.driver import Driver
from daemon.runtime.freshness import Compared, Freshness
from daemon.runtime.observers import Audience
from daemon.runtime.waiting import OrderWaiter, OutcomeUnknownError
from daemon.settings import TradeSettings
from tests import builders as make
from tests.runtime.fake_venue import OWNER, Question, Rig

D = Decimal
Answer = Callable[[PlaceOrder], Sequence[Event]]
WANTED = TradeRequested(
    **make.ON_SYMBOL,
    token="mine",
    side=Side.BUY,
    order_qty=D(10),
    limit_px=D("0.66"),
    timeout_s=D(60),
)


class QuickClock:
    """Sleeping takes no time, and yet the time of it has passed."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def wall_ns(self) -> int:
        return SystemClock().wall_ns() + int(sum(self.slept) * NANOS)

    def mono_ns(self) -> int:
        return SystemClock().mono_ns() + int(sum(self.slept) * NANOS)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def full(order: PlaceOrder) -> Sequence[Event]:
    return part(order, order.order_qty)


def part(order: PlaceOrder, qty: Decimal) -> Sequence[Event]:
    """`qty` fills, the rest is canceled: an IoC."""
    name, vid = order.client_order_id, f"v{order.attempt}"
    fill = make.fill(
        exec_id=f"x{order.attempt}",
        side=order.side,
        last_qty=str(qty),
        last_px="0.66",
        order_id=name,
        venue_order_id=vid,
    )
    return [
        make.accepted(order_id=name, venue_order_id=vid),
        *([fill] if qty else []),
        make.canceled(order_id=name, venue_order_id=vid, cum_qty=str(qty)),
    ]


def unread(reason: RejectReason, text: str) -> Event:
    """The market's terms could not be read, a moment from now."""
    failed = QueryFailed(**make.ON_SYMBOL, query="market", reason=reason, text=text)
    return replace(failed, mono_ns=10**9 * NANOS)


def no(reason: RejectReason) -> Answer:
    """The venue refuses for this reason."""
    return lambda order: [make.rejected(order_id=order.client_order_id, reason=reason)]


class Trading(Rig):
    """A rig with a trader, and a venue that answers orders as it is told, one after the other."""

    def __init__(self, *answers: Answer, **settings: object) -> None:
        super().__init__()
        self.quick = QuickClock()
        waiter, looks = OrderWaiter(self.inbox, SystemClock()), MarketLooks()
        audience = Audience([self, waiter, looks], lambda *_: None)
        self.driver = Driver(self.driver.engine, self.journal, self.inbox, self.outbox, audience)
        freshness = Freshness()
        freshness.compared[OWNER] = Compared(1, 0, 0)
        self.trader = Trader(
            driver=self.driver,
            outbox=self.outbox,
            inbox=self.inbox,
            waiter=waiter,
            freshness=freshness,
            looks=looks,
            clock=self.quick,
            settings=TradeSettings.model_validate(settings),
        )
        self.answers = list(answers)
        self.venue.answer = self._answer
        self.venue.reply = self._tell
        self.market: Sequence[Event] = [make.market_read()]
        self.price: Sequence[Event] = [replace(make.quote(), mono_ns=10**9 * NANOS)]

    def _answer(self, command: PlaceOrder | CancelOrder) -> Sequence[Event]:
        return self.answers.pop(0)(command) if isinstance(command, PlaceOrder) else ()

    def _tell(self, question: Question) -> Sequence[Event]:
        match question:
            case QueryMarket():
                return self.market
            case QueryQuote():
                return self.price
            case _:
                return ()

    @override
    async def __aenter__(self) -> Self:
        await super().__aenter__()
        policy = replace(make.account_policy(), in_flight_bound_s=D("0.2"))
        self.tell(make.started(), make.rules_loaded(account=policy))
        await self.settle()
        return self

    async def done(self, timeout_s: str = "60") -> Trade:
        """The trade, once it has come to its end."""
        await self.trader.execute_trade(replace(WANTED, timeout_s=D(timeout_s)))
        return self.driver.engine.book.positions[make.KEY].trades[-1]


async def test_one_that_fills_is_one_attempt() -> None:
    async with Trading(full) as rig:
        trade = await rig.done()
        assert trade.filled_qty == 10
        assert [attempt.retry_reason for attempt in trade.attempts] == [None]
        assert all(slept < 1 for slept in rig.quick.slept)


async def test_one_that_others_made_forgotten_meanwhile_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Trading(no(RejectReason.NETWORK), full) as rig:

        async def crowd(_seconds: float) -> None:
            for position in rig.driver.engine.book.positions.values():
                position.trades = ()

        monkeypatch.setattr(rig.quick, "sleep", crowd)
        await rig.trader.execute_trade(WANTED)
        assert len(rig.venue.sent) == 1


async def test_the_rest_is_tried_again_after_growing_waits() -> None:
    settings = {"base_delay": "2", "exponential_base": "3", "max_delay": "10", "max_retries": 4}
    answers = (
        no(RejectReason.NETWORK),
        lambda order: part(order, D(4)),
        no(RejectReason.RATE_LIMIT),
    )
    async with Trading(*answers, full, **settings) as rig:
        trade = await rig.done()
        sent = [order.order_qty for order in rig.venue.sent if isinstance(order, PlaceOrder)]
        assert sent == [D(10), D(10), D(6), D(6)]
        assert [attempt.retry_reason for attempt in trade.attempts] == [
            None,
            RejectReason.NETWORK,
            RejectReason.NO_LIQUIDITY,
            RejectReason.RATE_LIMIT,
        ]
        waits = [slept for slept in rig.quick.slept if slept >= 1]
        bounds = [(2, 2.2), (6, 6.6), (10, 11)]
        assert all(low <= slept <= high for slept, (low, high) in zip(waits, bounds, strict=True))


@pytest.mark.parametrize(
    "reason", [RejectReason.INSUFFICIENT_FUNDS, RejectReason.INVALID_ORDER, RejectReason.AUTH]
)
async def test_what_will_not_pass_is_not_tried_again(reason: RejectReason) -> None:
    async with Trading(no(reason)) as rig:
        assert len((await rig.done()).attempts) == 1


async def test_attempts_and_words_of_the_settings_are_limits() -> None:
    async with Trading(*[no(RejectReason.NETWORK)] * 3, max_retries=2) as rig:
        assert len((await rig.done()).attempts) == 3
    async with Trading(no(RejectReason.NETWORK), retryable_errors=("timeout",)) as rig:
        assert len((await rig.done()).attempts) == 1


async def test_the_time_is_that_of_all_attempts_and_no_wait_outlasts_it() -> None:
    settings = {"base_delay": "2", "exponential_base": "3", "max_retries": 4}
    async with Trading(*[no(RejectReason.NETWORK)] * 3, **settings) as rig:
        assert len((await rig.done("5")).attempts) == 2
        assert sum(rig.quick.slept) < 5
    async with Trading(*[no(RejectReason.NETWORK)] * 3, **settings) as rig:
        assert len((await rig.done("9")).attempts) == 3


async def test_a_market_that_the_venue_does_not_have_is_told_at_once() -> None:
    async with Trading() as rig:
        rig.market = [unread(RejectReason.NOT_FOUND, "HTTP 404")]
        (attempt,) = (await rig.done()).attempts
        assert attempt.refusal is RejectReason.NOT_FOUND
        assert attempt.text == "symbol = 'NFL-1': kalshi knows no such market (HTTP 404)"
        assert sum(rig.quick.slept) < 1
        assert not rig.venue.sent


async def test_terms_that_do_not_come_are_waited_for_and_the_cause_is_told() -> None:
    async with Trading(max_retries=1) as rig:
        rig.market = []
        rig.tell(VenueNotOpened(**make.AT_VENUE, text="key refused"))
        first, second = (await rig.done()).attempts
        assert first.refusal is second.refusal is RejectReason.NETWORK
        told = "kalshi has not told the terms of NFL-1: it is not open (key refused)"
        assert first.text == second.text == told
        assert sum(rig.quick.slept) > 20
    async with Trading(max_retries=0) as rig:
        rig.market = [unread(RejectReason.AUTH, "HTTP 401")]
        (attempt,) = (await rig.done()).attempts
        assert (attempt.refusal, attempt.text[-8:]) == (RejectReason.AUTH, "HTTP 401")


async def test_no_order_leaves_after_the_time_of_the_trade() -> None:
    async with Trading(full) as rig:
        rig.market = []
        (attempt,) = (await rig.done("3")).attempts
        assert attempt.refusal is RejectReason.TIMEOUT
        assert attempt.text == "the time was up before kalshi had told its terms of NFL-1"
        assert 2 < sum(rig.quick.slept) < 4
        assert not rig.venue.sent


async def test_an_attempt_that_had_no_price_in_time_is_none() -> None:
    async with Trading(base_delay="1") as rig:

        def silenced(order: PlaceOrder) -> Sequence[Event]:
            rig.price = []
            rig.inbox.keep_only(order.key.account, order.key.venue, ())
            return no(RejectReason.NETWORK)(order)

        rig.answers.append(silenced)
        (attempt,) = (await rig.done("5")).attempts
        assert attempt.client_order_id is not None, "what is told is why that order brought nothing"
        assert sum(rig.quick.slept) > 4


async def test_an_unknown_outcome_is_no_reason_to_send_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trading, "_PROOF_MARGIN_S", 0.1)

    def lost(order: PlaceOrder) -> Sequence[Event]:
        return [make.in_doubt(order_id=order.client_order_id)]

    async with Trading(lost) as rig:
        with pytest.raises(OutcomeUnknownError, match=r"fd[a-z2-7]{30}"):
            await rig.done("0.1")
        assert len(rig.venue.sent) == 1
        order_id = rig.venue.sent[0].client_order_id
        rig.tell(*part_of(order_id))
        await rig.settle()
        trade = await rig.done("0.1")  # known before: followed, and not begun again
        assert (trade.filled_qty, len(trade.attempts)) == (D(3), 1)


def part_of(order_id: ClientOrderId) -> Sequence[Event]:
    """What a look finds: 3 of it filled, and it has ended."""
    fill = make.fill(side=Side.BUY, last_qty="3", last_px="0.66", order_id=order_id)
    return [fill, make.canceled(order_id=order_id, cum_qty="3")]


async def test_who_asks_again_after_a_restart_does_not_change_the_time_of_the_trade() -> None:
    """Its order rested for a minute; a second caller's tenth of a second had it canceled."""
    rests = replace(WANTED, time_in_force=TimeInForce.GTC)

    def accepted(order: PlaceOrder) -> Sequence[Event]:
        return [make.accepted(order_id=order.client_order_id)]

    async with Trading(accepted) as rig, asyncio.TaskGroup() as group:
        first = group.create_task(rig.trader.execute_trade(rests), name="first")
        for _ in range(500):
            if rig.venue.sent:
                break
            await asyncio.sleep(0.01)
        first.cancel()  # the process is gone, and what it journalled is known to the next one
        again = replace(rests, timeout_s=D("0.1"))
        second = group.create_task(rig.trader.execute_trade(again), name="second")
        await asyncio.sleep(0.5)
        assert not [one for one in rig.venue.sent if isinstance(one, CancelOrder)]
        order_id = rig.venue.sent[0].client_order_id
        rig.tell(make.fill(side=Side.BUY, last_qty="10", last_px="0.66", order_id=order_id))
        await second
        (trade,) = rig.driver.engine.book.positions[make.KEY].trades
        assert (trade.filled_qty, trade.terms.timeout_s) == (D(10), D(60))


async def test_a_running_one_is_begun_once() -> None:
    async with Trading(full) as rig, asyncio.TaskGroup() as group:
        task = group.create_task(rig.trader.run(), name="trader")
        await asyncio.sleep(0)
        rig.trader.begin(WANTED)
        rig.trader.begin(WANTED)
        assert rig.trader.running == {"mine"}
        for _ in range(500):
            if not rig.trader.running:
                break
            await asyncio.sleep(0.01)
        assert (rig.trader.running, len(rig.venue.sent)) == (frozenset(), 1)
        task.cancel()
