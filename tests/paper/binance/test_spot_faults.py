"""Spot's fault menu: lost answers, unknown outcomes, limits, stale reads, races.

Drives daemon.paper.mishaps and daemon.paper.outgoing as a client meets them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.paper.binance.builders import SYMBOL, Answer, Client, a_market

ORDER = "/api/v3/order"


async def place(client: Client, client_id: str, **changes: Any) -> Answer:
    terms = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
    params = {"symbol": SYMBOL, "price": "2400", "newClientOrderId": client_id} | terms | changes
    return await client.call("POST", ORDER, **params)


async def known(client: Client, client_id: str) -> Answer:
    return await client.call("GET", ORDER, symbol=SYMBOL, origClientOrderId=client_id)


@pytest.mark.parametrize(("kind", "exists"), [("http_lose_before", 400), ("http_lose_after", 200)])
async def test_a_lost_answer_looks_the_same_whatever_happened(kind: str, exists: int) -> None:
    async with a_market() as alice:
        await alice.arm(kind, endpoint="POST /api/v3/order")
        with pytest.raises(aiohttp.ClientError):
            await place(alice, "x")
        assert (await known(alice, "x")).status == exists


@pytest.mark.parametrize(
    ("kind", "code", "status", "text"),
    [
        ("http_error_after", "", 503, "Unknown error, please check your request or try again"),
        ("http_error_after", "-1006", 500, "An unexpected response was received from the message"),
        ("http_error_after", "-1007", 504, "Timeout waiting for response from backend server. "),
        ("http_error_before", "unavailable", 503, "Service Unavailable."),
        ("http_error_before", "-1008", 503, "Request throttled by system-level protection."),
        ("http_error_before", "-2022", 400, "Refused by an armed fault."),
    ],
)
async def test_an_unknown_outcome(kind: str, code: str, status: int, text: str) -> None:
    async with a_market() as alice:
        await alice.arm(kind, code=code, status=status, endpoint=f"POST {ORDER}")
        found = await place(alice, "x")
        assert found.status == status
        assert found.body["msg"].startswith(text)
        assert code.startswith("-") is (str(found.body["code"]) == code)
        exists = (await known(alice, "x")).status == 200
        assert exists is (kind == "http_error_after")


async def test_a_page_instead_of_json() -> None:
    async with a_market() as alice:
        await alice.arm("http_error_before", status=502, shape="html")
        found = await place(alice, "x")
        assert (found.status, found.body[:6]) == (502, "<html>")


async def test_rate_limits_on_demand_say_when_to_come_back() -> None:
    async with a_market() as alice:
        for kind, status in (("http_429", 429), ("http_418", 418)):
            await alice.arm(kind, seconds=7)
            found = await place(alice, "x")
            assert (found.status, found.body["code"]) == (status, -1003)
            assert found.headers["Retry-After"] == "7"
        assert (await alice.admin("GET", "/faults"))["applied"] == {"http_429": 1, "http_418": 1}


async def test_reads_lag_or_are_stale() -> None:
    async with a_market() as alice:
        await alice.admin("PUT", "/reads", {"order_lag_ms": [60, 60], "position_lag_ms": [60, 60]})
        await place(alice, "x")
        assert (await known(alice, "x")).body["code"] == -2013
        await asyncio.sleep(0.07)
        assert (await known(alice, "x")).status == 200
        await alice.arm("stale_reads", seconds=3600)
        assert (await known(alice, "x")).body["code"] == -2013


async def test_a_cancel_that_meets_the_last_fill() -> None:
    async with a_market() as alice:
        made = (await place(alice, "x")).body
        await alice.arm("cancel_race")
        gone = await alice.call("DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"])
        assert gone.body["code"] == -2011
        assert (await known(alice, "x")).body["status"] == "FILLED"


async def test_a_slow_answer_and_frames_before_the_answer() -> None:
    async with a_market() as alice:
        await alice.arm("http_delay_after", seconds=0.05)
        begun = asyncio.get_running_loop().time()
        await place(alice, "x")
        assert asyncio.get_running_loop().time() - begun >= 0.05
