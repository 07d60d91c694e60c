"""The door for requests: faults, limits, lags, races of the cancel."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from daemon.paper.bitget.errors import ApiError
from daemon.paper.bitget.limits import LEFT_HEADER, Limits
from tests.paper.bitget.builders import SYMBOL, Answer, Client, a_market, now_ms

PLACE = "/api/v2/spot/trade/place-order"
SECOND = 1_000_000_000


async def place(client: Client, client_id: str) -> Answer:
    order = {"symbol": SYMBOL, "side": "buy", "orderType": "limit", "force": "gtc"}
    return await client.post(PLACE, **order, size="1", price="2400", clientOid=client_id)


async def known(client: Client, client_id: str) -> list[Any]:
    found = await client.get("/api/v2/spot/trade/orderInfo", clientOid=client_id)
    return list(found.data)


@pytest.mark.parametrize(("kind", "exists"), [("http_lose_before", 0), ("http_lose_after", 1)])
async def test_a_lost_answer_looks_the_same_whatever_happened(kind: str, exists: int) -> None:
    async with a_market() as alice:
        await alice.arm(kind, endpoint=f"POST {PLACE}")
        with pytest.raises(aiohttp.ClientError):
            await place(alice, "x")
        assert len(await known(alice, "x")) == exists


@pytest.mark.parametrize("kind", ["http_error_before", "http_error_after"])
@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("", 503, "40725"), ("40010", 400, "40010"), ("45001", 400, "45001"), ("40015", 500, "40015")],
)
async def test_an_unknown_outcome(kind: str, code: str, status: int, said: str) -> None:
    async with a_market() as alice:
        await alice.arm(kind, code=code, status=status, endpoint=f"POST {PLACE}")
        found = await place(alice, "x")
        assert (found.status, found.code, found.body["data"]) == (status, said, None)
        assert len(await known(alice, "x")) == (1 if kind == "http_error_after" else 0)


async def test_a_page_instead_of_json_and_a_slow_answer() -> None:
    async with a_market() as alice:
        await alice.arm("http_error_before", status=502, shape="html")
        found = await place(alice, "x")
        assert (found.status, found.body[:6]) == (502, "<html>")
        await alice.arm("http_delay_after", seconds=0.05)
        begun = asyncio.get_running_loop().time()
        await place(alice, "x")
        assert asyncio.get_running_loop().time() - begun >= 0.05


async def test_reads_lag_or_are_stale() -> None:
    async with a_market() as alice:
        await alice.admin("PUT", "/reads", {"order_lag_ms": [60, 60]})
        await place(alice, "x")
        assert await known(alice, "x") == []
        await asyncio.sleep(0.07)
        assert len(await known(alice, "x")) == 1
        await alice.arm("stale_reads", seconds=3600)
        assert await known(alice, "x") == []


async def test_a_cancel_that_meets_the_last_fill() -> None:
    async with a_market() as alice:
        await place(alice, "x")
        await alice.arm("cancel_race")
        cancel = {"symbol": SYMBOL, "clientOid": "x"}
        gone = await alice.post("/api/v2/spot/trade/cancel-order", **cancel)
        assert (gone.status, gone.code) == (400, "43001")
        assert (await known(alice, "x"))[0]["status"] == "filled"


async def test_limits_are_counted_told_and_kept() -> None:
    async with a_market() as alice:
        found = [await alice.get("/api/v2/spot/account/assets") for _ in range(25)]
        refused = [each for each in found if each.status == 429]
        assert refused
        assert (refused[0].code, refused[0].body["msg"]) == ("429", "Too many requests")
        assert "Retry-After" not in refused[0].headers
        assert {int(each.headers[LEFT_HEADER]) for each in found} == set(range(10))
        await alice.arm("http_429", endpoint=f"POST {PLACE}")
        assert (await place(alice, "x")).status == 429
        assert await known(alice, "x") == []


def test_a_minute_has_a_limit_of_its_own_and_an_order_its_second() -> None:
    limits = Limits(is_strict=True)
    for number in range(6000):
        limits.charge("address", str(number), 20, SECOND)
    with pytest.raises(ApiError):
        limits.charge("address", "more", 20, SECOND)
    assert limits.charge("address", "more", 20, 61 * SECOND) == 19
    limits.count_cancel(7, SECOND)
    with pytest.raises(ApiError, match="45129"):
        limits.count_cancel(7, SECOND + 1)
    limits.count_cancel(7, 2 * SECOND)
    Limits(is_strict=False).count_cancel(7, SECOND)


async def test_the_date_is_the_exchanges_own() -> None:
    async with a_market() as alice:
        await alice.arm("clock_skew", count=None, seconds=300)
        found = await alice.ask("/api/v2/public/time")
        date = parsedate_to_datetime(found.headers["Date"]).timestamp()
        assert 298 < date - now_ms() / 1000 < 301
        assert abs(found.body["requestTime"] - now_ms() - 300_000) < 1000


async def test_a_body_that_is_no_object() -> None:
    async with a_market() as alice:
        headers = alice.headers("POST", PLACE, "[]")
        assert (await alice.raw("POST", PLACE, "[]", headers)).code == "40017"
