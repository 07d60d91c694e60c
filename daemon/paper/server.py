"""The paper exchanges as a running thing: a loopback port each, one for all admin, one clock task.

It puts the parts together and takes them down again; the rules are elsewhere.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import hdrs, web

from daemon.paper.admin import Admin
from daemon.paper.admission import make_venue, populate
from daemon.paper.clock import SECOND_NS, Clock, SystemClock
from daemon.paper.config import PaperConfig, check_loopback
from daemon.paper.credentials import Credential
from daemon.paper.crypto.admin import CoinAdmin
from daemon.paper.crypto.door import Door
from daemon.paper.environment import (
    Values,
    coin_values,
    kalshi_values,
    old_coin_key,
    old_kalshi_key,
    write_environment,
)
from daemon.paper.kalshi.context import VENUE
from daemon.paper.kalshi.gate import SOCKET_PATH
from daemon.paper.kalshi.hub import Hub
from daemon.paper.kalshi.routes import make_app
from daemon.paper.refusal import OperatorError
from daemon.paper.registry import make_doors

Announce = Callable[[str, str], None]


class PaperServer:
    """A running paper exchange. Use `serve`, or it as an async context manager."""

    def __init__(self, config: PaperConfig, *, clock: Clock | None = None) -> None:
        check_loopback(config.host)
        self.config = config
        clock = clock or SystemClock()
        self.venue = make_venue(config, clock)
        self.exchange = self.venue.exchange
        self.doors: dict[str, Door] = make_doors(config, clock)
        self.coin_urls: dict[str, Values] = {}
        self._runners: list[web.AppRunner] = []
        self._ticker: asyncio.Task[None] | None = None
        self._urls: dict[str, str] = {}
        self._hub = Hub(self.venue)

    @property
    def rest_url(self) -> str:
        """http://127.0.0.1:PORT/trade-api/v2"""
        return self._urls["rest"]

    @property
    def ws_url(self) -> str:
        """ws://127.0.0.1:PORT/trade-api/ws/v2"""
        return self._urls["ws"]

    @property
    def admin_url(self) -> str:
        """http://127.0.0.1:ADMIN_PORT"""
        return self._urls["admin"]

    def credential(self, account: str) -> Credential:
        """A member's key id and private key."""
        if account not in self.venue.credentials:
            raise OperatorError(f"no key for account {account!r}")
        return self.venue.credentials[account]

    async def start(self) -> None:
        """List the markets, admit the accounts, open both ports."""
        populate(self.venue)
        app = make_app()
        app[VENUE] = self.venue
        app.router.add_get(SOCKET_PATH, self._hub.serve)
        app.on_response_prepare.append(self._stamp)
        admin = Admin(self.venue, self._hub).make_app()
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        try:
            trading = await self._listen(app, self.config.port)
            for name, each in self.doors.items():
                each.venue.populate()
                for method, path, handler in CoinAdmin(each.venue, each.strike).routes():
                    admin.router.add_route(method, f"/admin{path}", handler)
                port = await self._listen(each.make_app(), each.venue.config.port)
                self.coin_urls[name] = each.urls(f"{host}:{port}")
            door = await self._listen(admin, self.config.admin_port)
        except OSError as error:
            await self.close()
            raise OperatorError(f"cannot listen on {self.config.host}: {error}") from error
        self._urls = {
            "rest": f"http://{host}:{trading}/trade-api/v2",
            "ws": f"ws://{host}:{trading}{SOCKET_PATH}",
            "admin": f"http://{host}:{door}",
        }
        loop = asyncio.get_running_loop()
        self._ticker = loop.create_task(self._tick_forever(), name="paper-clock")

    async def close(self) -> None:
        """Cut the websockets, close the ports, stop the clock."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker], timeout=1)
        self._hub.close()
        for each in self.doors.values():
            each.close()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def wait_failed(self) -> None:
        """Return only by raising what stopped the clock task, if anything ever does."""
        assert self._ticker is not None
        await self._ticker

    async def __aenter__(self) -> Self:
        if not self._urls:
            await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def reuse_keys(self, directory: Path) -> None:
        """Take the keys that lie in a directory from an earlier run; before the start."""
        for account in self.config.accounts:
            if old := old_kalshi_key(directory, account.name):
                self.venue.credentials[account.name] = old
        for name, each in self.doors.items():
            for member in each.venue.config.accounts:
                if key := old_coin_key(directory, name, member.name):
                    each.venue.keys[member.name] = key

    def write_environments(self, directory: Path) -> list[Path]:
        """Keys and env file for every account of the configuration."""
        values: dict[str, Values] = {}
        for account in self.config.accounts:
            known = self.credential(account.name)
            values[account.name] = kalshi_values(directory, known, self._urls)
        for name, each in self.doors.items():
            for member in each.venue.config.accounts:
                key, urls = each.venue.keys[member.name], self.coin_urls[name]
                found = values.setdefault(member.name, {})
                found.update(coin_values(name, key, urls))
        admin = {"PAPER_ADMIN_URL": self.admin_url}
        return [write_environment(directory, n, found | admin) for n, found in values.items()]

    async def _listen(self, app: web.Application, port: int) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self.config.host, port).start()
        address = runner.addresses[0]
        return int(address[1])

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(self.config.tick_ms / 1000)
            self.venue.tick()
            for each in self.doors.values():
                each.tick()

    async def _stamp(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.DATE] = formatdate(self.venue.door_ns() // SECOND_NS, usegmt=True)


async def serve(config: PaperConfig, *, clock: Clock | None = None) -> PaperServer:
    """Start an exchange in this process; close it, or use it with `async with`."""
    server = PaperServer(config, clock=clock)
    await server.start()
    return server


async def run_paper(config: PaperConfig, env_dir: Path, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT; keys and env files lie in env_dir.

    Each of those files and each URL is announced: what it is, and where.

    A key that lies in env_dir from an earlier run is used again, with the same key id.
    """
    server = PaperServer(config)
    server.reuse_keys(env_dir)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server, asyncio.TaskGroup() as group:
        watch = group.create_task(server.wait_failed(), name="paper-watch")
        for env in server.write_environments(env_dir):
            announce("env", str(env))
        announce("rest", server.rest_url)
        announce("ws", server.ws_url)
        announce("admin", server.admin_url)
        for name, urls in server.coin_urls.items():
            for key, url in urls.items():
                announce(f"{name} {key.lower()}", url)
        await stop.wait()
        watch.cancel()
