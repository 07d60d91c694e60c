"""Looking an account up over a real socket: complete or `QueryFailed`, each market's windows."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise

import pytest

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Fill,
    FillsRead,
    Funding,
    OrderAbsent,
    OrderCanceled,
    OrderSnapshot,
    OrdersRead,
    PositionRow,
    PositionSnapshot,
    QueryFailed,
)
from daemon.core.terms import PositionKey, RejectReason, Symbol, Venue, VenueOrderId
from daemon.venues.binance.reader import SYMBOLS_LIMIT
from daemon.venues.binance.trades import PAGE_ROWS, WINDOWS_LIMIT
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from tests.venues.binance.builders import ACCOUNT, AT_NS, CLIENT_ID, SOL, SPOT_ORDER, SUI, key
from tests.venues.binance.fake_binance import Answer, FakeBinance, config, ok, refused
from tests.venues.kalshi.builders import ManualClock
from tests.venues.listening import closing

D = Decimal


ORDER = "GET /api/v3/order"


SPOT_TRADES = "GET /api/v3/myTrades"


USDM_TRADES = "GET /fapi/v1/userTrades"


NOTHING = Answer(body=b"[]")


def query(of: PositionKey | None = None, order_id: VenueOrderId | None = None) -> QueryOrder:
    return QueryOrder(key=of or key(), client_order_id=CLIENT_ID, venue_order_id=order_id)


def fills_since(since_ns: int, venue: Venue = SPOT, symbol: Symbol | None = SOL) -> QueryFills:
    return QueryFills(account=ACCOUNT, venue=venue, symbol=symbol, since_ns=since_ns)


def book(venue: Venue, since_ns: int = 0) -> QueryBook:
    return QueryBook(account=ACCOUNT, venue=venue, since_ns=since_ns)


async def test_an_order_is_found_by_our_id_with_its_trades(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    fill, snapshot = await spot.order(query())
    assert isinstance(fill, Fill)
    assert (fill.client_order_id, fill.venue_order_id) == (CLIENT_ID, SPOT_ORDER)
    assert isinstance(snapshot, OrderSnapshot)
    assert fake.sent(ORDER)[0].query["origClientOrderId"] == CLIENT_ID
    assert fake.sent(SPOT_TRADES)[0].query["orderId"] == SPOT_ORDER


async def test_an_order_is_found_by_its_own_id_where_that_is_known(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    await spot.order(query(order_id=SPOT_ORDER))
    seen = fake.sent(ORDER)[0].query
    assert seen["orderId"] == SPOT_ORDER
    assert "origClientOrderId" not in seen


async def test_an_order_without_a_fill_asks_for_no_trades(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    fake.script(ORDER, Answer(body=fake.answers[ORDER][0].body.replace(b"2.25", b"0.00")))
    (snapshot,) = await spot.order(query())
    assert isinstance(snapshot, OrderSnapshot)
    assert not fake.sent(SPOT_TRADES)


async def test_trades_that_are_not_all_there_yet_are_no_complete_answer(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    fake.script(SPOT_TRADES, NOTHING)
    snapshot, failed = await spot.order(query())
    assert isinstance(snapshot, OrderSnapshot)
    assert isinstance(failed, QueryFailed)
    assert failed.query == "fills"


async def test_an_order_that_is_not_there(fake: FakeBinance, spot: BinanceVenue) -> None:
    fake.script(ORDER, refused(400, -2013, "Order does not exist."))
    (absent,) = await spot.order(query())
    assert isinstance(absent, OrderAbsent)
    age_ns = absent.receive_time_ns - absent.as_of_ns
    assert 10**9 <= age_ns < 3 * 10**9


async def test_an_archived_order_ended_without_a_fill(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    fake.script(ORDER, refused(400, -2026, "Order was canceled or expired long ago."))
    (ended,) = await spot.order(query())
    assert isinstance(ended, OrderCanceled)
    assert ended.cum_qty == 0


@pytest.mark.parametrize("answer", [Answer(502, b""), Answer(body=b"{}"), refused(401, -2015)])
async def test_an_order_that_nobody_can_tell_of(
    fake: FakeBinance, spot: BinanceVenue, answer: Answer
) -> None:
    fake.script(ORDER, answer)
    (failed,) = await spot.order(query())
    assert isinstance(failed, QueryFailed)
    assert failed.client_order_id == CLIENT_ID


async def test_spot_trades_are_read_by_days(fake: FakeBinance) -> None:
    clock = ManualClock()
    async with closing(BinanceVenue(config(SPOT, fake.url), clock)) as venue:
        now_ms = clock.wall_ns() // 10**6
        day_ms = 24 * 3_600_000
        since_ns = (now_ms - 2 * day_ms - 5) * 10**6
        *fills, read = await venue.fills(fills_since(since_ns))
        assert [fill.transact_time_ns for fill in fills if isinstance(fill, Fill)] == [
            AT_NS - 60_000 * 10**6, AT_NS + 5 * 10**6,
        ]  # fmt: skip
        assert isinstance(read, FillsRead)
        assert (read.symbol, read.since_ns) == (SOL, since_ns)
        spans = [
            (int(s.query["startTime"]), int(s.query["endTime"])) for s in fake.sent(SPOT_TRADES)
        ]
        assert spans[0][0] == since_ns // 10**6
        assert len(spans) == 3
        assert all(end - start == day_ms - 1 for start, end in spans)
        assert all(later[0] == sooner[1] + 1 for sooner, later in pairwise(spans))
        fake.badly_signed.clear()  # a clock of its own


@pytest.mark.parametrize("since_ns", [0, 1])
async def test_all_spot_trades_are_read_by_id(
    fake: FakeBinance, spot: BinanceVenue, since_ns: int
) -> None:
    *_fills, read = await spot.fills(fills_since(since_ns))
    assert isinstance(read, FillsRead)
    assert read.since_ns == since_ns
    (seen,) = fake.sent(SPOT_TRADES)
    assert seen.query["fromId"] == "0"
    assert WINDOWS_LIMIT < 365


async def test_all_usdm_trades_are_read_by_weeks_for_half_a_year(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    *_fills, read = await usdm.fills(fills_since(0, USDM, SUI))
    assert isinstance(read, FillsRead)
    assert len(fake.sent(USDM_TRADES)) == 26
    assert all("fromId" not in seen.query for seen in fake.sent(USDM_TRADES))


def rows(first: int, count: int, at_ms: int = 0) -> Answer:
    """A page of trades, ten milliseconds apart, the first of all at `at_ms`."""
    (row, *_others) = json.loads(ok("spot_trades").body)
    ids = range(first, first + count)
    page = [{**row, "id": n, "time": at_ms + 10 * n, "qty": "0.01"} for n in ids]
    return Answer(body=json.dumps(page).encode())


async def test_a_full_page_is_gone_on_behind(fake: FakeBinance, spot: BinanceVenue) -> None:
    fake.script(SPOT_TRADES, rows(1, PAGE_ROWS), rows(1_001, 3))
    *fills, read = await spot.fills(fills_since(0))
    assert isinstance(read, FillsRead)
    assert len(fills) == PAGE_ROWS + 3
    assert [seen.query["fromId"] for seen in fake.sent(SPOT_TRADES)] == ["0", "1001"]


async def test_a_full_window_is_asked_again_from_its_newest_trade_on(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    began_ms = spot.session.now_ns() // 10**6 - 3_600_000
    full = rows(1, PAGE_ROWS, began_ms)
    fake.script(SPOT_TRADES, full, rows(PAGE_ROWS, 2, began_ms))
    *fills, read = await spot.fills(fills_since(began_ms * 10**6))
    assert isinstance(read, FillsRead)
    assert len(fills) == PAGE_ROWS + 1
    first, again = (seen.query for seen in fake.sent(SPOT_TRADES))
    assert again["startTime"] == str(json.loads(full.body)[-1]["time"])
    assert again["endTime"] == first["endTime"]


async def test_a_window_full_of_one_moment_is_gone_on_behind_by_id(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    began_ms = spot.session.now_ns() // 10**6 - 3_600_000
    page = json.loads(rows(1, PAGE_ROWS).body)
    same = json.dumps([{**row, "time": began_ms} for row in page]).encode()
    fake.script(SPOT_TRADES, Answer(body=same), NOTHING)
    *fills, _read = await spot.fills(fills_since(began_ms * 10**6))
    assert len(fills) == PAGE_ROWS
    assert fake.sent(SPOT_TRADES)[1].query["fromId"] == str(PAGE_ROWS + 1)


@pytest.mark.parametrize(
    "answer", [Answer(500, b""), Answer(body=b"{}"), Answer(body=b'[{"id":1}]')]
)
async def test_a_list_with_a_hole_gets_no_marker(
    fake: FakeBinance, spot: BinanceVenue, answer: Answer
) -> None:
    fake.script(SPOT_TRADES, answer)
    *_others, failed = await spot.fills(fills_since(0))
    assert isinstance(failed, QueryFailed)
    assert failed.symbol == SOL


async def test_a_whole_usdm_account(fake: FakeBinance, usdm: BinanceVenue) -> None:
    order = ok("usdm_order_result").body.replace(b'"EXPIRED"', b'"PARTIALLY_FILLED"')
    fake.script("GET /fapi/v1/openOrders", Answer(body=b"[" + order + b"]"))
    recent_ns = usdm.session.now_ns() - 10**9
    told = await usdm.book(book(USDM, recent_ns))
    assert [type(event) for event in told] == [
        OrderSnapshot, OrdersRead, Fill, Fill, FillsRead, Funding, PositionSnapshot,
    ]  # fmt: skip
    snapshot = told[-1]
    assert isinstance(snapshot, PositionSnapshot)
    assert snapshot.rows == (PositionRow(symbol=SUI, position_qty=D(-200), cost=D(702)),)
    assert 10**9 <= snapshot.receive_time_ns - snapshot.as_of_ns < 3 * 10**9
    orders = told[1]
    assert isinstance(orders, OrdersRead)
    assert orders.resting == ("8389766012345678901",)


async def test_a_position_that_cannot_be_read_is_set_aside_and_no_other(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    rows = json.loads(ok("usdm_positions").body)
    rows[1]["positionAmt"] = "lots"
    fake.script("GET /fapi/v3/positionRisk", Answer(body=json.dumps(rows).encode()))
    snapshot = (await usdm.book(book(USDM, 1)))[-1]
    assert isinstance(snapshot, PositionSnapshot)
    assert [row.position_qty for row in snapshot.rows] == [D(-200), None]


@pytest.mark.parametrize("body", [b"{}", b'[{"positionAmt":"1"}]'])
async def test_positions_that_cannot_be_told(
    fake: FakeBinance, usdm: BinanceVenue, body: bytes
) -> None:
    fake.script("GET /fapi/v3/positionRisk", Answer(body=body))
    failed = (await usdm.book(book(USDM, 1)))[-1]
    assert isinstance(failed, QueryFailed)
    assert failed.query == "positions"


@pytest.mark.parametrize("body", [b"{}", b'[{"symbol":"SUIUSDT"}]'])
async def test_orders_that_cannot_be_told(
    fake: FakeBinance, usdm: BinanceVenue, body: bytes
) -> None:
    fake.script("GET /fapi/v1/openOrders", Answer(body=body))
    told = await usdm.book(book(USDM, 1))
    assert any(isinstance(e, QueryFailed) and e.query == "orders" for e in told)
    assert not any(isinstance(e, OrdersRead) for e in told)


async def test_a_refused_list_of_orders(fake: FakeBinance, usdm: BinanceVenue) -> None:
    fake.script("GET /fapi/v1/openOrders", refused(401, -2015))
    failed = (await usdm.book(book(USDM, 1)))[0]
    assert isinstance(failed, QueryFailed)
    assert failed.reason is RejectReason.AUTH


async def test_the_symbols_that_concern_us_are_bounded(spot: BinanceVenue) -> None:
    spot.reader.note(Symbol(f"C{number}USDT") for number in range(SYMBOLS_LIMIT + 5))
    assert len(spot.reader._symbols) == SYMBOLS_LIMIT
