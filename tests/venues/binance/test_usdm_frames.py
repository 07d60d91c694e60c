"""Frames of USD-M's private stream -> golden events: trades, liquidations, twins, hedge mode."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import (
    Event,
    Fill,
    Funding,
    MarginCall,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderSnapshot,
    Undecodable,
)
from daemon.core.terms import (
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    Liquidity,
    OrdStatus,
    PositionSide,
    Side,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.binance.imposed_wire import decode_income_row
from daemon.venues.binance.report_wire import USDM_EXPIRY
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from tests.venues.binance.builders import CLIENT_ID, SUI, USDM_ORDER, USDM_STAMP, changed, frame, ms

D = Decimal


def usdm_fill(**other: object) -> Fill:
    fields: dict[str, object] = {
        "symbol": SUI,
        "client_order_id": CLIENT_ID,
        "venue_order_id": USDM_ORDER,
        "exec_id": ExecId("70011201"),
        "side": Side.SELL,
        "last_qty": D("110.5"),
        "last_px": D("3.4131"),
        "commission": D("0.18857378"),
        "commission_currency": Currency("USDT"),
        "transact_time_ns": ms(12),
        "liquidity": Liquidity.TAKER,
        **other,
    }
    return Fill(**USDM_STAMP, **fields)  # type: ignore[arg-type]


def usdm_order(status: OrdStatus, cum: str, leaves: str, **other: object) -> OrderSnapshot:
    fields: dict[str, object] = {
        "symbol": SUI,
        "client_order_id": CLIENT_ID,
        "venue_order_id": USDM_ORDER,
        "transact_time_ns": ms(12),
        "side": Side.SELL,
        "status": status,
        "order_qty": D("310.5"),
        "cum_qty": D(cum),
        "leaves_qty": D(leaves),
        "limit_px": D("3.412"),
        "time_in_force": TimeInForce.IOC,
        "as_of_ns": ms(12),
        **other,
    }
    return OrderSnapshot(**USDM_STAMP, **fields)  # type: ignore[arg-type]


LIQUIDATION = {
    "client_order_id": ClientOrderId("autoclose-1790000011000000777"),
    "venue_order_id": VenueOrderId("99"),
}


FORCED = {
    **LIQUIDATION,
    "order_qty": D(500),
    "limit_px": D("3.1"),
    "text": "placed by the exchange",
}


SHORT = {"client_order_id": ClientOrderId("web_55"), "side": Side.BUY}


@pytest.mark.parametrize(
    ("name", "events"),
    [
        (
            "usdm_new",
            (
                OrderAccepted(
                    **USDM_STAMP, symbol=SUI, client_order_id=CLIENT_ID,
                    venue_order_id=USDM_ORDER, transact_time_ns=ms(12), cum_qty=D(0),
                ),
                usdm_order(OrdStatus.NEW, "0", "310.5"),
            ),
        ),
        (
            "usdm_trade_partial",
            (usdm_fill(), usdm_order(OrdStatus.PARTIALLY_FILLED, "110.5", "200")),
        ),
        (
            "usdm_trade_rebate",
            (
                usdm_fill(
                    exec_id=ExecId("70011202"), last_qty=D(200), last_px=D("3.412"),
                    commission=D("-0.003412"), commission_currency=Currency("USDC"),
                    liquidity=Liquidity.MAKER,
                ),
                usdm_order(OrdStatus.FILLED, "310.5", "0"),
            ),
        ),
        (
            "usdm_trade_nofee",
            (
                usdm_fill(exec_id=ExecId("70011203"), last_qty=D(10), commission=D(0)),
                usdm_order(OrdStatus.PARTIALLY_FILLED, "10", "300.5"),
            ),
        ),
        (
            "usdm_hedge_short",
            (
                usdm_fill(
                    **SHORT, exec_id=ExecId("70011204"), last_qty=D(40), last_px=D("3.399"),
                    commission=D("0.054384"), commission_currency=Currency("BNB"),
                    position_side=PositionSide.SHORT,
                ),
                usdm_order(
                    OrdStatus.FILLED, "40", "0", **SHORT, order_qty=D(40),
                    position_side=PositionSide.SHORT,
                ),
            ),
        ),
        (
            "usdm_liq_fill",
            (
                usdm_fill(
                    **LIQUIDATION, exec_id=ExecId("70011205"), last_qty=D(500),
                    last_px=D("3.105"), commission=D("0.77625"), cause=FillCause.LIQUIDATION,
                ),
                usdm_order(OrdStatus.FILLED, "500", "0", **FORCED),
            ),
        ),
        ("usdm_liq_zero", (usdm_order(OrdStatus.NEW, "0", "500", **FORCED),)),
        (
            "usdm_amended",
            (
                usdm_order(
                    OrdStatus.PARTIALLY_FILLED, "110.5", "189.5", order_qty=D(300),
                    limit_px=D("3.4"), time_in_force=TimeInForce.GTC,
                ),
            ),
        ),
        (
            "usdm_expired",
            (
                OrderExpired(
                    **USDM_STAMP, symbol=SUI, client_order_id=CLIENT_ID,
                    venue_order_id=USDM_ORDER, transact_time_ns=ms(12), cum_qty=D("110.5"),
                ),
            ),
        ),
        (
            "usdm_canceled",
            (
                OrderCanceled(
                    **USDM_STAMP, symbol=SUI, client_order_id=CLIENT_ID,
                    venue_order_id=USDM_ORDER, transact_time_ns=ms(12), cum_qty=D("110.5"),
                ),
            ),
        ),
        ("usdm_account_order", ()),
        ("usdm_config", ()),
        (
            "usdm_margin_call",
            (
                MarginCall(
                    **USDM_STAMP, symbol=SUI, position_qty=D(90), mark_px=D("3.01"),
                    position_side=PositionSide.LONG,
                ),
            ),
        ),
        ("usdm_trigger_reject", ()),
        ("usdm_algo", ()),
    ],
)  # fmt: skip
def test_a_usdm_frame(name: str, events: tuple[Event, ...]) -> None:
    heard = decode_usdm_frame(USDM_STAMP, frame(name))
    assert heard.events == events
    assert (heard.reread, heard.hint, heard.moved, heard.ended) == (None, None, False, "")


def test_the_first_row_of_a_liquidation_is_an_order_of_the_exchange() -> None:
    told = decode_usdm_frame(USDM_STAMP, frame("usdm_liq_new")).events
    assert [type(event) for event in told] == [OrderAccepted, OrderSnapshot]
    assert told[1] == usdm_order(OrdStatus.NEW, "0", "500", **FORCED)


@pytest.mark.parametrize(
    ("client_id", "exec_type", "cause"),
    [
        ("autoclose-1", "TRADE", FillCause.LIQUIDATION),
        ("adl_autoclose", "CALCULATED", FillCause.ADL),
        ("settlement_autoclose-1", "TRADE", FillCause.SETTLEMENT),
        ("delivery_autoclose-1", "CALCULATED", FillCause.SETTLEMENT),
        ("anything", "CALCULATED", FillCause.LIQUIDATION),
        ("anything", "TRADE", FillCause.TRADE),
    ],
)
def test_why_a_fill_came_about(client_id: str, exec_type: str, cause: FillCause) -> None:
    told = decode_usdm_frame(USDM_STAMP, changed("usdm_liq_fill", "o", c=client_id, x=exec_type))
    assert [event.cause for event in told.events if isinstance(event, Fill)] == [cause]


def test_a_funding_without_its_symbol_has_the_income_read() -> None:
    heard = decode_usdm_frame(USDM_STAMP, frame("usdm_account_funding"))
    assert (heard.events, heard.funded, heard.moved) == ((), True, False)
    assert not decode_usdm_frame(USDM_STAMP, frame("usdm_account_order")).funded


def test_an_income_row_is_a_payment_with_its_sign_turned() -> None:
    (row,) = json.loads(frame("usdm_income"))
    assert decode_income_row(USDM_STAMP, json.dumps(row).encode()) == Funding(
        **USDM_STAMP,
        symbol=SUI,
        exec_id=ExecId("9689322392"),
        funding=D("0.45120001"),
        funding_currency=Currency("USDT"),
        transact_time_ns=ms(0),
    )
    other = json.dumps({**row, "incomeType": "COMMISSION"}).encode()
    assert decode_income_row(USDM_STAMP, other) is None
    for name, value in {"income": "much", "tranId": "", "time": -1, "symbol": ""}.items():
        bad = decode_income_row(USDM_STAMP, json.dumps({**row, name: value}).encode())
        assert isinstance(bad, Undecodable)


def test_the_quick_twin_of_a_trade_is_a_hint_and_no_fill() -> None:
    heard = decode_usdm_frame(USDM_STAMP, frame("usdm_trade_lite"))
    assert heard.events == ()
    assert heard.hint == (SUI, ExecId("70011201"))
    assert isinstance(decode_usdm_frame(USDM_STAMP, frame("usdm_trade_partial")).events[0], Fill)


def test_positions_that_move_without_a_trade_are_looked_at() -> None:
    assert decode_usdm_frame(USDM_STAMP, frame("usdm_account_adjusted")).moved


def test_a_usdm_stream_that_ends() -> None:
    assert decode_usdm_frame(USDM_STAMP, frame("usdm_key_expired")).ended


def test_a_combined_stream_wraps_the_same_message() -> None:
    wrapped = b'{"stream":"key","data":' + frame("usdm_trade_partial") + b"}"
    plain = decode_usdm_frame(USDM_STAMP, frame("usdm_trade_partial"))
    assert decode_usdm_frame(USDM_STAMP, wrapped).events == plain.events


def test_a_usdm_fill_at_price_zero_is_not_booked() -> None:
    heard = decode_usdm_frame(USDM_STAMP, changed("usdm_liq_fill", "o", L="0"))
    assert heard.reread == SUI
    assert not [event for event in heard.events if isinstance(event, Fill)]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"e":"NOVELTY"}',
        b'{"hello":1}',
        b"[]",
        changed("usdm_new", "o", ps="SIDEWAYS", x="TRADE", l="1"),
        changed("usdm_new", "o", X="PONDERED"),
        changed("usdm_trade_lite", t=0),
        changed("usdm_algo", "o", X="PONDERED"),
        changed("usdm_margin_call", p=[{"s": "SUIUSDT", "ps": "LONG", "pa": "some"}]),
        changed("usdm_account_order", "a", P=[{"s": "SUIUSDT", "pa": "1", "ps": "MIDDLE"}]),
    ],
)
def test_what_is_no_usdm_frame(raw: bytes) -> None:
    events = decode_usdm_frame(USDM_STAMP, raw).events
    assert isinstance(events[-1], Undecodable)
    assert not [event for event in events if isinstance(event, Fill)]


@pytest.mark.parametrize("code", USDM_EXPIRY)
def test_why_an_order_was_canceled(code: str) -> None:
    (told,) = decode_usdm_frame(USDM_STAMP, changed("usdm_canceled", "o", er=code)).events
    assert isinstance(told, OrderCanceled)
    assert told.text == USDM_EXPIRY[code]
