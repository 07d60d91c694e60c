"""Keys, signatures, times and passphrases, over REST and on the websocket."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.paper.bitget.builders import SPOT, a_market, now_ms, received, say, socket_to

PLACE = "/api/v2/spot/trade/place-order"
ASSETS = "/api/v2/spot/account/assets"


@pytest.mark.parametrize("account", ["alice", "bob"])
async def test_hmac_and_rsa_sign_reads_and_writes(account: str) -> None:
    async with a_market(account=account) as client:
        rows = (await client.get(ASSETS, coin="USDT")).data
        assert rows[0]["available"] == "10000"
        order = {"symbol": "ETHUSDT", "side": "buy", "orderType": "limit", "force": "gtc"}
        assert (await client.post(PLACE, **order, price="2400", size="1")).data["orderId"]


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"ACCESS-KEY": ""}, "40001", "ACCESS_KEY cannot be empty"),
        ({"ACCESS-KEY": "nobody"}, "40006", "Invalid ACCESS_KEY"),
        ({"ACCESS-SIGN": ""}, "40002", "ACCESS_SIGN cannot be empty"),
        ({"ACCESS-SIGN": "AAAA"}, "40009", "sign signature error"),
        ({"ACCESS-SIGN": "?"}, "40009", "sign signature error"),
        ({"ACCESS-PASSPHRASE": ""}, "40011", "ACCESS_PASSPHRASE cannot be empty"),
        ({"ACCESS-PASSPHRASE": "wrong"}, "40012", "apikey/password is incorrect"),
        ({"ACCESS-TIMESTAMP": "1538054050"}, "40005", "Invalid ACCESS_TIMESTAMP"),
        ({"ACCESS-TIMESTAMP": "1538054050000"}, "40008", "Request timestamp expired"),
    ],
)
async def test_a_request_that_nobody_signed(changes: dict[str, str], code: str, msg: str) -> None:
    async with a_market() as alice:
        found = await alice.raw("GET", ASSETS, "", alice.headers("GET", ASSETS, **changes))
        assert (found.status, found.code, found.body["msg"]) == (400, code, msg)
        assert found.body["data"] is None


async def test_the_window_is_thirty_seconds_of_the_exchanges_own_time() -> None:
    async with a_market() as alice:
        for ahead_s, is_good in ((-29, True), (29, True), (-31, False), (31, False)):
            stamp = {"ACCESS-TIMESTAMP": str(now_ms() + ahead_s * 1000)}
            found = await alice.raw("GET", ASSETS, "", alice.headers("GET", ASSETS, **stamp))
            assert (found.code == "00000") is is_good
        await alice.arm("clock_skew", count=None, seconds=300)
        assert (await alice.get(ASSETS)).code == "40008"
        ahead_ms = int((await alice.ask("/api/v2/public/time")).data["serverTime"]) - now_ms()
        assert 299_000 < ahead_ms < 301_000


async def test_an_order_may_bring_a_window_of_its_own() -> None:
    async with a_market() as alice:
        order: dict[str, Any] = {"symbol": "ETHUSDT", "side": "buy", "orderType": "limit"}
        order |= {"force": "gtc", "price": "2400", "size": "1"}
        assert (await alice.post(PLACE, **order, receiveWindow="5000")).data
        assert (await alice.post(PLACE, **order, receiveWindow="60000")).code == "40078"
        body = b'{"receiveWindow":"100"}'.decode()
        stamp = {"ACCESS-TIMESTAMP": str(now_ms() - 2000)}
        found = await alice.raw("POST", PLACE, body, alice.headers("POST", PLACE, body, **stamp))
        assert found.code == "40079"


@pytest.mark.parametrize("in_s", [True, False])
async def test_a_login_in_seconds_or_milliseconds(in_s: bool) -> None:
    async with a_market(SPOT, "bob") as bob, socket_to(bob) as socket:
        await say(socket, bob.login(in_s=in_s))
        assert (await received(socket))["event"] == "login"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"apiKey": "nobody"}, "30011"),
        ({"passphrase": "wrong"}, "30012"),
        ({"timestamp": "15380540"}, "30013"),
        ({"timestamp": "1538054050"}, "30014"),
        ({"sign": "AAAA"}, "30015"),
    ],
)
async def test_a_login_that_fails_is_told_and_closed(changes: dict[str, str], code: str) -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await say(socket, alice.login(changes))
        frame = await received(socket)
        assert (frame["event"], frame["code"]) == ("error", code)
        with pytest.raises(ConnectionClosed):
            await received(socket)
