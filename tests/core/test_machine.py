"""Any course of events against a small venue: what must hold after every single step.

`Play` compares with a replay after each event, so recovery is checked all along.
"""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.core.commands import CancelOrder, Command, PlaceOrder, QueryBook, QueryFills, QueryOrder
from daemon.core.decisions import OpenExit
from daemon.core.events import Event, MarketPhase
from daemon.core.order import Order
from daemon.core.pursuit import any_working, at_risk_qty
from daemon.core.requests import ExitRequested, HaltRequested, ResumeRequested, TradeRequested
from daemon.core.rules import StopRule
from daemon.core.terms import ClientOrderId, RejectReason, RuleKind, Side, TimeInForce
from tests import builders as make
from tests.core.fake_venue import FakeVenue
from tests.core.play import Play, only

D = Decimal
WAITS = st.sampled_from(["0", "0.3", "1", "2", "6", "40"])


def may_cross(order: Order) -> bool:
    """A trade that was not asked to reduce only: it does what was asked, to whatever is held."""
    return bool(order.trade_no) and not order.reduce_only


class Course(RuleBasedStateMachine):
    """The engine, a venue that may be slow, silent or repeating, and a hand that trades too."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.play.agrees = False
        self.venue = FakeVenue()
        self.bytes: dict[ClientOrderId, tuple[object, ...]] = {}
        self.live = True
        self.halted = False
        self.strangers_sold = False

    @initialize(
        gtc=st.booleans(),
        until_flat=st.booleans(),
        resend=st.booleans(),
        qty=st.sampled_from([100, -100, 7]),
    )
    def begin(self, *, gtc: bool, until_flat: bool, resend: bool, qty: int) -> None:
        tif = TimeInForce.GTC if gtc else TimeInForce.IOC
        policy = make.exits(order=tif, until_flat=until_flat)
        self.stops: list[StopRule] = [
            make.rule(policy=policy),
            make.rule(kind=RuleKind.PERCENT, level="10", policy=policy),
        ]
        self.resend = resend
        self.tell(make.started())
        self.load(live=True)
        self.tell(make.market_read())
        self.venue.stranger(
            Side.BUY if qty > 0 else Side.SELL, abs(qty), "0.65" if qty > 0 else "0.35"
        )
        self.reconcile("1")
        self.price("0.66" if qty > 0 else "0.30", "1")

    def load(self, *, live: bool) -> None:
        self.live = live
        policy = make.account_policy(live=live, resend=self.resend, per_minute=1_000)
        self.tell(make.rules_loaded(*self.stops, account=policy))

    def tell(self, event: Event, after: str = "0") -> None:
        self.obey(self.play.tell(event, after=after))

    def obey(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, PlaceOrder):
                self.judge(command)
                self.venue.on_the_way.append(command)
            elif isinstance(command, OpenExit):
                assert not self.halted, "a new exit while halted"
            elif isinstance(command, CancelOrder):
                assert self.live, "a cancel with live orders off"
                self.venue.cancel(command)

    def judge(self, command: PlaceOrder) -> None:
        assert self.live, "an order with live orders off"
        held = self.play.position.qty
        if command.side.sign * held < 0:
            alone = self.at_risk(command.side) == command.order_qty
            crosses = alone and may_cross(self.play.engine.book.orders[command.client_order_id])
            fits = self.at_risk(command.side) <= abs(held)
            assert fits or crosses, "more may be sold than is held"
        if command.trade_no:
            assert not self.halted, "a trade while halted"
            assert not command.resend, "a trade sent again"
            return
        content = (command.side, command.order_qty, command.limit_px, command.time_in_force)
        known = self.bytes.setdefault(command.client_order_id, content)
        assert known == content, "the same id with other bytes"
        assert command.resend or len([1 for p in self.play.placed if p == command]) == 1
        assert command.side.sign * held < 0, "an exit that adds"
        others = [o for o in self.play.engine.book.undead(make.KEY) if any_working([o])]
        at_work = {o.client_order_id for o in others if not o.trade_no}
        assert at_work <= {command.client_order_id}, "two at work"

    def at_risk(self, side: Side) -> Decimal:
        orders = self.play.engine.book.undead(make.KEY)
        return sum((order.possible_qty for order in orders if order.side is side), D(0))

    @rule(
        bid=st.sampled_from(["0.30", "0.45", "0.55", "0.58", "0.66", None]),
        after=WAITS,
    )
    def price(self, bid: str | None, after: str) -> None:
        ask = None if bid is None else str(D(bid) + D("0.02"))
        self.tell(make.quote(bid=bid, ask=ask or "0.40"), after)

    @precondition(lambda self: self.venue.on_the_way)
    @rule(share=st.integers(0, 10), lost=st.booleans())
    def arrive(self, share: int, *, lost: bool) -> None:
        command = self.venue.on_the_way.pop(0)
        if lost:
            self.venue.inbox.append(make.in_doubt(order_id=command.client_order_id))
        self.venue.take(command, share)

    @precondition(lambda self: self.venue.on_the_way)
    @rule(refused=st.booleans())
    def never_arrive(self, *, refused: bool) -> None:
        command = self.venue.on_the_way.pop(0)
        told = make.rejected if refused and not command.resend else make.in_doubt
        self.venue.inbox.append(told(order_id=command.client_order_id))

    @precondition(lambda self: self.venue.inbox)
    @rule(at=st.integers(0, 9), times=st.integers(1, 2), after=WAITS)
    def deliver(self, at: int, times: int, after: str) -> None:
        event = self.venue.inbox.pop(at % len(self.venue.inbox))
        for _ in range(times):
            self.tell(event, after)

    @rule(share=st.integers(1, 10))
    def resting_orders_fill(self, share: int) -> None:
        for order in self.venue.orders.values():
            self.venue.fill(order, share)

    @rule(after=WAITS)
    def timers(self, after: str) -> None:
        for order in self.play.engine.book.undead(make.KEY):
            self.look(order, after)
        self.tell(make.timer(f"retry|{make.KEY.name}"), after)

    def look(self, order: Order, after: str) -> None:
        for name in ("timeout", "check"):
            told = self.play.tell(make.timer(f"{name}|{order.client_order_id}"), after=after)
            self.obey(told)
            for query in only(told, QueryOrder):
                arriving = [c.client_order_id for c in self.venue.on_the_way]
                if query.client_order_id in arriving:
                    continue  # its answer is on its way: a look would prove nothing
                for event in self.venue.look(query):
                    self.tell(event)

    @rule(
        side=st.sampled_from(Side),
        qty=st.sampled_from([3, 40, 100]),
        rests=st.booleans(),
        again=st.booleans(),
        after=WAITS,
    )
    def a_trade(self, side: Side, qty: int, after: str, *, rests: bool, again: bool) -> None:
        """A trade, or a further attempt at the newest one; what reduces may not cross zero."""
        position = self.play.position
        newest = position.trades[-1] if again and position.trades else None
        asked = TradeRequested(
            **make.ON_SYMBOL,
            token=f"trade {position.trade_count + 1}",
            side=side,
            order_qty=D(qty),
            limit_px=D("0.56"),
            time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
            reduce_only=position.reducing(side),
        )
        if newest is not None:
            terms = {f.name: getattr(newest.terms, f.name) for f in fields(newest.terms)}
            asked = replace(asked, token=newest.token, attempt=len(newest.attempts) + 1, **terms)
        self.tell(asked, after)

    @rule(side=st.sampled_from(Side), qty=st.sampled_from([5, 30, 120]))
    def a_stranger_trades(self, side: Side, qty: int) -> None:
        self.strangers_sold = self.strangers_sold or side.sign * self.venue.position_qty < 0
        self.venue.stranger(side, qty, "0.57")

    @rule(what=st.sampled_from(["halt", "off", "pause", "crash", "exit 3", "exit"]), now=WAITS)
    def disturb(self, what: str, now: str) -> None:
        """Something that comes seldom, and mostly passes."""
        match what:
            case "halt":
                self.halted = True
                self.tell(HaltRequested(**make.NOW), now)
            case "off":
                self.load(live=False)
            case "pause":
                self.tell(make.market_read(phase=MarketPhase.PAUSED), now)
            case "crash":
                self.crash()
            case _:
                qty = make.number(what.partition(" ")[2] or None)
                self.tell(ExitRequested(**make.ON_SYMBOL, qty=qty), now)

    @rule()
    def go_on(self) -> None:
        """Whatever was disturbed is over."""
        if self.halted:
            self.halted = False
            self.tell(ResumeRequested(**make.NOW))
        if not self.live:
            self.load(live=True)
        self.tell(make.market_read())

    def crash(self) -> None:
        """What was on its way may have left or not; the new process has to ask."""
        for command in self.venue.on_the_way:
            self.venue.take(command, 5)
        self.venue.on_the_way.clear()
        self.obey(self.play.restart())

    @rule(share=st.integers(0, 10), bid=st.sampled_from(["0.30", "0.55", "0.58"]))
    def round(self, share: int, bid: str) -> None:
        """A quiet stretch: everything arrives and is told, then the price is through the stop."""
        while self.venue.on_the_way:
            self.venue.take(self.venue.on_the_way.pop(0), share)
        while self.venue.inbox:
            self.tell(self.venue.inbox.pop(0))
        self.price(bid, "6")

    @rule(after=WAITS)
    def reconcile(self, after: str) -> None:
        """All fills, then the positions: a complete and true read."""
        if self.venue.on_the_way:
            return
        for fill in self.venue.fills:
            self.tell(fill)
        self.tell(make.fills_read())
        self.tell(make.market_read())
        qty = str(self.venue.position_qty)
        told = self.play.tell(make.positions(qty if self.venue.position_qty else None), after=after)
        assert not [c for c in told if isinstance(c, QueryFills)], "all fills are known"
        self.obey([c for c in told if not isinstance(c, QueryBook)])

    @invariant()
    def the_position_is_the_sum_of_distinct_fills(self) -> None:
        if make.KEY not in self.play.engine.book.positions:
            return
        known = self.play.engine.book.fills
        told = [f for f in self.venue.fills if any(f.exec_id == k[3] for k in known)]
        total = sum((f.side.sign * f.last_qty for f in told), D(0))
        assert self.play.position.qty == total
        assert not self.play.position.inferred

    @invariant()
    def orders_add_up(self) -> None:
        book = self.play.engine.book
        for order in book.orders.values():
            assert order.possible_qty >= 0
            assert order.cum_qty + order.possible_qty <= order.order_qty
            assert order.leaves_qty == 0 or not order.status.terminal

    @invariant()
    def an_exit_is_the_sum_of_its_parts(self) -> None:
        book = self.play.engine.book
        for work in (*book.exits.values(), *book.past_exits):
            assert work.filled_qty == sum((part.qty for part in work.partial_fills), D(0))

    @invariant()
    def never_more_at_risk_than_held(self) -> None:
        if self.strangers_sold or make.KEY not in self.play.engine.book.positions:
            return
        # A fill known by the venue's id alone has moved the position, and no order yet.
        unplaced = sum((o.fill.last_qty for o in self.play.engine.book.orphans), D(0))
        position = self.play.position
        undead = self.play.engine.book.undead(make.KEY)
        at_risk = at_risk_qty(position, [order for order in undead if not may_cross(order)])
        assert at_risk - unplaced <= position.held_qty

    def teardown(self) -> None:
        """The faults stop: whatever was doubted becomes known and what is told is all heard."""
        if not hasattr(self, "stops"):
            return
        while self.venue.on_the_way:
            self.venue.take(self.venue.on_the_way.pop(0), 10)
        for _ in range(8):
            while self.venue.inbox:
                self.tell(self.venue.inbox.pop(0))
            for order in self.play.engine.book.undead(make.KEY):
                self.look(order, "100")
            while self.venue.on_the_way:
                self.venue.take(self.venue.on_the_way.pop(0), 10)
        assert self.play.position.qty == self.venue.position_qty
        doubtful = [
            o for o in self.play.engine.book.undead(make.KEY) if o.status.value == "in_doubt"
        ]
        assert not [o for o in doubtful if RejectReason.STOPPED is o.reason and self.resend]


Course.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestCourse = Course.TestCase
