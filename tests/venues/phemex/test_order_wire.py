"""Placing and canceling: the bytes that go out, and what each answer proves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    Undecodable,
)
from daemon.core.terms import OrdStatus, OrdType, PositionSide, RejectReason, Side, TimeInForce
from daemon.venues.errors import InvalidOrderError
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.order_wire import decode_canceled, decode_placed, encode_perp, encode_spot
from daemon.venues.phemex.perp_rest_wire import decode_order_row
from tests.venues.phemex.builders import (
    CLIENT_ID,
    ORDER_ID,
    PERP_STAMP,
    PERPS,
    SPOTS,
    cancel_order,
    frame,
    place_order,
    spot_order,
)

SOL_TERMS = PERPS.product("SOLUSDT")
ETH_TERMS = SPOTS.product("sETHUSDT")
TIF_WORDS = {
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
    TimeInForce.GTC: "GoodTillCancel",
}


def perp(command: PlaceOrder) -> dict[str, object]:
    found: dict[str, object] = json.loads(encode_perp(command, SOL_TERMS))
    return found


def test_a_reducing_limit_order() -> None:
    assert perp(place_order(order_qty="11.95", limit_px="141.90")) == {
        "symbol": "SOLUSDT",
        "clOrdID": CLIENT_ID,
        "side": "Sell",
        "posSide": "Merged",
        "ordType": "Limit",
        "orderQtyRq": "11.95",
        "priceRp": "141.9",
        "timeInForce": "ImmediateOrCancel",
        "reduceOnly": True,
    }


@pytest.mark.parametrize(("time_in_force", "word"), TIF_WORDS.items())
def test_times_in_force(time_in_force: TimeInForce, word: str) -> None:
    assert perp(place_order(time_in_force=time_in_force))["timeInForce"] == word
    body = encode_spot(spot_order(time_in_force=time_in_force), ETH_TERMS)  # type: ignore[arg-type]
    assert json.loads(body)["timeInForce"] == word


@pytest.mark.parametrize(
    ("position_side", "word"),
    [(PositionSide.NET, "Merged"), (PositionSide.LONG, "Long"), (PositionSide.SHORT, "Short")],
)
def test_hedged_positions_are_named(position_side: PositionSide, word: str) -> None:
    assert perp(place_order(position_side=position_side))["posSide"] == word


def test_a_buy_without_reduce_only_and_a_market_order() -> None:
    bought = place_order(side=Side.BUY, reduce_only=False)
    body = perp(replace(bought, ord_type=OrdType.MARKET, limit_px=None))
    assert (body["side"], body["ordType"]) == ("Buy", "Market")
    assert "priceRp" not in body
    assert "reduceOnly" not in body
    sold = replace(spot_order(), ord_type=OrdType.MARKET, limit_px=None)
    spot = json.loads(encode_spot(sold, ETH_TERMS))
    assert spot["ordType"] == "Market"
    assert "priceEp" not in spot


def test_a_limit_order_needs_its_limit() -> None:
    with pytest.raises(InvalidOrderError, match="a number is needed"):
        perp(replace(place_order(), limit_px=None))


def test_a_spot_order_in_scaled_integers() -> None:
    command = spot_order(order_qty="1.2345", limit_px="2500.01")
    assert json.loads(encode_spot(command, ETH_TERMS)) == {
        "symbol": "sETHUSDT",
        "clOrdID": CLIENT_ID,
        "side": "Sell",
        "qtyType": "ByBase",
        "baseQtyEv": 123_450_000,
        "ordType": "Limit",
        "timeInForce": "ImmediateOrCancel",
        "priceEp": 250_001_000_000,
    }


@pytest.mark.parametrize(
    ("order_qty", "limit_px"),
    [("12.01", "142"), ("0", "142"), ("-1", "142"), ("12", "142.005"), ("12", "0.01"),
     ("12", "200001"), ("NaN", "142"), ("12", "NaN")],
)  # fmt: skip
def test_nothing_is_rounded_on_its_way_out(order_qty: str, limit_px: str) -> None:
    command = place_order(order_qty=order_qty, limit_px=limit_px)
    with pytest.raises(InvalidOrderError):
        encode_perp(command, SOL_TERMS)


@pytest.mark.parametrize(
    "encode",
    [
        lambda: encode_spot(spot_order(order_qty="1.00001"), ETH_TERMS),
        lambda: encode_spot(spot_order(limit_px="2500.001"), ETH_TERMS),
        lambda: encode_spot(place_order(), ETH_TERMS),
        lambda: encode_perp(spot_order(), SOL_TERMS),
        lambda: encode_spot(
            spot_order(position_side=PositionSide.LONG),  # type: ignore[arg-type]
            ETH_TERMS,
        ),
    ],
)
def test_what_spot_cannot_say(encode: Callable[[], bytes]) -> None:
    with pytest.raises(InvalidOrderError):
        encode()


def placed(status: int, body: bytes) -> list[object]:
    return list(decode_placed(PERP_STAMP, place_order(), status, body))


def test_an_acknowledgement_is_no_fill() -> None:
    assert placed(200, frame("perp_placed")) == [
        OrderAccepted(
            **PERP_STAMP, symbol=place_order().key.symbol, client_order_id=CLIENT_ID,
            venue_order_id=ORDER_ID,
        )
    ]  # fmt: skip


def answer(code: int = 0, **data: object) -> bytes:
    whole = {**json.loads(frame("perp_placed"))["data"], **data}
    return json.dumps({"code": code, "msg": "said", "data": None if code else whole}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (200, answer(11001), OrderRejected, RejectReason.INSUFFICIENT_FUNDS),
        (200, answer(bizError=11057), OrderRejected, RejectReason.NO_POSITION),
        (200, answer(11027), OrderRejected, RejectReason.MARKET_INACTIVE),
        (429, answer(0), OrderRejected, RejectReason.RATE_LIMIT),
        (401, b"", OrderRejected, RejectReason.AUTH),
        (200, answer(11085), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (200, answer(19999), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, answer(10001), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, answer(11107), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, answer(54321), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, answer(ordStatus="Rejected"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (500, answer(11001), OrderInDoubt, RejectReason.INSUFFICIENT_FUNDS),
        (504, b"<html>", OrderInDoubt, RejectReason.TIMEOUT),
        (200, answer(orderID=None), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, answer(clOrdID="another"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, b"{}", OrderInDoubt, RejectReason.VENUE_ERROR),
    ],
)
def test_what_a_placing_proves(
    status: int,
    body: bytes,
    kind: type[OrderRejected | OrderInDoubt],
    reason: RejectReason,
) -> None:
    event = placed(status, body)[-1]
    assert type(event) is kind
    assert isinstance(event, OrderRejected | OrderInDoubt)
    assert event.reason is reason


def read_row(raw: msgspec.Raw) -> OrderRead | Undecodable:
    return decode_order_row(PERP_STAMP, raw, 0)


def canceled(status: int, body: bytes) -> object:
    (event,) = decode_canceled(PERP_STAMP, cancel_order(), read_row, (status, body))
    return event


def cancel_answer(**data: object) -> bytes:
    whole = json.loads(frame("perp_canceling"))
    whole["data"].update(data)
    return json.dumps(whole).encode()


def test_a_cancel_is_acknowledged_while_the_order_works_on() -> None:
    event = canceled(200, frame("perp_canceling"))
    assert isinstance(event, OrderSnapshot)
    assert (event.status, event.as_of_ns) == (OrdStatus.NEW, 0)


def test_a_cancel_that_is_done_says_what_had_filled() -> None:
    event = canceled(200, cancel_answer(ordStatus="Canceled"))
    assert isinstance(event, OrderCanceled)
    assert str(event.cum_qty) == "4.5"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b'{"code":10002,"msg":"OM_ORDER_NOT_FOUND","data":null}', RejectReason.NOT_FOUND),
        (200, b'{"code":11063,"msg":"TE","data":null}', RejectReason.NOT_FOUND),
        (200, cancel_answer(bizError=11062), RejectReason.NOT_FOUND),
        (429, b"", RejectReason.RATE_LIMIT),
        (500, b"", RejectReason.VENUE_ERROR),
    ],
)
def test_a_cancel_that_failed(status: int, body: bytes, reason: RejectReason) -> None:
    event = canceled(status, body)
    assert isinstance(event, CancelRejected)
    assert event.reason is reason


@pytest.mark.parametrize("data", [{"orderID": "another"}, {"side": "None"}, {"bizError": "x"}])
def test_a_cancels_answer_that_cannot_be_read(data: dict[str, object]) -> None:
    assert isinstance(canceled(200, cancel_answer(**data)), Undecodable)
