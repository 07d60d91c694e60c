"""What the order desk refuses, and that a refusal changes nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.paper.config import PaperConfig
from daemon.paper.desk import Amendment, OrderDesk, Route
from daemon.paper.lifecycle import Switches
from daemon.paper.model import OrderStatus, Owner, Side
from daemon.paper.refusal import Code, RefusalError
from tests.paper.builders import ALICE, BOB, FOK, IOC, TICKER, a_venue, an_order, place

D = Decimal


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ticker": "KXT-26-Z"}, Code.TICKER_MISMATCH),
        ({"side": Side.ASK}, Code.SIDE_MISMATCH),
        ({"client_order_id": "other"}, Code.ID_MISMATCH),
        ({"qty": D("0.5")}, Code.ORDER_SIZE),
        ({"price": D("0.505")}, Code.PRICE),
        ({"updated_client_order_id": "mine"}, Code.ORDER_EXISTS),
        ({"price": D("0.70")}, Code.ORDER),
    ],
)
def test_a_refused_amendment_changes_nothing(changes: dict[str, object], code: Code) -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "1", "0.50")
    order = place(venue, ALICE, "bid", "4", "0.50", client_order_id="mine")
    place(venue, BOB, "ask", "1", "0.60")
    order.post_only = True
    before = str(order)
    fields: dict[str, object] = {
        "side": Side.BID,
        "ticker": TICKER,
        "price": D("0.50"),
        "qty": D(4),
    }
    route = Route(owner=ALICE, order_id=order.order_id, ticker=TICKER)
    with pytest.raises(RefusalError) as refused:
        venue.orders.amend(route, Amendment(**fields | changes))  # type: ignore[arg-type]
    assert refused.value.code is code
    assert str(order) == before


def test_an_amendment_may_rename_and_change_the_expiry() -> None:
    venue, clock = a_venue()
    order = place(venue, ALICE, "bid", "4", "0.50", client_order_id="old")
    change = Amendment(
        side=Side.BID,
        ticker=TICKER,
        price=D("0.50"),
        qty=D(4),
        client_order_id="old",
        updated_client_order_id="new",
        expires_s=clock.wall_ns() // 1_000_000_000 + 60,
    )
    venue.orders.amend(Route(owner=ALICE, order_id=order.order_id, ticker=TICKER), change)
    assert order.client_order_id == "new"
    assert order.expires_ns is not None
    with pytest.raises(RefusalError):
        place(venue, ALICE, "bid", "4", "0.50", client_order_id="old")


def test_a_fill_or_kill_that_meets_its_own_order_keeps_what_it_got() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "1", "0.50")
    place(venue, ALICE, "ask", "5", "0.51")
    taker = place(venue, ALICE, "bid", "3", "0.60", time_in_force=FOK)
    assert (taker.status, str(taker.filled)) == (OrderStatus.CANCELED, "1")


def test_strangers_see_no_order() -> None:
    venue, _ = a_venue()
    order = place(venue, ALICE, "bid", "1", "0.50")
    for route in (
        Route(owner=BOB, order_id=order.order_id, ticker=TICKER),
        Route(owner=Owner("alice", 1), order_id=order.order_id, ticker=TICKER),
        Route(owner=ALICE, order_id=order.order_id, ticker="none"),
        Route(owner=ALICE, order_id=order.order_id, exchange_index=3),
    ):
        with pytest.raises(RefusalError) as refused:
            venue.orders.cancel(route)
        assert refused.value.code is Code.NOT_FOUND


def test_the_modes_of_the_desk() -> None:
    venue, _ = a_venue(PaperConfig(flat_reduce_only="refuse"))
    with pytest.raises(RefusalError, match="reduce_only would not reduce"):
        place(venue, ALICE, "ask", "1", "0.5", time_in_force=IOC, reduce_only=True)
    with pytest.raises(RefusalError, match="post_only"):
        place(venue, ALICE, "ask", "1", "0.5", time_in_force=IOC, post_only=True)
    narrow = OrderDesk(venue.exchange, max_open=1)
    narrow.place(an_order(ALICE, "bid", "1", "0.1"))
    with pytest.raises(RefusalError, match="too many"):
        narrow.place(an_order(ALICE, "bid", "1", "0.1"))


def test_cancel_all_is_stopped_only_by_an_exchange_pause() -> None:
    venue, _ = a_venue()
    for owner in (ALICE, ALICE, Owner("alice", 1), BOB):
        venue.exchange.ledger.deposit(owner, 0, D(5))
        place(venue, owner, "bid", "1", "0.10")
    venue.markets.switch(Switches(exchange_active=False))
    assert venue.orders.cancel_all("alice", None) == 0
    venue.markets.switch(Switches(exchange_active=True, trading_active=False))
    assert venue.orders.cancel_all("alice", 1) == 1
    assert venue.orders.cancel_all("alice", None) == 2
    assert len(venue.exchange.open_orders[BOB]) == 1
