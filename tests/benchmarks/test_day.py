"""Two processes and a day of seconds: the report's own exit code says whether books agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.day_stage import draw, filld_toml, paper_toml, schedule
from daemon.paper.config import parse_config
from daemon.settings import load_settings

MARKETS = 12


def test_both_configurations_are_accepted(tmp_path: Path) -> None:
    markets = draw(3, MARKETS)
    config = parse_config(paper_toml(3, markets, "basic"))
    assert len(config.markets) == len(config.scripts) == MARKETS
    path = tmp_path / "filld.toml"
    path.write_text(filld_toml(markets, str(tmp_path)), encoding="utf-8")
    settings = load_settings(path, None, [], {})
    assert len(settings.stops) == MARKETS
    deeds = [deed.what for deed in schedule(markets)]
    assert deeds.count("settle") == 6
    assert {"pause", "resume", "terminate", "kill", "disconnect"} <= set(deeds)


def test_a_day_of_seconds_ends_with_equal_books(tmp_path: Path) -> None:
    kept = tmp_path / "day.json"
    options = ["--seconds", "8", "--markets", str(MARKETS), "--seed", "3", "--json", str(kept)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.day", *options, "--dir", str(tmp_path)],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    report = json.loads(kept.read_text("utf-8"))
    assert report["ok"]
    assert len(report["facts"]["down_s"]) == 2
    assert report["samples"][-1]["descriptors"] < 60
