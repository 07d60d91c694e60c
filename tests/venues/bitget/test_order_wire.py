"""The status map row by row, both dialects; REST rows; sizes in quote currency; odd rows."""

from __future__ import annotations

import pytest

from daemon.core.events import OrderCanceled, OrderSnapshot, Undecodable
from daemon.core.terms import OrdStatus, PositionSide, Side, TimeInForce
from daemon.venues.bitget.order_wire import (
    CLASSIC_STATUSES,
    UTA_STATUSES,
    decode_classic_order,
    decode_uta_order,
)
from daemon.venues.bitget.push_wire import TRIGGER_STATUSES, classic_orders, triggers, uta_orders
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import (
    AT_NS,
    CLIENT_ID,
    ETH,
    FUTURES,
    FUTURES_TOLD,
    MIX_ORDER,
    SOL,
    SPOT,
    SPOT_ORDER,
    SPOT_TOLD,
    UTA_ORDER,
    D,
    row,
)

PENDING, OPEN, PARTIAL = OrdStatus.PENDING_NEW, OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED
FILLED, CANCELED = OrdStatus.FILLED, OrdStatus.CANCELED


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("init", PENDING),
        ("live", OPEN),
        ("new", OPEN),
        ("partially_filled", PARTIAL),
        ("partial-fill", PARTIAL),
        ("filled", FILLED),
        ("full-fill", FILLED),
        ("cancelled", CANCELED),
        ("canceled", CANCELED),
        ("cancel", CANCELED),
    ],
)
@pytest.mark.parametrize(
    ("market", "name", "field"),
    [(Market.SPOT, "spot_rest_order", "status"), (Market.FUTURES, "mix_rest_detail", "state")],
)
def test_the_classic_status_map(
    market: Market, name: str, field: str, word: str, status: OrdStatus
) -> None:
    stamp = SPOT if market is Market.SPOT else FUTURES
    got = decode_classic_order(stamp, market, row(name, **{field: word}), AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert got.status is status
    assert CLASSIC_STATUSES[word.replace("-", "_")] is status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("new", PENDING),
        ("live", OPEN),
        ("partially_filled", PARTIAL),
        ("filled", FILLED),
        ("cancelled", CANCELED),
        ("canceled", CANCELED),
    ],
)
def test_the_uta_status_map(word: str, status: OrdStatus) -> None:
    raw = row("uta_rest_order", orderStatus=word)
    got = decode_uta_order(FUTURES, Market.FUTURES, raw, AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert got.status is UTA_STATUSES[word] is status


@pytest.mark.parametrize("word", ["novelty", "", "expired"])
def test_an_unknown_status_is_said(word: str) -> None:
    raw = row("spot_rest_order", status=word)
    assert isinstance(decode_classic_order(SPOT, Market.SPOT, raw, 0), Undecodable)
    raw = row("uta_rest_order", orderStatus=word)
    assert isinstance(decode_uta_order(FUTURES, Market.FUTURES, raw, 0), Undecodable)


def snapshot(market: Market, **fields: object) -> OrderSnapshot:
    stamp = SPOT if market is Market.SPOT else FUTURES
    held = PositionSide.NET if market is Market.SPOT else PositionSide.LONG
    fields = {"position_side": held, **fields}
    return OrderSnapshot(**stamp, transact_time_ns=AT_NS, as_of_ns=AT_NS, **fields)  # type: ignore[arg-type]


def test_a_spot_order() -> None:
    got = decode_classic_order(SPOT, Market.SPOT, row("spot_rest_order"), AT_NS)
    assert got == snapshot(
        Market.SPOT,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        side=Side.SELL,
        status=PARTIAL,
        order_qty=D("2.5"),
        cum_qty=D("0.75"),
        leaves_qty=D("1.75"),
        limit_px=D("150.25"),
    )


def test_a_futures_order() -> None:
    got = decode_classic_order(FUTURES, Market.FUTURES, row("mix_rest_detail"), AT_NS)
    assert got == snapshot(
        Market.FUTURES,
        symbol=ETH,
        client_order_id=CLIENT_ID,
        venue_order_id=MIX_ORDER,
        side=Side.SELL,
        status=CANCELED,
        order_qty=D("0.60"),
        cum_qty=D("0.45"),
        leaves_qty=D(0),
        limit_px=D("3050.5"),
        time_in_force=TimeInForce.IOC,
        text="ioc_not_full_deal_cancel",
    )


def test_a_uta_order() -> None:
    got = decode_uta_order(FUTURES, Market.FUTURES, row("uta_rest_order"), AT_NS)
    assert got == snapshot(
        Market.FUTURES,
        symbol=ETH,
        client_order_id=CLIENT_ID,
        venue_order_id=UTA_ORDER,
        side=Side.SELL,
        status=PARTIAL,
        order_qty=D("0.60"),
        cum_qty=D("0.45"),
        leaves_qty=D("0.15"),
        limit_px=D("3050.5"),
        time_in_force=TimeInForce.IOC,
    )


def test_a_liquidation_says_so() -> None:
    got = decode_uta_order(FUTURES, Market.FUTURES, row("uta_rest_liquidation"), AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert (got.side, got.status, got.text) == (Side.BUY, FILLED, "liquidation")
    raw = row("mix_rest_pending", tradeSide="burst_sell_single")
    got = decode_classic_order(FUTURES, Market.FUTURES, raw, AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert got.text == "burst_sell_single"


def test_a_stranger_in_one_way_mode() -> None:
    got = decode_classic_order(FUTURES, Market.FUTURES, row("mix_rest_pending"), AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert (got.side, got.leaves_qty, got.limit_px) == (Side.SELL, D(1), D(3200))


def test_an_old_word_for_open_and_no_client_id() -> None:
    got = decode_classic_order(SPOT, Market.SPOT, row("spot_rest_unfilled"), AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert (got.symbol, got.status, got.client_order_id) == (SOL, OPEN, None)


@pytest.mark.parametrize(
    ("side", "kind", "order_qty", "leaves_qty"),
    [
        ("buy", "market", "0.75", "0"),
        ("sell", "market", "2.5", "1.75"),
        ("buy", "limit", "2.5", "1.75"),
    ],
)
def test_the_size_of_a_spot_market_buy_is_money(
    side: str, kind: str, order_qty: str, leaves_qty: str
) -> None:
    raw = row("spot_rest_order", side=side, orderType=kind)
    got = decode_classic_order(SPOT, Market.SPOT, raw, AT_NS)
    assert isinstance(got, OrderSnapshot)
    assert (got.order_qty, got.leaves_qty) == (D(order_qty), D(leaves_qty))


def test_a_uta_market_buy_on_spot_is_money_too() -> None:
    raw = row("uta_order_spot", side="buy", orderType="market", cumExecQty="0.4")
    (got,) = uta_orders(SPOT_TOLD, [raw]).events
    assert isinstance(got, OrderSnapshot)
    assert (got.order_qty, got.leaves_qty) == (D("0.4"), D(0))


@pytest.mark.parametrize("word", sorted(TRIGGER_STATUSES))
def test_a_conditional_order_pends_or_is_over(word: str) -> None:
    for name in ("mix_orders_algo", "uta_strategy_order"):
        raw = row(name, status=word, holdMode="hedge_mode")
        (got,) = triggers(FUTURES_TOLD, [raw]).events
        if TRIGGER_STATUSES[word] is PENDING:
            assert isinstance(got, OrderSnapshot)
            assert (got.side, got.leaves_qty) == (Side.SELL, D("0.25"))
        else:
            assert isinstance(got, OrderCanceled)
            assert got.cum_qty == 0


def test_a_canceled_row_that_repeats_the_last_fill_gives_it_again() -> None:
    raw = row("mix_orders_partial", status="canceled", cancelReason="stp_cancel")
    fill, end = classic_orders(FUTURES_TOLD, [raw]).events
    assert isinstance(end, OrderCanceled)
    assert (end.cum_qty, end.text) == (D("0.45"), "stp_cancel")
    assert fill == classic_orders(FUTURES_TOLD, [row("mix_orders_partial")]).events[0]
