"""Binance's columns of the fact sheet, row by row: fills, statuses, classes of errors."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import CancelRejected, Event, Fill, OrderRejected, Undecodable
from daemon.core.terms import Liquidity, OrdStatus, RejectReason, Venue
from daemon.venues.binance.order_wire import decode_order_row
from daemon.venues.binance.placing_wire import decode_canceled, decode_placed
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.decoding import Stamp
from tests.venues import sheet
from tests.venues.binance.builders import (
    SPOT_STAMP,
    USDM_STAMP,
    cancel_order,
    changed,
    key,
    ms,
    place_order,
)

STAMPS = {SPOT: SPOT_STAMP, USDM: USDM_STAMP}
UNKNOWN = "Unknown error, please check your request or try again later."
SPOT_FILTERS = (
    "PRICE_FILTER", "PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE", "LOT_SIZE", "MARKET_LOT_SIZE",
    "MIN_NOTIONAL", "NOTIONAL", "ICEBERG_PARTS", "MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS",
    "MAX_POSITION", "TRAILING_DELTA",
)  # fmt: skip
# HTTP status, code (0: a body that is not Binance's), text
SPOT_ERRORS: dict[str, list[tuple[object, ...]]] = {
    "insufficient funds": [(400, -2010, "Account has insufficient balance for requested action.")],
    "unknown order": [
        (400, -2013, "Order does not exist."), (400, -2011, "Unknown order sent."), (400, -2026),
    ],
    "duplicate client id": [(400, -2010, "Duplicate order sent.")],
    "rate limited": [(429, 0), (418, 0), (429, -1003), (418, -1003), (429, -1015), (400, -1015)],
    "clock / window": [(400, -1021)],
    "bad signature / key": [(400, -1022), (400, -2014), (401, -2015)],
    "filter": [
        *((400, -1013, f"Filter failure: {name}") for name in SPOT_FILTERS), (400, -1111),
    ],
    "market closed / halted": [
        (400, -2010, "Market is closed."),
        (400, -2010, "This action is disabled on this account."),
    ],
    "post-only would cross": [(400, -2010, "Order would immediately match and take.")],
    "unknown outcome": [
        (400, -1006), (400, -1007), (504, -1007), (500, 0), (502, 0),
        (503, 0, "Service Unavailable."), (503, -1000, UNKNOWN), (503, -1008),
    ],
}  # fmt: skip
USDM_ERRORS: dict[str, list[tuple[object, ...]]] = {
    "insufficient funds": [(400, -2018), (400, -2019)],
    "unknown order": [(400, -2013), (400, -2011, "Unknown order sent.")],
    "duplicate client id": [(400, -4116)],
    "rate limited": [
        (429, 0), (418, 0), (429, -1003), (418, -1003), (429, -1015), (503, -1008),
    ],
    "clock / window": [(400, -1021)],
    "bad signature / key": [(400, -1022), (400, -2014), (401, -2015)],
    "filter": [
        (400, code)
        for code in (-4003, -4004, -4005, -4023, -4013, -4014, -4016, -4024, -4164, -1111)
    ],
    "reduce-only / position rule": [(400, -2022), (400, -4061), (400, -4118)],
    "in liquidation / ADL": [(400, -2023)],
    "market closed / halted": [(400, -4140), (400, -4141)],
    "post-only would cross": [(400, -5022)],
    "unknown outcome": [
        (400, -1006), (400, -1007), (503, 0, UNKNOWN), (503, -1000, UNKNOWN), (500, 0), (502, 0),
    ],
}  # fmt: skip
STATUSES = {
    "PENDING": ["PENDING_NEW"],
    "OPEN": ["NEW"],
    "PARTIAL": ["PARTIALLY_FILLED"],
    "FILLED": ["FILLED"],
    "CANCELED": ["CANCELED"],
    "EXPIRED": ["EXPIRED", "EXPIRED_IN_MATCH"],
    "REJECTED": ["REJECTED"],
}


def body_of(code: int, text: str = "") -> bytes:
    return json.dumps({"code": code, "msg": text}).encode() if code else text.encode()


def answered(venue: Venue, status: int, code: int, text: str = "") -> tuple[Event, ...]:
    order = place_order(key(venue))
    return decode_placed(STAMPS[venue], order, status, body_of(code, text))


@sheet.each(SPOT_ERRORS)
def test_a_spot_error(heading: str, word: tuple[int, int]) -> None:
    sheet.check_placing(answered(SPOT, *word), heading)


@sheet.each(USDM_ERRORS)
def test_a_usdm_error(heading: str, word: tuple[int, int]) -> None:
    sheet.check_placing(answered(USDM, *word), heading)


def test_a_503_that_says_that_nothing_was_done_is_usdms_alone() -> None:
    (refused,) = answered(USDM, 503, 0, "Service Unavailable.")
    assert isinstance(refused, OrderRejected)
    page = "<html><h1>503 Service Unavailable.</h1></html>"
    sheet.check_placing(answered(USDM, 503, 0, page), "unknown outcome")


@pytest.mark.parametrize("venue", [SPOT, USDM])
def test_a_cancel_that_finds_no_order(venue: Venue) -> None:
    body = body_of(-2011, "Unknown order sent.")
    (event,) = decode_canceled(STAMPS[venue], cancel_order(key(venue)), 400, body)
    assert isinstance(event, CancelRejected)
    assert event.reason is RejectReason.NOT_FOUND


@sheet.each(STATUSES)
def test_a_status_on_spots_stream_and_in_a_row(heading: str, word: str) -> None:
    raw = changed("spot_new", "event", X=word)
    assert sheet.told_status(decode_spot_frame(SPOT_STAMP, raw).events) == {sheet.STATUSES[heading]}
    row = decode_order_row(SPOT_STAMP, changed("spot_query", status=word), 0)
    assert sheet.told_status([row]) == {sheet.STATUSES[heading]}


@sheet.each({**STATUSES, "OPEN": ["NEW", "NEW_INSURANCE", "NEW_ADL"]})
def test_a_status_on_usdms_stream(heading: str, word: str) -> None:
    raw = changed("usdm_new", "o", X=word)
    assert sheet.told_status(decode_usdm_frame(USDM_STAMP, raw).events) == {sheet.STATUSES[heading]}


@pytest.mark.parametrize("word", ["PONDERING", "", "filled"])
def test_an_unknown_status_is_counted_as_unreadable(word: str) -> None:
    for raw in (
        changed("spot_new", "event", X=word),
        changed("spot_trade_filled", "event", X=word),
    ):
        events = decode_spot_frame(SPOT_STAMP, raw).events
        assert [type(event) for event in events if not isinstance(event, Fill)] == [Undecodable]


def fills(stamp: Stamp, **fields: object) -> list[Fill]:
    spot = stamp["venue"] == SPOT
    name, inside = ("spot_trade_partial", "event") if spot else ("usdm_trade_partial", "o")
    raw = changed(name, inside, **fields)
    heard = decode_spot_frame(stamp, raw) if spot else decode_usdm_frame(stamp, raw)
    return [event for event in heard.events if isinstance(event, Fill)]


@pytest.mark.parametrize(
    ("venue", "exec_type", "last_qty", "is_fill"),
    [
        (SPOT, "TRADE", "1", True), (SPOT, "TRADE", "0", False), (SPOT, "CALCULATED", "1", False),
        (SPOT, "NEW", "1", False), (SPOT, "CANCELED", "1", False), (SPOT, "REPLACED", "1", False),
        (SPOT, "REJECTED", "1", False), (SPOT, "EXPIRED", "1", False),
        (SPOT, "TRADE_PREVENTION", "1", False),
        (USDM, "TRADE", "1", True), (USDM, "CALCULATED", "1", True), (USDM, "TRADE", "0", False),
        (USDM, "CALCULATED", "0", False), (USDM, "NEW", "1", False), (USDM, "CANCELED", "1", False),
        (USDM, "EXPIRED", "1", False), (USDM, "AMENDMENT", "1", False),
    ],
)  # fmt: skip
def test_this_is_a_fill(venue: Venue, exec_type: str, last_qty: str, is_fill: bool) -> None:
    assert len(fills(STAMPS[venue], x=exec_type, l=last_qty)) == is_fill


@pytest.mark.parametrize("venue", [SPOT, USDM])
@pytest.mark.parametrize(
    ("wire", "field", "value"),
    [
        ({"t": 31}, "exec_id", "31"),
        ({"l": "0.5"}, "last_qty", "0.5"),
        ({"L": "7.25"}, "last_px", "7.25"),
        ({"n": "0.25", "N": "BNB"}, "commission", "0.25"),
        ({"n": "-0.25", "N": "USDT"}, "commission", "-0.25"),
        ({"n": "0", "N": None}, "commission", "0"),
        ({"n": "0.25", "N": "BNB"}, "commission_currency", "BNB"),
        ({"n": "-0.00000008", "N": "USDC"}, "commission", "-8E-8"),
        ({"n": "-8.9E-8", "N": "USDC"}, "commission", "-8.9E-8"),
    ],
    ids=lambda value: str(value).replace("'", ""),
)
def test_a_field_of_a_fill(venue: Venue, wire: dict[str, object], field: str, value: str) -> None:
    (fill,) = fills(STAMPS[venue], **wire)
    assert str(getattr(fill, field)) == value


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_maker_flag_time_and_key(stamp: Stamp) -> None:
    (made,), (took,) = fills(stamp, m=True, T=1790000000099), fills(stamp, m=False)
    assert (made.liquidity, took.liquidity) == (Liquidity.MAKER, Liquidity.TAKER)
    assert made.transact_time_ns == ms(99)
    (other,) = fills(stamp, s="BTCUSDT")
    assert other.exec_id == took.exec_id
    assert other.symbol != took.symbol


def test_a_usdm_fill_without_commission_paid_none() -> None:
    (fill,) = fills(USDM_STAMP, n=..., N=...)
    assert fill.commission == 0


@pytest.mark.parametrize("venue", [SPOT, USDM])
@pytest.mark.parametrize("wire", [{"L": "0"}, {"t": -1}, {"t": 0}], ids=str)
def test_a_trade_at_price_0_or_without_an_id_is_read_again(
    venue: Venue, wire: dict[str, object]
) -> None:
    stamp = STAMPS[venue]
    name, inside = ("spot_trade_partial", "event") if venue == SPOT else ("usdm_trade_partial", "o")
    raw = changed(name, inside, **wire)
    heard = decode_spot_frame(stamp, raw) if venue == SPOT else decode_usdm_frame(stamp, raw)
    assert not [event for event in heard.events if isinstance(event, Fill)]
    assert [event for event in heard.events if isinstance(event, Undecodable)]
    assert heard.reread is not None


def test_a_cumulative_quantity_is_a_check_and_no_fill() -> None:
    raw = changed("spot_canceled", "event", z="2.25000000")
    heard = decode_spot_frame(SPOT_STAMP, raw)
    assert sheet.told_status(heard.events) == {OrdStatus.CANCELED}
    assert [getattr(event, "cum_qty", None) for event in heard.events][-1] == 2.25
