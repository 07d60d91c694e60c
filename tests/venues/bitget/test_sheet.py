"""Bitget's columns of the fact sheet, row by row: fills, statuses, classes of errors."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import CancelRejected, Fill, OrderCanceled, OrderSnapshot, Undecodable
from daemon.core.terms import Liquidity, RejectReason, Side
from daemon.venues.bitget.fill_wire import PAID_IS_NEGATIVE, decode_classic_fill, decode_uta_fill
from daemon.venues.bitget.order_wire import decode_classic_order, decode_uta_order
from daemon.venues.bitget.push_wire import classic_fills, classic_orders, uta_fills, uta_orders
from daemon.venues.bitget.request_wire import decode_canceled, decode_placed
from daemon.venues.bitget.wire import Market
from tests.venues import sheet
from tests.venues.bitget.builders import (
    FUTURES,
    FUTURES_TOLD,
    HEDGED_TOLD,
    SPOT,
    SPOT_ORDER,
    SPOT_TOLD,
    cancel_order,
    place_order,
    row,
)

ERRORS = {
    "insufficient funds": "43012 50020 49023 45002 43132 40754 40798 40800 25202 25203 40762",
    "unknown order": "43001 40109 45057 31007 43004 22001 25204",
    "duplicate client id": "43118 45034 50060 25212",
    "rate limited": "429 30006 30007 45129",
    "clock / window": "40008 40005 40078 40079",
    "bad signature / key": "40009 40006 40037 40012 40011 40018 40014",
    "filter": (
        "43006 43007 43008 43009 43010 43027 43028 43037 43042 45110 45111 45112 45113 45114"
        " 45115 45035 22034 01002 25207 25610 25611"
    ),
    "reduce-only / position rule": ("22002 45003 45004 45005 45006 45007 25225 25226 25232 25574"),
    "in liquidation / ADL": "22043",
    "market closed / halted": "45043 41114 40844 43115 25102 25106 25101",
    "unknown outcome": "40010 40725 45001 40015",
}
CODES = {heading: codes.split() for heading, codes in ERRORS.items()}
CLASSIC = {
    "PENDING": ["init"],
    "OPEN": ["live", "new"],
    "PARTIAL": ["partially_filled", "partial-fill", "partial_fill"],
    "FILLED": ["filled", "full-fill", "full_fill"],
    "CANCELED": ["cancelled", "canceled", "cancel"],
}
UTA = {
    "PENDING": ["new"],
    "OPEN": ["live"],
    "PARTIAL": ["partially_filled"],
    "FILLED": ["filled"],
    "CANCELED": ["cancelled"],
}
MARKETS = (Market.SPOT, Market.FUTURES)
STAMPS = {Market.SPOT: SPOT, Market.FUTURES: FUTURES}


def body_of(code: str) -> bytes:
    body = {"code": code, "msg": "why", "requestTime": 1796113800000, "data": None}
    return json.dumps(body).encode()


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("status", [200, 400])
@sheet.each(CODES)
def test_an_error(heading: str, word: str, status: int, market: Market) -> None:
    order = place_order(market, Side.SELL)
    sheet.check_placing(decode_placed(STAMPS[market], order, status, body_of(word)), heading)


@sheet.each({"rate limited": [(429, b"")], "unknown outcome": [(500, b""), (502, b"<html>")]})
def test_an_http_status(heading: str, word: tuple[int, bytes]) -> None:
    order = place_order(Market.SPOT, Side.SELL)
    sheet.check_placing(decode_placed(SPOT, order, *word), heading)


@pytest.mark.parametrize("code", CODES["unknown order"])
def test_a_cancel_that_finds_no_order(code: str) -> None:
    command = cancel_order(Market.SPOT, SPOT_ORDER)
    event = decode_canceled(SPOT, command, 400, body_of(code))
    assert isinstance(event, CancelRejected)
    assert event.reason is RejectReason.NOT_FOUND


@sheet.each(CLASSIC)
def test_a_classic_status(heading: str, word: str) -> None:
    for told, live in ((SPOT_TOLD, "spot_orders_live"), (FUTURES_TOLD, "mix_orders_live")):
        pushed = classic_orders(told, [row(live, status=word)]).events
        assert sheet.told_status(pushed) == {sheet.STATUSES[heading]}
    listed = decode_classic_order(SPOT, Market.SPOT, row("spot_rest_order", status=word), 0)
    detail = row("mix_rest_detail", state=word)
    found = decode_classic_order(FUTURES, Market.FUTURES, detail, 0)
    assert sheet.told_status([listed, found]) == {sheet.STATUSES[heading]}


@sheet.each(UTA)
def test_a_uta_status(heading: str, word: str) -> None:
    pushed = uta_orders(FUTURES_TOLD, [row("uta_order", orderStatus=word)]).events
    listed = row("uta_rest_order", orderStatus=word)
    found = decode_uta_order(FUTURES, Market.FUTURES, listed, 0)
    assert sheet.told_status([*pushed, found]) == {sheet.STATUSES[heading]}


@pytest.mark.parametrize("word", ["pondering", "expired", "rejected", None])
def test_a_status_that_bitget_does_not_have_is_counted_as_unreadable(word: str | None) -> None:
    (classic,) = classic_orders(SPOT_TOLD, [row("spot_orders_live", status=word)]).events
    (uta,) = uta_orders(FUTURES_TOLD, [row("uta_order", orderStatus=word or "")]).events
    assert isinstance(classic, Undecodable)
    assert isinstance(uta, Undecodable)


def test_an_end_says_its_reason_and_keeps_what_filled() -> None:
    raw = row("mix_orders_canceled", cancelReason="stp_cancel", accBaseVolume="0.45")
    (event,) = classic_orders(FUTURES_TOLD, [raw]).events
    assert isinstance(event, OrderCanceled)
    assert (event.text, str(event.cum_qty)) == ("stp_cancel", "0.45")


def of_orders(market: Market, **changes: object) -> list[Fill]:
    told, name = (
        (SPOT_TOLD, "spot_orders_partial")
        if market is Market.SPOT
        else (FUTURES_TOLD, "mix_orders_partial")
    )
    events = classic_orders(told, [row(name, **changes)]).events
    return [event for event in events if isinstance(event, Fill)]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize(
    ("changes", "is_fill"),
    [
        ({}, True),
        ({"status": "filled"}, True),
        ({"status": "canceled"}, True),
        ({"tradeId": ""}, False),
        ({"tradeId": None}, False),
        ({"baseVolume": "0"}, False),
        ({"tradeId": None, "status": "filled"}, False),
    ],
    ids=str,
)
def test_this_is_a_fill(market: Market, changes: dict[str, object], is_fill: bool) -> None:
    assert len(of_orders(market, **changes)) == is_fill


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize(
    ("wire", "field", "value"),
    [
        ({"tradeId": "31"}, "exec_id", "31"),
        ({"baseVolume": "0.25"}, "last_qty", "0.25"),
        ({"fillPrice": "7.25"}, "last_px", "7.25"),
        ({"fillFee": "-0.25"}, "commission", "0.25"),
        ({"fillFee": "0.25"}, "commission", "-0.25"),
        ({"fillFee": "-8.90000000E-8"}, "commission", "8.90000000E-8"),
        ({"fillFeeCoin": "BGB"}, "commission_currency", "BGB"),
        ({"tradeScope": "T"}, "liquidity", str(Liquidity.TAKER)),
        ({"tradeScope": "M"}, "liquidity", str(Liquidity.MAKER)),
        ({"fillTime": "1796113800099"}, "transact_time_ns", "1796113800099000000"),
    ],
    ids=str,
)
def test_a_field_of_a_fill(market: Market, wire: dict[str, object], field: str, value: str) -> None:
    (fill,) = of_orders(market, **wire)
    assert str(getattr(fill, field)) == value


def test_the_sum_is_on_the_order_and_no_fill() -> None:
    (event,) = classic_orders(SPOT_TOLD, [row("spot_orders_filled")]).events
    assert isinstance(event, OrderSnapshot)
    assert event.cum_qty == event.order_qty


def fee(amount: str) -> list[dict[str, str]]:
    return [{"feeCoin": "BGB", "deduction": "no", "totalFee": amount, "fee": amount}]


@pytest.mark.parametrize(("plus", "minus"), [("0.25", "-0.25"), ("-0.25", "0.25")])
def test_the_sign_of_a_fee_is_the_channels_own(plus: str, minus: str) -> None:
    listed = row("spot_rest_fills", feeDetail=fee(minus))
    uta_listed = row("uta_rest_fills", feeDetail=fee(plus))
    told = [
        *classic_fills(SPOT_TOLD, [row("spot_fill", feeDetail=fee(plus))]).events,
        *classic_fills(FUTURES_TOLD, [row("mix_fill", feeDetail=fee(minus))]).events,
        *uta_fills(HEDGED_TOLD, [row("uta_fill", feeDetail=fee(plus))]).events,
        *decode_classic_fill(SPOT, Market.SPOT, listed, PAID_IS_NEGATIVE),
        *decode_uta_fill(FUTURES, Market.FUTURES, uta_listed, hedged=True),
    ]
    fills = [event for event in told if isinstance(event, Fill)]
    assert len(fills) == 5
    assert {str(fill.commission) for fill in fills} == {plus}
    assert {fill.commission_currency for fill in fills} == {"BGB"}


@pytest.mark.parametrize(
    ("scope", "liquidity"),
    [("taker", Liquidity.TAKER), ("maker", Liquidity.MAKER), ("marker", Liquidity.MAKER)],
)
def test_the_scope_as_the_fill_channel_spells_it(scope: str, liquidity: Liquidity) -> None:
    for told, name in ((SPOT_TOLD, "spot_fill"), (FUTURES_TOLD, "mix_fill")):
        (fill,) = classic_fills(told, [row(name, tradeScope=scope)]).events
        assert isinstance(fill, Fill)
        assert fill.liquidity is liquidity


@pytest.mark.parametrize("category", ["usdt-futures", "USDT-FUTURES"])
def test_the_uta_category_comes_in_both_cases(category: str) -> None:
    (fill,) = uta_fills(HEDGED_TOLD, [row("uta_fill", category=category)]).events
    assert isinstance(fill, Fill)
    assert fill.exec_id == json.loads(bytes(row("uta_fill")))["execId"]
