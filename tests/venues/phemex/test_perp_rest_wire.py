"""REST rows of the perpetuals: orders of four lists and trades -> golden events."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.events import Fill, Funding, Undecodable
from daemon.core.terms import (
    Currency,
    ExecId,
    FillCause,
    OrdStatus,
    PositionSide,
    Side,
    TimeInForce,
)
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.perp_rest_wire import decode_order_row, decode_trade_row
from tests.venues.phemex.builders import AT_NS, CLIENT_ID, ORDER_ID, PERP_STAMP, SOL, frame
from tests.venues.phemex.test_perp_wire import E1, fill

D = Decimal
MS = 10**6
LISTED = {
    "perp_active_list": lambda body: body["data"]["rows"][0],
    "perp_order_list": lambda body: body["data"]["rows"][0],
    "perp_orders": lambda body: body[0],
    "perp_canceling": lambda body: body["data"],
}


def row(name: str, **changes: object) -> bytes:
    return json.dumps({**LISTED[name](json.loads(frame(name))), **changes}).encode()


@pytest.mark.parametrize(
    ("name", "status", "leaves", "time_in_force", "at_ns"),
    [
        ("perp_active_list", OrdStatus.PARTIALLY_FILLED, "7.5", TimeInForce.GTC, 25),
        ("perp_canceling", OrdStatus.NEW, "7.5", TimeInForce.GTC, 25),
        ("perp_orders", OrdStatus.CANCELED, "0", TimeInForce.IOC, 27),
        ("perp_order_list", OrdStatus.EXPIRED, "0", None, None),
    ],
)
def test_an_order_of_each_list(
    name: str, status: OrdStatus, leaves: str, time_in_force: TimeInForce | None, at_ns: int | None
) -> None:
    read = decode_order_row(PERP_STAMP, row(name), 99)
    assert isinstance(read, OrderRead)
    found = read.snapshot
    assert read.born_ns == AT_NS + MS
    assert (found.symbol, found.client_order_id, found.venue_order_id) == (SOL, CLIENT_ID, ORDER_ID)
    assert (found.side, found.status, found.time_in_force) == (Side.SELL, status, time_in_force)
    assert (found.order_qty, found.cum_qty, found.leaves_qty) == (D(12), D("4.5"), D(leaves))
    assert (found.limit_px, found.as_of_ns) == (D(142), 99)
    assert found.transact_time_ns == (0 if at_ns is None else AT_NS + at_ns * MS // 10)


def test_an_order_of_a_hedged_account_names_its_side() -> None:
    for word, held in (("Long", PositionSide.LONG), ("Merged", PositionSide.NET)):
        read = decode_order_row(PERP_STAMP, row("perp_active_list", posSide=word), 99)
        assert isinstance(read, OrderRead)
        assert read.snapshot.position_side is held


@pytest.mark.parametrize(
    "changes",
    [
        {"posSide": "Sideways"},
        {"ordStatus": "Asleep"},
        {"side": 3},
        {"cumQtyRq": None},
        {"cumQtyRq": "-1"},
        {"orderID": None},
        {"orderQtyRq": 12},
        {"createdAt": -1, "actionTimeNs": 0},
    ],
)
def test_an_order_that_cannot_be_read(changes: dict[str, object]) -> None:
    assert isinstance(
        decode_order_row(PERP_STAMP, row("perp_active_list", **changes), 0), Undecodable
    )


def trade(**changes: object) -> bytes:
    return json.dumps({**json.loads(frame("perp_trades"))[1], **changes}).encode()


def test_a_trade_is_the_streams_fill() -> None:
    assert decode_trade_row(PERP_STAMP, trade()) == (fill(E1, "4.5", "142", "0.3834"),)


def test_funding_is_a_payment_and_no_trade() -> None:
    row = json.loads(frame("perp_trades"))[0]
    paid = Funding(
        **PERP_STAMP,
        symbol=SOL,
        exec_id=ExecId("c0ffee00-1111-5222-8333-444455556666"),
        funding=D("0.170796"),
        funding_currency=Currency("USDT"),
        transact_time_ns=1790000009000000000,
    )
    assert decode_trade_row(PERP_STAMP, json.dumps(row).encode()) == (paid,)
    (nameless,) = decode_trade_row(PERP_STAMP, json.dumps(row | {"execID": ""}).encode())
    assert nameless == replace(paid, exec_id=ExecId("1790000009000000000-Merged"))
    (bad,) = decode_trade_row(PERP_STAMP, json.dumps(row | {"execFeeRv": "much"}).encode())
    assert isinstance(bad, Undecodable)
    assert decode_trade_row(PERP_STAMP, trade(currency="USDC")) == ()


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("LiqTrade", FillCause.LIQUIDATION),
        (6, FillCause.LIQUIDATION),
        ("AdlTrade", FillCause.ADL),
        (7, FillCause.ADL),
        ("Trade", FillCause.TRADE),
        (None, FillCause.TRADE),
    ],
)
def test_a_liquidation_is_a_trade_and_says_so(kind: object, cause: FillCause) -> None:
    (found,) = decode_trade_row(PERP_STAMP, trade(tradeType=kind))
    assert isinstance(found, Fill)
    assert found.cause is cause


@pytest.mark.parametrize(
    "changes",
    [
        {"execStatus": "Canceled"},
        {"execID": "00000000-0000-0000-0000-000000000000"},
        {"execQtyRq": "0"},
        {"tradeType": "Gift"},
        {"execPriceRp": "-1"},
    ],
)
def test_a_trade_that_cannot_be_read(changes: dict[str, object]) -> None:
    (told,) = decode_trade_row(PERP_STAMP, trade(**changes))
    assert isinstance(told, Undecodable)
