"""A real daemon measured, alerted of and pinged from outside: daemon.app.metrics."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from daemon.telemetry.exposition import METRICS
from tests.acceptance.play import Play
from tests.acceptance.stage import Stage, staged
from tests.acceptance.test_life import DEEP

# What a day without them does not show.
SELDOM = {
    "filld_positions",
    "filld_position_quantity",
    "filld_position_unrealized_pnl",
    "filld_exposure",
    "filld_fill_to_order_seconds",
    "filld_retries",
    "filld_query_failures",
}
# Only news is counted: an answer that the fills overtook is none.
NO_NEWS = "filld_order_answers"


class Outside:
    """Servers on loopback: a service that takes alerts, and one that wants to be pinged."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.pings = 0
        self.url = ""

    async def alert(self, request: web.Request) -> web.Response:
        self.alerts.append(await request.json())
        return web.Response()

    async def ping(self, _request: web.Request) -> web.Response:
        self.pings += 1
        return web.Response()


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    made = Outside()
    app = web.Application()
    app.router.add_post("/canary-alert", made.alert)
    app.router.add_get("/canary-ping", made.ping)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def scrape(stage: Stage) -> str:
    connector = aiohttp.UnixConnector(str(stage.folder / "filld.sock"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://filld/metrics") as answer,
    ):
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        return await answer.text()


class Read:
    """One scrape: every sample by its name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._families = list(text_string_to_metric_families(text))
        self.names = {family.name for family in self._families}

    def value(self, name: str, **labels: str) -> float | None:
        """The one sample that has these labels, None where there is none."""
        samples = (sample for family in self._families for sample in family.samples)
        fitting = [s for s in samples if s.name == name and labels.items() <= s.labels.items()]
        assert len(fitting) <= 1
        return fitting[0].value if fitting else None


async def test_an_exit_is_counted_timed_told_and_pinged(tmp_path: Path) -> None:
    async with outside() as out, staged(tmp_path, Play()) as stage:
        stage.settings |= {
            "alerts.ping_url": f"http://{out.url}/canary-ping",
            "alerts.ping_every_s": 0.2,
        }
        stage.write_config()
        rule = {"name": "desk", "to": ["room"], "notices": ["urgent"], "symbols": ["NFL*"]}
        with stage.env_file.open("a") as file:
            file.write(f"\nFILLD_ALERTS__TARGETS=room=json://{out.url}/canary-alert\n")
            file.write(f"FILLD_ALERTS__RULES='{json.dumps([rule])}'\n")
        await stage.started_and_armed()
        await stage.until("pings", lambda: out.pings > 1)
        held = Read(await scrape(stage))
        assert held.value("filld_positions", guard="armed") == 1
        assert held.value("filld_exposure", currency="USD") == 64  # 100 at the bid
        assert held.value("filld_position_quantity", symbol="NFL-TEAM-Y") == 100
        assert held.value("filld_position_unrealized_pnl", symbol="NFL-TEAM-Y") == -1
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until("the alert", lambda: out.alerts)

        async def over() -> Read | None:
            now = Read(await scrape(stage))
            ended = now.value("filld_exits_ended_total", end="flat") == 1
            return now if ended and now.value("filld_figures_behind_records") == 0 else None

        now = await stage.until("the exit to be over", over)
        assert await stage.stop() == 0
    owner = {"account": "main", "venue": "kalshi"}
    assert now.value("filld_exits_opened_total", **owner, rule="absolute") == 1
    assert now.value("filld_exits_working", **owner) == 0
    assert now.value("filld_trigger_to_order_seconds_count", venue="kalshi") == 1
    assert 0 < (now.value("filld_trigger_to_order_seconds_sum", venue="kalshi") or 0) < 5
    assert (now.value("filld_realized_pnl", **owner, currency="USD") or 0) < 0
    assert now.value("filld_ready") == 1
    assert now.value("filld_stream_up", **owner) == 1
    assert now.value("filld_undecodable_total", **owner) == 0  # there before the first
    assert 0 < (now.value("filld_rate_limit_headroom_ratio", **owner, bucket="write") or 0) <= 1
    assert (now.value("filld_journal_commit_seconds_count") or 0) > 0
    assert (now.value("filld_journal_bytes") or 0) > 0
    assert now.value("filld_alerts_sent_total", rule="desk", target="room") == len(out.alerts)
    assert "stop_triggered" in out.alerts[0]["title"]
    assert "canary" not in now.text + stage.text()
    told = {name.removesuffix("_total") for name in METRICS}
    assert now.names <= told
    assert SELDOM <= told - now.names <= {*SELDOM, NO_NEWS}
