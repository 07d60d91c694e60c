"""Recorded bodies -> golden events, and the same ones damaged: nothing ever raises."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import (
    Fill,
    MarketPhase,
    MarketRead,
    OrderSnapshot,
    PositionRow,
    Settlement,
    Undecodable,
)
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import ClientOrderId, Currency, ExecId, Liquidity, OrdStatus, Side
from daemon.venues.decoding import UnreadableError
from daemon.venues.kalshi.account_wire import (
    Cutoff,
    decode_as_of_ns,
    decode_costs,
    decode_cutoff,
    decode_limits,
    decode_page,
    decode_position_row,
    decode_settlement_row,
)
from daemon.venues.kalshi.fill_wire import decode_fill_row
from daemon.venues.kalshi.market_wire import decode_levels, decode_market, decode_quote
from daemon.venues.kalshi.order_wire import decode_order, decode_order_row
from daemon.venues.kalshi.stream_wire import decode_frame
from daemon.venues.kalshi.wire import VENUE
from tests.venues.kalshi.builders import AT_NS, CLIENT_ID, ORDER_ID, STAMP, TICKER, frame, quote

D = Decimal
EXEC = ExecId("aa11bb22-3c4d-4e5f-8a9b-0c1d2e3f4a5b")


def row(name: str, rows: str, index: int = 0) -> bytes:
    return bytes(decode_page(frame(name), rows).rows[index])


ORDER = OrderSnapshot(
    **STAMP,
    symbol=TICKER,
    client_order_id=CLIENT_ID,
    venue_order_id=ORDER_ID,
    side=Side.SELL,
    status=OrdStatus.CANCELED,
    order_qty=D("9.75"),
    cum_qty=D("3.50"),
    leaves_qty=D(0),
    limit_px=D("0.3900"),
    as_of_ns=5,
)
REST_FILL = Fill(
    **STAMP,
    symbol=TICKER,
    venue_order_id=ORDER_ID,
    exec_id=EXEC,
    side=Side.SELL,
    last_qty=D("3.50"),
    last_px=D("0.42"),
    commission=D("0.0597"),
    commission_currency=Currency("USD"),
    transact_time_ns=AT_NS + 250_123_000,
    liquidity=Liquidity.TAKER,
)


def test_an_order() -> None:
    assert decode_order(STAMP, frame("order"), 5) == ORDER
    assert decode_order_row(STAMP, row("orders", "orders"), 5) == ORDER


def test_a_strangers_resting_order() -> None:
    order = decode_order_row(STAMP, row("orders", "orders", 1), 5)
    assert isinstance(order, OrderSnapshot)
    assert (order.side, order.status) == (Side.BUY, OrdStatus.NEW)
    assert [order.order_qty, order.cum_qty, order.leaves_qty] == [D(5), D(0), D(5)]
    assert order.client_order_id == ClientOrderId("stranger-7")


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("resting", "0.00", OrdStatus.NEW),
        ("resting", "0.01", OrdStatus.PARTIALLY_FILLED),
        ("canceled", "0.00", OrdStatus.CANCELED),
        ("canceled", "3.00", OrdStatus.CANCELED),
        ("executed", "9.75", OrdStatus.FILLED),
        ("unknown", "0.00", None),
        ("pending", "0.00", None),
    ],
)
def test_the_status_of_an_order(status: str, filled: str, expected: OrdStatus | None) -> None:
    fields = {**json.loads(row("orders", "orders")), "status": status, "fill_count_fp": filled}
    order = decode_order_row(STAMP, json.dumps(fields).encode(), 5)
    if expected is None:
        assert isinstance(order, Undecodable)
    else:
        assert isinstance(order, OrderSnapshot)
        assert order.status is expected


def test_a_rest_fill() -> None:
    assert decode_fill_row(STAMP, row("fills", "fills")) == REST_FILL
    named = decode_fill_row(STAMP, row("fills", "fills"), CLIENT_ID)
    assert isinstance(named, Fill)
    assert named.client_order_id == CLIENT_ID


@pytest.mark.parametrize(
    "damage",
    [
        {"outcome_side": None, "book_side": None},
        {"outcome_side": "yes"},
        {"count_fp": "0.00"},
        {"count_fp": 3.5},
        {"fee_cost": None},
        {"yes_price_dollars": "1.5000"},
        {"trade_id": "", "fill_id": ""},
        {"created_time": None, "ts": None},
    ],
)
def test_a_fill_that_cannot_be_trusted_is_not_booked(damage: dict[str, object]) -> None:
    fields = {**json.loads(row("fills", "fills")), **damage}
    assert isinstance(decode_fill_row(STAMP, json.dumps(fields).encode()), Undecodable)


@pytest.mark.parametrize(
    ("name", "rows", "damage", "time_ns"),
    [
        ("fills", "fills", {"created_time": None}, AT_NS),
        ("ws_fill", "", {"ts_ms": None}, AT_NS),
        ("ws_fill", "", {"ts_ms": None, "ts": None}, None),
    ],
)
def test_a_fill_has_a_time_or_is_not_read(
    name: str, rows: str, damage: dict[str, object], time_ns: int | None
) -> None:
    if rows:
        fields = {**json.loads(row(name, rows)), **damage}
        fill: object = decode_fill_row(STAMP, json.dumps(fields).encode())
    else:
        message = json.loads(frame(name))
        message["msg"].update(damage)
        fill = decode_frame(STAMP, json.dumps(message).encode(), 0).body
    assert (fill.transact_time_ns if isinstance(fill, Fill) else None) == time_ns


def test_a_position_that_cannot_be_read() -> None:
    assert isinstance(decode_position_row(STAMP, b'{"ticker":"","position_fp":"1"}'), Undecodable)


@pytest.mark.parametrize(
    ("raw", "symbol", "text"),
    [
        (b'{"ticker":"KX-A","position_fp":"many"}', "KX-A", "'many' is not a decimal number"),
        (b'{"ticker":"KX-A","position_fp":7}', "KX-A", "position_fp"),
        (b'{"ticker":"%s","position_fp":"1"}' % (b"X" * 300), "X" * 200, "too long"),
    ],
)
def test_a_position_that_cannot_be_read_is_set_aside_by_its_ticker(
    raw: bytes, symbol: str, text: str
) -> None:
    row = decode_position_row(STAMP, raw)
    assert isinstance(row, PositionRow)
    assert (row.symbol, row.position_qty) == (symbol, None)
    assert text in row.text


def test_positions_are_signed() -> None:
    assert decode_position_row(STAMP, row("positions", "market_positions")) == PositionRow(
        symbol=TICKER, position_qty=D("-12.50"), cost=D("7.25")
    )


def test_a_settlement() -> None:
    assert decode_settlement_row(STAMP, row("settlements", "settlements")) == Settlement(
        **STAMP,
        symbol=TICKER,
        settl_px=D(0),
        position_qty=D("-12.50"),
        revenue=D("12.50"),
        settl_time_ns=decode_time("2026-12-06T15:00:00.5Z"),
    )


def decode_time(text: str) -> int:
    return decode_as_of_ns(json.dumps({"as_of_time": text}).encode())


@pytest.mark.parametrize(
    ("damage", "settl_px"),
    [
        ({"market_result": "yes"}, D(1)),
        ({"market_result": "scalar", "value": 37}, D("0.37")),
        ({"market_result": "scalar", "value": None, "revenue": 250}, D("0.8")),
        ({"market_result": "scalar", "value": None, "no_count_fp": "0.00"}, None),
        ({"market_result": "scalar", "value": 101}, None),
        ({"market_result": "void"}, None),
    ],
)
def test_what_one_contract_pays(damage: dict[str, object], settl_px: Decimal | None) -> None:
    fields = {**json.loads(row("settlements", "settlements")), **damage}
    event = decode_settlement_row(STAMP, json.dumps(fields).encode())
    if settl_px is None:
        assert isinstance(event, Undecodable)
    else:
        assert isinstance(event, Settlement)
        assert event.settl_px == settl_px


def test_a_market() -> None:
    assert decode_market(STAMP, frame("market")) == MarketRead(
        **STAMP,
        instrument=Instrument(
            venue=VENUE,
            symbol=TICKER,
            price_ranges=(
                PriceRange(start_px=D(0), end_px=D("0.1"), step_px=D("0.001")),
                PriceRange(start_px=D("0.1"), end_px=D("0.9"), step_px=D("0.01")),
                PriceRange(start_px=D("0.9"), end_px=D(1), step_px=D("0.001")),
            ),
            lot_qty=D("0.01"),
            payout_px=D(1),
            close_time_ns=decode_time("2026-12-05T23:59:00Z"),
            shard=2,
        ),
        phase=MarketPhase.ACTIVE,
    )


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("initialized", MarketPhase.UNOPENED),
        ("inactive", MarketPhase.PAUSED),
        ("active", MarketPhase.ACTIVE),
        ("closed", MarketPhase.CLOSED),
        ("determined", MarketPhase.DETERMINED),
        ("disputed", MarketPhase.DETERMINED),
        ("amended", MarketPhase.DETERMINED),
        ("finalized", MarketPhase.SETTLED),
        ("open", None),
    ],
)
def test_the_phase_of_a_market(status: str, phase: MarketPhase | None) -> None:
    market = json.loads(frame("market"))
    market["market"].update(status=status, result="yes")
    event = decode_market(STAMP, json.dumps(market).encode())
    if phase is None:
        assert isinstance(event, Undecodable)
        return
    assert isinstance(event, MarketRead)
    over = phase in {MarketPhase.DETERMINED, MarketPhase.SETTLED}
    assert (event.phase, event.settl_px) == (phase, D(1) if over else None)


def test_a_rest_book_has_the_no_side_in_no_prices() -> None:
    assert decode_quote(STAMP, TICKER, frame("orderbook")) == quote()


def test_its_levels_are_all_in_yes_prices() -> None:
    assert decode_levels(frame("orderbook")) == (
        [(D("0.05"), D(90)), (D("0.41"), D(21))],
        [(D("0.98"), D(10)), (D("0.44"), D("8.5"))],
    )


def test_an_empty_side_is_no_price() -> None:
    body = b'{"orderbook_fp":{"yes_dollars":[],"no_dollars":null}}'
    empty = quote(bid_px=None, bid_qty=D(0), ask_px=None, ask_qty=D(0))
    assert decode_quote(STAMP, TICKER, body) == empty


def test_a_crossed_book_is_no_quote() -> None:
    body = b'{"orderbook_fp":{"yes_dollars":[["0.45","1"]],"no_dollars":[["0.56","1"]]}}'
    assert isinstance(decode_quote(STAMP, TICKER, body), Undecodable)


def test_freshness_limits_costs_and_cutoffs() -> None:
    assert decode_as_of_ns(frame("user_data_timestamp")) == AT_NS + 10**9
    limits = decode_limits(frame("account_limits"))
    assert (limits.read.bucket_capacity, limits.write.refill_rate) == (900, 300)
    costs = decode_costs(frame("endpoint_costs"))
    assert costs == {("DELETE", "/portfolio/events/orders/{order_id}"): 2}
    fills_ns, orders_ns = (decode_time(f"2026-{day}T00:00:00Z") for day in ("10-02", "11-17"))
    assert decode_cutoff(frame("cutoff")) == Cutoff(fills_ns=fills_ns, orders_ns=orders_ns)
    with pytest.raises(UnreadableError):
        decode_limits(b'{"read":{"refill_rate":0,"bucket_capacity":1},"write":null}')
    bucket = b'{"refill_rate":0,"bucket_capacity":1}'
    with pytest.raises(UnreadableError):
        decode_limits(b'{"read":' + bucket + b',"write":' + bucket + b"}")
    with pytest.raises(UnreadableError):
        decode_page(b'{"cursor":""}', "orders")
