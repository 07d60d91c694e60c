"""Facts of one order in any order, any number of times: the same book in the end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.commands import NoticeKind, Notify
from daemon.core.decisions import CloseExit, ExitEnd, HoldUnconfirmed
from daemon.core.engine import Engine
from daemon.core.events import Event, TimerFired
from daemon.core.fold import apply_command, apply_event
from daemon.core.terms import NANOS, ClientOrderId, OrdStatus, RuleKind
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded

D = Decimal
QTYS = st.lists(st.integers(1, 40), min_size=1, max_size=4).filter(lambda q: sum(q) <= 100)


def facts(order_id: ClientOrderId, qtys: list[int]) -> list[Event]:
    """An order of 100 that fills in parts and is canceled; some fills carry the venue's id only."""
    fills = [
        make.fill(
            exec_id=f"t{number}",
            order_id=order_id if number % 2 else None,
            last_qty=str(qty),
            last_px=f"0.5{number}",
            commission=f"0.0{number + 1}",
        )
        for number, qty in enumerate(qtys)
    ]
    ended = make.canceled(order_id=order_id, cum_qty=str(sum(qtys)))
    return [make.accepted(order_id=order_id), *fills, ended]


def told(order: list[int], qtys: list[int]) -> Play:
    play = guarded(commission="0.70")
    play.tell(make.quote(bid="0.58", ask="0.60"))
    known = facts(play.order_id, qtys)
    play.tell(*(known[at % len(known)] for at in order))
    return play


def test_a_cursor_that_our_clock_set_into_the_future_is_taken_back_to_the_venues_time() -> None:
    play = Play()
    hour_ns = 3_600 * NANOS
    ahead = replace(make.started(), receive_time_ns=WALL_NS + hour_ns)
    play.engine.handle(ahead)
    play.engine.handle(make.rules_loaded(make.rule()))
    state = play.engine.book.account(make.ACCOUNT, make.VENUE)
    assert state.fills_as_of_ns == WALL_NS + hour_ns
    read = replace(make.fills_read(symbol=None), since_ns=WALL_NS + hour_ns)
    play.engine.handle(replace(read, as_of_ns=WALL_NS))
    assert play.engine.changed
    assert state.fills_as_of_ns == WALL_NS
    play.engine.handle(replace(read, as_of_ns=WALL_NS - 60 * NANOS))
    assert state.fills_as_of_ns == WALL_NS, "a read that lags takes nothing back"


@given(QTYS, st.data())
def test_any_order_and_repetition_of_an_orders_facts_gives_the_same_totals(
    qtys: list[int], data: st.DataObject
) -> None:
    plain = list(range(len(qtys) + 2))
    again = data.draw(st.lists(st.sampled_from(plain), max_size=5))
    shuffled = data.draw(st.permutations([*plain, *again]))
    straight, crooked = told(plain, qtys), told(shuffled, qtys)
    for play in (straight, crooked):
        assert play.order.cum_qty == sum(qtys)
        assert play.order.dead
        assert play.position.qty == 100 - sum(qtys)
        assert not play.engine.book.orphans
        done = play.exit or play.engine.book.past_exits[-1]
        assert done.filled_qty == sum(qtys)
        assert done.pnl == play.position.realized_pnl
    assert crooked.position.fees == straight.position.fees
    assert crooked.order.fees == straight.order.fees
    assert crooked.order.notional == straight.order.notional
    # What a part costs is a share of the entry, cut at ten digits; the sum is what stands.
    assert crooked.position.realized_pnl == straight.position.realized_pnl
    assert crooked.position.wins == straight.position.wins
    expected = OrdStatus.FILLED if sum(qtys) == 100 else OrdStatus.CANCELED
    assert {crooked.order.status, straight.order.status} == {expected}


def test_a_replay_decides_nothing_and_gives_the_same_book() -> None:
    play = guarded()
    engine = Engine()
    stage = play.twin.book.state()
    assert engine.book.state() != stage
    play.tell(make.quote(bid="0.58", ask="0.60"))
    assert play.twin.book.state() == play.engine.book.state()
    assert all(page.levels is None for page in play.twin.book.pages.values())


def test_what_is_not_durable_and_what_changes_nothing_leaves_the_book_alone() -> None:
    play = guarded()
    before = play.twin.book.state()
    note = Notify(notice=NoticeKind.DUST, text="")
    apply_command(play.twin.book, note, make.quote())
    assert not apply_event(play.twin.book, TimerFired(**make.NOW, timer="x"))
    assert not apply_event(play.twin.book, make.quote())
    assert play.twin.book.state() == before


def test_a_closed_exit_is_kept_among_the_past_ones() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    close = CloseExit(key=make.KEY, exit_no=1, end=ExitEnd.OPERATOR)
    apply_command(play.engine.book, close, make.quote())
    assert play.exit is None
    assert play.engine.book.find_exit(make.KEY, 1) is play.engine.book.past_exits[0]
    assert play.engine.book.find_exit(make.KEY, 2) is None


def test_a_decision_on_an_unknown_position_makes_it() -> None:
    engine = Engine()
    held = HoldUnconfirmed(key=make.KEY, reason=RuleKind.ABSOLUTE, trigger_px=D("0.5"))
    engine.replay(make.quote(), [held])
    assert make.KEY in engine.book.positions


def test_a_step_decided_otherwise_is_found() -> None:
    play = guarded()
    said = play.stamped(make.quote(bid="0.58", ask="0.60"))
    decided = [c for c in play.engine.handle(said) if c.durable]
    strays = play.judge.redecide(said, decided[:-1])
    assert decided[-1] in strays
