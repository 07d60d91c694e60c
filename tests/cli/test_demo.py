"""demo, demo_scenes and demo_world agree with the exchange, and notice when they do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from daemon.cli import demo, demo_scenes
from daemon.cli.demo_scenes import SCENES, Row, filld_toml, paper_toml
from daemon.cli.demo_world import DemoError, World
from daemon.paper.config import parse_config
from daemon.settings import load_settings

OURS: Row = {"stake": "0", "fees": {"USD": "3.3049"}, "realized_pnl": "-11.0049", "settled": True}
TRUTH: Row = {"qty": "0.00", "fees": "3.3049", "realized_pnl": "-7.7000", "crossings": []}


class StillWorld(World):
    """A world whose doors answer with fixed rows."""

    def __init__(self, ours: Row, truth: Row) -> None:
        self.ours, self.truth = ours, truth

    def ask(self, path: str) -> dict[str, object]:
        """Every scene's position the same; no exits."""
        if path.startswith("/positions"):
            return {"positions": [{**self.ours, "symbol": s.symbol} for s in SCENES]}
        return {"exits": []}

    def admin(
        self, method: str, path: str, body: dict[str, object] | None = None
    ) -> dict[str, object]:
        """The truth, the same for every scene."""
        assert (method, body) == ("GET", None), path
        return {"positions": [{**self.truth, "ticker": s.symbol} for s in SCENES]}


def agreements(ours: Row, truth: Row) -> set[object]:
    """What the comparison says of every row."""
    return {row["agrees"] for row in demo.compare(StillWorld(ours, truth))}


def test_equal_books_agree() -> None:
    assert agreements(OURS, TRUTH) == {True}


@pytest.mark.parametrize(
    ("ours", "truth"),
    [
        ({"stake": "1"}, {}),
        ({}, {"qty": "-1.00"}),
        ({"fees": {"USD": "3.3048"}}, {}),
        ({"realized_pnl": "-11.0050"}, {}),
        ({}, {"crossings": [{"before": "1", "after": "-1"}]}),
    ],
)
def test_one_contract_or_a_hundredth_of_a_cent_is_a_difference(ours: Row, truth: Row) -> None:
    assert agreements({**OURS, **ours}, {**TRUTH, **truth}) == {False}


def test_the_two_configurations_are_accepted(tmp_path: Path) -> None:
    config = parse_config(paper_toml(SCENES))
    assert [market.ticker for market in config.markets] == [scene.symbol for scene in SCENES]
    path = tmp_path / "filld.toml"
    path.write_text(filld_toml(SCENES, str(tmp_path)))
    settings = load_settings(path, None, [], {})
    assert settings.kalshi.place_live_orders
    assert len(settings.stops) == len(SCENES)


def test_waiting_in_vain_says_for_what(tmp_path: Path) -> None:
    world = World(tmp_path, "", "")
    with pytest.raises(DemoError, match="for a miracle"):
        world.until("a miracle", lambda: None, 0.1)


def test_the_whole_demo_agrees_to_the_cent() -> None:
    assert demo_scenes.SCENES
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--json"],
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout)
    rows = cast("list[Row]", result["positions"])
    assert result["agreed"]
    assert {str(row["symbol"]): row["left"] for row in rows} == {s.symbol: "0" for s in SCENES}
    seed = rows[0]
    assert (seed["qty"], seed["orders"], seed["partial_fills"]) == ("100", 2, 3)
