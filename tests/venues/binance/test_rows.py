"""REST rows -> golden facts: orders, trades, balances, positions; terms and prices of markets."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import (
    Fill,
    MarketPhase,
    MarketRead,
    OrderSnapshot,
    PositionRow,
    Quote,
    QuoteSource,
    Undecodable,
)
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import (
    ClientOrderId,
    Currency,
    ExecId,
    Liquidity,
    OrdStatus,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.binance.account_wire import (
    decode_balances,
    decode_listen_key,
    decode_position_row,
)
from daemon.venues.binance.market_wire import (
    PHASES,
    Subscribed,
    decode_levels,
    decode_market,
    decode_public_frame,
    decode_quote,
    decode_symbols,
    decode_weight_limit,
    encode_subscription,
)
from daemon.venues.binance.order_wire import decode_order_row, decode_rows, decode_trade_row
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.decoding import Stamp, UnreadableError
from tests.venues.binance.builders import (
    AT_NS,
    CLIENT_ID,
    SOL,
    SPOT_ORDER,
    SPOT_STAMP,
    SUI,
    USDM_ORDER,
    USDM_STAMP,
    changed,
    frame,
    ms,
)

D = Decimal
DATED = Symbol("BTCUSDT_261225")


def test_an_order_row() -> None:
    assert decode_order_row(SPOT_STAMP, frame("spot_query"), AT_NS) == OrderSnapshot(
        **SPOT_STAMP,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        transact_time_ns=ms(5),
        side=Side.SELL,
        status=OrdStatus.PARTIALLY_FILLED,
        order_qty=D("7.5"),
        cum_qty=D("2.25"),
        leaves_qty=D("5.25"),
        limit_px=D("141.2"),
        time_in_force=TimeInForce.GTC,
        as_of_ns=AT_NS,
    )


def test_a_forced_order_is_a_row_like_any_other() -> None:
    (raw,) = decode_rows(frame("usdm_forced"))
    row = decode_order_row(USDM_STAMP, raw, AT_NS)
    assert isinstance(row, OrderSnapshot)
    assert (row.status, row.client_order_id) == (OrdStatus.FILLED, ClientOrderId("adl_autoclose"))


def test_a_market_order_has_no_price_and_another_life_no_word() -> None:
    raw = changed("spot_query", price="0.00000000", timeInForce="GTX", clientOrderId="")
    row = decode_order_row(SPOT_STAMP, raw, AT_NS)
    assert isinstance(row, OrderSnapshot)
    assert (row.limit_px, row.time_in_force, row.client_order_id) == (None, None, None)


@pytest.mark.parametrize("field", ["status", "side", "origQty", "orderId", "symbol"])
def test_an_order_row_that_lacks_something(field: str) -> None:
    raw = changed("spot_query", **{field: ...})
    assert isinstance(decode_order_row(SPOT_STAMP, raw, AT_NS), Undecodable)


def test_trade_rows() -> None:
    sold, bought = decode_rows(frame("spot_trades"))
    assert decode_trade_row(SPOT_STAMP, sold, CLIENT_ID) == Fill(
        **SPOT_STAMP,
        symbol=SOL,
        client_order_id=CLIENT_ID,
        venue_order_id=SPOT_ORDER,
        exec_id=ExecId("884401"),
        side=Side.SELL,
        last_qty=D("2.25"),
        last_px=D("141.31"),
        commission=D("0.00041207"),
        commission_currency=Currency("BNB"),
        transact_time_ns=ms(5),
        liquidity=Liquidity.TAKER,
    )
    assert decode_trade_row(SPOT_STAMP, bought) == Fill(
        **SPOT_STAMP,
        symbol=SOL,
        venue_order_id=VenueOrderId("5550"),
        exec_id=ExecId("884390"),
        side=Side.BUY,
        last_qty=D(1),
        last_px=D(120),
        commission=D("0.001"),
        commission_currency=Currency("SOL"),
        transact_time_ns=ms(-60_000),
        liquidity=Liquidity.MAKER,
    )


def test_usdm_trade_rows_have_a_position_side_and_may_pay_a_rebate() -> None:
    sold, bought = (decode_trade_row(USDM_STAMP, raw) for raw in decode_rows(frame("usdm_trades")))
    assert isinstance(sold, Fill)
    assert isinstance(bought, Fill)
    assert (sold.side, sold.position_side, sold.venue_order_id) == (
        Side.SELL, PositionSide.NET, USDM_ORDER,
    )  # fmt: skip
    assert (bought.side, bought.position_side) == (Side.BUY, PositionSide.SHORT)
    assert (sold.commission, bought.commission) == (D("0.18857378"), D("-0.003412"))
    assert bought.liquidity is Liquidity.MAKER


def trade(**fields: object) -> bytes:
    row = {**json.loads(frame("usdm_trades"))[0], **fields}
    return json.dumps({key: value for key, value in row.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    "fields",
    [{"buyer": True}, {"side": ..., "buyer": ...}, {"qty": "0"}, {"price": "0"}, {"id": 0}],
)
def test_a_trade_row_that_contradicts_itself(fields: dict[str, object]) -> None:
    assert isinstance(decode_trade_row(USDM_STAMP, trade(**fields)), Undecodable)


def test_balances_count_what_is_locked() -> None:
    assert decode_balances(frame("spot_account")) == {"SOL": D(13), "USDT": D("901.1")}
    twice = {"balances": [{"asset": "SOL", "free": "1", "locked": "0"}] * 2}
    with pytest.raises(UnreadableError):
        decode_balances(json.dumps(twice).encode())


def test_positions() -> None:
    short, flat = (
        decode_position_row(USDM_STAMP, raw) for raw in decode_rows(frame("usdm_positions"))
    )
    assert isinstance(flat, PositionRow)
    assert short == PositionRow(symbol=SUI, position_qty=D(-200), cost=D(702))
    assert (flat.position_qty, flat.cost) == (D(0), None)


@pytest.mark.parametrize(
    ("amount", "side", "held"),
    [("5", "LONG", "5"), ("-5", "SHORT", "-5"), ("5", "SHORT", None), ("-5", "LONG", None)],
)
def test_a_hedged_position_has_the_sign_of_its_side(
    amount: str, side: str, held: str | None
) -> None:
    raw = json.dumps({"symbol": "SUIUSDT", "positionAmt": amount, "positionSide": side}).encode()
    row = decode_position_row(USDM_STAMP, raw)
    assert isinstance(row, PositionRow)
    if held is None:
        assert row.position_qty is None
        assert "contradicts" in row.text
        return
    assert (row.position_qty, row.position_side.name) == (D(held), side)


def test_a_position_without_a_name_is_no_row() -> None:
    assert isinstance(decode_position_row(USDM_STAMP, b'{"positionAmt":"5"}'), Undecodable)


def test_small_answers() -> None:
    assert decode_listen_key(b'{"listenKey":"abc"}') == "abc"
    with pytest.raises(UnreadableError):
        decode_listen_key(b"{}")


def read(stamp: object, name: str, symbol: Symbol) -> MarketRead | Undecodable:
    raw = decode_symbols(frame(name))[symbol]
    return decode_market(SPOT_STAMP if stamp == SPOT else USDM_STAMP, raw)


def test_a_spot_pairs_terms() -> None:
    assert read(SPOT, "spot_exchange_info", SOL) == MarketRead(
        **SPOT_STAMP,
        instrument=Instrument(
            venue=SPOT,
            symbol=SOL,
            price_ranges=(PriceRange(start_px=D("0.01"), end_px=D(10_000), step_px=D("0.01")),),
            lot_qty=D("0.001"),
            min_qty=D("0.001"),
            max_qty=D(90000),
            max_market_qty=D("2000.1"),
            min_notional=D(5),
            quote_currency=Currency("USDT"),
            base_currency=Currency("SOL"),
        ),
        phase=MarketPhase.ACTIVE,
    )


def test_contracts_that_last_and_contracts_that_end() -> None:
    perpetual, dated = (read(USDM, "usdm_exchange_info", symbol) for symbol in (SUI, DATED))
    assert isinstance(perpetual, MarketRead)
    assert isinstance(dated, MarketRead)
    assert (perpetual.instrument.min_notional, perpetual.instrument.lot_qty) == (D(0), D("0.1"))
    assert perpetual.instrument.close_time_ns is None
    assert dated.instrument.close_time_ns == 1_798_185_600 * 10**9
    assert dated.phase is MarketPhase.UNOPENED


def test_an_exit_is_rounded_inward_and_never_past_the_position() -> None:
    market = read(USDM, "usdm_exchange_info", SUI)
    assert isinstance(market, MarketRead)
    terms = market.instrument
    assert terms.sellable_qty(D("310.59999")) == D("310.5")
    assert terms.sellable_qty(D("0.09")) == 0
    assert terms.limit_px(D("3.41205"), Side.SELL) == D("3.4121")
    assert terms.limit_px(D("3.41205"), Side.BUY) == D("3.4120")
    assert terms.limit_px(D("0.001"), Side.SELL) == D("0.005")


def info(**fields: object) -> bytes:
    symbol = {**json.loads(frame("spot_exchange_info"))["symbols"][0], **fields}
    return json.dumps(symbol).encode()


@pytest.mark.parametrize("status", PHASES)
def test_every_status_of_a_symbol(status: str) -> None:
    market = decode_market(SPOT_STAMP, info(status=status))
    assert isinstance(market, MarketRead)
    assert market.phase is PHASES[status]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "PONDERING"},
        {"filters": []},
        {"filters": [{"filterType": "PRICE_FILTER"}, {"filterType": "LOT_SIZE"}]},
        {"baseAsset": ""},
        {
            "filters": [
                {"filterType": "LOT_SIZE", "stepSize": "0"},
                {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "9", "tickSize": "1"},
            ]
        },
    ],
)
def test_terms_that_cannot_be_read(fields: dict[str, object]) -> None:
    assert isinstance(decode_market(SPOT_STAMP, info(**fields)), Undecodable)


@pytest.mark.parametrize("stamp", [SPOT_STAMP, USDM_STAMP])
@pytest.mark.parametrize(("least", "read"), [("0.5", "0.5"), ("0", "0"), (None, "0")])
def test_the_least_order_may_be_more_than_a_lot(stamp: Stamp, least: str | None, read: str) -> None:
    grid = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.5"}
    lot = {"filterType": "LOT_SIZE", "stepSize": "0.1", "minQty": least}
    market = decode_market(stamp, info(filters=[grid, lot]))
    assert isinstance(market, MarketRead)
    assert (market.instrument.lot_qty, market.instrument.min_qty) == (D("0.1"), D(read))


def test_a_price_without_a_ceiling() -> None:
    grid = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.5"}
    lot = {"filterType": "LOT_SIZE", "stepSize": "1"}
    market = decode_market(SPOT_STAMP, info(filters=[grid, lot]))
    assert isinstance(market, MarketRead)
    assert market.instrument.limit_px(D("99999999.4"), Side.BUY) == D("99999999.0")
    assert market.instrument.min_notional == 0


def test_the_weight_that_a_minute_grants() -> None:
    assert decode_weight_limit(frame("spot_exchange_info")) == 5_400
    assert decode_weight_limit(b'{"symbols":[]}') is None


def ticker(venue: str, source: QuoteSource, time_ns: int) -> Quote:
    spot = venue == SPOT
    prices = ("141.31", "2.25", "141.35", "60") if spot else ("3.4131", "110.5", "3.4133", "900.1")
    bid_px, bid_qty, ask_px, ask_qty = (D(text) for text in prices)
    return Quote(
        **(SPOT_STAMP if spot else USDM_STAMP),
        symbol=SOL if spot else SUI,
        bid_px=bid_px,
        bid_qty=bid_qty,
        ask_px=ask_px,
        ask_qty=ask_qty,
        source=source,
        venue_time_ns=time_ns,
    )


def test_best_prices() -> None:
    rest, stream = QuoteSource.REST, QuoteSource.TICKER
    assert decode_quote(SPOT_STAMP, SOL, frame("spot_book_ticker")) == ticker(SPOT, rest, 0)
    assert decode_quote(USDM_STAMP, SUI, frame("usdm_book_ticker")) == ticker(USDM, rest, ms(1))
    spot = decode_public_frame(SPOT_STAMP, frame("spot_stream_ticker"))
    assert spot == ticker(SPOT, stream, 0)
    usdm = decode_public_frame(USDM_STAMP, frame("usdm_stream_ticker"))
    assert usdm == ticker(USDM, stream, ms(2))


def test_an_empty_side_has_no_price_and_a_crossed_book_is_not_read() -> None:
    empty = decode_public_frame(SPOT_STAMP, changed("spot_stream_ticker", b="0.0", B="0.0"))
    assert isinstance(empty, Quote)
    assert empty.bid_px is None
    assert empty.bid_qty == 0
    crossed = decode_public_frame(SPOT_STAMP, changed("spot_stream_ticker", b="150"))
    assert isinstance(crossed, Undecodable)
    assert isinstance(decode_quote(SPOT_STAMP, SUI, frame("spot_book_ticker")), Undecodable)
    assert isinstance(decode_quote(SPOT_STAMP, SOL, b"[]"), Undecodable)


def test_a_book_beyond_its_best_prices() -> None:
    assert decode_levels(frame("spot_depth")) == (
        [(D("142.28"), D(21)), (D("142.25"), D("3.5"))],
        [(D("142.30"), D(7)), (D("142.31"), D("40.2"))],
    )
    assert decode_levels(frame("usdm_depth"))[1] == [(D("4.0020"), D(12))]
    for bad in ({"bids": [["0", "1"]]}, {"asks": [["1", "-1"]]}, {"asks": [[1.5, 2]]}):
        with pytest.raises(UnreadableError):
            decode_levels(changed("spot_depth", **bad))


def test_subscriptions() -> None:
    assert json.loads(encode_subscription(3, "SUBSCRIBE", [SOL, SUI])) == {
        "method": "SUBSCRIBE",
        "params": ["solusdt@bookTicker", "suiusdt@bookTicker"],
        "id": 3,
    }
    assert decode_public_frame(SPOT_STAMP, b'{"result":null,"id":3}') == Subscribed()
    for refused in (
        b'{"error":{"code":2,"msg":"Invalid request"},"id":3}',
        b'{"code":2,"msg":"no","id":3}',
    ):
        answer = decode_public_frame(SPOT_STAMP, refused)
        assert isinstance(answer, Subscribed)
        assert answer.refusal
