"""run, paper, demo: what is handed on, and how their errors end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.app import launch as module
from daemon.cli import running
from daemon.core.errors import BrokenInvariantError
from daemon.journal.errors import JournalLockedError
from daemon.paper.refusal import OperatorError
from daemon.simulation.report import Failure, Report
from tests.cli.stage import Stage, invoke


def test_run_hands_everything_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    launches: list[module.Launch] = []

    async def run(launch: module.Launch) -> int:
        launches.append(launch)
        return 0

    monkeypatch.setattr(module, "run", run)
    words = ["--take-over", "--pretty", "--set", "refresh_active=7"]
    assert stage.filld("run", *words).code == 0
    assert stage.filld("run").code == stage.filld("run", "--json").code == 0
    both = stage.filld("run", "--json", "--pretty")
    assert (both.code, both.err) == (2, "filld: --pretty and --json: one of them\n")
    assert [launch.pretty for launch in launches] == [True, None, False]
    launch = launches[0]
    assert (launch.take_over, launch.pretty) == (True, True)
    assert launch.settings.refresh_active == 7
    stage.config.write_text(stage.config.read_text() + '[exits]\norder = "gtc"\n')
    assert launch.reload().exits.order == "gtc"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (JournalLockedError("the journal is in use"), "filld: the journal is in use\n"),
        (
            BrokenInvariantError("impossible"),
            "filld: a bug of filld (BrokenInvariantError): impossible\n",
        ),
    ],
)
def test_what_ends_a_run_is_one_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    async def run(_: module.Launch) -> int:
        raise error

    monkeypatch.setattr(module, "run", run)
    said = stage.filld("run")
    assert (said.code, said.out, said.err) == (1, "", line)


def test_run_without_a_key(stage: Stage) -> None:
    said = stage.filld("run")
    assert said.code == 2
    assert "kalshi.key_id is not set" in said.err


def test_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(config: Path, env_dir: Path, announce: Callable[[str, str], None]) -> None:
        announce("env", str(env_dir / "main.env"))
        announce("binance-spot rest_url", "http://x")
        if config.name == "bad.toml":
            raise OperatorError("port: 70000")

    monkeypatch.setattr(running, "serve_paper", serve)
    words = ("paper", "--config", "a.toml", "--env-dir", str(tmp_path))
    env = tmp_path / "main.env"
    said = invoke(*words)
    assert (said.code, said.out) == (0, f"env    {env}\nbinance-spot rest_url http://x\n")
    said = invoke(*words, "--json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert rows == [{"env": str(env)}, {"binance-spot rest_url": "http://x"}]
    said = invoke("paper", "--config", "bad.toml")
    assert (said.code, said.err) == (2, "filld: port: 70000\n")


def test_paper_without_a_file(tmp_path: Path) -> None:
    said = invoke("paper", "--config", str(tmp_path / "none.toml"))
    assert (said.code, said.out) == (2, "")
    assert "none.toml" in said.err


def test_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, str | None]] = []

    def run_demo(*, json_output: bool, only: str | None) -> int:
        asked.append((json_output, only))
        return 4

    monkeypatch.setattr(running, "run_demo", run_demo)
    assert (invoke("demo").code, invoke("demo", "--json").code) == (4, 4)
    assert invoke("demo", "--only", "bitget").code == 4
    assert asked == [(False, None), (True, None), (False, "bitget")]


def test_a_demo_of_no_venue_is_bad_input() -> None:
    said = invoke("demo", "--only", "bitmex")
    assert (said.code, said.out) == (2, "")
    assert "'bitmex': accepted: kalshi, binance, binance-spot, binance-usdm, bitget" in said.err


def test_a_simulation_prints_its_seed_and_its_faults_and_repeats_itself() -> None:
    words = ["simulate", "--seed", "7", "--episodes", "2", "--workers", "1"]
    first, second = invoke(*words), invoke(*words)
    assert first.code == 0, first.out
    assert first.out.startswith("seed 7\n2 episodes from seed 7: 0 failed")
    assert "faults: " in first.out
    told = [result.out.split("records")[0].split(",")[-1] for result in (first, second)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--episodes 0", "'--episodes': '0': accepted: whole numbers from 1 on"),
        ("--episodes many", "'--episodes': 'many': accepted: whole numbers from 1 on"),
        ("--seed -1", "'--seed': '-1': accepted: whole numbers from 0 on"),
        ("--workers 0", "'--workers': '0': accepted: whole numbers from 1 on"),
    ],
)
def test_bad_numbers_of_a_simulation(words: str, line: str) -> None:
    said = invoke("simulate", *words.split())
    assert (said.code, said.out) == (2, "")
    assert line in said.err


def test_a_simulated_day_is_told_to_people_and_to_machines() -> None:
    words = ["simulate", "--day", "6", "--seed", "7"]
    said = invoke(*words)
    assert said.code == 0, said.out
    assert said.out.startswith("seed 7\n")
    assert said.out.endswith("book and venue agree\n")
    told = json.loads(invoke(*words, "--json").out)
    assert told["ok"]
    assert told["facts"]["markets"] == 6


def test_a_broken_promise_ends_a_simulation_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Report(first_seed=3, episodes=1, failures=[Failure(3, "sold twice")])
    monkeypatch.setattr(running, "play", lambda *_: broken)
    result = invoke("simulate", "--seed", "3", "--json")
    assert result.code == 1
    assert '"sold twice"' in result.out
