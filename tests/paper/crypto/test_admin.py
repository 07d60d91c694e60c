"""A coin venue's part of the admin door (daemon.paper.crypto.admin), over real HTTP."""

from __future__ import annotations

import aiohttp
import pytest

from daemon.paper.crypto.admin import book_view
from daemon.paper.crypto.door import Door
from daemon.paper.refusal import OperatorError
from daemon.paper.server import PaperServer
from tests.paper.binance.builders import SYMBOL, a_market


async def test_the_operator_moves_the_world() -> None:
    async with a_market() as alice:
        admin = alice.admin
        book = await admin("PUT", f"/instruments/{SYMBOL}/book", {"bids": [["2400", "5"]]})
        assert book["bids"] == [["2400", "5"]]
        door: Door = alice.server.doors["binance_spot"]
        assert book_view(door.venue.exchange.books[SYMBOL])["bids"] == [("2400", "5")]
        sweep = {"side": "ask", "price": "1", "qty": "9"}
        sold = await admin("POST", f"/instruments/{SYMBOL}/orders", sweep)
        assert sold["filled"] == "5"
        new = {"symbol": "XUSDT", "base": "X", "bids": [["9", "1"]]}
        assert await admin("POST", "/instruments", new) == {"symbol": "XUSDT"}
        rows = {r["symbol"]: r for r in (await admin("GET", "/instruments"))["instruments"]}
        assert rows["XUSDT"]["book"] == {"bids": [["9", "1"]], "asks": []}
        assert rows[SYMBOL]["last_px"] == "2400"
        await admin("PUT", f"/instruments/{SYMBOL}/mark", {"mark_px": "2450"})
        await admin("PUT", f"/instruments/{SYMBOL}/mark", {"mark_px": None})
        dave = await admin("POST", "/accounts", {"name": "dave", "balances": {"USDT": "7"}})
        assert dave == await admin("GET", "/accounts/dave/key")
        assert len(dave["api_secret"]) == 64
        cash = await admin("POST", "/accounts/dave/cash", {"coin": "USDT", "qty": "1"})
        assert cash == {"total": "8"}
        seed = {"symbol": "XUSDT", "qty": "0.5", "price": "9"}
        await admin("POST", "/accounts/dave/positions", seed)
        truth = await admin("GET", "/oracle")
        assert truth["accounts"]["dave"]["balances"]["X"]["total"] == "0.4995"
        await admin("PUT", "/reads", {"order_lag_ms": [1, 2]})
        assert door.venue.exchange.reads.order_lag_ms == (1, 2)
        script = {"name": "s", "ticker": "XUSDT", "start": "10", "floor": "5", "ceiling": "20"}
        await admin("POST", "/scripts", script | {"interval_ms": 10_000})
        await admin("POST", "/scripts/s/step", {"moves": 2})
        assert (await admin("GET", "/scripts"))["scripts"][0]["moves"] == 2
        await admin("DELETE", "/scripts/s")


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("GET", "/oracle/eve", None, "no account 'eve'"),
        ("PUT", "/instruments/NONE/book", {}, "no symbol 'NONE'"),
        ("PUT", f"/instruments/{SYMBOL}/book", {"bids": [["1.001", "1"]]}, "not on the grid"),
        ("POST", f"/instruments/{SYMBOL}/funding", {"rate": "1"}, "is no contract"),
        ("POST", "/accounts", {"name": "alice"}, "exists already"),
        ("POST", "/accounts/alice/cash", {"coin": "USDT", "qty": "x"}, "a non-negative decimal"),
        ("POST", "/faults", {"kind": "nope"}, "accepted are http_lose_before"),
        ("POST", "/instruments", {"symbol": SYMBOL, "base": "X"}, "exists already"),
    ],
)
async def test_what_is_impossible_is_said(
    method: str, path: str, body: object, sentence: str
) -> None:
    async with a_market() as alice:
        with pytest.raises(AssertionError, match=sentence):
            await alice.admin(method, path, body)


async def test_an_unknown_table_is_no_venue() -> None:
    async with a_market() as alice, aiohttp.ClientSession() as http:
        url = f"{alice.server.admin_url}/admin/bitget_spot/oracle"
        async with http.get(url) as found:
            assert found.status == 404
        with pytest.raises(OperatorError, match="no key for account"):
            alice.server.credential("alice")
    assert isinstance(alice.server, PaperServer)
