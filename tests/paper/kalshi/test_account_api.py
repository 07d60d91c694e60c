"""Who may ask, how often, and everything that is not an order."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from daemon.paper.config import AccountConfig
from daemon.paper.credentials import make_credential
from daemon.paper.kalshi import account_api, markets_api, orders_api, portfolio_api
from daemon.paper.kalshi.auth import Keyring
from daemon.paper.kalshi.limits import Bucket
from daemon.paper.kalshi.queries import Query
from daemon.paper.kalshi.routes import ROUTES
from daemon.paper.kalshi.views import created_view
from daemon.paper.kalshi.wire import Body
from tests.paper.builders import TICKER, Client, a_client, a_config, headers_for

ORDERS = "/portfolio/events/orders"


def nested(code: str, **more: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), **more}}


async def test_401_bodies() -> None:
    async with a_client() as alice, aiohttp.ClientSession() as http:
        for skew in (-31_000, 300_000):
            stale = await alice.call("GET", "/portfolio/orders", skew_ms=skew)
            assert (stale.status, stale.body) == (401, nested("header_timestamp_expired"))
        assert (await alice.call("GET", "/portfolio/orders", skew_ms=-5_000)).status == 200
        url = f"{alice.server.rest_url}/portfolio/orders"
        async with http.get(url) as bare:
            assert await bare.json() == nested("signature_is_missing_from_headers")
        credential = alice.server.credential("alice")
        wrong = headers_for(credential, "GET", "/trade-api/v2/other")
        async with http.get(url, headers=wrong) as answer:
            body = await answer.json()
            assert body["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"
        stranger = make_credential("x", "nobody", "ed25519")
        headers = headers_for(stranger, "GET", "/trade-api/v2/portfolio/orders")
        async with http.get(url, headers=headers) as answer:
            assert (await answer.json())["error"]["details"] == "NOT_FOUND"
        async with http.get(f"{alice.server.rest_url}/markets") as answer:
            assert answer.status == 200


def test_rsa_signatures_are_checked_too() -> None:
    ring, key = Keyring(30), make_credential("r", "id", "rsa")
    ring.add("r", "id", key.public_key)
    headers = headers_for(key, "GET", "/p")
    now_ns = int(headers["KALSHI-ACCESS-TIMESTAMP"]) * 1_000_000
    assert ring.identify(headers, "GET", "/p", now_ns).account == "r"
    with pytest.raises(Exception, match="INCORRECT"):
        ring.identify(headers, "POST", "/p", now_ns)


async def test_limits_are_told_and_kept() -> None:
    alice_basic = AccountConfig(name="alice", key_type="ed25519")
    async with a_client(a_config(accounts=[alice_basic])) as alice:
        told = (await alice.call("GET", "/account/limits")).body
        assert told["usage_tier"] == "basic"
        assert told["write"] == {"refill_rate": 100, "bucket_capacity": 100}
        statuses = [(await alice.order(price="0.10")).status for _ in range(14)]
        assert statuses[:10] == [201] * 10
        assert 429 in statuses
        assert (await alice.call("GET", "/portfolio/balance")).status == 200
        refused = await alice.call("GET", "/portfolio/balance")
        assert (refused.status, refused.body) == (429, nested("too_many_requests"))
        assert "Retry-After" not in refused.headers
        costs = (await alice.call("GET", "/account/endpoint_costs")).body
        assert costs["default_cost"] == 10
    bucket = Bucket(rate=10, capacity=10)
    assert bucket.take(10, 0)
    assert not bucket.take(1, 50_000_000)
    assert bucket.take(1, 150_000_000)


PUBLIC = [
    "/markets",
    "/markets?status=open&series_ticker=KXT",
    f"/markets/orderbooks?tickers={TICKER}",
    "/events",
    "/events/KXT-26?with_nested_markets=true",
    "/events/fee_changes",
    "/series",
    "/series/KXT",
    "/series/fee_changes",
    "/exchange/status",
    "/exchange/schedule",
    "/historical/markets",
    f"/historical/markets/{TICKER}",
    "/historical/trades",
    "/historical/positions",
    "/portfolio/summary/total_resting_order_value",
    "/portfolio/subaccounts/balances",
]


async def test_the_other_reads_answer() -> None:
    async with a_client() as alice:
        for path in PUBLIC:
            assert (await alice.call("GET", path)).status == 200, path
        assert (await alice.call("GET", "/markets/none")).body == nested("not_found")
        assert (await alice.call("GET", "/nothing/here")).status == 404
        assert (await alice.call("GET", "/markets/orderbooks")).body.keys() == {"msg"}
        await _subaccounts(alice)


async def _subaccounts(alice: Client) -> None:
    assert (await alice.call("POST", "/portfolio/subaccounts")).body == {"subaccount_number": 1}
    move = {
        "client_transfer_id": "t",
        "from_subaccount": 0,
        "to_subaccount": 1,
        "amount_cents": 500,
    }
    assert (await alice.call("POST", "/portfolio/subaccounts/transfer", move)).status == 200
    own = (await alice.call("GET", "/portfolio/balance?subaccount=1")).body
    assert own["balance_dollars"] == "5.0000"
    assert (await alice.order("bid", "10", "0.60", subaccount=1)).status == 400
    assert (await alice.order("bid", "1", "0.60", subaccount=1)).status == 201
    assert (await alice.call("POST", "/account/api_usage_level/upgrade")).status == 201


def test_the_parts_fit() -> None:
    assert len({(method, path) for method, path, _ in ROUTES}) == len(ROUTES)
    assert Query("Q", {"limit": "5"}).limit() == 5
    assert Body("B", {"flag": True}).flag("flag")
    assert callable(created_view)


def test_the_rest_of_the_table_is_routed() -> None:
    handlers = {handler for _, _, handler in ROUTES}
    assert {account_api.api_keys, markets_api.events, orders_api.amend} <= handlers
    assert {portfolio_api.fills, portfolio_api.old_fills} <= handlers
