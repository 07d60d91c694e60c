"""`wo` frames and REST rows of spot -> golden events, scaled exactly."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderRejected,
    OrderSnapshot,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import Currency, Liquidity, OrdStatus, RejectReason, Side, TimeInForce
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.product_wire import UnknownSymbolError
from daemon.venues.phemex.spot_wire import Wallet, decode_fill_row, decode_order_row
from daemon.venues.phemex.stream_wire import Private, Unscaled, decode_frame
from tests.venues.phemex.builders import (
    AT_NS,
    CLIENT_ID,
    ETH,
    SPOT_ORDER_ID,
    SPOT_STAMP,
    SPOTS,
    frame,
)
from tests.venues.phemex.test_perp_wire import E1, E2

D = Decimal
MS = 10**6
USDT = Currency("USDT")
COIN = Currency("ETH")


def read(name: str) -> Private:
    body = decode_frame(SPOT_STAMP, frame(name), SPOTS)
    assert isinstance(body, Private)
    return body


def state(at: int, status: OrdStatus, cum: str, leaves: str) -> OrderSnapshot:
    return OrderSnapshot(
        **SPOT_STAMP,
        symbol=ETH,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER_ID,
        transact_time_ns=AT_NS + at * MS // 10,
        side=Side.SELL,
        status=status,
        order_qty=D("1.5"),
        cum_qty=D(cum),
        leaves_qty=D(leaves),
        limit_px=D(2500),
        time_in_force=TimeInForce.GTC,
        as_of_ns=AT_NS + at * MS // 10,
    )


FIRST = Fill(
    **SPOT_STAMP,
    symbol=ETH,
    client_order_id=CLIENT_ID,
    venue_order_id=SPOT_ORDER_ID,
    transact_time_ns=AT_NS + 25 * MS // 10,
    exec_id=E1,
    side=Side.SELL,
    last_qty=D("0.6"),
    last_px=D("2500.25"),
    commission=D("1.50015"),
    commission_currency=USDT,
    liquidity=Liquidity.MAKER,
)
LAST = Fill(
    **SPOT_STAMP,
    symbol=ETH,
    client_order_id=CLIENT_ID,
    venue_order_id=SPOT_ORDER_ID,
    transact_time_ns=AT_NS + 26 * MS // 10,
    exec_id=E2,
    side=Side.SELL,
    last_qty=D("0.9"),
    last_px=D(2500),
    commission=D("2.25"),
    commission_currency=USDT,
    liquidity=Liquidity.TAKER,
)


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("wo_new", (state(20, OrdStatus.NEW, "0", "1.5"),)),
        ("wo_partial", (FIRST, state(25, OrdStatus.PARTIALLY_FILLED, "0.6", "0.9"))),
        ("wo_filled", (LAST, state(26, OrdStatus.FILLED, "1.5", "0"))),
        (
            "wo_canceled",
            (
                OrderCanceled(
                    **SPOT_STAMP,
                    symbol=ETH,
                    client_order_id=CLIENT_ID,
                    venue_order_id=SPOT_ORDER_ID,
                    transact_time_ns=AT_NS + 27 * MS // 10,
                    cum_qty=D("0.6"),
                    text="CE_NO_ENOUGH_BASE_QTY",
                ),
            ),
        ),
        (
            "wo_rejected",
            (
                OrderRejected(
                    **SPOT_STAMP,
                    symbol=ETH,
                    client_order_id=CLIENT_ID,
                    venue_order_id=SPOT_ORDER_ID,
                    transact_time_ns=AT_NS + 2 * MS,
                    reason=RejectReason.INSUFFICIENT_FUNDS,
                    text="11105",
                ),
                state(20, OrdStatus.REJECTED, "0", "0"),
            ),
        ),
    ],
)
def test_one_push(name: str, events: tuple[VenueEvent, ...]) -> None:
    assert read(name).events == events


def test_a_fee_in_the_base_coin_named_by_its_number() -> None:
    (found,) = read("wo_base_fee").events
    assert isinstance(found, Fill)
    assert (found.side, found.last_qty, found.last_px) == (Side.BUY, D(1), D(2499))
    assert (found.commission, found.commission_currency) == (D("0.001"), COIN)
    assert (found.client_order_id, found.liquidity) == (None, None)


def test_a_snapshot_has_wallets_beyond_2_to_the_53() -> None:
    body = read("wo_snapshot")
    assert body.whole
    assert body.wallets == (
        Wallet(COIN, D("90071992.54740993"), D("0.00000007")),
        Wallet(USDT, D(50), D(0)),
    )
    assert [type(event) for event in body.events] == [Fill, OrderSnapshot, OrderSnapshot]


def test_a_product_that_is_not_known_yet_is_parked_and_in_the_end_told() -> None:
    assert isinstance(decode_frame(SPOT_STAMP, frame("wo_unlisted"), SPOTS), Unscaled)
    body = decode_frame(SPOT_STAMP, frame("wo_unlisted"), SPOTS, parks_unknown=False)
    assert isinstance(body, Private)
    told, found = body.events
    assert isinstance(told, Undecodable)
    assert "sNEWUSDT" in told.text
    assert found == FIRST


@pytest.mark.parametrize(
    "changes", [{"execStatus": "BlockFill"}, {"ordStatus": "Asleep"}, {"baseQtyEv": -1}]
)
def test_a_state_that_cannot_be_read_spoils_no_fill(changes: dict[str, object]) -> None:
    message = json.loads(frame("wo_partial"))
    message["orders"]["open"][0].update(changes)
    body = decode_frame(SPOT_STAMP, json.dumps(message).encode(), SPOTS)
    assert isinstance(body, Private)
    found, told = body.events
    assert found == FIRST
    assert isinstance(told, Undecodable)


def fill_row(**changes: object) -> bytes:
    return json.dumps({**json.loads(frame("spot_trades"))[0], **changes}).encode()


def test_a_rest_trade_is_the_streams_fill() -> None:
    assert decode_fill_row(SPOT_STAMP, fill_row(), SPOTS) == FIRST


@pytest.mark.parametrize(
    "changes",
    [
        {"execId": "00000000-0000-0000-0000-000000000000"},
        {"execId": None},
        {"execStatus": "Canceled"},
        {"tradeType": "Funding"},
        {"execBaseQtyEv": 0},
        {"execPriceEp": 2500.25},
        {"execPriceEp": -1},
        {"execFeeEv": 1, "feeCurrency": None},
        {"side": "SELL"},
    ],
)
def test_a_fill_that_cannot_be_read(changes: dict[str, object]) -> None:
    assert isinstance(decode_fill_row(SPOT_STAMP, fill_row(**changes), SPOTS), Undecodable)


def test_no_fee_needs_no_currency_and_an_unknown_one_no_guess() -> None:
    free = decode_fill_row(SPOT_STAMP, fill_row(execFeeEv=0, feeCurrency=None), SPOTS)
    assert isinstance(free, Fill)
    assert (free.commission, free.commission_currency) == (D(0), USDT)
    with pytest.raises(UnknownSymbolError, match="currency"):
        decode_fill_row(SPOT_STAMP, fill_row(feeCurrency="77"), SPOTS)


def test_an_order_of_the_history() -> None:
    raw = json.dumps(json.loads(frame("spot_orders"))[0]).encode()
    read_order = decode_order_row(SPOT_STAMP, raw, SPOTS, 99)
    assert isinstance(read_order, OrderRead)
    found = read_order.snapshot
    assert (read_order.born_ns, found.as_of_ns) == (AT_NS + MS, 99)
    assert (found.client_order_id, found.venue_order_id) == (None, SPOT_ORDER_ID)
    assert (found.status, found.cum_qty, found.leaves_qty) == (OrdStatus.CANCELED, D("0.6"), D(0))
    assert (found.order_qty, found.time_in_force) == (D("1.5"), TimeInForce.IOC)


@pytest.mark.parametrize(
    "changes",
    [
        {"cumBaseValueEv": None},
        {"cumBaseValueEv": -1},
        {"ordStatus": "Asleep"},
        {"symbol": "sNEWUSDT"},
        {"baseQtyEv": "string"},
    ],
)
def test_an_order_that_cannot_be_read(changes: dict[str, object]) -> None:
    raw = json.dumps({**json.loads(frame("spot_orders"))[0], **changes}).encode()
    assert isinstance(decode_order_row(SPOT_STAMP, raw, SPOTS, 0), Undecodable)
