"""Phemex's columns of the fact sheet, row by row: fills, statuses, classes of errors."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import CancelRejected, Fill, OrderCanceled, OrderRejected, Undecodable
from daemon.core.terms import Liquidity
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.order_wire import decode_canceled, decode_placed
from daemon.venues.phemex.perp_rest_wire import decode_order_row
from daemon.venues.phemex.perp_wire import decode_push_row
from daemon.venues.phemex.spot_wire import decode_fill_row, decode_state_row
from tests.venues import sheet
from tests.venues.phemex.builders import (
    AT_NS,
    PERP_STAMP,
    SPOT_STAMP,
    SPOTS,
    cancel_order,
    frame,
    place_order,
)

CODES = {
    "insufficient funds": [11001, 11003, 11005, 11010, 11082, 11100, 11105, 11106],
    "unknown order": [10002, 11062, 11063, 10003, 10004, 10005, 11061],
    "duplicate client id": [11085, 10001, 11033, 19999],
    "filter": [11053, 11055, 11056, 11058, 11114, 11115, 412, 30000],
    "reduce-only / position rule": [11011, 11057, 11150],
    "in liquidation / ADL": [11023, 11024],
    "market closed / halted": [11027, 11070],
}
HTTP = {
    "rate limited": [(429, "")],
    "clock / window": [(401, "Request expired"), (200, "expiry is in the past")],
    "bad signature / key": [(401, ""), (403, "")],
    "unknown outcome": [(500, ""), (502, ""), (503, ""), (504, "")],
}
CANCEL_REASONS = {
    "insufficient funds": [100, 116, 117],
    "post-only would cross": [101],
}
STATUSES = {
    "PENDING": ["Created", "Init", "Untriggered", "Triggered"],
    "OPEN": ["New"],
    "PARTIAL": ["PartiallyFilled"],
    "FILLED": ["Filled"],
    "CANCELED": ["Canceled", "Deactivated"],
    "REJECTED": ["Rejected"],
}
NUMBERS = {
    "PENDING": [0, 1, 3],
    "OPEN": [5],
    "PARTIAL": [6],
    "FILLED": [7],
    "CANCELED": [2, 8],
    "REJECTED": [4],
}
NO_ID = "00000000-0000-0000-0000-000000000000"
PERP, SPOT = "perp", "spot"


def body_of(code: int, message: str = "") -> bytes:
    return json.dumps({"code": code, "msg": message, "data": None}).encode()


def changed(raw: object, changes: dict[str, object]) -> bytes:
    assert isinstance(raw, dict)
    fields = {**raw, **changes}
    return json.dumps({key: value for key, value in fields.items() if value is not ...}).encode()


def push(name: str, **changes: object) -> bytes:
    """The first order row of an `aop_p` frame."""
    return changed(json.loads(frame(name))["orders_p"][0], changes)


def of_spot(name: str, part: str, **changes: object) -> bytes:
    """The first row of a part of a `wo` frame."""
    return changed(json.loads(frame(name))["orders"][part][0], changes)


@sheet.each(CODES)
def test_an_error(heading: str, word: int) -> None:
    sheet.check_placing(decode_placed(PERP_STAMP, place_order(), 200, body_of(word)), heading)
    inside = json.dumps({"code": 0, "msg": "", "data": {"bizError": word}}).encode()
    sheet.check_placing(decode_placed(PERP_STAMP, place_order(), 200, inside), heading)


@sheet.each(HTTP)
def test_an_http_status(heading: str, word: tuple[int, str]) -> None:
    status, text = word
    body = body_of(10500 if status == 200 else status, text) if text else b""
    sheet.check_placing(decode_placed(PERP_STAMP, place_order(), status, body), heading)


@sheet.each({"unknown order": CODES["unknown order"]})
def test_a_cancel_that_finds_no_order(heading: str, word: int) -> None:
    (event,) = decode_canceled(PERP_STAMP, cancel_order(), str, (200, body_of(word)))  # type: ignore[arg-type]
    assert isinstance(event, CancelRejected)
    assert event.reason is sheet.REFUSALS[heading]


@sheet.each({heading: codes for heading, codes in CODES.items() if heading in sheet.REFUSALS})
def test_a_rejection_on_the_stream(heading: str, word: int) -> None:
    events = decode_push_row(PERP_STAMP, push("aop_rejected", code=word), replayed=False)
    (rejected,) = [event for event in events if isinstance(event, OrderRejected)]
    assert rejected.reason is sheet.REFUSALS[heading]


@sheet.each(CANCEL_REASONS)
def test_a_cancel_reason(heading: str, word: int) -> None:
    raw = push("aop_rejected", code=0, cxlRejReason=word)
    rejected = decode_push_row(PERP_STAMP, raw, replayed=False)[0]
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason is sheet.REFUSALS[heading]
    (canceled,) = decode_push_row(
        PERP_STAMP, push("aop_canceled", cxlRejReason=word), replayed=False
    )
    assert isinstance(canceled, OrderCanceled)
    assert canceled.text.startswith("CE_")


@sheet.each(STATUSES)
def test_a_status_on_the_streams_and_in_a_row(heading: str, word: str) -> None:
    wanted = sheet.STATUSES[heading]
    perp = decode_push_row(PERP_STAMP, push("aop_new", ordStatus=word), replayed=False)
    spot = decode_state_row(SPOT_STAMP, of_spot("wo_new", "open", ordStatus=word), SPOTS)
    assert sheet.told_status(perp) == sheet.told_status(spot) == {wanted}


@sheet.each(NUMBERS)
def test_a_status_by_number(heading: str, word: int) -> None:
    listed = json.loads(frame("perp_order_list"))["data"]["rows"][0]
    raw = changed(listed, {"ordStatus": word, "execStatus": 11})
    read = decode_order_row(PERP_STAMP, raw, 0)
    assert isinstance(read, OrderRead)
    assert read.snapshot.status is sheet.STATUSES[heading]


@pytest.mark.parametrize("exec_status", ["Canceled", "Expired"])
def test_what_expired_is_canceled_by_another_word(exec_status: str) -> None:
    raw = push("aop_canceled", execStatus=exec_status)
    heading = "EXPIRED" if exec_status == "Expired" else "CANCELED"
    events = decode_push_row(PERP_STAMP, raw, replayed=False)
    assert sheet.told_status(events) == {sheet.STATUSES[heading]}


@pytest.mark.parametrize("code", ["CreateRejected", "NewRejected"])
def test_a_rejection_by_its_exec_status(code: str) -> None:
    events = decode_push_row(PERP_STAMP, push("aop_rejected", execStatus=code), replayed=False)
    assert sheet.told_status(events) == {sheet.STATUSES["REJECTED"]}


@pytest.mark.parametrize("word", ["Pondering", "filled", 9])
def test_an_unknown_status_is_counted_as_unreadable(word: object) -> None:
    for raw in (push("aop_new", ordStatus=word), push("aop_new", execStatus=word)):
        (event,) = decode_push_row(PERP_STAMP, raw, replayed=False)
        assert isinstance(event, Undecodable)


def fills(market: str, **changes: object) -> list[Fill]:
    if market == SPOT:
        found = decode_fill_row(SPOT_STAMP, of_spot("wo_partial", "fills", **changes), SPOTS)
        return [found] if isinstance(found, Fill) else []
    events = decode_push_row(PERP_STAMP, push("aop_partial", **changes), replayed=False)
    return [event for event in events if isinstance(event, Fill)]


@pytest.mark.parametrize(
    ("market", "changes", "is_fill"),
    [
        (PERP, {"execStatus": "TakerFill"}, True),
        (PERP, {"execStatus": "MakerFill"}, True),
        (PERP, {"tradeType": "LiqTrade"}, True),
        (PERP, {"tradeType": "AdlTrade"}, True),
        (PERP, {"execID": NO_ID}, False),
        (PERP, {"execID": ""}, False),
        (PERP, {"execQty": "0"}, False),
        (PERP, {"tradeType": "Funding"}, False),
        (PERP, {"execStatus": "New"}, False),
        (PERP, {"execStatus": "Canceled", "execQty": "1"}, False),
        (SPOT, {}, True),
        (SPOT, {"execID": NO_ID}, False),
        (SPOT, {"execBaseQtyEv": 0}, False),
    ],
    ids=str,
)
def test_this_is_a_fill(market: str, changes: dict[str, object], is_fill: bool) -> None:
    assert len(fills(market, **changes)) == is_fill


@pytest.mark.parametrize(
    ("market", "wire", "field", "value"),
    [
        (PERP, {"execQty": "0.003"}, "last_qty", "0.003"),
        (PERP, {"execPriceRp": "20849"}, "last_px", "20849"),
        (PERP, {"execFeeRv": "0.0125094"}, "commission", "0.0125094"),
        (PERP, {"execFeeRv": "-0.25"}, "commission", "-0.25"),
        (PERP, {"execFeeRv": "-0.25"}, "commission_currency", "USDT"),
        (PERP, {"execFeeRv": "0", "ptFeeRv": "1.5"}, "commission", "1.5"),
        (PERP, {"execFeeRv": "0", "ptFeeRv": "1.5"}, "commission_currency", "PT"),
        (PERP, {"execStatus": "MakerFill"}, "liquidity", str(Liquidity.MAKER)),
        (PERP, {"execStatus": "TakerFill"}, "liquidity", str(Liquidity.TAKER)),
        (PERP, {"transactTimeNs": AT_NS + 1}, "transact_time_ns", str(AT_NS + 1)),
        (PERP, {"transactTimeNs": str(AT_NS + 1)}, "transact_time_ns", str(AT_NS + 1)),
        (SPOT, {"execBaseQtyEv": 60000001}, "last_qty", "0.60000001"),
        (SPOT, {"execPriceEp": 250025000001}, "last_px", "2500.25000001"),
        (SPOT, {"execPriceEp": 90071992547409931}, "last_px", "900719925.47409931"),
        (SPOT, {"execFeeEv": 7, "feeCurrency": "ETH"}, "commission", "7E-8"),
        (SPOT, {"execFeeEv": -7, "feeCurrency": "ETH"}, "commission", "-7E-8"),
        (SPOT, {"execFeeEv": 7, "feeCurrency": "ETH"}, "commission_currency", "ETH"),
        (SPOT, {"lastLiquidityInd": "AddedLiquidity"}, "liquidity", str(Liquidity.MAKER)),
        (SPOT, {"lastLiquidityInd": "RemovedLiquidity"}, "liquidity", str(Liquidity.TAKER)),
        (SPOT, {"transactTimeNs": AT_NS + 1}, "transact_time_ns", str(AT_NS + 1)),
    ],
    ids=str,
)
def test_a_field_of_a_fill(market: str, wire: dict[str, object], field: str, value: str) -> None:
    (fill,) = fills(market, **wire)
    assert str(getattr(fill, field)) == value


def test_the_key_of_a_fill() -> None:
    (perp,), (spot,) = fills(PERP, execID="a-1"), fills(SPOT, execID="a-1")
    assert (perp.exec_id, spot.exec_id) == ("a-1", "a-1")
    (by_data,) = fills(SPOT, execID=..., execId="a-1")
    assert by_data.exec_id == "a-1"


def test_a_post_only_order_that_would_cross_is_an_end_that_sold_nothing() -> None:
    raw = push("aop_aborted")
    (event,) = decode_push_row(PERP_STAMP, raw, replayed=False)
    assert isinstance(event, OrderCanceled)
    assert event.cum_qty == 0
