"""Bodies of orders in every mode, and what each kind of answer proves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.events import (
    CancelRejected,
    MarketRead,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
    Undecodable,
)
from daemon.core.instrument import Instrument
from daemon.core.terms import OrdType, PositionSide, RejectReason, Side, TimeInForce
from daemon.venues.bitget.market_wire import HIGHEST_PX, decode_market
from daemon.venues.bitget.request_wire import (
    Terms,
    decode_canceled,
    decode_placed,
    encode_cancel,
    encode_place,
)
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.errors import InvalidOrderError
from tests.venues.bitget.builders import (
    AT_NS,
    CLIENT_ID,
    ETH,
    FUTURES,
    MIX_ORDER,
    MS,
    SOL,
    SPOT,
    SPOT_ORDER,
    D,
    cancel_order,
    data,
    frame,
    place_order,
)

BUY, SELL = Side.BUY, Side.SELL
NET, LONG, SHORT = PositionSide.NET, PositionSide.LONG, PositionSide.SHORT
IOC, GTC, FOK = TimeInForce.IOC, TimeInForce.GTC, TimeInForce.FOK
SPOT_TERMS = Terms(market=Market.SPOT, dialect=Dialect.CLASSIC)
MIX_TERMS = Terms(market=Market.FUTURES, dialect=Dialect.CLASSIC, margin_mode="isolated")
UTA_TERMS = Terms(market=Market.FUTURES, dialect=Dialect.UTA)


def sent(command: PlaceOrder, terms: Terms) -> dict[str, str]:
    body = json.loads(encode_place(command, terms))
    assert isinstance(body, dict)
    return body


def test_a_spot_order() -> None:
    command = place_order(Market.SPOT, SELL, qty="2.5000", px="150.250", force=GTC)
    assert sent(command, SPOT_TERMS) == {
        "symbol": "SOLUSDT",
        "side": "sell",
        "orderType": "limit",
        "size": "2.5",
        "clientOid": CLIENT_ID,
        "stpMode": "cancel_maker",
        "force": "gtc",
        "price": "150.25",
    }


@pytest.mark.parametrize(
    ("side", "held", "names"),
    [
        (SELL, NET, {"side": "sell", "reduceOnly": "YES"}),
        (BUY, NET, {"side": "buy", "reduceOnly": "YES"}),
        (SELL, LONG, {"side": "buy", "tradeSide": "close"}),
        (BUY, SHORT, {"side": "sell", "tradeSide": "close"}),
        (BUY, LONG, {"side": "buy", "tradeSide": "open"}),
        (SELL, SHORT, {"side": "sell", "tradeSide": "open"}),
    ],
)
def test_a_classic_futures_order(side: Side, held: PositionSide, names: dict[str, str]) -> None:
    assert sent(place_order(Market.FUTURES, side, held), MIX_TERMS) == {
        "symbol": "ETHUSDT",
        "productType": "USDT-FUTURES",
        "marginMode": "isolated",
        "marginCoin": "USDT",
        "orderType": "limit",
        "size": "0.6",
        "price": "3050.5",
        "force": "ioc",
        "clientOid": CLIENT_ID,
        "stpMode": "cancel_maker",
        **names,
    }


@pytest.mark.parametrize(
    ("side", "held", "names"),
    [
        (SELL, NET, {"side": "sell", "reduceOnly": "yes"}),
        (SELL, LONG, {"side": "sell", "posSide": "long"}),
        (BUY, SHORT, {"side": "buy", "posSide": "short"}),
    ],
)
def test_a_uta_futures_order(side: Side, held: PositionSide, names: dict[str, str]) -> None:
    assert sent(place_order(Market.FUTURES, side, held, own=False, force=FOK), UTA_TERMS) == {
        "category": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "orderType": "limit",
        "qty": "0.6",
        "price": "3050.5",
        "timeInForce": "fok",
        "clientOid": CLIENT_ID,
        "stpMode": "cancel_taker",
        **names,
    }


def terms_of(market: Market) -> Terms:
    name, wanted = (
        ("spot_rest_symbols", SOL) if market is Market.SPOT else ("mix_rest_contracts", ETH)
    )
    got = decode_market(SPOT, market, wanted, data(name))
    assert isinstance(got, MarketRead)
    instrument: Instrument = got.instrument
    return Terms(market=market, dialect=Dialect.CLASSIC, instrument=instrument)


@pytest.mark.parametrize(
    ("market", "side", "px", "force", "kind"),
    [
        (Market.SPOT, SELL, "0.01", IOC, "market"),
        (Market.SPOT, SELL, "0.02", IOC, "limit"),
        (Market.SPOT, SELL, "0.01", GTC, "limit"),
        (Market.SPOT, BUY, str(HIGHEST_PX), IOC, "limit"),
        (Market.FUTURES, SELL, "0.5", IOC, "market"),
        (Market.FUTURES, BUY, str(HIGHEST_PX), IOC, "market"),
        (Market.FUTURES, BUY, "3050.5", IOC, "limit"),
        (Market.FUTURES, BUY, str(HIGHEST_PX), FOK, "limit"),
    ],
)
def test_any_price_is_a_market_order(
    market: Market, side: Side, px: str, force: TimeInForce, kind: str
) -> None:
    body = sent(place_order(market, side, px=px, force=force), terms_of(market))
    assert body["orderType"] == kind
    assert ("price" in body, "force" in body) == (kind == "limit", kind == "limit")


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_market_order_is_sized_in_base_coin_or_refused(dialect: Dialect) -> None:
    for market, side in ((Market.SPOT, SELL), (Market.FUTURES, SELL), (Market.FUTURES, BUY)):
        command = replace(place_order(market, side), ord_type=OrdType.MARKET, limit_px=None)
        body = sent(command, Terms(market=market, dialect=dialect))
        assert (body["orderType"], body.get("size", body.get("qty"))) == ("market", "0.6")
        assert not {"price", "force", "timeInForce"} & set(body)
    bought = replace(place_order(Market.SPOT, BUY), ord_type=OrdType.MARKET, limit_px=None)
    with pytest.raises(InvalidOrderError, match="sized in quote coin"):
        encode_place(bought, Terms(market=Market.SPOT, dialect=dialect))


@pytest.mark.parametrize(
    ("command", "terms"),
    [
        (place_order(Market.SPOT, SELL, LONG), SPOT_TERMS),
        (place_order(Market.FUTURES, SELL, qty="0"), MIX_TERMS),
        (place_order(Market.FUTURES, SELL, qty="NaN"), UTA_TERMS),
        (place_order(Market.FUTURES, SELL, px="-1"), MIX_TERMS),
    ],
)
def test_an_order_that_cannot_be_said(command: PlaceOrder, terms: Terms) -> None:
    with pytest.raises(InvalidOrderError):
        encode_place(command, terms)


@pytest.mark.parametrize(
    ("terms", "body"),
    [
        (SPOT_TERMS, {"symbol": "SOLUSDT"}),
        (
            MIX_TERMS,
            {"symbol": "ETHUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT"},
        ),
        (UTA_TERMS, {"category": "USDT-FUTURES"}),
    ],
)
def test_a_cancel(terms: Terms, body: dict[str, str]) -> None:
    got = json.loads(encode_cancel(cancel_order(terms.market, MIX_ORDER), terms))
    assert got == {"orderId": MIX_ORDER, **body}


SPOT_SELL = place_order(Market.SPOT, SELL)


def test_an_accepted_order() -> None:
    (got,) = decode_placed(SPOT, SPOT_SELL, 200, frame("place"))
    assert got == OrderAccepted(
        **SPOT,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        transact_time_ns=AT_NS + 500 * MS,
    )


def answer(data: object) -> bytes:
    return json.dumps({"code": "00000", "msg": "", "requestTime": 7, "data": data}).encode()


def test_an_order_that_replaces_another_has_no_id_yet() -> None:
    body = answer({"orderId": "", "clientOid": CLIENT_ID})
    (got,) = decode_placed(FUTURES, place_order(Market.FUTURES, SELL), 200, body)
    assert isinstance(got, OrderAccepted)
    assert got.venue_order_id is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"orderId": "", "clientOid": ""},
        [],
        {
            "orderId": [],
        },
    ],
)
def test_an_answer_without_an_order_proves_nothing(data: object) -> None:
    unread, doubt = decode_placed(FUTURES, place_order(Market.FUTURES, SELL), 200, answer(data))
    assert isinstance(unread, Undecodable)
    assert isinstance(doubt, OrderInDoubt)


def test_an_answer_of_another_order_proves_nothing() -> None:
    body = answer({"orderId": "1", "clientOid": "fdother"})
    assert isinstance(
        decode_placed(FUTURES, place_order(Market.FUTURES, SELL), 200, body)[1], OrderInDoubt
    )


def refusal(code: str) -> bytes:
    return json.dumps({"code": code, "msg": "why", "requestTime": 7, "data": None}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, refusal("43012"), OrderRejected, RejectReason.INSUFFICIENT_FUNDS),
        (400, refusal("22002"), OrderRejected, RejectReason.NO_POSITION),
        (429, b"", OrderRejected, RejectReason.RATE_LIMIT),
        (400, refusal("43118"), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (400, refusal("40010"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (200, refusal("40725"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (400, refusal("45001"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (502, b"<html>", OrderInDoubt, RejectReason.VENUE_ERROR),
        (504, b"", OrderInDoubt, RejectReason.TIMEOUT),
    ],
)
def test_a_refusal(
    status: int,
    body: bytes,
    kind: type[OrderRejected | OrderInDoubt],
    reason: RejectReason,
) -> None:
    (got,) = decode_placed(FUTURES, place_order(Market.FUTURES, SELL), status, body)
    assert isinstance(got, kind)
    assert isinstance(got, OrderRejected | OrderInDoubt)
    assert got.reason is reason


def test_a_cancel_ends_the_order_and_does_not_say_what_filled() -> None:
    got = decode_canceled(SPOT, cancel_order(Market.SPOT, SPOT_ORDER), 200, frame("cancel"))
    assert isinstance(got, OrderCanceled)
    assert (got.cum_qty, got.venue_order_id) == (None, SPOT_ORDER)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, refusal("43001"), RejectReason.NOT_FOUND),
        (400, refusal("45129"), RejectReason.RATE_LIMIT),
        (500, b"", RejectReason.VENUE_ERROR),
    ],
)
def test_a_cancel_that_was_refused(status: int, body: bytes, reason: RejectReason) -> None:
    got = decode_canceled(SPOT, cancel_order(Market.SPOT, SPOT_ORDER), status, body)
    assert isinstance(got, CancelRejected)
    assert got.reason is reason


def test_numbers_are_sent_plain() -> None:
    body = sent(place_order(Market.FUTURES, SELL, qty="1E-7", px="1E+2"), MIX_TERMS)
    assert (body["size"], body["price"]) == ("0.0000001", "100")
    assert D(body["size"]) == D("1E-7")
