"""Looking the account up over a real socket: what is complete, what is not, and what is absent."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Event,
    Fill,
    FillsRead,
    Funding,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    PositionSnapshot,
    QueryFailed,
    Undecodable,
)
from daemon.core.terms import (
    ClientOrderId,
    OrdStatus,
    PositionKey,
    PositionSide,
    RejectReason,
    Symbol,
    Venue,
    VenueOrderId,
)
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.listening import impatient
from tests.venues.phemex.builders import (
    ACCOUNT,
    AT_NS,
    CLIENT_ID,
    ETH,
    ORDER_ID,
    SOL,
    SPOT_ORDER_ID,
    frame,
)
from tests.venues.phemex.fake_phemex import Answer, FakePhemex, ok, refused, rows

OPEN = "GET /g-orders/activeList"
BY_ID = "GET /api-data/g-futures/orders/by-order-id"
CLOSED = "GET /exchange/order/v2/orderList"
TRADES = "GET /api-data/g-futures/trades"
NOTHING = rows()


def ask(
    venue: Venue = PERP,
    order_id: VenueOrderId | None = ORDER_ID,
    client_order_id: str = CLIENT_ID,
) -> QueryOrder:
    symbol = SOL if venue == PERP else ETH
    return QueryOrder(
        key=PositionKey(account=ACCOUNT, venue=venue, symbol=symbol),
        client_order_id=ClientOrderId(client_order_id),
        venue_order_id=order_id,
    )


def kinds(events: object) -> list[type[Event]]:
    assert isinstance(events, list | tuple)
    return [type(event) for event in events]


async def test_a_working_order_is_found_among_the_open_ones(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    fake.script(OPEN, ok("perp_active_list"))
    fill, snapshot = await perps.order(ask())
    assert isinstance(fill, Fill)
    assert isinstance(snapshot, OrderSnapshot)
    assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.PARTIALLY_FILLED, fill.last_qty)
    assert fake.asked(BY_ID) == []
    (trades,) = fake.asked(TRADES)
    assert trades.well_signed
    assert trades.query["symbol"] == "SOLUSDT"
    assert int(trades.query["start"]) == (AT_NS + 10**6) // 10**6 - 60_000


async def test_an_ended_order_is_found_by_its_id(fake: FakePhemex, perps: PhemexVenue) -> None:
    fill, snapshot = await perps.order(ask())
    assert isinstance(fill, Fill)
    assert isinstance(snapshot, OrderSnapshot)
    assert snapshot.status is OrdStatus.CANCELED
    assert fake.asked(BY_ID)[0].query == {"symbol": "SOLUSDT", "orderID": ORDER_ID}


async def test_a_doubtful_order_is_asked_for_by_its_client_id(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    assert kinds(await perps.order(ask(order_id=None))) == [Fill, OrderSnapshot]
    assert fake.asked(BY_ID)[0].query == {"symbol": "SOLUSDT", "clOrdID": CLIENT_ID}


async def test_an_order_without_trades_costs_no_look_at_them(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    (row,) = json.loads(frame("perp_orders"))
    fake.script(BY_ID, rows({**row, "cumQtyRq": "0"}))
    assert kinds(await perps.order(ask())) == [OrderSnapshot]
    assert fake.asked(TRADES) == []


async def test_absent_only_after_every_list(fake: FakePhemex, perps: PhemexVenue) -> None:
    fake.script(BY_ID, NOTHING)
    fake.script(CLOSED, Answer(body=b'{"code":0,"msg":"OK","data":{"total":0,"rows":[]}}'))
    asked_ns = time.time_ns()
    (absent,) = await perps.order(ask(order_id=None))
    assert isinstance(absent, OrderAbsent)
    assert absent.client_order_id == CLIENT_ID
    assert absent.as_of_ns > asked_ns - 4e9
    assert absent.receive_time_ns - absent.as_of_ns > 1.9e9
    fake.script(CLOSED, ok("perp_order_list"))
    assert kinds(await perps.order(ask(order_id=None))) == [Fill, OrderSnapshot]


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (OPEN, refused(0, 503)),
        (OPEN, Answer(hang=True)),
        (OPEN, Answer(body=b'{"code":0,"data":{"rows":[{}],"nextPageArg":""}}')),
        (OPEN, Answer(body=b'{"code":0,"data":{"rows":[],"nextPageArg":"more"}}')),
        (BY_ID, refused(0, 500)),
        (BY_ID, Answer(body=b"soon")),
        (CLOSED, refused(30000)),
    ],
)
async def test_half_a_look_proves_nothing(
    fake: FakePhemex, perps: PhemexVenue, what: str, answer: Answer
) -> None:
    fake.script(BY_ID, NOTHING)
    fake.script(CLOSED, Answer(body=b'{"code":0,"msg":"OK","data":[]}'))
    if answer.hang:
        impatient(perps.session.config)
    fake.script(what, answer)
    (failed,) = await perps.order(ask(order_id=None))
    assert isinstance(failed, QueryFailed)
    assert failed.client_order_id == CLIENT_ID


async def test_a_full_page_of_closed_orders_is_half_a_look(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    fake.script(BY_ID, NOTHING)
    body = json.loads(frame("perp_order_list"))
    body["data"]["rows"] = [{**body["data"]["rows"][0], "clOrdId": str(n)} for n in range(200)]
    fake.script(CLOSED, Answer(body=json.dumps(body).encode()))
    assert kinds(await perps.order(ask(order_id=None))) == [QueryFailed]


async def test_an_order_whose_trades_cannot_be_read(fake: FakePhemex, perps: PhemexVenue) -> None:
    fake.script(TRADES, refused(0, 500))
    assert kinds(await perps.order(ask())) == [OrderSnapshot, QueryFailed]


async def test_spots_history_does_not_say_client_ids(fake: FakePhemex, spot: PhemexVenue) -> None:
    fake.script("GET /spot/orders", refused(10002))
    fill, snapshot = await spot.order(ask(SPOT, order_id=None))
    assert isinstance(fill, Fill)
    assert isinstance(snapshot, OrderSnapshot)
    assert (snapshot.client_order_id, snapshot.venue_order_id) == (CLIENT_ID, SPOT_ORDER_ID)
    by_id = "GET /api-data/spots/orders/by-order-id"
    fake.script(by_id, rows(*json.loads(frame("spot_orders")) * 2))
    assert kinds(await spot.order(ask(SPOT, order_id=None))) == [OrderAbsent]
    fake.script(by_id, NOTHING)
    assert kinds(await spot.order(ask(SPOT, order_id=None))) == [OrderAbsent]


async def test_fills_of_one_symbol_and_of_all(fake: FakePhemex, perps: PhemexVenue) -> None:
    query = QueryFills(account=ACCOUNT, venue=PERP, symbol=SOL, since_ns=AT_NS)
    fill, read = await perps.fills(query)
    assert isinstance(fill, Fill)
    assert isinstance(read, FillsRead)
    assert (read.symbol, read.since_ns) == (SOL, AT_NS)
    await perps.fills(QueryFills(account=ACCOUNT, venue=PERP, symbol=None, since_ns=0))
    one, all_ = fake.asked(TRADES)
    assert (one.query["symbol"], all_.query["currency"]) == ("SOLUSDT", "USDT")
    assert all_.query["start"] == "1574640000000"


async def test_fills_that_cannot_be_read_are_told_and_leave_no_mark(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    row = json.loads(frame("perp_trades"))[1]
    fake.script(TRADES, rows(row, {**row, "execQtyRq": "0"}))
    events = await perps.fills(QueryFills(account=ACCOUNT, venue=PERP, symbol=SOL, since_ns=0))
    assert kinds(events) == [Fill, Undecodable, QueryFailed]


async def test_the_whole_book_of_perpetuals(fake: FakePhemex, perps: PhemexVenue) -> None:
    query = QueryBook(account=ACCOUNT, venue=PERP, since_ns=0)
    first = await perps.book(query)
    assert kinds(first) == [OrdersRead, Fill, Funding, FillsRead, PositionSnapshot]
    fake.script(OPEN, ok("perp_active_list"), ok("perp_no_orders"))
    again = await perps.book(query)
    assert kinds(again) == [
        OrderSnapshot, OrdersRead, Fill, Funding, FillsRead, PositionSnapshot,
    ]  # fmt: skip
    held, resting = again[-1], again[1]
    assert isinstance(held, PositionSnapshot)
    assert isinstance(resting, OrdersRead)
    assert {(row.symbol, row.position_side, row.position_qty) for row in held.rows} == {
        (SOL, PositionSide.NET, Decimal(12)),
        (Symbol("XRPUSDT"), PositionSide.SHORT, Decimal(-150)),
    }
    assert resting.resting == (ORDER_ID,)
    assert {seen.query["symbol"] for seen in fake.asked(OPEN)} == {"SOLUSDT", "XRPUSDT"}


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        (OPEN, [QueryFailed, Fill, Funding, FillsRead, PositionSnapshot]),
        (TRADES, [OrdersRead, QueryFailed, PositionSnapshot]),
        ("GET /g-accounts/accountPositions", [OrdersRead, Fill, Funding, FillsRead, QueryFailed]),
    ],
)
async def test_each_part_of_the_book_stands_alone(
    fake: FakePhemex, perps: PhemexVenue, what: str, kept: list[type[Event]]
) -> None:
    perps.watch([SOL])
    fake.script(what, refused(0, 401))
    events = await perps.book(QueryBook(account=ACCOUNT, venue=PERP, since_ns=0))
    assert kinds(events) == kept
    failed = next(event for event in events if isinstance(event, QueryFailed))
    assert failed.reason is RejectReason.AUTH


async def test_a_bad_open_order_spoils_the_list(fake: FakePhemex, perps: PhemexVenue) -> None:
    perps.watch([SOL])
    fake.script(OPEN, Answer(body=b'{"code":0,"data":{"rows":[{}]}}'))
    events = await perps.book(QueryBook(account=ACCOUNT, venue=PERP, since_ns=0))
    assert kinds(events)[:2] == [Undecodable, QueryFailed]


async def test_the_whole_book_of_spot(fake: FakePhemex, spot: PhemexVenue) -> None:
    events = await spot.book(QueryBook(account=ACCOUNT, venue=SPOT, since_ns=0))
    assert kinds(events) == [OrderSnapshot, OrdersRead, Fill, FillsRead, PositionSnapshot]
    assert fake.asked("GET /api-data/spots/trades")[0].query["symbol"] == "sETHUSDT"
