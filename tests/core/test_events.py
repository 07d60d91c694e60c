"""Every kind of fact is handled from a fresh book, and by an exit's order in every status."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from decimal import Decimal

import pytest

from daemon.core import events, requests
from daemon.core.errors import ImpossibleTransitionError
from daemon.core.events import (
    Event,
    FeedLost,
    FeedRestored,
    Funding,
    MarginCall,
    MarketChanged,
    MarketPhase,
    OrderEvent,
    OrdersRead,
    QueryFailed,
    Settlement,
    StopRequested,
    StreamLost,
    StreamRestored,
    Undecodable,
    VenueEvent,
    VenueNotOpened,
    VenuePaused,
    VenueResumed,
)
from daemon.core.requests import (
    CancelRequested,
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    PositionsImported,
    ResumeRequested,
    TradeRequested,
    UnguardRequested,
)
from daemon.core.rules import ImportedPosition
from daemon.core.terms import (
    NANOS,
    USD,
    ClientOrderId,
    ExecId,
    OrdStatus,
    RejectReason,
    Side,
    TimeInForce,
    client_order_id,
)
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded

D = Decimal
OURS = client_order_id(make.JOURNAL, make.KEY, 1, 1, 1)
ROW = ImportedPosition(symbol=make.SYMBOL, position_qty=D(5), entry_px=D("0.5"))
PAID = Settlement(
    **make.ON_SYMBOL, settl_px=D(1), position_qty=D(100), revenue=D(100), settl_time_ns=WALL_NS
)
FUNDED = Funding(
    **make.ON_SYMBOL,
    exec_id=ExecId("f1"),
    funding=D("0.1"),
    funding_currency=USD,
    transact_time_ns=WALL_NS,
)


def of_order(order_id: ClientOrderId) -> list[Event]:
    """Facts of one order."""
    return [
        make.accepted(order_id=order_id),
        make.canceled(order_id=order_id, cum_qty="40"),
        make.expired(order_id=order_id, cum_qty="40"),
        make.absent(order_id=order_id),
        make.fill(order_id=order_id),
    ]


def of_account() -> list[Event]:
    """Facts of an account, its venue and its markets."""
    return [
        make.fills_read(),
        make.fills_read(symbol=None),
        OrdersRead(**make.AT_VENUE, resting=(), as_of_ns=0, asked_mono_ns=0),
        make.positions("100"),
        MarketChanged(**make.ON_SYMBOL, phase=MarketPhase.PAUSED),
        PAID,
        FUNDED,
        MarginCall(**make.ON_SYMBOL, position_qty=D(100)),
        VenuePaused(**make.AT_VENUE),
        VenueResumed(**make.AT_VENUE),
        make.quote(bid="0.58", ask="0.60"),
        FeedLost(**make.AT_VENUE, symbols=(make.SYMBOL,)),
        FeedRestored(**make.AT_VENUE, symbols=(make.SYMBOL,)),
        StreamLost(**make.AT_VENUE),
        StreamRestored(**make.AT_VENUE),
        VenueNotOpened(**make.AT_VENUE, text="banned"),
        QueryFailed(**make.AT_VENUE, query="order", reason=RejectReason.TIMEOUT),
        Undecodable(**make.AT_VENUE, source="fill", raw="{", text="cut"),
    ]


def of_process(order_id: ClientOrderId) -> list[Event]:
    """Facts of this process and the operator."""
    return [
        make.started(),
        make.rules_loaded(make.rule()),
        CancelRequested(**make.NOW, client_order_id=order_id),
        StopRequested(**make.NOW),
        HaltRequested(**make.NOW),
        ResumeRequested(**make.NOW),
        ExitRequested(**make.ON_SYMBOL),
        ConfirmRequested(**make.ON_SYMBOL),
        UnguardRequested(**make.ON_SYMBOL),
        OrderResolved(**make.NOW, client_order_id=order_id, cum_qty=D(40)),
        PositionsImported(**make.AT_VENUE, rows=(ROW,)),
        TradeRequested(**make.ON_SYMBOL, token="t", side=Side.BUY, order_qty=Decimal(1)),
        *(make.timer(f"{name}|{order_id}") for name in ("check", "timeout")),
        *(
            make.timer(f"{name}|{make.KEY.name}")
            for name in ("retry", "confirm", "close", "settle")
        ),
        *(make.timer(f"{name}|main|kalshi|NFL-1") for name in ("market", "blind")),
        make.timer("recheck|main|kalshi"),
        make.timer("nobody knows"),
    ]


def every_event(order_id: ClientOrderId) -> dict[str, Event]:
    """One or more of each kind, the order's with this id."""
    snapshots = {
        f"OrderSnapshot {status.value}": make.snapshot(
            order_id=order_id, status=status, cum_qty="40", leaves_qty="60"
        )
        for status in OrdStatus
    }
    rejections = {
        f"{event.__class__.__name__} {reason.value}": event
        for reason in RejectReason
        for event in (
            make.rejected(order_id=order_id, reason=reason),
            make.in_doubt(order_id=order_id, reason=reason),
            make.cancel_rejected(order_id=order_id, reason=reason),
        )
    }
    phases = {f"MarketRead {phase.value}": make.market_read(phase=phase) for phase in MarketPhase}
    named = [*of_order(order_id), *of_account(), *of_process(order_id)]
    others = {
        f"{event.__class__.__name__} {getattr(event, 'timer', number)}": event
        for number, event in enumerate(named)
    }
    return {**snapshots, **rejections, **phases, **others}


EVENTS = every_event(OURS)


def test_no_kind_of_fact_is_forgotten_here() -> None:
    kinds = {
        kind
        for module in (events, requests)
        for _name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Event) and kind not in {Event, VenueEvent, OrderEvent}
    }
    assert {type(event) for event in EVENTS.values()} == kinds


@pytest.mark.parametrize("name", EVENTS)
def test_a_fresh_book_takes_any_fact(name: str) -> None:
    play = Play()
    play.tell(EVENTS[name])
    play.tell(EVENTS[name])


def pending(play: Play) -> None:
    assert play.order.status is OrdStatus.PENDING_NEW


def _to(*told: Callable[[ClientOrderId], Event]) -> Callable[[Play], None]:
    def lead(play: Play) -> None:
        for event in told:
            play.tell(event(play.order_id))

    return lead


ACK = lambda order_id: make.accepted(order_id=order_id)  # noqa: E731 - a table of them
PART = lambda order_id: make.fill(exec_id="p", order_id=order_id, last_qty="10")  # noqa: E731
FULL = lambda order_id: make.fill(exec_id="f", order_id=order_id, last_qty="100")  # noqa: E731
LEADS: dict[OrdStatus, Callable[[Play], None]] = {
    OrdStatus.PENDING_NEW: pending,
    OrdStatus.NEW: _to(ACK),
    OrdStatus.PARTIALLY_FILLED: _to(ACK, PART),
    OrdStatus.FILLED: _to(ACK, FULL),
    OrdStatus.PENDING_CANCEL: lambda play: (
        _to(ACK)(play),
        play.tell(make.timer(f"timeout|{play.order_id}"), after="10"),
    )[0],
    OrdStatus.CANCELED: _to(ACK, PART, lambda o: make.canceled(order_id=o, cum_qty="20")),
    OrdStatus.REJECTED: _to(lambda o: make.rejected(order_id=o)),
    OrdStatus.EXPIRED: _to(ACK, lambda o: make.expired(order_id=o, cum_qty="20")),
    OrdStatus.IN_DOUBT: _to(lambda o: make.in_doubt(order_id=o)),
}


def led_to(status: OrdStatus) -> Play:
    """A GTC exit of 100 whose order is in this status."""
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    assert play.order_id == OURS
    LEADS[status](play)
    assert play.order.status is status
    return play


@pytest.mark.parametrize("status", OrdStatus)
def test_an_order_in_any_status_takes_any_fact(status: OrdStatus) -> None:
    stage = led_to(status)
    for name, event in EVENTS.items():
        play = copy.deepcopy(stage)
        try:
            play.tell(event)
            play.tell(event, after="100")
        except ImpossibleTransitionError:  # pragma: no cover - what a failure would say
            pytest.fail(f"{name} while {status.value}")
        assert_sound(play)


def assert_sound(play: Play) -> None:
    """What holds of an order whatever happened to it."""
    order = play.order
    assert order.possible_qty >= 0
    assert order.cum_qty >= 0
    if order.status.terminal:
        assert order.leaves_qty == 0
    elif not order.overfilled:
        assert order.cum_qty + order.leaves_qty == order.order_qty


def test_a_cancel_that_the_table_forbids_is_never_decided() -> None:
    play = led_to(OrdStatus.PENDING_NEW)
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="90", side=Side.SELL))
    assert play.order.status is OrdStatus.PENDING_NEW
    play.tell(make.timer(f"timeout|{play.order_id}"), after=str(NANOS // NANOS * 60))
    assert play.order.status is OrdStatus.PENDING_NEW
