"""Recorded websocket frames -> golden events, and the same ones damaged: nothing ever raises."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import (
    Fill,
    MarketChanged,
    MarketPhase,
    OrderSnapshot,
    Quote,
    QuoteSource,
    Undecodable,
)
from daemon.core.terms import Currency, ExecId, Liquidity, OrdStatus, Side, VenueOrderId
from daemon.venues.kalshi.stream_wire import (
    Acked,
    BookDelta,
    BookSnapshot,
    Frame,
    Ignored,
    PositionHint,
    Reread,
    ServerError,
    Subscribed,
    decode_frame,
)
from tests.venues.kalshi.builders import AT_NS, CLIENT_ID, ORDER_ID, STAMP, TICKER, frame, quote

D = Decimal
EXEC = ExecId("aa11bb22-3c4d-4e5f-8a9b-0c1d2e3f4a5b")

WS_FILL = Fill(
    **STAMP,
    symbol=TICKER,
    client_order_id=CLIENT_ID,
    venue_order_id=ORDER_ID,
    exec_id=EXEC,
    side=Side.BUY,
    last_qty=D("3.5"),
    last_px=D("0.42"),
    commission=D("0.0597"),
    commission_currency=Currency("USD"),
    transact_time_ns=AT_NS + 250_000_000,
    liquidity=Liquidity.MAKER,
    position_qty=D(-9),
)
WS_ORDER = OrderSnapshot(
    **STAMP,
    symbol=TICKER,
    client_order_id=CLIENT_ID,
    venue_order_id=VenueOrderId(ORDER_ID),
    side=Side.BUY,
    status=OrdStatus.PARTIALLY_FILLED,
    order_qty=D(10),
    cum_qty=D(2),
    leaves_qty=D(8),
    limit_px=D("0.35"),
    as_of_ns=AT_NS + 250_000_000,
    text="Trade",
)
BIDS = ((D("0.05"), D(90)), (D("0.41"), D(21)))
ASKS = ((D("0.44"), D("8.5")), (D("0.98"), D(10)))
BOOK_NS = AT_NS + 500_000_000


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("ws_fill", WS_FILL),
        ("ws_user_order", WS_ORDER),
        ("ws_market_position", PositionHint(TICKER, D(-9))),
        ("ws_ticker", quote(source=QuoteSource.TICKER, venue_time_ns=BOOK_NS)),
        ("ws_orderbook_snapshot", BookSnapshot(TICKER, BIDS, ASKS)),
        ("ws_orderbook_delta", BookDelta(TICKER, True, D("0.41"), D(-21), BOOK_NS)),
        (
            "ws_lifecycle_determined",
            MarketChanged(**STAMP, symbol=TICKER, phase=MarketPhase.DETERMINED, settl_px=D("0.37")),
        ),
        ("ws_lifecycle_grid", Reread(TICKER)),
        (
            "ws_lifecycle_close",
            MarketChanged(**STAMP, symbol=TICKER, close_time_ns=1796114000 * 10**9),
        ),
        ("ws_lifecycle_created", Ignored("created")),
        ("ws_subscribed", Subscribed("fill", 13)),
        ("ws_ok", Acked()),
        ("ws_error", ServerError(25, "Subscription buffer overflow")),
        ("ws_trade", Ignored("trade")),
    ],
)
def test_a_frame(name: str, body: object) -> None:
    raw = frame(name)
    sent = json.loads(raw)
    assert decode_frame(STAMP, raw, 0) == Frame(
        body,  # type: ignore[arg-type]
        sent.get("id"),
        sent.get("sid"),
        sent.get("seq"),
        sent["sending_ts_ms"] * 10**6 if "sending_ts_ms" in sent else None,
    )


@pytest.mark.parametrize("name", ["ws_fill", "ws_user_order", "ws_market_position"])
def test_another_subaccounts_facts_are_not_ours(name: str) -> None:
    assert isinstance(decode_frame(STAMP, frame(name), 3).body, Ignored)


@pytest.mark.parametrize(
    ("event_type", "extra", "phase"),
    [
        ("activated", {}, MarketPhase.ACTIVE),
        ("deactivated", {"is_deactivated": True}, MarketPhase.PAUSED),
        ("deactivated", {"is_deactivated": False}, MarketPhase.ACTIVE),
        ("settled", {"settled_ts": 1796114000}, MarketPhase.SETTLED),
        ("exploded", {}, None),
        ("close_date_updated", {}, None),
    ],
)
def test_lifecycle(event_type: str, extra: dict[str, object], phase: MarketPhase | None) -> None:
    msg = {"market_ticker": TICKER, "event_type": event_type, **extra}
    raw = json.dumps({"type": "market_lifecycle_v2", "sid": 1, "seq": 1, "msg": msg})
    body = decode_frame(STAMP, raw.encode(), 0).body
    if phase is None:
        assert isinstance(body, Undecodable)
    else:
        assert isinstance(body, MarketChanged)
        assert body.phase is phase


@pytest.mark.parametrize(
    ("name", "damage", "body"),
    [
        ("ws_orderbook_delta", {"ts_ms": None}, BOOK_NS),
        ("ws_orderbook_delta", {"ts_ms": None, "ts": None}, 0),
        ("ws_ticker", {"ts_ms": None}, AT_NS),
        ("ws_ticker", {"ts_ms": None, "ts": None}, 0),
        ("ws_orderbook_delta", {"side": "both"}, None),
    ],
)
def test_prices_may_come_without_milliseconds(
    name: str, damage: dict[str, object], body: int | None
) -> None:
    message = json.loads(frame(name))
    message["msg"].update(damage)
    found = decode_frame(STAMP, json.dumps(message).encode(), 0).body
    if body is None:
        assert isinstance(found, Undecodable)
    else:
        assert isinstance(found, BookDelta | Quote)
        assert found.venue_time_ns == body


def test_an_unknown_type_and_sentinels() -> None:
    assert isinstance(decode_frame(STAMP, b'{"type":"novelty","msg":{}}', 0).body, Undecodable)
    ticker = json.loads(frame("ws_ticker"))
    ticker["msg"].update(yes_bid_dollars="0.0000", yes_ask_dollars="1.0000")
    body = decode_frame(STAMP, json.dumps(ticker).encode(), 0).body
    assert isinstance(body, Quote)
    assert (body.bid_px, body.ask_px) == (None, None)
