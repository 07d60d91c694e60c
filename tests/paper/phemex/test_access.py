"""Signatures, expiry, permits, public reads, and what is not there.

Drives daemon.paper.phemex.auth, daemon.paper.phemex.front, daemon.paper.phemex.params and
daemon.paper.phemex.public.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from daemon.paper.clock import SECOND_NS
from daemon.paper.phemex.errors import ApiError
from daemon.paper.phemex.limits import CONTRACT, OTHERS, SPOT_ORDER, Limits
from tests.paper.phemex.builders import PERP, SPOT, Answer, Client, a_market

PATH = "/g-orders/activeList"
QUERY = "symbol=ETHUSDT"


async def signed(client: Client, text: str, expiry: int, **changes: str) -> Answer:
    headers = {
        "x-phemex-access-token": client.key.api_key,
        "x-phemex-request-expiry": str(expiry),
        "x-phemex-request-signature": client.sign(text),
    }
    return await client.raw("GET", PATH, QUERY, "", headers | changes)


async def test_the_documented_string_is_what_is_signed() -> None:
    async with a_market(PERP) as alice:
        expiry = time.time_ns() // 10**9 + 60
        text = f"{PATH}{QUERY}{expiry}"
        assert (await signed(alice, text, expiry)).code == 10002
        for wrong in (f"{PATH}?{QUERY}{expiry}", f"{PATH}{QUERY}", text + "x"):
            found = await signed(alice, wrong, expiry)
            assert (found.status, found.code) == (401, 10500)
        upper = await signed(
            alice, text, expiry, **{"x-phemex-request-signature": alice.sign(text).upper()}
        )
        assert upper.status == 401
        odd = await alice.raw("POST", "/g-orders", "", "ä{", {"x-phemex-access-token": "x"})
        assert odd.status == 401


@pytest.mark.parametrize("changes", [{"x-phemex-access-token": ""}, {"x-phemex-access-token": "x"}])
async def test_nobodys_key(changes: dict[str, str]) -> None:
    async with a_market(PERP) as alice:
        expiry = time.time_ns() // 10**9 + 60
        assert (await signed(alice, f"{PATH}{QUERY}{expiry}", expiry, **changes)).status == 401
        assert (await alice.raw("GET", PATH, QUERY, "", {})).status == 401


async def test_an_expired_request_and_a_skewed_clock() -> None:
    async with a_market(PERP) as alice:
        past = time.time_ns() // 10**9 - 1
        found = await signed(alice, f"{PATH}{QUERY}{past}", past)
        assert (found.status, found.body["msg"]) == (401, "401 Request Expired")
        await alice.arm("clock_skew", count=None, seconds=3600)
        found = await alice.place()
        assert found.status == 401
        told = (await alice.raw("GET", "/public/time", "", "", {})).data["serverTime"]
        assert told // 1000 - past > 3500


async def test_every_answer_says_what_is_left_of_its_group() -> None:
    async with a_market(PERP) as alice:
        first, second = await alice.place(), await alice.call("GET", PATH, symbol="ETHUSDT")
        left = [found.headers["x-ratelimit-remaining-contract"] for found in (first, second)]
        assert int(left[0]) - int(left[1]) in (1, -498)
        assert first.headers["x-ratelimit-capacity-contract"] == "500"
        other = await alice.call("GET", "/api-data/g-futures/trades", symbol="ETHUSDT")
        assert other.headers["x-ratelimit-capacity"] == "100"
        assert other.headers["Date"].endswith("GMT")
        public = await alice.raw("GET", "/public/time", "", "", {})
        assert not [name for name in public.headers if name.startswith("x-ratelimit")]


def test_permits_run_out_and_come_back() -> None:
    limits, now = Limits(is_strict=True), 600 * SECOND_NS
    for _ in range(4):
        limits.charge("a", OTHERS, 25, now)
    with pytest.raises(ApiError) as refused:
        limits.charge("a", OTHERS, 1, now + 50 * SECOND_NS)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 10)
    limits.charge("b", OTHERS, 1, now)
    limits.charge("a", SPOT_ORDER, 1, now)
    limits.charge("a", OTHERS, 1, now + 60 * SECOND_NS)
    assert limits.headers("a", OTHERS, now + 60 * SECOND_NS)["x-ratelimit-remaining"] == "99"
    lax = Limits(is_strict=False)
    lax.charge("a", CONTRACT, 600, now)
    assert lax.headers("a", CONTRACT, now)["x-ratelimit-remaining-contract"] == "0"


def test_an_address_that_asks_too_much_is_blocked_for_five_minutes() -> None:
    limits, now = Limits(is_strict=True), 600 * SECOND_NS
    for _ in range(5000):
        limits.enter("one", now)
    for seconds in (0, 299):
        with pytest.raises(ApiError) as refused:
            limits.enter("one", now + seconds * SECOND_NS)
        assert (refused.value.status, refused.value.retry_after_s) == (429, None)
    limits.enter("two", now)
    limits.enter("one", now + 301 * SECOND_NS)


async def test_products_of_perpetuals() -> None:
    async with a_market(PERP) as alice:
        listed = (await alice.raw("GET", "/public/products", "", "", {})).data
        assert listed["products"] == []
        row = listed["perpProductsV2"][0]
        names = ("symbol", "settleCurrency", "tickSize", "qtyStepSize", "minOrderValueRv", "status")
        assert [row[name] for name in names] == [
            *("ETHUSDT", "USDT", "0.01", "0.01", "1", "Listed"),
        ]


@pytest.mark.parametrize(
    ("venue", "path", "best"),
    [(PERP, "/md/v2/orderbook", ["2499", "2"]), (SPOT, "/md/orderbook", [249900000000, 200000000])],
)
async def test_books_by_rest(venue: str, path: str, best: list[Any]) -> None:
    async with a_market(venue) as alice:
        found = (await alice.raw("GET", path, f"symbol={alice.symbol}", "", {})).body
        book = found["result"]["orderbook_p" if venue == PERP else "book"]
        assert (found["error"], book["bids"][0]) == (None, best)
        assert (found["result"]["depth"], found["result"]["type"]) == (30, "snapshot")
        whole = path.replace("orderbook", "fullbook")
        full = (await alice.raw("GET", whole, f"symbol={alice.symbol}", "", {})).body
        assert full["result"]["depth"] == 0
        nobody = (await alice.raw("GET", path, "symbol=NONE", "", {})).body
        assert (nobody["error"]["code"], nobody["result"]) == (6001, None)


async def test_tickers() -> None:
    async with a_market(PERP) as alice:
        await alice.sweep("bid", "2501", "1")
        found = await alice.raw("GET", "/md/v3/ticker/24hr", f"symbol={alice.symbol}", "", {})
        names = ("lastRp", "bidRp", "askRp", "markRp")
        assert [found.body["result"][n] for n in names] == ["2501", "2499", "2501", "2501"]
    async with a_market(SPOT) as alice:
        path = "/md/spot/ticker/24hr"
        found = await alice.raw("GET", path, f"symbol={alice.symbol}", "", {})
        assert found.body["result"]["bidEp"] == 249_900_000_000
        assert (await alice.raw("GET", path, "", "", {})).body["error"]["code"] == 6001


async def test_what_is_not_there_and_what_cannot_be_read() -> None:
    async with a_market(SPOT) as alice:
        assert (await alice.raw("GET", "/g-orders", "", "", {})).status == 404
        assert (await alice.raw("GET", "/v1/exchange/public/products", "", "", {})).data == []
        found = await alice.signed("POST", "/spot/orders", "", "{")
        assert (found.status, found.code) == (200, 30000)
