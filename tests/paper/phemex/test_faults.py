"""The fault menu as a client of Phemex meets it: lost answers, unknown outcomes, limits, races."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.paper.phemex.builders import PERP, SPOT, Client, a_market

PLACE = "POST /g-orders"


async def known(client: Client, client_id: str) -> bool:
    path = "/api-data/g-futures/orders/by-order-id"
    return bool(await client.get(path, clOrdID=client_id))


@pytest.mark.parametrize(("kind", "exists"), [("http_lose_before", 0), ("http_lose_after", 1)])
async def test_a_lost_answer_looks_the_same_whatever_happened(kind: str, exists: int) -> None:
    async with a_market(PERP) as alice:
        await alice.arm(kind, endpoint=PLACE)
        with pytest.raises(aiohttp.ClientError):
            await alice.place(clOrdID="x")
        assert await known(alice, "x") == bool(exists)


@pytest.mark.parametrize(
    ("kind", "status", "code", "answered"),
    [
        ("http_error_after", 500, "", 500),
        ("http_error_before", 504, "", 504),
        ("http_error_after", 200, "19999", 19999),
        ("http_error_before", 200, "11107", 11107),
    ],
)
async def test_an_unknown_outcome(kind: str, status: int, code: str, answered: int) -> None:
    async with a_market(PERP) as alice:
        await alice.arm(kind, status=status, code=code, endpoint=PLACE)
        found = await alice.place(clOrdID="x")
        assert (found.status, found.code) == (status, answered)
        assert await known(alice, "x") is (kind == "http_error_after")


async def test_a_page_instead_of_json() -> None:
    async with a_market(PERP) as alice:
        await alice.arm("http_error_before", status=502, shape="html")
        found = await alice.place()
        assert (found.status, found.body[:6]) == (502, "<html>")


async def test_a_429_says_when_to_come_back_and_a_blocked_address_is_not_told() -> None:
    async with a_market(PERP) as alice:
        await alice.arm("http_429", seconds=7)
        found = await alice.place()
        assert (found.status, found.headers["x-ratelimit-retry-after-contract"]) == (429, "7")
        await alice.arm("http_418")
        found = await alice.place()
        assert found.status == 429
        assert "x-ratelimit-retry-after-contract" not in found.headers


async def test_reads_lag_or_are_stale() -> None:
    async with a_market(PERP) as alice:
        await alice.admin("PUT", "/reads", {"order_lag_ms": [60, 60]})
        await alice.place(clOrdID="x")
        assert not await known(alice, "x")
        await asyncio.sleep(0.07)
        assert await known(alice, "x")
        await alice.arm("stale_reads", seconds=3600)
        assert not await known(alice, "x")


@pytest.mark.parametrize(("code", "answered"), [("", 11063), ("accepted", 0)])
async def test_a_cancel_that_meets_the_last_fill(code: str, answered: int) -> None:
    async with a_market(SPOT) as alice:
        made = (await alice.place()).data
        await alice.arm("cancel_race", code=code)
        ids = {"symbol": alice.symbol, "orderID": made["orderID"]}
        assert (await alice.call("DELETE", "/spot/orders", **ids)).code == answered
        (seen,) = await alice.get("/api-data/spots/orders/by-order-id", orderID=made["orderID"])
        assert seen["ordStatus"] == "Filled"
        assert (await alice.call("DELETE", "/spot/orders", **ids)).code == 11063
