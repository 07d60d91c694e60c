"""Every push of the sheet -> golden events, in both dialects and on both markets."""

from __future__ import annotations

import pytest

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderSnapshot,
    PositionRow,
    Quote,
    QuoteSource,
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
from daemon.venues.bitget.account_wire import Held
from daemon.venues.bitget.push_wire import Rows, Told
from daemon.venues.bitget.stream_wire import (
    Book,
    Frame,
    Ignored,
    LoggedIn,
    Pong,
    ServerError,
    Subscribed,
    decode_frame,
)
from daemon.venues.bitget.wire import USDT, Dialect, Market
from tests.venues.bitget.builders import (
    AT_MS,
    AT_NS,
    CLIENT_ID,
    ETH,
    FUTURES,
    FUTURES_TOLD,
    HEDGED_TOLD,
    MIX_ORDER,
    MS,
    SOL,
    SPOT,
    SPOT_ORDER,
    SPOT_TOLD,
    UTA_ORDER,
    D,
    frame,
)

BGB = Currency("BGB")
SENT_NS = AT_NS + 900 * MS


def fill(told: Told, exec_id: str, ms: int, qty: str, px: str, fee: str, **said: object) -> Fill:
    spot = told is SPOT_TOLD
    fields: dict[str, object] = {
        "symbol": SOL if spot else ETH,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER if spot else MIX_ORDER,
        "side": Side.SELL,
        "commission_currency": USDT,
        "liquidity": Liquidity.TAKER,
        **said,
    }
    return Fill(
        **told.stamp,
        exec_id=ExecId(exec_id),
        last_qty=D(qty),
        last_px=D(px),
        commission=D(fee),
        transact_time_ns=AT_NS + ms * MS,
        **fields,  # type: ignore[arg-type]
    )


def order(told: Told, ms: int, status: OrdStatus, cum: str, **said: object) -> OrderSnapshot:
    spot = told is SPOT_TOLD
    total = D("2.5") if spot else D("0.60")
    fields: dict[str, object] = {
        "symbol": SOL if spot else ETH,
        "client_order_id": CLIENT_ID,
        "venue_order_id": SPOT_ORDER if spot else MIX_ORDER,
        "side": Side.SELL,
        "order_qty": total,
        "leaves_qty": D(0) if status is OrdStatus.FILLED else total - D(cum),
        "limit_px": D("150.25") if spot else D("3050.5"),
        "position_side": PositionSide.NET if spot else PositionSide.LONG,
        "time_in_force": TimeInForce.GTC if spot else TimeInForce.IOC,
        **said,
    }
    at_ns = AT_NS + ms * MS
    return OrderSnapshot(
        **told.stamp,
        status=status,
        cum_qty=D(cum),
        transact_time_ns=at_ns,
        as_of_ns=at_ns,
        **fields,  # type: ignore[arg-type]
    )


def canceled(told: Told, ms: int, cum: str, order_id: VenueOrderId, text: str) -> OrderCanceled:
    return OrderCanceled(
        **told.stamp,
        symbol=SOL if told is SPOT_TOLD else ETH,
        client_order_id=CLIENT_ID,
        venue_order_id=order_id,
        transact_time_ns=AT_NS + ms * MS,
        cum_qty=D(cum),
        text=text,
    )


PARTIAL, NEW, FILLED = OrdStatus.PARTIALLY_FILLED, OrdStatus.NEW, OrdStatus.FILLED
LONG, SHORT, NET = PositionSide.LONG, PositionSide.SHORT, PositionSide.NET
FIRST, LAST = "1300000000000000101", "1300000000000000102"
SPOT_FIRST = fill(SPOT_TOLD, FIRST, 100, "0.75", "150.30", "0.112725", liquidity=Liquidity.MAKER)
MIX_FIRST = fill(
    FUTURES_TOLD, "1400000000000000101", 100, "0.45", "3051", "0.82377", position_side=LONG
)

CLASSIC_SPOT = {
    "spot_orders_live": (order(SPOT_TOLD, 0, NEW, "0"),),
    "spot_orders_partial": (SPOT_FIRST, order(SPOT_TOLD, 110, PARTIAL, "0.75")),
    "spot_orders_last_partial": (
        fill(SPOT_TOLD, LAST, 200, "1.75", "150.25", "8.9E-10", commission_currency=BGB),
        order(SPOT_TOLD, 210, PARTIAL, "2.5"),
    ),
    "spot_orders_filled": (order(SPOT_TOLD, 220, FILLED, "2.5"),),
    "spot_orders_canceled": (canceled(SPOT_TOLD, 300, "0.75", SPOT_ORDER, ""),),
    "spot_orders_market_buy": (
        fill(
            SPOT_TOLD, "1300000000000000103", 400, "0.5996", "150.10", "0.0005996",
            side=Side.BUY, commission_currency=Currency("SOL"),
            client_order_id=ClientOrderId("hand-1"),
            venue_order_id=VenueOrderId("1300000000000000002"),
        ),
        order(
            SPOT_TOLD, 410, PARTIAL, "0.5996", side=Side.BUY, order_qty=D("0.5996"),
            leaves_qty=D(0), limit_px=None, client_order_id=ClientOrderId("hand-1"),
            venue_order_id=VenueOrderId("1300000000000000002"),
        ),
    ),
    "spot_fill": (
        fill(
            SPOT_TOLD, FIRST, 100, "0.75", "150.30", "0.112725",
            liquidity=Liquidity.MAKER, client_order_id=None,
        ),
    ),
    "spot_account": (),
}  # fmt: skip

CLASSIC_FUTURES = {
    "mix_orders_live": (order(FUTURES_TOLD, 0, NEW, "0"),),
    "mix_orders_partial": (MIX_FIRST, order(FUTURES_TOLD, 105, PARTIAL, "0.45")),
    "mix_orders_filled": (
        fill(
            FUTURES_TOLD, "1400000000000000102", 150, "0.15", "3050.5", "0.274545",
            position_side=LONG,
        ),
        order(FUTURES_TOLD, 155, FILLED, "0.60"),
    ),
    "mix_orders_canceled": (
        canceled(FUTURES_TOLD, 200, "0.45", MIX_ORDER, "ioc_not_full_deal_cancel"),
    ),
    "mix_fill": (MIX_FIRST,),
    "mix_fill_liquidation": (
        fill(
            FUTURES_TOLD, "1400000000000000107", 100, "0.45", "3051", "0.31",
            commission_currency=BGB, client_order_id=None,
            venue_order_id=VenueOrderId("1400000000000000007"), cause=FillCause.LIQUIDATION,
        ),
    ),
    "mix_account": (),
    "mix_orders_algo": (
        order(
            FUTURES_TOLD, 10, OrdStatus.PENDING_NEW, "0", order_qty=D("0.25"),
            leaves_qty=D("0.25"), limit_px=D("2895.5"), time_in_force=None,
            client_order_id=ClientOrderId("hand-2"), text="conditional: live",
            venue_order_id=VenueOrderId("1400000000000000501"),
        ),
    ),
}  # fmt: skip

UTA_FUTURES = {
    "uta_order": (order(FUTURES_TOLD, 105, PARTIAL, "0.45", venue_order_id=UTA_ORDER),),
    "uta_order_canceled": (
        canceled(FUTURES_TOLD, 200, "0.45", UTA_ORDER, "ioc_not_full_deal_cancel"),
    ),
    "uta_order_spot": (),
    "uta_fill": (
        fill(
            FUTURES_TOLD, "1500000000000000101", 100, "0.45", "3051", "0.82377",
            position_side=LONG, venue_order_id=UTA_ORDER,
        ),
    ),
    "uta_account": (),
    "uta_strategy_order": (
        order(
            FUTURES_TOLD, 10, OrdStatus.PENDING_NEW, "0", order_qty=D("0.25"),
            leaves_qty=D("0.25"), limit_px=D("2895.5"), time_in_force=None,
            client_order_id=ClientOrderId("hand-4"), text="conditional: pending",
            venue_order_id=VenueOrderId("1500000000000000501"),
        ),
    ),
}  # fmt: skip


def events_of(told: Told, dialect: Dialect, name: str) -> object:
    got = decode_frame(told, dialect, frame(name))
    assert got.sent_ns == SENT_NS
    assert isinstance(got.body, Rows), got.body
    return got.body.events


@pytest.mark.parametrize("name", CLASSIC_SPOT)
def test_a_classic_push_on_spot(name: str) -> None:
    assert events_of(SPOT_TOLD, Dialect.CLASSIC, name) == CLASSIC_SPOT[name]


@pytest.mark.parametrize("name", CLASSIC_FUTURES)
def test_a_classic_push_on_futures(name: str) -> None:
    assert events_of(FUTURES_TOLD, Dialect.CLASSIC, name) == CLASSIC_FUTURES[name]


@pytest.mark.parametrize("name", UTA_FUTURES)
def test_a_uta_push_on_futures(name: str) -> None:
    assert events_of(HEDGED_TOLD, Dialect.UTA, name) == UTA_FUTURES[name]


def test_a_uta_push_on_spot() -> None:
    assert events_of(SPOT_TOLD, Dialect.UTA, "uta_order_spot") == (
        order(SPOT_TOLD, 0, NEW, "0", venue_order_id=VenueOrderId("1500000000000000002")),
    )
    for name in ("uta_order", "uta_fill", "uta_strategy_order"):
        assert events_of(SPOT_TOLD, Dialect.UTA, name) == ()


def held(side: PositionSide, qty: str, cost: str) -> Held:
    row = PositionRow(symbol=ETH, position_qty=D(qty), position_side=side, cost=D(cost))
    return Held(row, hedged=side is not NET, margin_mode="isolated")


def test_positions_name_the_modes_of_the_account() -> None:
    got = decode_frame(FUTURES_TOLD, Dialect.CLASSIC, frame("mix_positions")).body
    both = (held(LONG, "0.60", "1812.150"), held(SHORT, "-0.20", "620.00"))
    assert got == Rows(held=both, hedged=True)
    got = decode_frame(FUTURES_TOLD, Dialect.UTA, frame("uta_position")).body
    assert got == Rows(held=(held(NET, "0.60", "1812.150"),), hedged=False)


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (Dialect.CLASSIC, "mix_positions_history"),
        (Dialect.CLASSIC, "mix_adl"),
        (Dialect.UTA, "uta_adl"),
        (Dialect.UTA, "uta_fast_fill"),
    ],
)
def test_what_no_order_of_ours_has_done_is_looked_at(dialect: Dialect, name: str) -> None:
    assert decode_frame(FUTURES_TOLD, dialect, frame(name)).body == Rows(reread=(ETH,))


def quote(told: Told, bid: tuple[str, str], ask: tuple[str, str], **said: object) -> Quote:
    return Quote(
        **told.stamp,
        symbol=SOL if told is SPOT_TOLD else ETH,
        bid_px=D(bid[0]),
        bid_qty=D(bid[1]),
        ask_px=D(ask[0]),
        ask_qty=D(ask[1]),
        source=QuoteSource.BOOK,
        venue_time_ns=AT_NS + 880 * MS,
    )


def test_books() -> None:
    got = decode_frame(SPOT_TOLD, Dialect.CLASSIC, frame("books1"))
    best = quote(SPOT_TOLD, ("150.28", "1.5"), ("150.31", "4"))
    assert got == Frame(Book(best, 912), "books1", SENT_NS)
    got = decode_frame(FUTURES_TOLD, Dialect.UTA, frame("uta_books1"))
    best = quote(FUTURES_TOLD, ("3049.5", "0.16"), ("3050.5", "0.25"))
    assert got == Frame(Book(best, 1304314508780744705), "books1", SENT_NS)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"pong", Pong()),
        (frame("login"), LoggedIn()),
        (b'{"event":"login","code":"0","msg":""}', LoggedIn()),
        (frame("login_error"), ServerError("30005", "error")),
        (b'{"event":"login","code":"30011","msg":"key"}', ServerError("30011", "key")),
        (frame("subscribed"), Subscribed("orders")),
        (
            b'{"event":"subscribe","arg":{"instType":"spot","topic":"books1","symbol":"ETHUSDT"}}',
            Subscribed("books1", ETH),
        ),
        (b'{"event":"unsubscribe","arg":{}}', Ignored("unsubscribe")),
        (
            frame("error"),
            ServerError("30001", "instType:SPOT,channel:fill,instId:default doesn't exist"),
        ),
    ],
)
def test_answers(raw: bytes, body: object) -> None:
    assert decode_frame(SPOT_TOLD, Dialect.CLASSIC, raw).body == body


def test_the_other_market_is_not_ours() -> None:
    body = decode_frame(FUTURES_TOLD, Dialect.CLASSIC, frame("spot_orders_partial")).body
    assert body == Ignored("orders of SPOT")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"pong!",
        b"[]",
        b'{"event":"novelty"}',
        b'{"action":"snapshot"}',
        b'{"arg":{"instType":"SPOT","channel":"novelty"},"data":[],"ts":1}',
        b'{"arg":{"instType":"SPOT","channel":"orders"},"data":[],"ts":"soon"}',
        b'{"arg":{"instType":"SPOT","channel":"books1","instId":"SOLUSDT"},"data":[],"ts":1}',
    ],
)
def test_what_we_do_not_know_is_said(raw: bytes) -> None:
    assert isinstance(decode_frame(SPOT_TOLD, Dialect.CLASSIC, raw).body, Undecodable)


def test_one_bad_row_costs_the_others_nothing() -> None:
    raw = frame("spot_orders_partial").replace(b'"data": [', b'"data": [{"orderId":5},')
    body = decode_frame(SPOT_TOLD, Dialect.CLASSIC, raw).body
    assert isinstance(body, Rows)
    assert [type(event) for event in body.events] == [Undecodable, Fill, OrderSnapshot]


def test_a_fill_is_told_though_its_order_cannot_be_read() -> None:
    raw = frame("mix_orders_partial").replace(b'"partially_filled"', b'"novelty"')
    body = decode_frame(FUTURES_TOLD, Dialect.CLASSIC, raw).body
    assert isinstance(body, Rows)
    assert [type(event) for event in body.events] == [Fill, Undecodable]
    raw = frame("mix_orders_partial").replace(b'"fillPrice": "3051"', b'"fillPrice": ""')
    body = decode_frame(FUTURES_TOLD, Dialect.CLASSIC, raw).body
    assert isinstance(body, Rows)
    assert [type(event) for event in body.events] == [OrderSnapshot, Undecodable]


def test_the_frames_are_of_one_time() -> None:
    assert FUTURES["receive_time_ns"] == SPOT["receive_time_ns"] == AT_MS * MS
    assert Market.SPOT.venue == "bitget-spot"
    assert Market.FUTURES.venue == "bitget-usdt-futures"
