"""Reads that anybody may make: products with their scales, time, order books, tickers."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.model import Instrument, Phase
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import Side
from daemon.paper.phemex.calls import Call, Route
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.words import Json
from daemon.paper.units import ZERO, decimals, millis

DEPTH = 30
_STATUSES = {Phase.TRADING: "Listed", Phase.NO_OPENING: "Listed", Phase.HALTED: "Suspended"}
_NO_SUCH_BOOK: Json = {
    "error": {"code": 6001, "message": "invalid argument"},
    "id": None,
    "result": None,
}


def time(call: Call) -> object:
    """GET /public/time"""
    return {"serverTime": millis(call.market.venue.door_ns())}


def products(call: Call) -> object:
    """GET /public/products: spot symbols, USDT perpetuals, all coins with their scales."""
    market = call.market
    known = call.exchange.instruments.values()
    spots = [] if market.venue.is_contract else [_spot_view(market, each) for each in known]
    perps = [_perp_view(each) for each in known] if market.venue.is_contract else []
    return {
        "ratioScale": 8,
        "currencies": [
            {
                "code": number,
                "currency": coin,
                "name": coin,
                "valueScale": market.value_scale(coin),
                "minValueEv": 1,
                "maxValueEv": 5_000_000_000_000_000_000,
                "status": "Listed",
            }
            for coin, number in market.coins().items()
        ],
        "products": spots,
        "perpProductsV2": perps,
        "riskLimits": [],
        "riskLimitsV2": [],
    }


def contracts(_call: Call) -> object:
    """GET /v1/exchange/public/products: coin-margined contracts, of which there are none here."""
    return []


def _spot_view(market: Market, spot: Instrument) -> Json:
    base, quote = spot.base, spot.quote
    return {
        "symbol": spot.symbol,
        "code": 1000 + market.coins()[base],
        "type": "Spot",
        "displaySymbol": f"{base} / {quote}",
        "quoteCurrency": quote,
        "priceScale": market.price_scale(spot),
        "ratioScale": 8,
        "pricePrecision": decimals(plain(spot.tick)),
        "baseCurrency": base,
        "baseTickSize": f"{plain(spot.lot)} {base}",
        "baseTickSizeEv": market.ev(spot.lot, base),
        "quoteTickSize": f"{plain(spot.tick)} {quote}",
        "quoteTickSizeEv": market.ep(spot.tick, spot),
        "minOrderValue": f"{plain(spot.min_notional)} {quote}",
        "minOrderValueEv": market.ev(spot.min_notional, quote),
        "maxBaseOrderSize": f"{plain(spot.max_qty)} {base}",
        "maxBaseOrderSizeEv": market.ev(spot.max_qty, base),
        "defaultTakerFee": plain(spot.taker_rate),
        "defaultMakerFee": plain(spot.maker_rate),
        "status": _STATUSES[spot.phase],
    }


def _perp_view(perp: Instrument) -> Json:
    return {
        "symbol": perp.symbol,
        "type": "PerpetualV2",
        "displaySymbol": f"{perp.base} / {perp.quote}",
        "settleCurrency": perp.quote,
        "quoteCurrency": perp.quote,
        "contractUnderlyingAssets": perp.base,
        "baseCurrency": perp.base,
        "tickSize": plain(perp.tick),
        "priceScale": 0,
        "ratioScale": 0,
        "pricePrecision": decimals(plain(perp.tick)),
        "status": _STATUSES[perp.phase],
        "maxOrderQtyRq": plain(perp.max_qty),
        "maxPriceRp": "2000000",
        "minOrderValueRv": plain(perp.min_notional),
        "minPriceRp": plain(perp.tick),
        "qtyPrecision": decimals(plain(perp.lot)),
        "qtyStepSize": plain(perp.lot),
        "tipOrderQtyRq": plain(perp.max_qty / 5),
        "fundingInterval": 28800,
        "maxLeverage": 100,
    }


# Order books and tickers


def orderbook(call: Call) -> object:
    """GET /md/orderbook, /md/v2/orderbook: thirty levels."""
    return _book(call, DEPTH)


def full_book(call: Call) -> object:
    """GET /md/fullbook, /md/v2/fullbook"""
    return _book(call, 0)


def _book(call: Call, depth: int) -> object:
    instrument = call.exchange.instruments.get(call.params.text("symbol"))
    if instrument is None:
        return _NO_SUCH_BOOK
    sides = [top(call.market, instrument, side, depth) for side in Side]
    return _result(book_frame(call.market, instrument, sides, depth, "snapshot"))


Levels = dict[Decimal, Decimal]


def top(market: Market, instrument: Instrument, side: Side, depth: int) -> Levels:
    """The best levels of a side, all for depth 0."""
    rows = market.venue.exchange.books[instrument.symbol].levels(side)
    return dict(rows[:depth] if depth else rows)


def book_frame(
    market: Market, instrument: Instrument, sides: list[Levels], depth: int, kind: str
) -> Json:
    """A book or its changes: texts for perpetuals, scaled integers for spot."""
    views: list[list[tuple[object, object]]] = []
    for levels in sides:
        if instrument.is_contract:
            views.append([(plain(px), plain(qty)) for px, qty in levels.items()])
        else:
            views.append(
                [
                    (market.ep(px, instrument), market.ev(qty, instrument.base))
                    for px, qty in levels.items()
                ]
            )
    bids, asks = views
    return {
        "depth": depth,
        "orderbook_p" if instrument.is_contract else "book": {"asks": asks, "bids": bids},
        "sequence": market.next_sequence(),
        "symbol": instrument.symbol,
        "timestamp": market.venue.door_ns(),
        "type": kind,
    }


def _result(found: object) -> Json:
    return {"error": None, "id": 0, "result": found}


def spot_ticker(call: Call) -> object:
    """GET /md/spot/ticker/24hr"""
    instrument = call.exchange.instruments.get(call.params.text("symbol"))
    if instrument is None:
        return _NO_SUCH_BOOK
    market, day = call.market, _day(call, instrument)
    view: Json = {f"{name}Ep": market.ep(px, instrument) for name, px in day.items()}
    return _result(
        view
        | {
            "symbol": instrument.symbol,
            "timestamp": market.venue.door_ns(),
            "turnoverEv": 0,
            "volumeEv": 0,
        }
    )


def perp_ticker(call: Call) -> object:
    """GET /md/v3/ticker/24hr"""
    instrument = call.exchange.instruments.get(call.params.text("symbol"))
    if instrument is None:
        return _NO_SUCH_BOOK
    mark = plain(call.exchange.mark_px(instrument.symbol))
    view: Json = {f"{name}Rp": plain(px) for name, px in _day(call, instrument).items()}
    return _result(
        view
        | {
            "fundingRateRr": "0.0001",
            "indexRp": mark,
            "markRp": mark,
            "openInterestRv": "0",
            "predFundingRateRr": "0.0001",
            "symbol": instrument.symbol,
            "timestamp": call.market.venue.door_ns(),
            "turnoverRv": "0",
            "volumeRq": "0",
        }
    )


def _day(call: Call, instrument: Instrument) -> dict[str, Decimal]:
    """The best prices, and the last one for all others: no day is remembered here."""
    book = call.exchange.books[instrument.symbol]
    view = {"ask": book.best(Side.ASK) or ZERO, "bid": book.best(Side.BID) or ZERO}
    return view | dict.fromkeys(("high", "last", "low", "open"), instrument.last_px)


COMMON = {
    ("GET", "/public/time"): Route(handler=time, is_private=False),
    ("GET", "/public/products"): Route(handler=products, is_private=False),
    ("GET", "/v1/exchange/public/products"): Route(handler=contracts, is_private=False),
}
