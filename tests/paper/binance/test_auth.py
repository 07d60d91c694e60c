"""Signatures, timestamps and keys, over real HTTP, against hand-made strings."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from daemon.paper.binance.auth import check_form, check_message
from daemon.paper.binance.errors import ApiError
from daemon.paper.binance.params import Params
from daemon.paper.binance.spot import make_spot
from daemon.paper.clock import ManualClock
from daemon.paper.crypto.config import CoinConfig
from daemon.paper.crypto.keys import ApiKey
from tests.paper.binance.builders import SYMBOL, Answer, Client, a_market, now_ms, sign

# The venue's own published examples.
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
REST_TEXT = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
REST_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
MIXED = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
WS_SIGNATURE = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"


def test_the_published_vectors() -> None:
    key = ApiKey(account="a", api_key="k", secret=SECRET)
    venue = make_spot(CoinConfig(), ManualClock(1499827319559 * 10**6), 1).venue
    for query, body in (
        (f"{REST_TEXT}&signature={REST_SIGNATURE}", ""),
        ("", f"{REST_TEXT}&signature={REST_SIGNATURE.upper()}"),
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
            f"quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature={MIXED}",
        ),
    ):
        check_form(venue, key, query, body)
    with pytest.raises(ApiError, match="-1022"):
        check_form(venue, key, f"signature={REST_SIGNATURE}&{REST_TEXT}", "")
    later = make_spot(CoinConfig(), ManualClock(1645423376532 * 10**6), 1).venue
    params = Params(
        {
            "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
            "price": "52000.00",
            "quantity": "0.01000000",
            "recvWindow": "100",
            "side": "SELL",
            "symbol": "BTCUSDT",
            "timeInForce": "GTC",
            "timestamp": "1645423376532",
            "type": "LIMIT",
            "signature": WS_SIGNATURE,
        }
    )
    check_message(later, key, params)


@pytest.mark.parametrize("account", ["alice", "bob", "carol"])
@pytest.mark.parametrize("in_body", [False, True])
async def test_every_kind_of_key_signs_in_the_query_and_in_the_body(
    account: str, *, in_body: bool
) -> None:
    async with a_market(account=account) as client:
        made = await client.call(
            "POST",
            "/api/v3/order",
            in_body=in_body,
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity="1",
            price="2400",
            newClientOrderId="a:b/c.d-e_f",
        )
        assert (made.status, made.body["clientOrderId"]) == (200, "a:b/c.d-e_f")


async def refusal(client: Client, query: str, key: str = "") -> tuple[int, int]:
    headers = {"X-MBX-APIKEY": key or client.key.api_key}
    found = await client.raw("GET", "/api/v3/account", query, "", headers)
    return found.status, found.body["code"]


async def test_what_is_wrong_with_a_request_is_said() -> None:
    async with a_market() as alice:
        now = now_ms()

        def signed(text: str) -> str:
            return f"{text}&signature={sign(alice.key, text)}"

        for query, wanted in (
            (signed(f"timestamp={now}") + "0", (400, -1022)),
            (f"timestamp={now}&signature=", (400, -1102)),
            (f"timestamp={now}", (400, -1102)),
            (signed("recvWindow=5000"), (400, -1102)),
            (signed(f"timestamp={now - 6000}"), (400, -1021)),
            (signed(f"timestamp={now + 2000}"), (400, -1021)),
            (signed(f"timestamp={now}&recvWindow=60001"), (400, -1131)),
            (signed(f"timestamp={now}&timestamp={now}"), (400, -1101)),
            (signed("timestamp=soon"), (400, -1100)),
        ):
            assert await refusal(alice, query) == wanted, query
        good = signed(f"timestamp={now_ms()}")
        assert await refusal(alice, good, key="x" * 64) == (401, -2015)
        nobody = await alice.raw("GET", "/api/v3/account", good, "", {})
        assert (nobody.status, nobody.body["code"]) == (401, -2014)


async def test_microseconds_and_a_skewed_clock() -> None:
    async with a_market() as alice:

        async def account(**params: Any) -> Answer:
            return await alice.call("GET", "/api/v3/account", **params)

        assert (await account(timestamp=now_ms() * 1000)).status == 200
        assert (await account(recvWindow="4999.5")).status == 200
        await alice.arm("clock_skew", seconds=-2, count=None)
        ahead = await account()
        assert ahead.body == {
            "code": -1021,
            "msg": "Timestamp for this request was 1000ms ahead of the server's time.",
        }
        served = (await alice.call("GET", "/api/v3/time", signed=False)).body["serverTime"]
        assert -3000 < served - now_ms() < -1000
        await alice.arm("clock_skew", seconds=10, count=None)
        await alice.admin("DELETE", "/faults?id=1")
        late = await account(recvWindow=5000)
        assert late.body["msg"] == "Timestamp for this request is outside of the recvWindow."


async def test_what_is_signed_is_what_was_sent_percent_encoded() -> None:
    async with a_market() as alice:
        for text in (
            f"symbol={SYMBOL}&origClientOrderId=a%3Ab&timestamp={now_ms()}",
            f"symbol={SYMBOL}&origClientOrderId=a:b&timestamp={now_ms()}",
        ):
            query = f"{text}&signature={quote(sign(alice.key, text), safe='')}"
            found = await alice.raw(
                "GET", "/api/v3/order", query, "", {"X-MBX-APIKEY": alice.key.api_key}
            )
            assert (found.status, found.body["code"]) == (400, -2013)


@pytest.mark.parametrize("account", ["bob", "carol"])
async def test_a_signature_of_another_key_is_refused(account: str) -> None:
    async with a_market(account=account) as client:
        text = f"timestamp={now_ms()}"
        good = sign(client.key, f"{text}0")
        for signature in (quote(good, safe=""), "not-base64"):
            assert await refusal(client, f"{text}&signature={signature}") == (400, -1022)
