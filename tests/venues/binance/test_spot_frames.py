"""Frames of spot's user stream -> golden events; what cannot be read is said and asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.events import (
    Event,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSnapshot,
    Undecodable,
)
from daemon.core.terms import (
    ClientOrderId,
    Currency,
    ExecId,
    Liquidity,
    OrdStatus,
    RejectReason,
    Side,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.binance.spot_wire import decode_spot_frame, encode_request
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import STATUSES, Answer
from tests.venues.binance.builders import (
    CLIENT_ID,
    SOL,
    SPOT_ORDER,
    SPOT_STAMP,
    USDM_STAMP,
    changed,
    frame,
    ms,
)

D = Decimal


def spot_fill(**other: object) -> Fill:
    fields: dict[str, object] = {
        "symbol": SOL,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER,
        "exec_id": ExecId("884401"),
        "side": Side.SELL,
        "last_qty": D("2.25"),
        "last_px": D("141.31"),
        "commission": D("0.00041207"),
        "commission_currency": Currency("BNB"),
        "transact_time_ns": ms(5),
        "liquidity": Liquidity.TAKER,
        **other,
    }
    return Fill(**SPOT_STAMP, **fields)  # type: ignore[arg-type]


def spot_order(
    status: OrdStatus, cum: str, leaves: str, at: int = 5, **other: object
) -> OrderSnapshot:
    fields: dict[str, object] = {
        "symbol": SOL,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER,
        "transact_time_ns": ms(at),
        "side": Side.SELL,
        "status": status,
        "order_qty": D("7.5"),
        "cum_qty": D(cum),
        "leaves_qty": D(leaves),
        "limit_px": D("141.2"),
        "time_in_force": TimeInForce.IOC,
        "as_of_ns": ms(at),
        **other,
    }
    return OrderSnapshot(**SPOT_STAMP, **fields)  # type: ignore[arg-type]


STRANGER = {
    "client_order_id": ClientOrderId("web_71c20aa9"),
    "venue_order_id": VenueOrderId("5550"),
}


def accepted(**other: object) -> OrderAccepted:
    fields: dict[str, object] = {
        "symbol": SOL,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER,
        "transact_time_ns": ms(2),
        "cum_qty": D(0),
        **other,
    }
    return OrderAccepted(**SPOT_STAMP, **fields)  # type: ignore[arg-type]


def ended(kind: type[OrderCanceled | OrderExpired], at: int, **other: object) -> Event:
    fields: dict[str, object] = {
        "symbol": SOL,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER,
        "transact_time_ns": ms(at),
        "cum_qty": D("2.25"),
        **other,
    }
    return kind(**SPOT_STAMP, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("spot_new", (accepted(), spot_order(OrdStatus.NEW, "0", "7.5", 2))),
        (
            "spot_stranger_new",
            (
                accepted(**STRANGER),
                spot_order(
                    OrdStatus.NEW, "0", "7.5", 2, **STRANGER,
                    side=Side.BUY, limit_px=D(120), time_in_force=TimeInForce.GTC,
                ),
            ),
        ),
        (
            "spot_trade_partial",
            (spot_fill(), spot_order(OrdStatus.PARTIALLY_FILLED, "2.25", "5.25")),
        ),
        (
            "spot_trade_filled",
            (
                spot_fill(
                    exec_id=ExecId("884402"), last_qty=D("5.25"), last_px=D("141.2"),
                    commission=D("0.7413"), commission_currency=Currency("USDT"),
                    liquidity=Liquidity.MAKER,
                ),
                spot_order(OrdStatus.FILLED, "7.5", "0"),
            ),
        ),
        (
            "spot_trade_nofee",
            (
                spot_fill(
                    exec_id=ExecId("884403"), last_qty=D(1), last_px=D("141.5"),
                    commission=D(0), commission_currency=Currency("USDT"),
                ),
                spot_order(OrdStatus.PARTIALLY_FILLED, "1", "6.5"),
            ),
        ),
        ("spot_expired_ioc", (ended(OrderExpired, 5),)),
        ("spot_canceled", (ended(OrderCanceled, 900),)),
        ("spot_prevented", (ended(OrderExpired, 2),)),
        (
            "spot_rejected",
            (
                OrderRejected(
                    **SPOT_STAMP, symbol=SOL, client_order_id=CLIENT_ID,
                    venue_order_id=SPOT_ORDER, transact_time_ns=ms(2),
                    reason=RejectReason.INSUFFICIENT_FUNDS, text="INSUFFICIENT_BALANCES",
                ),
            ),
        ),
        ("spot_account_position", ()),
        ("spot_list_status", ()),
    ],
)  # fmt: skip
def test_a_spot_frame(name: str, events: tuple[Event, ...]) -> None:
    heard = decode_spot_frame(SPOT_STAMP, frame(name))
    assert heard.events == events
    assert (heard.reread, heard.hint, heard.moved, heard.ended) == (None, None, False, "")


@pytest.mark.parametrize("name", ["spot_balance_update", "spot_external_lock"])
def test_balances_that_move_without_a_trade_are_looked_at(name: str) -> None:
    assert decode_spot_frame(SPOT_STAMP, frame(name)).moved


@pytest.mark.parametrize("name", ["spot_terminated", "spot_shutdown", "spot_revoked"])
def test_a_spot_stream_that_ends(name: str) -> None:
    assert decode_spot_frame(SPOT_STAMP, frame(name)).ended


def test_answers_to_our_own_requests() -> None:
    granted = decode_spot_frame(SPOT_STAMP, frame("spot_subscribed"))
    assert granted.answer == Answer("2", 200)
    refused = decode_spot_frame(SPOT_STAMP, frame("spot_refused")).answer
    assert refused == Answer("2", 400, "-1022", "Signature for this request is not valid.")
    banned = decode_spot_frame(SPOT_STAMP, frame("spot_banned")).answer
    assert banned is not None
    assert (banned.status, banned.code, banned.wait_s) == (418, "-1003", 600.0)
    assert encode_request("1", "session.status", {}) == b'{"id":"1","method":"session.status"}'


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ({"L": "0.00000000"}, "last price"),
        ({"t": -1}, "trade id"),
        ({"N": None}, "names no asset"),
        ({"n": "NaN"}, "commission"),
    ],
)
def test_a_fill_that_cannot_be_read_is_said_and_its_trades_are_read_again(
    damage: dict[str, object], what: str
) -> None:
    raw = changed("spot_trade_partial", "event", **damage)
    heard = decode_spot_frame(SPOT_STAMP, raw)
    assert heard.reread == SOL
    status, said = heard.events
    assert status == spot_order(OrdStatus.PARTIALLY_FILLED, "2.25", "5.25")
    assert isinstance(said, Undecodable)
    assert what in said.text


@pytest.mark.parametrize("field", [{"X": "PONDERED"}, {"q": "many"}])
def test_a_fill_is_money_whatever_the_rest_of_its_message_says(field: dict[str, object]) -> None:
    heard = decode_spot_frame(SPOT_STAMP, changed("spot_trade_partial", "event", **field))
    assert heard.events[0] == spot_fill()
    assert isinstance(heard.events[1], Undecodable)
    assert heard.reread is None


def test_an_unknown_execution_type_that_traded_has_its_trades_read() -> None:
    heard = decode_spot_frame(SPOT_STAMP, changed("spot_trade_partial", "event", x="BARTER"))
    assert heard.reread == SOL
    assert isinstance(heard.events[-1], Undecodable)
    assert not [event for event in heard.events if isinstance(event, Fill)]


def test_calculated_is_no_word_of_spots() -> None:
    raw = changed("spot_trade_partial", "event", x="CALCULATED")
    heard = decode_spot_frame(SPOT_STAMP, raw)
    assert heard.reread == SOL
    assert not [event for event in heard.events if isinstance(event, Fill)]


def test_a_trade_of_nothing_is_no_fill() -> None:
    spot = decode_spot_frame(SPOT_STAMP, changed("spot_trade_partial", "event", l="0.00000000"))
    usdm = decode_usdm_frame(USDM_STAMP, changed("usdm_trade_partial", "o", l="0"))
    for heard in (spot, usdm):
        assert [type(event) for event in heard.events] == [OrderSnapshot]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"subscriptionId":1,"event":{"e":"novelty","E":1}}',
        b'{"subscriptionId":1,"event":{"E":1}}',
        b'{"id":"9","status":500}',
        b'{"hello":1}',
        b"[]",
        b"\xff",
        changed("spot_new", "event", S="HOLD"),
        changed("spot_new", "event", s=""),
        changed("spot_new", "event", i="x"),
        changed("spot_account_position", "event", B=[{"a": "", "f": "1", "l": "0"}]),
        changed("spot_balance_update", "event", d="lots"),
    ],
)
def test_what_is_no_spot_frame(raw: bytes) -> None:
    (said,) = decode_spot_frame(SPOT_STAMP, raw).events
    assert isinstance(said, Undecodable)


STATUS_MAP = {
    OrdStatus.PENDING_NEW: ["PENDING_NEW"],
    OrdStatus.NEW: ["NEW", "NEW_INSURANCE", "NEW_ADL"],
    OrdStatus.PARTIALLY_FILLED: ["PARTIALLY_FILLED"],
    OrdStatus.FILLED: ["FILLED"],
    OrdStatus.CANCELED: ["CANCELED"],
    OrdStatus.EXPIRED: ["EXPIRED", "EXPIRED_IN_MATCH"],
    OrdStatus.REJECTED: ["REJECTED"],
    OrdStatus.PENDING_CANCEL: ["PENDING_CANCEL"],
}


@pytest.mark.parametrize("status", STATUS_MAP)
def test_the_status_map(status: OrdStatus) -> None:
    ends = {
        OrdStatus.CANCELED: OrderCanceled,
        OrdStatus.EXPIRED: OrderExpired,
        OrdStatus.REJECTED: OrderRejected,
    }
    assert sum(len(words) for words in STATUS_MAP.values()) == len(STATUSES)
    for word in STATUS_MAP[status]:
        raw = changed("spot_new", "event", X=word, x="REPLACED")
        (told,) = decode_spot_frame(SPOT_STAMP, raw).events
        assert type(told) is ends.get(status, OrderSnapshot)
        assert not isinstance(told, OrderSnapshot) or told.status is status


def test_a_cancel_names_the_order_by_its_own_id_not_by_the_request() -> None:
    (told,) = decode_spot_frame(SPOT_STAMP, frame("spot_canceled")).events
    assert isinstance(told, OrderCanceled)
    assert told.client_order_id == CLIENT_ID


def test_why_a_spot_order_ended() -> None:
    raw = changed("spot_canceled", "event", eR="EXCHANGE_CANCELED")
    (told,) = decode_spot_frame(SPOT_STAMP, raw).events
    assert isinstance(told, OrderCanceled)
    assert told.text == "EXCHANGE_CANCELED"


def test_integers_and_exponents_are_exact() -> None:
    raw = changed("spot_trade_partial", "event", i=9223372036854775807, n="-8.90000000E-8")
    fill = decode_spot_frame(SPOT_STAMP, raw).events[0]
    assert isinstance(fill, Fill)
    assert fill.venue_order_id == "9223372036854775807"
    assert fill.commission == D("-0.000000089")
