"""Products: scales, grids and lots of both markets; one strange row hides no other."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import MarketPhase
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import Currency, Side, Symbol
from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex.product_wire import Product, UnknownSymbolError, decode_products
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import ETH, PERPS, SOL, SPOTS, frame

D = Decimal
XRP = Symbol("XRPUSDT")
SHIB = Symbol("sSHIBUSDT")


def test_a_perpetual() -> None:
    grid = PriceRange(start_px=D("0.05"), end_px=D(200000), step_px=D("0.01"))
    assert PERPS.product("SOLUSDT") == Product(
        instrument=Instrument(
            venue=PERP,
            symbol=SOL,
            price_ranges=(grid,),
            lot_qty=D("0.05"),
            max_qty=D(4200),
            max_market_qty=D(4200),
            min_notional=D(1),
            quote_currency=Currency("USDT"),
        ),
        phase=MarketPhase.ACTIVE,
        base_currency=Currency("SOL"),
    )


def test_a_spot_product() -> None:
    product = SPOTS.product("sETHUSDT")
    assert (product.price_scale, product.base_scale) == (8, 8)
    terms = product.instrument
    assert (terms.lot_qty, terms.min_notional) == (D("0.0001"), D(5))
    assert (terms.quote_currency, terms.base_currency) == ("USDT", "ETH")
    assert terms.tick_at(D(2500)) == D("0.01")
    assert terms.highest_px == D("92233720368.54")


def test_scales_are_the_products_own() -> None:
    product = SPOTS.product("sSHIBUSDT")
    assert (product.price_scale, product.base_scale) == (10, 2)
    assert product.instrument.lot_qty == D(1)
    assert product.instrument.tick_at(D("0.00001")) == D("1e-8")
    assert product.phase is MarketPhase.PAUSED


def test_the_lowest_price_is_rounded_up_to_the_grid() -> None:
    assert PERPS.product("XRPUSDT").instrument.lowest_px == D("0.0003")
    assert PERPS.product("XRPUSDT").phase is MarketPhase.CLOSED


@pytest.mark.parametrize("held", ["12.04", "0.04", "0.05", "11.9999", "12"])
def test_an_exit_is_never_rounded_past_the_position(held: str) -> None:
    terms = PERPS.product("SOLUSDT").instrument
    sold = terms.sellable_qty(D(held))
    assert sold <= D(held) < sold + terms.lot_qty
    assert sold % terms.lot_qty == 0


def test_a_limit_lies_on_the_grid_and_is_never_worse() -> None:
    terms = PERPS.product("SOLUSDT").instrument
    assert terms.limit_px(D("141.873"), Side.SELL) == D("141.88")
    assert terms.limit_px(D("141.873"), Side.BUY) == D("141.87")
    assert terms.limit_px(D("0.001"), Side.SELL) == D("0.05")


def test_each_market_has_its_own_products() -> None:
    assert set(PERPS.by_symbol) == {SOL, XRP}
    assert set(SPOTS.by_symbol) == {ETH, SHIB}
    assert SPOTS.currency("4") == (Currency("ETH"), 8)


def test_a_strange_row_is_kept_with_its_reason() -> None:
    assert "ODD" in SPOTS.unreadable[Symbol("sODDUSDT")]
    with pytest.raises(UnknownSymbolError, match="ODD"):
        SPOTS.product("sODDUSDT")
    with pytest.raises(UnknownSymbolError, match="not in the list"):
        SPOTS.product("sNEWUSDT")
    with pytest.raises(UnknownSymbolError, match="currency"):
        SPOTS.currency("NEW")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "Haunted"}, "status 'Haunted'"),
        ({"qtyStepSize": "0"}, "qtyStepSize"),
        ({"tickSize": "-1"}, "tickSize"),
        ({"maxPriceRp": "0.01"}, "price range"),
    ],
)
def test_terms_that_cannot_be_true(changes: dict[str, str], why: str) -> None:
    body = json.loads(frame("products"))
    body["data"]["perpProductsV2"][0].update(changes)
    found = decode_products(json.dumps(body).encode(), PERP)
    assert why in found.unreadable[SOL]
    assert XRP in found.by_symbol


def test_an_absurd_scale_is_refused() -> None:
    body = json.loads(frame("products"))
    body["data"]["products"][1]["baseTickSizeEv"] = 0
    assert ETH in decode_products(json.dumps(body).encode(), SPOT).unreadable
    body["data"]["products"][1]["priceScale"] = 400
    assert ETH in decode_products(json.dumps(body).encode(), SPOT).unreadable
    body["data"]["currencies"][0]["valueScale"] = 400
    with pytest.raises(UnreadableError, match="valueScale"):
        decode_products(json.dumps(body).encode(), SPOT)
    with pytest.raises(UnreadableError):
        decode_products(b'{"code":0,"data":{}}', SPOT)
