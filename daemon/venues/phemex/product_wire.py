"""Phemex's products: scales, grids, lots, smallest orders. Pure.

`GET /public/products` lists spot symbols under `products` (type Spot, integers scaled by
`priceScale` and by the base currency's `valueScale`), USDT perpetuals under `perpProductsV2`
(decimal strings), and the scales of all currencies (Phemex docs: query product information).
Other products are passed over; a row that cannot be read is kept with its reason, so that one
strange product does not hide the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.errors import InvalidInstrumentError
from daemon.core.events import MarketPhase
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import ZERO, Currency, Symbol, Venue
from daemon.venues.decoding import UnreadableError, decode_as, name, positive, unsigned
from daemon.venues.phemex.wire import PERP, SCALE_LIMIT, SPOT, USDT, Wire, scaled

INT64: Final = 2**63 - 1

PHASES: Final = {
    "Listed": MarketPhase.ACTIVE,
    "Suspended": MarketPhase.PAUSED,
    "Delisted": MarketPhase.CLOSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One symbol: its terms, its phase, and the powers of ten of its scaled numbers.

    A perpetual's private messages are not scaled; its scales are 0.
    """

    instrument: Instrument
    phase: MarketPhase
    price_scale: int = 0
    base_scale: int = 0
    base_currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """All symbols of one market, and the value scale of every currency by name and number."""

    by_symbol: dict[Symbol, Product] = field(default_factory=dict)
    unreadable: dict[Symbol, str] = field(default_factory=dict)
    currencies: dict[str, tuple[Currency, int]] = field(default_factory=dict)

    def product(self, symbol: str) -> Product:
        """The product; raises `UnknownSymbolError`."""
        found = self.by_symbol.get(Symbol(symbol))
        if found is None:
            why = self.unreadable.get(Symbol(symbol), "it is not in the list of products")
            raise UnknownSymbolError(f"symbol {symbol[:40]!r} has no known scales: {why}")
        return found

    def currency(self, text: str) -> tuple[Currency, int]:
        """A currency and its value scale, by its name or by its number (`"4"`)."""
        if text not in self.currencies:
            raise UnknownSymbolError(f"currency {text[:40]!r} has no known scale")
        return self.currencies[text]


class UnknownSymbolError(UnreadableError):
    """A row of a product that was not listed when we last read the products."""


class _Currency(msgspec.Struct):
    currency: str
    valueScale: int  # noqa: N815 - the wire's word
    code: int | None = None


class _Listed(msgspec.Struct):
    symbol: str
    type: str = ""


class _SpotRow(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_currency: str
    quote_currency: str
    price_scale: int
    base_tick_size_ev: Wire
    quote_tick_size_ev: Wire
    min_order_value_ev: Wire = 0
    max_base_order_size_ev: Wire = 0


class _PerpRow(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    settle_currency: str
    quote_currency: str
    tick_size: str
    qty_step_size: str
    max_price_rp: str
    base_currency: str | None = None
    contract_underlying_assets: str | None = None
    min_price_rp: str = "0"
    min_order_value_rv: str = "0"
    max_order_qty_rq: str = "0"


class _Lists(msgspec.Struct):
    currencies: list[_Currency]
    products: list[msgspec.Raw] = []
    perpProductsV2: list[msgspec.Raw] = []  # noqa: N815 - the wire's word


class _Answer(msgspec.Struct):
    data: _Lists


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_LISTED: Final = msgspec.json.Decoder(_Listed)
_SPOT: Final = msgspec.json.Decoder(_SpotRow)
_PERP: Final = msgspec.json.Decoder(_PerpRow)


def decode_products(body: bytes, venue: Venue) -> Products:
    """GET /public/products for one of the two markets; raises `UnreadableError`."""
    lists = decode_as(_ANSWER, body).data
    found = Products()
    for row in lists.currencies:
        if not 0 <= row.valueScale <= SCALE_LIMIT:
            raise UnreadableError(f"valueScale {row.valueScale} of {row.currency[:40]} is absurd")
        known = (Currency(name(row.currency, "currency")), row.valueScale)
        found.currencies[row.currency] = known
        if row.code is not None:
            found.currencies[str(row.code)] = known
    for raw in lists.products if venue == SPOT else lists.perpProductsV2:
        listed = decode_as(_LISTED, raw)
        if venue == SPOT and listed.type != "Spot":
            continue
        symbol = Symbol(name(listed.symbol, "symbol"))
        try:
            product = _spot(raw, found) if venue == SPOT else _perp(raw)
        except (UnreadableError, InvalidInstrumentError) as error:
            found.unreadable[symbol] = str(error)
            continue
        if product is not None:
            found.by_symbol[symbol] = product
    return found


def _spot(raw: msgspec.Raw, found: Products) -> Product:
    row = decode_as(_SPOT, raw)
    if not 0 <= row.price_scale <= SCALE_LIMIT:
        raise UnreadableError(f"priceScale {row.price_scale} is absurd")
    base, base_scale = found.currency(row.base_currency)
    quote, quote_scale = found.currency(row.quote_currency)
    tick_px = _above_zero(scaled(row.quote_tick_size_ev, row.price_scale, "quoteTickSizeEv"))
    max_qty = scaled(row.max_base_order_size_ev, base_scale, "maxBaseOrderSizeEv") or None
    # No highest price is published: what a 64-bit integer can say is one.
    highest_px = Decimal(INT64).scaleb(-row.price_scale) // tick_px * tick_px
    instrument = Instrument(
        venue=SPOT,
        symbol=Symbol(row.symbol),
        price_ranges=(PriceRange(start_px=ZERO, end_px=highest_px, step_px=tick_px),),
        lot_qty=_above_zero(scaled(row.base_tick_size_ev, base_scale, "baseTickSizeEv")),
        max_qty=max_qty,
        max_market_qty=max_qty,
        min_notional=scaled(row.min_order_value_ev, quote_scale, "minOrderValueEv"),
        quote_currency=quote,
        base_currency=base,
    )
    return Product(
        instrument=instrument,
        phase=_phase(row.status),
        price_scale=row.price_scale,
        base_scale=base_scale,
        base_currency=base,
    )


def _above_zero(value: Decimal) -> Decimal:
    if value <= ZERO:
        raise UnreadableError(f"a tick or lot of {value} is absurd")
    return value


def _perp(raw: msgspec.Raw) -> Product | None:
    """A perpetual that settles in USDT; None for one of another currency."""
    row = decode_as(_PERP, raw)
    if row.settle_currency != USDT:
        return None
    tick_px = positive(row.tick_size, "tickSize")
    lowest_px = unsigned(row.min_price_rp, "minPriceRp")
    steps, rest = divmod(lowest_px, tick_px)
    start_px = (steps + 1 if rest else steps) * tick_px
    highest_px = positive(row.max_price_rp, "maxPriceRp") // tick_px * tick_px
    max_qty = unsigned(row.max_order_qty_rq, "maxOrderQtyRq") or None
    base = Currency(name(row.base_currency or row.contract_underlying_assets or "", "baseCurrency"))
    instrument = Instrument(
        venue=PERP,
        symbol=Symbol(row.symbol),
        price_ranges=(PriceRange(start_px=start_px, end_px=highest_px, step_px=tick_px),),
        lot_qty=positive(row.qty_step_size, "qtyStepSize"),
        max_qty=max_qty,
        max_market_qty=max_qty,
        min_notional=unsigned(row.min_order_value_rv, "minOrderValueRv"),
        quote_currency=USDT,
    )
    return Product(instrument=instrument, phase=_phase(row.status), base_currency=base)


def _phase(status: str) -> MarketPhase:
    if status not in PHASES:
        raise UnreadableError(f"status {status[:40]!r} is unknown")
    return PHASES[status]
