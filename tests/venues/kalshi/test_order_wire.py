"""What goes out for an order, and what a 201 proves."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.events import OrderAccepted, OrderCanceled, OrderInDoubt, Undecodable
from daemon.core.terms import RejectReason, Side, TimeInForce
from daemon.venues.errors import InvalidOrderError
from daemon.venues.kalshi.order_wire import decode_created, encode_create
from tests.venues.kalshi.builders import CLIENT_ID, ORDER_ID, STAMP, TICKER, frame, place_order


def test_a_reducing_ioc_order() -> None:
    assert json.loads(encode_create(place_order(), 0)) == {
        "ticker": TICKER,
        "client_order_id": CLIENT_ID,
        "side": "ask",
        "count": "9.75",
        "price": "0.3900",
        "time_in_force": "immediate_or_cancel",
        "self_trade_prevention_type": "maker",
        "reduce_only": True,
        "subaccount": 0,
        "exchange_index": 2,
    }


def test_reduce_only_goes_out_with_ioc_only_and_a_shard_only_if_known() -> None:
    gtc = place_order(
        side=Side.BUY,
        time_in_force=TimeInForce.GTC,
        cancel_own_crossing=False,
        shard=None,
        order_qty="5",
        limit_px="0.955",
    )
    body = json.loads(encode_create(gtc, 4))
    assert "reduce_only" not in body
    assert "exchange_index" not in body
    assert (body["side"], body["count"], body["price"]) == ("bid", "5.00", "0.9550")
    assert (body["time_in_force"], body["subaccount"]) == ("good_till_canceled", 4)
    assert body["self_trade_prevention_type"] == "taker_at_cross"
    fok = place_order(time_in_force=TimeInForce.FOK)
    assert json.loads(encode_create(fok, 0))["time_in_force"] == "fill_or_kill"


def test_the_same_order_is_the_same_bytes() -> None:
    assert encode_create(place_order(), 0) == encode_create(place_order(limit_px="0.3900"), 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"order_qty": "0.001"},
        {"order_qty": "0"},
        {"order_qty": "-1"},
        {"order_qty": "NaN"},
        {"limit_px": "0.00001"},
        {"limit_px": "0"},
        {"limit_px": "1"},
    ],
)
def test_what_kalshis_decimals_cannot_say_is_not_sent(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidOrderError):
        encode_create(place_order(**changes), 0)  # type: ignore[arg-type]


def test_kalshi_has_no_market_orders() -> None:
    with pytest.raises(InvalidOrderError, match="a limit is needed"):
        encode_create(replace(place_order(), limit_px=None), 0)


ACCEPTED = OrderAccepted(
    **STAMP,
    symbol=TICKER,
    client_order_id=CLIENT_ID,
    venue_order_id=ORDER_ID,
    cum_qty=Decimal("3.50"),
)


def test_a_partial_ioc_is_accepted_and_its_rest_canceled() -> None:
    accepted, canceled = decode_created(STAMP, place_order(), 201, frame("create_partial_ioc"))
    assert accepted == ACCEPTED
    assert isinstance(canceled, OrderCanceled)
    assert canceled.cum_qty == Decimal("3.50")


def test_a_201_that_filled_nothing_is_canceled_at_zero() -> None:
    accepted, canceled = decode_created(STAMP, place_order(), 201, frame("create_nothing_ioc"))
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert [accepted.cum_qty, canceled.cum_qty] == [Decimal(0), Decimal(0)]


def test_a_full_ioc_is_only_accepted() -> None:
    full = place_order(order_qty="3.5")
    assert decode_created(STAMP, full, 201, frame("create_partial_ioc")) == (ACCEPTED,)


@pytest.mark.parametrize(("remaining", "rests"), [("6.25", True), (None, True), ("0.00", False)])
def test_a_gtc_rests_unless_the_answer_says_0(remaining: str | None, rests: bool) -> None:
    body = {**json.loads(frame("create_partial_ioc")), "remaining_count": remaining}
    gtc = place_order(time_in_force=TimeInForce.GTC)
    events = decode_created(STAMP, gtc, 201, json.dumps(body).encode())
    assert len(events) == (1 if rests else 2)


@pytest.mark.parametrize(
    "damage",
    [
        {"order_id": None},
        {"order_id": ""},
        {"fill_count": None},
        {"fill_count": "10.00"},
        {"fill_count": "-1"},
        {"client_order_id": "another"},
        {"remaining_count": 3},
    ],
)
def test_a_2xx_that_does_not_say_it_all_is_a_doubt(damage: dict[str, object]) -> None:
    body = json.dumps({**json.loads(frame("create_partial_ioc")), **damage}).encode()
    unread, doubt = decode_created(STAMP, place_order(), 201, body)
    assert isinstance(unread, Undecodable)
    assert isinstance(doubt, OrderInDoubt)
    assert doubt.reason is RejectReason.VENUE_ERROR
