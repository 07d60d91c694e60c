"""POST /trade and GET /trades/{token}: what may be asked, once per token, and what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.control.bodies import BadInputError, TradeBody, typed
from daemon.control.door import DoorRefusedError
from daemon.core.requests import TradeRequested
from tests.control.doors import FakeDoor, served
from tests.core.play import guarded

BODY: dict[str, Any] = {
    "token": "mine",
    "venue": "kalshi",
    "symbol": "NFL-1",
    "side": "sell",
    "order_qty": "10",
    "limit_px": "0.60",
}


async def test_a_trade_begins_and_its_own_route_tells_how_it_goes(tmp_path: Path) -> None:
    door = FakeDoor(guarded())
    async with served(tmp_path / "sock", door) as client:
        assert await client.post("/trade", BODY) == {"token": "mine", "again": False}
        assert await client.post("/trade", BODY) == {"token": "mine", "again": True}
        view = await client.get("/trades/mine")
        assert (view["status"], view["order_qty"]) == ("in_doubt", "10")
        event, _again = door.events
        assert isinstance(event, TradeRequested)
        await client.post("/trade", BODY)
        assert len(door.play.placed) == 1
        with pytest.raises(DoorRefusedError, match="names another trade"):
            await client.post("/trade", {**BODY, "order_qty": "11"})
        with pytest.raises(DoorRefusedError, match="no such trade"):
            await client.get("/trades/other")


async def test_every_token_that_is_accepted_can_be_asked_for(tmp_path: Path) -> None:
    visible = [chr(code) for code in range(ord("!"), ord("~") + 1) if chr(code) != "/"]
    async with served(tmp_path / "sock", FakeDoor(guarded())) as client:
        for token in ["a{b}", "a%2Fb", "0..", *(f"a{one}z" for one in visible)]:
            await client.post("/trade", {**BODY, "token": token, "order_qty": "1"})
            assert (await client.get(f"/trades/{token}"))["token"] == token


async def test_a_token_of_long_ago_is_not_done_again(tmp_path: Path) -> None:
    door = FakeDoor(guarded())
    door.play.position.past_tokens = ("mine",)
    async with served(tmp_path / "sock", door) as client:
        with pytest.raises(DoorRefusedError, match="a trade of long ago"):
            await client.post("/trade", BODY)
        assert not door.events


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"venue": "kalshy"}, 404, "did you mean kalshi"),
        ({"account": "other"}, 404, "no such venue"),
        ({"order_qty": "0"}, 400, "above 0"),
        ({"order_qty": "NaN"}, 400, "above 0"),
        ({"side": "up"}, 400, "side"),
        ({"ord_type": "market"}, 400, "none for a market order"),
        ({"limit_px": None}, 400, "a price for a limit order"),
        ({"timeout_s": "1e6"}, 400, "at most 86400"),
        ({"token": " "}, 400, "can be seen"),
        ({"token": "a/b"}, 400, "token = 'a/b': accepted: a name without /"),
        ({"token": ".."}, 400, "token = '..': accepted: a name without /"),
        ({"more": 1}, 400, "unknown field"),
    ],
)
async def test_what_is_no_trade(
    tmp_path: Path, change: dict[str, Any], status: int, words: str
) -> None:
    async with served(tmp_path / "sock", FakeDoor(guarded())) as client:
        with pytest.raises(DoorRefusedError, match=words) as refused:
            await client.post("/trade", {**BODY, **change})
        assert refused.value.status == status


def test_a_body_says_which_field_is_wrong() -> None:
    with pytest.raises(BadInputError, match="token: is missing"):
        typed({name: said for name, said in BODY.items() if name != "token"}, TradeBody, "trade")
