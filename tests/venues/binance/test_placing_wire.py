"""What an order looks like on its way out, and what its answer proves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.events import (
    CancelRejected,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    Undecodable,
)
from daemon.core.terms import (
    Currency,
    ExecId,
    Liquidity,
    OrdStatus,
    OrdType,
    PositionKey,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.binance.placing_wire import (
    decode_canceled,
    decode_fills,
    decode_placed,
    encode_cancel,
    encode_place,
)
from daemon.venues.binance.wire import USDM
from daemon.venues.errors import InvalidOrderError
from tests.venues.binance.builders import (
    CLIENT_ID,
    SOL,
    SPOT_ORDER,
    SPOT_STAMP,
    SUI,
    USDM_ORDER,
    USDM_STAMP,
    cancel_order,
    changed,
    frame,
    key,
    ms,
    place_order,
)

D = Decimal
NET = key(USDM, SUI)


def sui(of: PositionKey = NET, **other: object) -> PlaceOrder:
    fields: dict[str, object] = {"order_qty": "310.5", "limit_px": "3.412", **other}
    return place_order(of, **fields)  # type: ignore[arg-type]


def test_a_spot_order() -> None:
    assert encode_place(place_order()) == {
        "symbol": "SOLUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": "7.5",
        "price": "141.2",
        "newClientOrderId": CLIENT_ID,
        "newOrderRespType": "FULL",
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_a_usdm_order_reduces_only_and_asks_for_its_result(time_in_force: TimeInForce) -> None:
    params = encode_place(sui(time_in_force=time_in_force, side=Side.BUY))
    assert params["timeInForce"] == time_in_force.value.upper()
    assert (params["side"], params["reduceOnly"]) == ("BUY", "true")
    assert params["newOrderRespType"] == "RESULT"
    assert "positionSide" not in params


@pytest.mark.parametrize("side", [PositionSide.LONG, PositionSide.SHORT])
def test_a_hedged_order_names_its_position_and_never_reduce_only(side: PositionSide) -> None:
    params = encode_place(sui(key(USDM, SUI, side)))
    assert params["positionSide"] == side.value.upper()
    assert "reduceOnly" not in params


def test_an_order_that_may_open_and_one_that_leaves_ours_alone() -> None:
    params = encode_place(sui(reduce_only=False, cancel_own_crossing=False))
    assert "reduceOnly" not in params
    assert params["selfTradePreventionMode"] == "EXPIRE_TAKER"


@pytest.mark.parametrize("of", [key(), key(USDM)])
def test_a_market_order_has_neither_price_nor_time(of: PositionKey) -> None:
    command = replace(place_order(of), ord_type=OrdType.MARKET, limit_px=None)
    params = encode_place(command)
    assert (params["type"], params["quantity"]) == ("MARKET", "7.5")
    assert not {"price", "timeInForce"} & set(params)
    with pytest.raises(InvalidOrderError):
        encode_place(replace(command, ord_type=OrdType.LIMIT))


def test_small_numbers_have_no_exponent() -> None:
    params = encode_place(place_order(order_qty="1E+3", limit_px="1.2E-7"))
    assert (params["quantity"], params["price"]) == ("1000", "0.00000012")


@pytest.mark.parametrize(
    "command",
    [
        place_order(order_qty="0"),
        place_order(limit_px="-1"),
        place_order(limit_px="NaN"),
        place_order(key(side=PositionSide.LONG)),
    ],
)
def test_an_order_that_cannot_be_said(command: PlaceOrder) -> None:
    with pytest.raises(InvalidOrderError):
        encode_place(command)


def test_a_cancel() -> None:
    assert encode_cancel(cancel_order()) == {"symbol": "SOLUSDT", "orderId": SPOT_ORDER}


def spot_fill(exec_id: str, qty: str, px: str, fee: str, currency: str) -> Fill:
    return Fill(
        **SPOT_STAMP,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        exec_id=ExecId(exec_id),
        side=Side.SELL,
        last_qty=D(qty),
        last_px=D(px),
        commission=D(fee),
        commission_currency=Currency(currency),
        transact_time_ns=ms(5),
        liquidity=Liquidity.TAKER,
    )


def spot_accepted(cum_qty: str | None) -> OrderAccepted:
    return OrderAccepted(
        **SPOT_STAMP,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        transact_time_ns=ms(5),
        cum_qty=None if cum_qty is None else D(cum_qty),
    )


def test_a_full_answer_carries_its_trades_and_its_end() -> None:
    assert decode_placed(SPOT_STAMP, place_order(), 200, frame("spot_order_full")) == (
        spot_accepted("2.25"),
        spot_fill("884401", "2.00", "141.31", "0.00036628", "BNB"),
        spot_fill("884402", "0.25", "141.30", "0.035325", "USDT"),
        OrderExpired(
            **SPOT_STAMP,
            symbol=SOL,
            client_order_id=CLIENT_ID,
            venue_order_id=SPOT_ORDER,
            transact_time_ns=ms(5),
            cum_qty=D("2.25"),
        ),
    )


def test_an_ack_says_that_it_is_there_and_a_result_how_it_stands() -> None:
    ack = decode_placed(SPOT_STAMP, place_order(), 200, frame("spot_order_ack"))
    assert ack == (spot_accepted(None),)
    accepted, snapshot = decode_placed(SPOT_STAMP, place_order(), 200, frame("spot_order_result"))
    assert accepted == spot_accepted("0")
    assert isinstance(snapshot, OrderSnapshot)
    assert (snapshot.status, snapshot.leaves_qty) == (OrdStatus.NEW, D("7.5"))


def test_a_usdm_result_claims_and_carries_no_trade() -> None:
    accepted, ended = decode_placed(USDM_STAMP, sui(), 200, frame("usdm_order_result"))
    assert isinstance(accepted, OrderAccepted)
    assert (accepted.venue_order_id, accepted.cum_qty) == (USDM_ORDER, D("110.5"))
    assert accepted.transact_time_ns == ms(12)
    assert isinstance(ended, OrderExpired)
    assert ended.cum_qty == D("110.5")


def test_one_bad_trade_does_not_hide_the_others() -> None:
    raw = frame("spot_order_full").replace(b'"0.25000000"', b'"a quarter"')
    kinds = [type(e) for e in decode_placed(SPOT_STAMP, place_order(), 200, raw)]
    assert kinds == [OrderAccepted, Fill, Undecodable, OrderExpired]


def test_an_unknown_status_is_said_and_the_trades_are_kept() -> None:
    raw = changed("spot_order_full", status="PONDERED")
    kinds = [type(e) for e in decode_placed(SPOT_STAMP, place_order(), 200, raw)]
    assert kinds == [OrderAccepted, Fill, Fill, Undecodable]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        changed("spot_order_ack", orderId=...),
        changed("spot_order_ack", symbol="ETHUSDT"),
        changed("spot_order_ack", clientOrderId="somebodyElse"),
        changed("spot_order_full", executedQty="-1"),
    ],
)
def test_an_answer_that_proves_nothing(body: bytes) -> None:
    said, doubt = decode_placed(SPOT_STAMP, place_order(), 200, body)
    assert isinstance(said, Undecodable)
    assert isinstance(doubt, OrderInDoubt)


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, b'{"code":-2010,"msg":"Market is closed."}', OrderRejected, "MARKET_INACTIVE"),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}', OrderInDoubt, "DUPLICATE_ID"),
        (400, b'{"code":-4116,"msg":"ClientOrderId is duplicated."}', OrderInDoubt, "DUPLICATE_ID"),
        (400, b'{"code":-1006,"msg":"unexpected"}', OrderInDoubt, "TIMEOUT"),
        (502, b"bad gateway", OrderInDoubt, "VENUE_ERROR"),
        (418, b'{"code":-1003,"msg":"banned"}', OrderRejected, "RATE_LIMIT"),
    ],
)
def test_a_refused_order(status: int, body: bytes, kind: type, reason: str) -> None:
    (event,) = decode_placed(SPOT_STAMP, place_order(), status, body)
    assert type(event) is kind
    assert isinstance(event, OrderRejected | OrderInDoubt)
    assert event.reason is RejectReason[reason]
    assert (event.symbol, event.client_order_id) == (SOL, CLIENT_ID)


def test_a_canceled_order() -> None:
    (event,) = decode_canceled(SPOT_STAMP, cancel_order(), 200, frame("spot_cancel"))
    assert event == OrderCanceled(
        **SPOT_STAMP,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        transact_time_ns=ms(900),
        cum_qty=D("2.25"),
    )


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"code":-2011,"msg":"Unknown order sent."}', RejectReason.NOT_FOUND),
        (400, b'{"code":-2011,"msg":"Order was not canceled."}', RejectReason.VENUE_ERROR),
        (500, b"", RejectReason.VENUE_ERROR),
    ],
)
def test_a_refused_cancel(status: int, body: bytes, reason: RejectReason) -> None:
    (event,) = decode_canceled(SPOT_STAMP, cancel_order(), status, body)
    assert isinstance(event, CancelRejected)
    assert (event.reason, event.venue_order_id) == (reason, SPOT_ORDER)


@pytest.mark.parametrize(
    "body", [b"{}", changed("spot_cancel", orderId=5), changed("spot_cancel", symbol="ETHUSDT")]
)
def test_a_cancel_answer_of_another_order_proves_nothing(body: bytes) -> None:
    said, doubt = decode_canceled(SPOT_STAMP, cancel_order(), 200, body)
    assert isinstance(said, Undecodable)
    assert isinstance(doubt, CancelRejected)


def test_the_documented_order_with_fills() -> None:
    (fill,) = decode_fills(SPOT_STAMP, frame("seed_order"))
    assert fill == Fill(
        **SPOT_STAMP,
        symbol=Symbol("BTCUSDT"),
        venue_order_id=VenueOrderId("123456789"),
        exec_id=ExecId("987654321"),
        side=Side.BUY,
        last_qty=D("0.001"),
        last_px=D("50000.00"),
        commission=D("0.000001"),
        commission_currency=Currency("BTC"),
        liquidity=Liquidity.TAKER,
    )


@pytest.mark.parametrize(
    ("word", "liquidity"),
    [('"maker"', Liquidity.MAKER), ('"taker"', Liquidity.TAKER), ("null", Liquidity.TAKER),
     ('"both"', None)],
)  # fmt: skip
def test_who_made_the_market(word: str, liquidity: Liquidity | None) -> None:
    raw = frame("seed_order").replace(b'"taker"', word.encode())
    (fill,) = decode_fills(SPOT_STAMP, raw)
    assert isinstance(fill, Fill)
    assert fill.liquidity is liquidity


def test_the_true_form_of_the_same_answer_decodes_alike() -> None:
    fills = decode_fills(SPOT_STAMP, frame("spot_order_full"))
    told = decode_placed(SPOT_STAMP, place_order(), 200, frame("spot_order_full"))
    assert fills == told[1:3]


@pytest.mark.parametrize("raw", [b"{}", b"[]", changed("seed_order", side=...)])
def test_what_has_no_fills(raw: bytes) -> None:
    (said,) = decode_fills(SPOT_STAMP, raw)
    assert isinstance(said, Undecodable)
