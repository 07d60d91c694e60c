"""The operator's door of the real daemon, on its socket and on the loopback interface."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from daemon.control.routes import ROUTES
from tests.acceptance.play import Play
from tests.acceptance.stage import Stage, staged

TOKEN = "a-token-of-forty-characters-and-no-space"
LEFT = [("0.58", "50")], [("0.60", "500")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def ask(
    port: int, route: str, token: str = TOKEN, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    url, headers = f"http://127.0.0.1:{port}{route}", {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        method = "GET" if body is None else "POST"
        async with session.request(method, url, json=body) as answer:
            return answer.status, await answer.json()


def token_in(stage: Stage) -> None:
    with stage.env_file.open("a") as env:
        env.write(f"FILLD_CONTROL__TOKEN={TOKEN}\n")


async def test_tcp_wants_a_token_at_the_start(tmp_path: Path) -> None:
    play = Play(settings={"control.tcp": f"127.0.0.1:{free_port()}"})
    async with staged(tmp_path, play) as stage:
        code, said = await stage.run("run")
        assert code == 2
        assert "accepted with a token only: FILLD_CONTROL__TOKEN or a credential" in said


async def test_both_doors_lead_to_one_daemon(tmp_path: Path) -> None:
    port = free_port()
    async with staged(tmp_path, Play(settings={"control.tcp": f"127.0.0.1:{port}"})) as stage:
        token_in(stage)
        await stage.started_and_armed()
        assert (await ask(port, "/status", token="wrong"))[0] == 401
        stage.book(*LEFT)
        await stage.until_left("50")
        await stage.until("the part", lambda: stage.lines("fill")[1:])
        (order, *_) = (await stage.ask("/orders"))["orders"]
        status, why = await ask(port, f"/orders/{order['client_order_id']}/why")
        assert status == 200
        assert [link["what"] for link in why["chain"]][:4] == ["quote", "rule", "exit", "order"]
        assert "fill" in {link["what"] for link in why["chain"]}
        status, halted = await ask(port, "/halt", body={"reason": "tcp"})
        assert (status, halted["status"]["halted"]) == (200, True)
        routes = {route.path: route for route in ROUTES}
        for path in ("/status", "/positions", "/orders", "/exits"):
            view = await stage.ask(path)
            msgspec.convert(view, routes[path].gives)
        assert await stage.stop() == 0
        await stage.start()
        assert (await ask(port, "/status"))[1]["halted"]
        document = (await ask(port, "/openapi.json"))[1]
        assert {"/metrics", "/readyz", "/performance", "/trade"} <= set(document["paths"])
    assert TOKEN not in stage.text()
