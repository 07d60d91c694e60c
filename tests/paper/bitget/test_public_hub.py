"""Public websockets: best prices and tickers, shown at once and when they change."""

from __future__ import annotations

import pytest

from tests.paper.bitget.builders import BOOK, SPOT, SYMBOL, a_market, hear, received, say, socket_to

CLASSIC = {"instType": "SPOT", "channel": "books1", "instId": SYMBOL}
UNIFIED = {"instType": "spot", "topic": "books1", "symbol": SYMBOL}


@pytest.mark.parametrize(
    ("path", "arg", "names"),
    [
        ("/v2/ws/public", CLASSIC, ("bids", "asks")),
        ("/v3/ws/public", UNIFIED, ("b", "a")),
    ],
)
async def test_a_book_is_shown_at_once_and_when_it_moves(
    path: str, arg: dict[str, str], names: tuple[str, str]
) -> None:
    async with a_market(SPOT) as alice, socket_to(alice, path) as socket:
        await say(socket, {"op": "subscribe", "args": [arg]})
        assert await received(socket) == {"event": "subscribe", "arg": arg}
        first = await hear(socket)
        assert [first[name] for name in names] == [[["2499", "2"]], [["2501", "2"]]]
        # The second level is nothing that books1 shows.
        await alice.admin("PUT", BOOK, {"bids": [["2499", "2"]]})
        await alice.admin("PUT", BOOK, {"bids": []})
        second = await hear(socket)
        assert second[names[0]] == []
        assert second["seq"] > first["seq"]


async def test_tickers_and_what_there_is_not() -> None:
    async with a_market(SPOT) as alice, socket_to(alice, "/v2/ws/public") as socket:
        await say(socket, {"op": "subscribe", "args": [CLASSIC | {"channel": "ticker"}]})
        row = await hear(socket)
        assert (row["instId"], row["bidPr"], row["askPr"]) == (SYMBOL, "2499", "2501")
        for wrong in ({"instId": "NONE"}, {"channel": "candle1m"}, {"instType": "USDT-FUTURES"}):
            await say(socket, {"op": "subscribe", "args": [CLASSIC | wrong]})
            assert (await received(socket))["code"] == 30001
        await say(socket, alice.login())
        assert (await received(socket))["code"] == 30003
        assert (await alice.admin("POST", "/disconnect"))["hit"] == 1
