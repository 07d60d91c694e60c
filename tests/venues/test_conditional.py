"""A stranger's conditional order is known and at rest nowhere until it fires: it reduces nothing.

USD-M's algo orders live in a service of their own: what fires there is an order with its own id.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from daemon.core.book import Book
from daemon.core.events import OrderSnapshot, Undecodable, VenueEvent
from daemon.core.fold import apply_event
from daemon.core.terms import OrdStatus
from daemon.venues.binance.order_wire import decode_order_row
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.bitget.push_wire import Rows
from daemon.venues.bitget.stream_wire import decode_frame as decode_bitget
from daemon.venues.bitget.wire import Dialect
from daemon.venues.phemex.stream_wire import Private
from daemon.venues.phemex.stream_wire import decode_frame as decode_phemex
from tests.venues.binance import builders as binance
from tests.venues.bitget import builders as bitget
from tests.venues.phemex import builders as phemex


def spot_stop(*, working: bool, status: str = "NEW", kind: str = "NEW") -> Sequence[VenueEvent]:
    changes = {"o": "STOP_LOSS_LIMIT", "S": "SELL", "w": working, "X": status, "x": kind}
    raw = binance.changed("spot_stranger_new", "event", **changes)
    return decode_spot_frame(binance.SPOT_STAMP, raw).events


def spot_listed(*, working: bool) -> Sequence[VenueEvent]:
    changes = {"type": "STOP_LOSS_LIMIT", "status": "NEW", "executedQty": "0"}
    raw = binance.changed("spot_query", isWorking=working, clientOrderId="web_1", **changes)
    return [decode_order_row(binance.SPOT_STAMP, raw, binance.AT_NS)]


def bitget_plan(name: str) -> Sequence[VenueEvent]:
    dialect = Dialect.UTA if name.startswith("uta") else Dialect.CLASSIC
    body = decode_bitget(bitget.HEDGED_TOLD, dialect, bitget.frame(name)).body
    assert isinstance(body, Rows)
    return body.events


def phemex_stop(old: str = "", new: str = "") -> Sequence[VenueEvent]:
    raw = phemex.frame("aop_conditional").replace(old.encode(), new.encode())
    body = decode_phemex(phemex.PERP_STAMP, raw, phemex.PERPS)
    assert isinstance(body, Private)
    return body.events


WAITING = {
    "binance spot": spot_stop(working=False),
    "binance spot, listed": spot_listed(working=False),
    "binance usd-m": decode_usdm_frame(binance.USDM_STAMP, binance.frame("usdm_algo")).events,
    "bitget": bitget_plan("mix_orders_algo"),
    "bitget unified": bitget_plan("uta_strategy_order"),
    "phemex": phemex_stop(),
}
FIRED = {
    "binance spot": spot_stop(working=True),
    "binance spot, listed": spot_listed(working=True),
    "phemex": phemex_stop("Untriggered", "New"),
}


def told(events: Sequence[VenueEvent]) -> Book:
    book = Book()
    for event in events:
        assert not isinstance(event, Undecodable)
        apply_event(book, event)
    return book


@pytest.mark.parametrize("name", WAITING)
def test_while_it_waits_it_is_no_order_at_rest(name: str) -> None:
    assert not told(WAITING[name]).resting
    assert {e.status for e in WAITING[name] if isinstance(e, OrderSnapshot)} <= {
        OrdStatus.PENDING_NEW
    }


@pytest.mark.parametrize("name", FIRED)
def test_when_it_has_fired_it_is_one(name: str) -> None:
    assert len(told([*WAITING[name], *FIRED[name]]).resting) == 1


def test_one_that_is_taken_back_was_never_at_rest() -> None:
    gone = spot_stop(working=False, status="CANCELED", kind="CANCELED")
    assert not told([*spot_stop(working=False), *gone]).resting
