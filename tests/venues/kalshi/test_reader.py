"""Look-ups: complete or failed, dated before they were asked, and never a false absence."""

from __future__ import annotations

import json

import pytest

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Event,
    Fill,
    FillsRead,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    PositionSnapshot,
    QueryFailed,
    Settlement,
    Undecodable,
)
from daemon.core.terms import ClientOrderId, OrdStatus, RejectReason, VenueOrderId
from daemon.venues.errors import NotFoundError, UnreadableAnswerError
from daemon.venues.kalshi.facade import OrderLookup
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from tests.venues.kalshi.builders import ACCOUNT, AT_NS, CLIENT_ID, KEY, ORDER_ID, TICKER, frame
from tests.venues.kalshi.fake_kalshi import Answer, FakeKalshi, ok, refused

ORDER = f"GET /portfolio/orders/{ORDER_ID}"
ORDERS = "GET /portfolio/orders"
FILLS = "GET /portfolio/fills"
FRESHNESS = "GET /exchange/user_data_timestamp"
NO_ORDERS = Answer(body=b'{"orders":[],"cursor":""}')
DOWN = Answer(503, b"")
LIVE_NS = AT_NS - 3_600 * 10**9


def query(order_id: VenueOrderId | None = None, client: ClientOrderId = CLIENT_ID) -> QueryOrder:
    return QueryOrder(key=KEY, client_order_id=client, venue_order_id=order_id)


def kinds(events: object) -> list[type[Event]]:
    assert isinstance(events, list | tuple)
    return [type(event) for event in events]


def two_pages(name: str, rows: str) -> tuple[Answer, Answer]:
    body = json.loads(frame(name))
    first = {**body, rows: body[rows][:1], "cursor": "page-2"}
    second = {**body, rows: body[rows][1:], "cursor": ""}
    return Answer(body=json.dumps(first).encode()), Answer(body=json.dumps(second).encode())


async def test_an_order_by_its_id_comes_with_its_fills(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(ORDER, ok("order"))
    fill, order = await venue.order(query(ORDER_ID))
    assert isinstance(fill, Fill)
    assert fill.client_order_id == CLIENT_ID
    assert isinstance(order, OrderSnapshot)
    assert order.as_of_ns == AT_NS + 10**9
    assert fake.last(FILLS).query["order_id"] == ORDER_ID
    assert fake.paths().index(FRESHNESS) < fake.paths().index(ORDER)


async def test_an_order_without_an_id_is_found_by_ours_on_any_page(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(ORDERS, *two_pages("orders", "orders"))
    events = await venue.order(query(client=ClientOrderId("stranger-7")))
    assert isinstance(events[-1], OrderSnapshot)
    asked = [s.query for s in fake.seen if s.path == "/portfolio/orders"]
    assert [q.get("cursor") for q in asked] == [None, "page-2"]
    assert all(q["ticker"] == TICKER and q["subaccount"] == "0" for q in asked)


async def test_a_404_by_id_is_no_absence(fake: FakeKalshi, venue: KalshiVenue) -> None:
    events = await venue.order(query(ORDER_ID))
    assert kinds(events) == [Fill, OrderSnapshot]


async def test_absent_only_after_complete_lists(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(ORDERS, NO_ORDERS)
    (event,) = await venue.order(query())
    assert isinstance(event, OrderAbsent)
    assert event.as_of_ns == AT_NS + 10**9
    assert "GET /historical/orders" in fake.paths()


async def test_an_archived_order_is_found_with_its_archived_fills(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(ORDERS, NO_ORDERS)
    fake.script("GET /historical/orders", ok("orders"))
    fake.script(FILLS, Answer(body=b'{"fills":[],"cursor":""}'))
    fake.script("GET /historical/fills", ok("fills"))
    assert kinds(await venue.order(query())) == [Fill, OrderSnapshot]


PAGE_1 = two_pages("orders", "orders")[0]
UNREADABLE_ROW = Answer(body=b'{"orders":[{"order_id":7}],"cursor":""}')


@pytest.mark.parametrize(
    "answers",
    [
        {ORDERS: [DOWN]},
        {ORDERS: [PAGE_1, DOWN]},
        {ORDERS: [PAGE_1]},
        {ORDERS: [UNREADABLE_ROW]},
        {ORDERS: [Answer(body=b"{}")]},
        {ORDERS: [Answer(body=b"<html>")]},
        {ORDERS: [NO_ORDERS], "GET /historical/orders": [DOWN]},
        {ORDERS: [refused(404, "not_found")]},
        {ORDERS: [NO_ORDERS], FRESHNESS: [DOWN]},
        {ORDERS: [NO_ORDERS], FRESHNESS: [Answer(body=b'{"as_of_time":"soon"}')]},
    ],
)
async def test_an_incomplete_look_proves_nothing(
    fake: FakeKalshi, venue: KalshiVenue, answers: dict[str, list[Answer]]
) -> None:
    for what, scripted in answers.items():
        fake.script(what, *scripted)
    (event,) = await venue.order(query(client=ClientOrderId("fdnobody")))
    assert isinstance(event, QueryFailed)
    assert event.client_order_id == "fdnobody"
    assert event.reason in {RejectReason.VENUE_ERROR, RejectReason.NOT_FOUND}


async def test_a_missing_archive_is_an_empty_one(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(ORDERS, NO_ORDERS)
    fake.script("GET /historical/orders", refused(404, "not_found"))
    assert kinds(await venue.order(query())) == [OrderAbsent]


async def test_an_order_whose_fills_fail_is_told_as_such(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(ORDER, ok("order"))
    fake.script(FILLS, DOWN)
    assert kinds(await venue.order(query(ORDER_ID))) == [OrderSnapshot, QueryFailed]


def fills_page(*rows: tuple[str, str], cursor: str = "") -> Answer:
    base = json.loads(frame("fills"))["fills"][0]
    listed = [{**base, "trade_id": exec_id, "created_time": at} for exec_id, at in rows]
    return Answer(body=json.dumps({"fills": listed, "cursor": cursor}).encode())


async def test_fills_are_oldest_first_and_each_once(fake: FakeKalshi, venue: KalshiVenue) -> None:
    late, early = "2026-12-01T09:00:00.000002Z", "2026-12-01T09:00:00.000001Z"
    fake.script(
        FILLS, fills_page(("t2", late), ("t1", early), cursor="c"), fills_page(("t1", early))
    )
    ask = QueryFills(account=ACCOUNT, venue=VENUE, symbol=TICKER, since_ns=LIVE_NS + 5)
    *fills, read = await venue.fills(ask)
    assert [fill.exec_id for fill in fills if isinstance(fill, Fill)] == ["t1", "t2"]
    assert isinstance(read, FillsRead)
    assert (read.symbol, read.as_of_ns) == (TICKER, AT_NS + 10**9)
    assert fake.last(FILLS).query["min_ts"] == str(LIVE_NS // 10**9)
    assert "GET /historical/fills" not in fake.paths()


async def test_old_fills_come_from_the_archive_too(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script("GET /historical/fills", fills_page(("t0", "2026-09-01T09:00:00Z")))
    ask = QueryFills(account=ACCOUNT, venue=VENUE, symbol=None, since_ns=0)
    events = await venue.fills(ask)
    assert kinds(events) == [Fill, Fill, FillsRead]
    await venue.fills(ask)
    assert fake.paths().count("GET /historical/cutoff") == 1


async def test_fills_that_were_read_are_facts_even_if_the_list_failed(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(FILLS, fills_page(("t1", "2026-12-01T09:00:00Z"), cursor="c"), DOWN)
    ask = QueryFills(account=ACCOUNT, venue=VENUE, symbol=None, since_ns=LIVE_NS)
    assert kinds(await venue.fills(ask)) == [Fill, QueryFailed]
    bad = Answer(body=b'{"fills":[{"order_id":"x"}],"cursor":""}')
    fake.script(FILLS, bad)
    assert kinds(await venue.fills(ask)) == [Undecodable, QueryFailed]


BOOK = QueryBook(account=ACCOUNT, venue=VENUE, since_ns=LIVE_NS)


async def test_the_book_has_every_part_and_its_markers(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    events = await venue.book(BOOK)
    assert kinds(events) == [
        OrderSnapshot, OrderSnapshot, OrdersRead, Fill, FillsRead, PositionSnapshot, Settlement,
    ]  # fmt: skip
    orders = next(event for event in events if isinstance(event, OrdersRead))
    assert orders.resting == ("b0b1b2b3-0000-4000-8000-000000000002",)
    positions = next(event for event in events if isinstance(event, PositionSnapshot))
    assert [(row.symbol, str(row.position_qty)) for row in positions.rows] == [(TICKER, "-12.50")]
    assert positions.asked_mono_ns <= positions.mono_ns
    asked = fake.last("GET /portfolio/positions").query
    assert (asked["subaccount"], asked["settlement_status"]) == ("0", "unsettled")
    assert fake.last(ORDERS).query["status"] == "resting"


@pytest.mark.parametrize(
    ("what", "lost"),
    [
        (ORDERS, OrdersRead),
        (FILLS, FillsRead),
        ("GET /portfolio/positions", PositionSnapshot),
        ("GET /portfolio/settlements", Settlement),
    ],
)
async def test_a_part_that_fails_has_no_marker(
    fake: FakeKalshi, venue: KalshiVenue, what: str, lost: type[Event]
) -> None:
    fake.script(what, DOWN)
    found = kinds(await venue.book(BOOK))
    assert lost not in found
    assert found.count(QueryFailed) == 1


async def test_nothing_is_complete_if_nobody_says_how_fresh_it_is(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(FRESHNESS, DOWN)
    found = kinds(await venue.book(BOOK))
    assert not {OrdersRead, FillsRead, PositionSnapshot} & set(found)


async def test_the_words_of_the_seeds(fake: FakeKalshi, venue: KalshiVenue) -> None:
    lookup = OrderLookup(venue.reader)
    with pytest.raises(NotFoundError):
        await lookup.get_order(ORDER_ID)
    fake.script(ORDER, ok("order"))
    assert (await lookup.get_order(ORDER_ID)).status is OrdStatus.CANCELED
    is_filled, filled, remaining = await lookup.get_order_fill_status(ORDER_ID)
    assert (is_filled, str(filled), str(remaining)) == (False, "3.50", "0")
    fake.script(ORDER, Answer(body=b'{"order":{}}'))
    with pytest.raises(UnreadableAnswerError):
        await lookup.get_order(ORDER_ID)
