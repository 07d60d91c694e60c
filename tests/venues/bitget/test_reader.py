"""Orders, fills and the whole account, read to the last page, in both dialects."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Fill,
    FillsRead,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    PositionRow,
    PositionSnapshot,
    QueryFailed,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import (
    NANOS,
    Currency,
    OrdStatus,
    PositionKey,
    PositionSide,
    RejectReason,
    Symbol,
    VenueOrderId,
)
from daemon.venues.bitget.config import Holding
from daemon.venues.bitget.holdings import SpotHoldings
from daemon.venues.bitget.listing import PAGE_ROWS
from daemon.venues.bitget.positions import BitgetPositions
from daemon.venues.bitget.reader import BitgetReader
from daemon.venues.bitget.routes import ARCHIVE_S, ROUTES
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from tests.venues.bitget.builders import (
    ACCOUNT,
    AT_NS,
    CLIENT_ID,
    ETH,
    MIX_ORDER,
    MS,
    SOL,
    SPOT_ORDER,
    UTA_ORDER,
    D,
    row,
)
from tests.venues.bitget.conftest import Make
from tests.venues.bitget.fake_bitget import Answer, FakeBitget, refused, success
from tests.venues.listening import impatient

FILLS = "GET /api/v2/spot/trade/fills"
RESTING = "GET /api/v2/spot/trade/unfilled-orders"
HISTORY = "GET /api/v2/spot/trade/history-orders"
ORDER = "GET /api/v2/spot/trade/orderInfo"
READ_NS = AT_NS + 500 * MS - NANOS


def ask_order(market: Market, order_id: VenueOrderId | None = None) -> QueryOrder:
    symbol = SOL if market is Market.SPOT else ETH
    key = PositionKey(account=ACCOUNT, venue=market.venue, symbol=symbol)
    return QueryOrder(key=key, client_order_id=CLIENT_ID, venue_order_id=order_id)


def ask_book(market: Market, since_ns: int = 0) -> QueryBook:
    return QueryBook(account=ACCOUNT, venue=market.venue, since_ns=since_ns)


def ask_fills(market: Market, symbol: Symbol | None, since_ns: int = 0) -> QueryFills:
    return QueryFills(account=ACCOUNT, venue=market.venue, symbol=symbol, since_ns=since_ns)


def kinds(events: Sequence[VenueEvent]) -> list[type[VenueEvent]]:
    return [type(event) for event in events]


@pytest.mark.parametrize(
    ("market", "dialect", "order_id", "status"),
    [
        (Market.SPOT, Dialect.CLASSIC, SPOT_ORDER, OrdStatus.PARTIALLY_FILLED),
        (Market.FUTURES, Dialect.CLASSIC, MIX_ORDER, OrdStatus.CANCELED),
        (Market.FUTURES, Dialect.UTA, UTA_ORDER, OrdStatus.PARTIALLY_FILLED),
    ],
)
async def test_an_order_with_its_fills(
    fake: FakeBitget,
    make: Make,
    market: Market,
    dialect: Dialect,
    order_id: VenueOrderId,
    status: OrdStatus,
) -> None:
    venue = make(market, dialect=dialect)
    venue.session.modes.hedged = True
    fill, order = await venue.order(ask_order(market))
    assert isinstance(fill, Fill)
    assert isinstance(order, OrderSnapshot)
    assert (fill.client_order_id, fill.venue_order_id) == (CLIENT_ID, order_id)
    assert (order.status, order.venue_order_id, order.as_of_ns) == (status, order_id, READ_NS)
    asked, listed = fake.seen[-2:]
    assert asked.query["clientOid"] == CLIENT_ID
    assert listed.query["orderId"] == order_id
    await venue.order(ask_order(market, order_id))
    assert fake.seen[-2].query["orderId"] == order_id


@pytest.mark.parametrize("answer", [success([]), refused("43001"), refused("40109"), success(None)])
async def test_an_absent_order_is_looked_for_in_every_list(
    fake: FakeBitget, spot: BitgetVenue, answer: Answer
) -> None:
    fake.script(ORDER, answer)
    asked_ns = time.time_ns()
    (absent,) = await spot.order(ask_order(Market.SPOT))
    assert isinstance(absent, OrderAbsent)
    assert fake.paths() == [ORDER, RESTING, HISTORY]
    assert asked_ns - 3 * NANOS < absent.as_of_ns <= absent.receive_time_ns


async def test_an_order_that_only_a_list_shows(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script(ORDER, success([]))
    listed = json.loads(bytes(row("spot_rest_order")))
    fake.script(HISTORY, success([listed]))
    _fill, order = await spot.order(ask_order(Market.SPOT))
    assert isinstance(order, OrderSnapshot)
    assert order.venue_order_id == SPOT_ORDER
    fake.script(RESTING, success([{**listed, "clientOid": ""}]))
    _fill, order = await spot.order(ask_order(Market.SPOT, SPOT_ORDER))
    assert isinstance(order, OrderSnapshot)
    assert fake.paths()[-2:] == [RESTING, FILLS]


@pytest.mark.parametrize(
    ("what", "answer", "reason"),
    [
        (ORDER, Answer(503), RejectReason.VENUE_ERROR),
        (ORDER, Answer(hang=True), RejectReason.TIMEOUT),
        (ORDER, success([{"orderId": "1"}]), RejectReason.VENUE_ERROR),
        (ORDER, success([3]), RejectReason.VENUE_ERROR),
        (RESTING, Answer(503), RejectReason.VENUE_ERROR),
        (HISTORY, success([{"orderId": "1"}]), RejectReason.VENUE_ERROR),
    ],
)
async def test_a_look_that_proves_nothing(
    fake: FakeBitget, spot: BitgetVenue, what: str, answer: Answer, reason: RejectReason
) -> None:
    fake.script(ORDER, success([]))
    if answer.hang:
        impatient(spot.session.config)
    fake.script(what, answer)
    (failed,) = await spot.order(ask_order(Market.SPOT))
    assert isinstance(failed, QueryFailed)
    assert (failed.reason, failed.client_order_id) == (reason, CLIENT_ID)


async def test_an_order_whose_fills_cannot_be_read(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script(FILLS, Answer(503))
    order, failed = await spot.order(ask_order(Market.SPOT))
    assert isinstance(order, OrderSnapshot)
    assert isinstance(failed, QueryFailed)


async def test_fills_end_with_their_marker(fake: FakeBitget, spot: BitgetVenue) -> None:
    since_ns = spot.session.venue_ns() - 600 * NANOS
    fill, read = await spot.fills(ask_fills(Market.SPOT, SOL, since_ns))
    assert isinstance(fill, Fill)
    assert isinstance(read, FillsRead)
    assert (read.symbol, read.since_ns, read.as_of_ns) == (SOL, since_ns, READ_NS)
    query = fake.last(FILLS).query
    assert query == {"symbol": "SOLUSDT", "startTime": str(since_ns // MS), "limit": "100"}


async def test_all_fills_are_read_window_by_window(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.FUTURES, dialect=Dialect.UTA)
    venue.session.modes.hedged = True
    *fills, read = await venue.fills(ask_fills(Market.FUTURES, ETH))
    assert len(fills) == 1
    assert isinstance(read, FillsRead)
    assert read.since_ns == 0
    windows = [seen.query for seen in fake.all("GET /api/v3/trade/fills")]
    span_ms = 30 * 86_400_000
    assert len(windows) == 3
    for window, following in pairwise(windows):
        assert int(window["endTime"]) - int(window["startTime"]) == span_ms
        assert window["endTime"] == following["startTime"]
    assert "endTime" not in windows[-1]
    assert windows[0]["category"] == "USDT-FUTURES"


async def test_futures_fills_are_one_window(fake: FakeBitget, futures: BitgetVenue) -> None:
    await futures.fills(ask_fills(Market.FUTURES, ETH))
    (seen,) = fake.all("GET /api/v2/mix/order/fills")
    assert seen.query["productType"] == "USDT-FUTURES"
    now_ms = futures.session.venue_ns() // MS
    assert abs(now_ms - int(seen.query["startTime"]) - ARCHIVE_S * 1000) < 20_000


async def test_uta_lists_all_symbols_and_the_one_is_picked(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.FUTURES, dialect=Dialect.UTA)
    venue.session.modes.hedged = True
    since_ns = venue.session.venue_ns()
    (read,) = await venue.fills(ask_fills(Market.FUTURES, Symbol("BTCUSDT"), since_ns))
    assert isinstance(read, FillsRead)
    fill, _read = await venue.fills(ask_fills(Market.FUTURES, ETH, since_ns))
    assert isinstance(fill, Fill)
    assert fill.position_side is PositionSide.LONG
    assert "symbol" not in fake.seen[-1].query


def many(count: int, first: int) -> list[dict[str, object]]:
    fields = json.loads(bytes(row("spot_rest_fills")))
    return [{**fields, "tradeId": str(first - number)} for number in range(count)]


async def test_pages_are_walked_to_the_last(fake: FakeBitget, spot: BitgetVenue) -> None:
    pages = [success(many(PAGE_ROWS, 900)), success(many(PAGE_ROWS, 800)), success(many(7, 700))]
    fake.script(FILLS, *pages)
    *fills, read = await spot.fills(ask_fills(Market.SPOT, None, AT_NS))
    assert len(fills) == 2 * PAGE_ROWS + 7
    assert isinstance(read, FillsRead)
    assert [seen.query.get("idLessThan") for seen in fake.all(FILLS)] == [None, "801", "701"]


async def test_pages_without_an_end(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script(FILLS, success(many(PAGE_ROWS, 900)))
    *fills, failed = await spot.fills(ask_fills(Market.SPOT, None, AT_NS))
    assert isinstance(failed, QueryFailed)
    assert "no end" in failed.text
    assert len(fills) == PAGE_ROWS


@pytest.mark.parametrize("answer", [Answer(503), success({}), success([{"tradeId": "1"}])])
async def test_fills_that_are_not_complete_get_no_marker(
    fake: FakeBitget, spot: BitgetVenue, answer: Answer
) -> None:
    fake.script(FILLS, answer)
    *_bad, failed = await spot.fills(ask_fills(Market.SPOT, None, AT_NS))
    assert isinstance(failed, QueryFailed)
    assert failed.query == "fills"


async def test_the_book_of_futures(fake: FakeBitget, futures: BitgetVenue) -> None:
    now_ns = futures.session.venue_ns()
    order, orders, fill, fills, positions = await futures.book(ask_book(Market.FUTURES, now_ns))
    assert isinstance(order, OrderSnapshot)
    assert isinstance(orders, OrdersRead)
    assert orders.resting == (order.venue_order_id,)
    assert isinstance(fill, Fill)
    assert isinstance(fills, FillsRead)
    assert isinstance(positions, PositionSnapshot)
    (held,) = positions.rows
    assert (held.position_qty, held.cost) == (D("-0.20"), D(620))
    assert (orders.as_of_ns, positions.as_of_ns) == (READ_NS, READ_NS)
    assert futures.session.modes.hedged is False
    assert futures.session.modes.margin == {(ETH, PositionSide.NET): "crossed"}


async def test_parts_of_the_book_fail_apart(fake: FakeBitget, futures: BitgetVenue) -> None:
    fake.script("GET /api/v2/mix/order/orders-pending", Answer(503))
    fake.script("GET /api/v2/mix/position/all-position", success({"list": 3}))
    got = await futures.book(ask_book(Market.FUTURES, futures.session.venue_ns()))
    assert kinds(got) == [QueryFailed, Fill, FillsRead, QueryFailed]


async def test_a_position_that_cannot_be_read_sets_its_symbol_aside(
    fake: FakeBitget, futures: BitgetVenue
) -> None:
    good = json.loads(bytes(row("mix_rest_positions")))
    bad = {**good, "symbol": "xrpusdt", "total": "many"}
    fake.script("GET /api/v2/mix/position/all-position", success([bad, good]))
    positions = BitgetPositions(futures.session, futures._markets)
    unread, snapshot = await positions.read()
    assert isinstance(unread, Undecodable)
    assert isinstance(snapshot, PositionSnapshot)
    aside = [held for held in snapshot.rows if held.position_qty is None]
    assert {(held.symbol, held.position_side) for held in aside} == {
        ("XRPUSDT", side) for side in PositionSide
    }
    assert len(snapshot.rows) == 4
    fake.script("GET /api/v2/mix/position/all-position", success([{"total": "1"}]))
    (failed,) = await positions.read()
    assert isinstance(failed, QueryFailed)


async def spot_rows(venue: BitgetVenue) -> Sequence[PositionRow]:
    *_events, snapshot = await venue.book(ask_book(Market.SPOT, venue.session.venue_ns()))
    assert isinstance(snapshot, PositionSnapshot)
    return snapshot.rows


async def test_spot_balances_are_positions_by_assignment(fake: FakeBitget, make: Make) -> None:
    fake.script(FILLS, success([]))
    assert await spot_rows(make(Market.SPOT)) == ()
    venue = make(Market.SPOT, holdings=(Holding(symbol=SOL, reserve_qty=D("1.6")),))
    assert await spot_rows(venue) == (PositionRow(symbol=SOL, position_qty=D("4.0")),)


async def test_spot_balances_are_positions_by_fills_and_by_what_is_watched(
    fake: FakeBitget, make: Make
) -> None:
    assert await spot_rows(make(Market.SPOT)) == (PositionRow(symbol=SOL, position_qty=D("5.6")),)
    fake.script(FILLS, success([]))
    venue = make(Market.SPOT)
    venue.watch([SOL])
    assert await spot_rows(venue) == (PositionRow(symbol=SOL, position_qty=D("5.6")),)


async def test_a_spot_symbol_without_terms_is_set_aside(fake: FakeBitget, make: Make) -> None:
    fake.script("GET /api/v2/spot/public/symbols", success([]))
    venue = make(Market.SPOT, holdings=(Holding(symbol=SOL),))
    (held,) = await spot_rows(venue)
    assert (held.symbol, held.position_qty) == (SOL, None)


def test_a_coin_is_guarded_under_one_symbol() -> None:
    dollars = Symbol("SOLUSDC")
    holdings = SpotHoldings([Holding(symbol=SOL, reserve_qty=D(1))])
    holdings.note([dollars, SOL])
    assert holdings.symbols == (SOL, dollars)
    coin = Currency("SOL")
    bases = dict.fromkeys((SOL, dollars), coin)
    assert holdings.rows({coin: D("2.5")}, bases) == [
        PositionRow(symbol=SOL, position_qty=D("1.5"))
    ]
    assert holdings.rows({coin: D(1)}, bases) == []
    assert holdings.rows({}, {}) == []


async def test_a_list_of_uta_is_paged_by_its_cursor(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.FUTURES, dialect=Dialect.UTA)
    venue.session.modes.hedged = True
    fields = json.loads(bytes(row("uta_rest_fills")))
    rows = [{**fields, "execId": str(number)} for number in range(PAGE_ROWS)]
    fake.script(
        "GET /api/v3/trade/fills",
        success({"list": rows, "cursor": "77"}),
        success({"list": [fields], "cursor": "78"}),
    )
    *fills, read = await venue.fills(ask_fills(Market.FUTURES, None, AT_NS))
    assert len(fills) == PAGE_ROWS + 1
    assert isinstance(read, FillsRead)
    assert fake.seen[-1].query["cursor"] == "77"


def test_each_market_and_dialect_has_its_routes() -> None:
    assert len(ROUTES) == len(Market) * len(Dialect)
    assert {routes.window_s for routes in ROUTES.values()} == {
        30 * 86_400,
        ARCHIVE_S,
    }


async def test_the_same_execution_is_given_once(fake: FakeBitget, spot: BitgetVenue) -> None:
    assert isinstance(spot.reader, BitgetReader)
    fields = json.loads(bytes(row("spot_rest_fills")))
    fake.script(FILLS, success([fields, fields, {**fields, "tradeId": "2", "cTime": "5"}]))
    older, newer, _read = await spot.fills(ask_fills(Market.SPOT, None, AT_NS))
    assert isinstance(older, Fill)
    assert isinstance(newer, Fill)
    assert (older.exec_id, older.transact_time_ns) == ("2", 5 * MS)
    assert replace(newer, exec_id=older.exec_id).last_px == older.last_px


async def test_an_order_that_was_never_known_by_name(fake: FakeBitget, make: Make) -> None:
    fake.script("GET /api/v3/trade/order-info", refused("25204"))
    (absent,) = await make(Market.FUTURES, dialect=Dialect.UTA).order(ask_order(Market.FUTURES))
    assert isinstance(absent, OrderAbsent)
