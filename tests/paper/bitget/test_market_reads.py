"""What anybody may ask, of v2 and v3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.paper.bitget.market_reads import places
from tests.paper.bitget.builders import FUTURES, SPOT, SYMBOL, a_market

D = Decimal


@pytest.mark.parametrize(
    ("step", "wanted"), [(D("0.01"), 2), (D("0.50"), 1), (D(1), 0), (D(10), 0)]
)
def test_decimal_places(step: Decimal, wanted: int) -> None:
    assert places(step) == wanted


async def test_spot_symbols_books_and_tickers() -> None:
    async with a_market(SPOT) as alice:

        async def read(path: str, **params: Any) -> Any:
            return (await alice.ask(f"/api/v2/{path}", **params)).data

        (row,) = await read("spot/public/symbols", symbol=SYMBOL)
        assert (row["pricePrecision"], row["quantityPrecision"], row["status"]) == (
            *("2", "4", "online"),
        )
        assert (row["minTradeUSDT"], row["minTradeAmount"]) == ("5", "0.0001")
        assert len(await read("spot/public/symbols")) == 2
        book = await read("spot/market/orderbook", symbol=SYMBOL, limit="1", type="step0")
        assert (book["bids"], book["asks"]) == ([["2499", "2"]], [["2501", "2"]])
        (top,) = await read("spot/market/tickers", symbol=SYMBOL)
        assert (top["bidPr"], top["askSz"]) == ("2499", "2")
        assert await read("margin/currencies") == []
        await alice.admin("PUT", f"/instruments/{SYMBOL}/phase", {"phase": "halted"})
        assert (await read("spot/public/symbols", symbol=SYMBOL))[0]["status"] == "halt"
        assert (await alice.ask("/api/v2/spot/public/symbols", symbol="X")).code == "40034"
        gone = await alice.ask("/api/v1/anything")
        assert (gone.status, gone.code) == (404, "40404")


async def test_contracts_name_a_number_of_ends_and_books_have_numbers() -> None:
    async with a_market(FUTURES) as alice:

        async def read(path: str, **params: Any) -> Any:
            named = {"productType": "usdt-futures", "symbol": SYMBOL}
            return (await alice.ask(f"/api/v2/mix/market/{path}", **named | params)).data

        (row,) = await read("contracts")
        assert [row[k] for k in ("priceEndStep", "pricePlace", "sizeMultiplier")] == [
            *("1", "2", "0.001"),
        ]
        assert (row["symbolStatus"], row["minTradeUSDT"]) == ("normal", "5")
        book = await read("merge-depth", limit="1", precision="scale0")
        assert book["asks"] == [[2501, 2]]
        (top,) = await read("ticker")
        assert (top["askPr"], top["markPrice"]) == ("2501", "2500")
        assert await read("contracts", productType="COIN-FUTURES") == []
        await alice.admin("PUT", f"/instruments/{SYMBOL}/phase", {"phase": "no_opening"})
        assert (await read("contracts"))[0]["symbolStatus"] == "limit_open"


@pytest.mark.parametrize(("venue", "category"), [(SPOT, "SPOT"), (FUTURES, "USDT-FUTURES")])
async def test_unified_markets(venue: str, category: str) -> None:
    async with a_market(venue) as alice:

        async def read(path: str, **params: Any) -> Any:
            named = {"category": category, "symbol": SYMBOL}
            return (await alice.ask(f"/api/v3/market/{path}", **named | params)).data

        (row,) = await read("instruments")
        assert (row["category"], row["minOrderAmount"]) == (category, "5")
        assert ("priceMultiplier" in row) is (venue == FUTURES)
        assert (await read("orderbook", limit="1"))["b"] == [["2499", "2"]]
        assert (await read("tickers"))[0]["bid1Price"] == "2499"
        assert await read("instruments", category="MARGIN") == []
