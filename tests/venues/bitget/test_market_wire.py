"""Filters of three shapes as instruments, with exits that never grow; order books as quotes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.events import MarketPhase, MarketRead, Quote, QuoteSource, Undecodable
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import Currency, Side, Symbol
from daemon.venues.bitget.market_wire import (
    HIGHEST_PX,
    PHASES,
    decode_levels,
    decode_market,
    decode_quote,
)
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import AT_NS, ETH, FUTURES, MS, SOL, SPOT, D, data

TERMS: dict[str, tuple[Market, Symbol]] = {
    "spot_rest_symbols": (Market.SPOT, SOL),
    "mix_rest_contracts": (Market.FUTURES, ETH),
    "uta_rest_instruments": (Market.FUTURES, ETH),
}


def instrument(
    market: Market, step_px: str, lot_qty: str, minimum: str, close_ms: int | None = None
) -> Instrument:
    spot = market is Market.SPOT
    grid = PriceRange(start_px=D(0), end_px=HIGHEST_PX, step_px=D(step_px))
    return Instrument(
        venue=market.venue,
        symbol=SOL if spot else ETH,
        price_ranges=(grid,),
        lot_qty=D(lot_qty),
        min_notional=D(minimum),
        quote_currency=Currency("USDT"),
        base_currency=Currency("SOL") if spot else None,
        close_time_ns=None if close_ms is None else close_ms * MS,
    )


@pytest.mark.parametrize(
    ("name", "expected", "phase"),
    [
        (
            "spot_rest_symbols",
            instrument(Market.SPOT, "0.01", "0.0001", "1"),
            MarketPhase.ACTIVE,
        ),
        (
            "mix_rest_contracts",
            instrument(Market.FUTURES, "0.5", "0.01", "5"),
            MarketPhase.ACTIVE,
        ),
        (
            "uta_rest_instruments",
            instrument(Market.FUTURES, "0.05", "0.005", "5", 1798761600000),
            MarketPhase.ACTIVE,
        ),
    ],
)
def test_terms(name: str, expected: Instrument, phase: MarketPhase) -> None:
    market, wanted = TERMS[name]
    stamp = SPOT if market is Market.SPOT else FUTURES
    got = decode_market(stamp, market, wanted, data(name))
    assert got == MarketRead(**stamp, instrument=expected, phase=phase)


@pytest.mark.parametrize("field", ["minTradeAmount", "minOrderQty"])
def test_spots_least_order_binds_an_exit_and_futures_only_binds_what_opens(field: str) -> None:
    said = b'"quoteCoin": "USDT", "%s": "0.5"' % field.encode()
    for name, stamp, least in (
        ("spot_rest_symbols", SPOT, "0.5"),
        ("mix_rest_contracts", FUTURES, "0"),
    ):
        market, wanted = TERMS[name]
        raw = bytes(data(name)).replace(b'"quoteCoin": "USDT"', said)
        raw = raw.replace(b'"minTradeAmount": "0",', b"")
        got = decode_market(stamp, market, wanted, msgspec.Raw(raw))
        assert isinstance(got, MarketRead)
        assert got.instrument.min_qty == Decimal(least)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("online", MarketPhase.ACTIVE),
        ("normal", MarketPhase.ACTIVE),
        ("limit_open", MarketPhase.ACTIVE),
        ("gray", MarketPhase.UNOPENED),
        ("listed", MarketPhase.UNOPENED),
        ("halt", MarketPhase.PAUSED),
        ("maintain", MarketPhase.PAUSED),
        ("limit_close", MarketPhase.PAUSED),
        ("restrictedAPI", MarketPhase.PAUSED),
        ("offline", MarketPhase.CLOSED),
        ("off", MarketPhase.CLOSED),
    ],
)
def test_phases(status: str, phase: MarketPhase) -> None:
    raw = bytes(data("spot_rest_symbols")).replace(b"online", status.encode())
    got = decode_market(SPOT, Market.SPOT, SOL, msgspec.Raw(raw))
    assert isinstance(got, MarketRead)
    assert got.phase is phase
    assert len(PHASES) == 11


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"online"', b'"novelty"'),
        (b'"pricePrecision": "2"', b'"pricePrecision": "2.5"'),
        (b'"pricePrecision": "2"', b'"pricePrecision": "99"'),
        (b'"quantityPrecision": "4"', b'"quantityPrecision": ""'),
        (b'"SOLUSDT"', b'"SOLUSDC"'),
        (b'"baseCoin": "SOL"', b'"baseCoin": ""'),
        (b'"quantityPrecision": "4"', b'"sizeMultiplier": "0"'),
    ],
)
def test_terms_that_cannot_be_read(old: bytes, new: bytes) -> None:
    raw = bytes(data("spot_rest_symbols"))
    assert old in raw
    got = decode_market(SPOT, Market.SPOT, SOL, msgspec.Raw(raw.replace(old, new)))
    assert isinstance(got, Undecodable)


AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=8, allow_nan=False)


@given(AMOUNTS, AMOUNTS, st.sampled_from(sorted(TERMS)))
def test_an_exit_never_grows_past_the_position(held: Decimal, px: Decimal, name: str) -> None:
    market, wanted = TERMS[name]
    got = decode_market(SPOT, market, wanted, data(name))
    assert isinstance(got, MarketRead)
    terms = got.instrument
    qty = terms.sellable_qty(held)
    assert 0 <= held - qty < terms.lot_qty
    assert qty % terms.lot_qty == 0
    assert terms.limit_px(px, Side.SELL) >= px
    step = terms.price_ranges[0].step_px
    assert terms.limit_px(max(px, step), Side.BUY) <= max(px, step)


def quote(symbol: Symbol, bid: tuple[str, str], ask: tuple[str, str]) -> Quote:
    return Quote(
        **(SPOT if symbol == SOL else FUTURES),
        symbol=symbol,
        bid_px=D(bid[0]),
        bid_qty=D(bid[1]),
        ask_px=D(ask[0]),
        ask_qty=D(ask[1]),
        source=QuoteSource.REST,
        venue_time_ns=AT_NS + 480 * MS,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spot_rest_orderbook", quote(SOL, ("150.28", "1.5"), ("150.31", "4"))),
        ("mix_rest_depth", quote(ETH, ("3049.5", "0.16"), ("3050.5", "0.25"))),
        ("uta_rest_orderbook", quote(ETH, ("3049.5", "0.160"), ("3050.50", "0.25"))),
    ],
)
def test_a_rest_order_book(name: str, expected: Quote) -> None:
    stamp = SPOT if expected.symbol == SOL else FUTURES
    assert decode_quote(stamp, expected.symbol, data(name)) == expected


def test_its_levels_are_decimals_as_they_were_written() -> None:
    assert decode_levels(bytes(data("mix_rest_depth"))) == (
        [(D("3049.5"), D("0.16")), (D("3049.0"), D("0.32"))],
        [(D("3050.5"), D("0.25")), (D("3051.0"), D("1.16"))],
    )
    assert decode_levels(bytes(data("uta_rest_orderbook")))[0][1] == (D(3049), D(10))
    assert decode_levels(bytes(data("spot_rest_orderbook")))[1][1] == (D("150.35"), D(10))


def test_an_empty_side_is_no_price() -> None:
    got = decode_quote(SPOT, SOL, msgspec.Raw(b'{"asks":[],"bids":[["5","0"],["4","1"]]}'))
    assert isinstance(got, Quote)
    assert (got.bid_px, got.ask_px, got.ask_qty, got.venue_time_ns) == (D(4), None, D(0), 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"asks":[]}',
        b'{"asks":[["1","1"]],"bids":[["1","1"]]}',
        b'{"asks":[["-1","1"]],"bids":[]}',
        b'{"asks":[["1","-1"]],"bids":[]}',
        b'{"asks":[["NaN","1"]],"bids":[]}',
        b'{"asks":[["1"]],"bids":[]}',
        b'{"asks":[],"bids":[],"ts":"soon"}',
    ],
)
def test_an_order_book_that_cannot_be_read(raw: bytes) -> None:
    assert isinstance(decode_quote(SPOT, SOL, msgspec.Raw(raw)), Undecodable)
