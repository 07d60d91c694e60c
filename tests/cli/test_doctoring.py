"""filld doctor as an operator meets it: table, advice, exit codes. Covers daemon.cli.doctoring."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.app.test_doctor import SPOT, ward
from tests.cli.stage import Said, Stage
from tests.contract.rooms import ALPHA


def advice(said: Said) -> list[str]:
    return [line for line in said.out.splitlines() if line.startswith(("warn: ", "fail: "))]


async def test_warnings_do_not_fail(tmp_path: Path, stage: Stage) -> None:
    async with ward(tmp_path, SPOT, account={"withdraws": True}):
        words = ("--env-file", str(tmp_path / f"{ALPHA}.env"))
        said = await asyncio.to_thread(stage.filld, "doctor", *words)
        view = (await asyncio.to_thread(stage.filld, "doctor", "--json", *words)).json
    assert (said.code, said.err) == (0, "")
    assert any("withdrawing: take that right away" in line for line in advice(said))
    checks = view["checks"]
    assert isinstance(checks, list)
    assert {"where", "item", "state", "text", "advice"} == checks[0].keys()
    assert view["problems"] == []


def test_a_key_that_is_not_there_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILLD_BINANCE_SPOT__API_KEY", "mine")
    monkeypatch.setenv("FILLD_BINANCE_SPOT__REST_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("FILLD_BINANCE_SPOT__WS_URL", "ws://127.0.0.1:1")
    monkeypatch.setenv("FILLD_BINANCE_SPOT__PUBLIC_WS_URL", "ws://127.0.0.1:1")
    said = stage.filld("doctor")
    assert said.code == 1
    key, host = advice(said)[-2:]
    assert key.startswith("fail: binance-spot (main): key: ")
    assert host.startswith("fail: binance-spot (main): tcp: ")
    stage.config.write_text(stage.config.read_text() + "[exit]\n")
    broken = stage.filld("doctor")
    assert broken.code == 2
    assert "exit" in broken.err
