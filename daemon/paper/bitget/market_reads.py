"""Reads that anybody may make, of v2 and v3: time, symbols, best prices, order books."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.bitget.calls import Call
from daemon.paper.bitget.errors import missing, wrong
from daemon.paper.bitget.words import Json, ms
from daemon.paper.crypto.model import Instrument, Phase
from daemon.paper.crypto.oracle import plain
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.model import Side
from daemon.paper.units import ZERO

_FUTURES = frozenset({"USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"})
# With an S before its name a market is one of demo trading.
CATEGORIES = frozenset({"SPOT", "MARGIN"}) | _FUTURES | {f"S{name}" for name in _FUTURES}
_STATUSES = {
    Phase.TRADING: ("online", "normal", "online"),
    Phase.NO_OPENING: ("halt", "limit_open", "limit_open"),
    Phase.HALTED: ("halt", "maintain", "maintain"),
}
_MANY = 1000


def is_here(call: Call, name: str) -> bool:
    """Whether `productType` or `category` is this port's market; it must be one there is."""
    text = call.params.text(name).upper()
    if not text:
        raise missing(name)
    if text not in CATEGORIES:
        raise wrong(name)
    return text == call.market


def server_time(call: Call) -> object:
    """GET /api/v2/public/time"""
    return {"serverTime": ms(call.venue.door_ns())}


def margin_currencies(_call: Call) -> object:
    """GET /api/v2/margin/currencies: no pair is lent here."""
    return []


def symbols(call: Call) -> object:
    """GET /api/v2/spot/public/symbols"""
    return [_symbol_view(each) for each in call.chosen()]


def _symbol_view(instrument: Instrument) -> Json:
    return {
        "symbol": instrument.symbol,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "minTradeAmount": plain(instrument.min_qty),
        "maxTradeAmount": plain(instrument.max_qty),
        "takerFeeRate": plain(instrument.taker_rate),
        "makerFeeRate": plain(instrument.maker_rate),
        "pricePrecision": str(places(instrument.tick)),
        "quantityPrecision": str(places(instrument.lot)),
        "quotePrecision": "8",
        "status": _STATUSES[instrument.phase][0],
        "minTradeUSDT": plain(instrument.min_notional),
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "areaSymbol": "no",
        "orderQuantity": "400",
    }


def contracts(call: Call) -> object:
    """GET /api/v2/mix/market/contracts"""
    if not is_here(call, "productType"):
        return []
    return [_contract_view(each) for each in call.chosen()]


def _contract_view(instrument: Instrument) -> Json:
    price_places = places(instrument.tick)
    return {
        "symbol": instrument.symbol,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "makerFeeRate": plain(instrument.maker_rate),
        "takerFeeRate": plain(instrument.taker_rate),
        "supportMarginCoins": [instrument.quote],
        "minTradeNum": plain(instrument.min_qty),
        "priceEndStep": plain(instrument.tick.scaleb(price_places)),
        "volumePlace": str(places(instrument.lot)),
        "pricePlace": str(price_places),
        "sizeMultiplier": plain(instrument.lot),
        "symbolType": "perpetual",
        "minTradeUSDT": plain(instrument.min_notional),
        "maxSymbolOrderNum": "200",
        "maxProductOrderNum": "400",
        "maxPositionNum": "150",
        "symbolStatus": _STATUSES[instrument.phase][1],
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "fundInterval": "8",
        "minLever": "1",
        "maxLever": "125",
        "maxOrderQty": plain(instrument.max_qty),
        "maxMarketOrderQty": plain(instrument.max_qty),
    }


def instruments(call: Call) -> object:
    """GET /api/v3/market/instruments"""
    if not is_here(call, "category"):
        return []
    return [_instrument_view(call.market, each) for each in call.chosen()]


def _instrument_view(market: str, instrument: Instrument) -> Json:
    view: Json = {
        "symbol": instrument.symbol,
        "category": market,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "minOrderQty": plain(instrument.min_qty),
        "maxOrderQty": plain(instrument.max_qty),
        "minOrderAmount": plain(instrument.min_notional),
        "pricePrecision": str(places(instrument.tick)),
        "quantityPrecision": str(places(instrument.lot)),
        "status": _STATUSES[instrument.phase][2],
    }
    if instrument.is_contract:
        view |= {
            "type": "perpetual",
            "priceMultiplier": plain(instrument.tick),
            "quantityMultiplier": plain(instrument.lot),
            "maxLeverage": "125",
            "deliveryTime": "",
        }
    return view


def tickers(call: Call) -> object:
    """GET /api/v2/spot/market/tickers and /api/v2/mix/market/tickers"""
    if call.venue.is_contract and not is_here(call, "productType"):
        return []
    return [ticker_view(call.venue, each) for each in call.chosen()]


def ticker_view(venue: CoinVenue, instrument: Instrument) -> Json:
    """Best and last prices, of v2."""
    (bid, bid_size), (ask, ask_size) = (best(venue, instrument, side) for side in Side)
    view: Json = {
        "symbol": instrument.symbol,
        "lastPr": plain(instrument.last_px),
        "bidPr": bid,
        "bidSz": bid_size,
        "askPr": ask,
        "askSz": ask_size,
        "ts": ms(venue.door_ns()),
    }
    if instrument.is_contract:
        view["markPrice"] = plain(venue.exchange.mark_px(instrument.symbol))
    return view


def uta_tickers(call: Call) -> object:
    """GET /api/v3/market/tickers"""
    if not is_here(call, "category"):
        return []
    return [
        {"category": call.market, "symbol": each.symbol} | uta_ticker_view(call.venue, each)
        for each in call.chosen()
    ]


def uta_ticker_view(venue: CoinVenue, instrument: Instrument) -> Json:
    """Best and last prices, of v3."""
    (bid, bid_size), (ask, ask_size) = (best(venue, instrument, side) for side in Side)
    return {
        "lastPrice": plain(instrument.last_px),
        "bid1Price": bid,
        "bid1Size": bid_size,
        "ask1Price": ask,
        "ask1Size": ask_size,
        "ts": ms(venue.door_ns()),
    }


def order_book(call: Call) -> object:
    """GET /api/v2/spot/market/orderbook"""
    return _book(call, "asks", "bids")


def merge_depth(call: Call) -> object:
    """GET /api/v2/mix/market/merge-depth: its levels are numbers, not texts."""
    if not is_here(call, "productType"):
        raise wrong("productType")
    instrument = call.instrument()
    found: Json = {
        name: [(Decimal(price), Decimal(size)) for price, size in rows]
        for name, rows in _sides(call, "asks", "bids").items()
    }
    scale: Json = {"scale": plain(instrument.tick), "precision": "scale0", "isMaxPrecision": "NO"}
    return found | {"ts": ms(call.venue.door_ns())} | scale


def uta_order_book(call: Call) -> object:
    """GET /api/v3/market/orderbook"""
    if not is_here(call, "category"):
        raise wrong("category")
    return _book(call, "a", "b")


def _book(call: Call, asks: str, bids: str) -> Json:
    found: Json = {**_sides(call, asks, bids)}
    return found | {"ts": ms(call.venue.door_ns())}


def _sides(call: Call, asks: str, bids: str) -> dict[str, list[tuple[str, str]]]:
    instrument, text = call.instrument(), call.params.text("limit", "100")
    limit = int(text) if text.isdecimal() else _MANY
    return {
        name: levels_view(call.venue, instrument, side)[:limit]
        for name, side in ((asks, Side.ASK), (bids, Side.BID))
    }


def levels_view(venue: CoinVenue, instrument: Instrument, side: Side) -> list[tuple[str, str]]:
    """One side of a book, best first."""
    rows = venue.exchange.books[instrument.symbol].levels(side)
    return [(plain(price), plain(qty)) for price, qty in rows]


def best(venue: CoinVenue, instrument: Instrument, side: Side) -> tuple[str, str]:
    """Best price and what is there; zeros where the side is empty."""
    rows = levels_view(venue, instrument, side)
    return rows[0] if rows else (plain(ZERO), plain(ZERO))


def places(step: Decimal) -> int:
    """How many decimals a step has."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, 0)
