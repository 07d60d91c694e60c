"""Verbs about fills, killed in the middle as real processes: all of it, or nothing; never twice."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.core.terms import VenueOrderId
from daemon.fill_handler.statefile import write_steps
from daemon.fill_handler.tally import Tally
from daemon.ports import Record
from tests import builders as make
from tests.cli.stage import Stage
from tests.fill_handler.samples import BITGET

MANY = 3_000
HELD = 3
PATIENCE_S = 60


def an_export(path: Path, fills: int) -> None:
    """So many fills, each of an order of its own."""
    told = (
        make.fill(exec_id=f"t{n}", venue_order_id=VenueOrderId(f"v{n}"))
        for n in range(1, fills + 1)
    )
    write_steps(path, (Record(n, fill, ()) for n, fill in enumerate(told, start=1)), Tally())


def started(stage: Stage, *words: str) -> subprocess.Popen[bytes]:
    # What runs in the background of a shell ignores SIGINT, and hands that on.
    heeding = "import signal as s, runpy; s.signal(s.SIGINT, s.default_int_handler);"
    heeding += "runpy.run_module('daemon', run_name='__main__', alter_sys=True)"
    return subprocess.Popen(
        [sys.executable, "-c", heeding, *words, "--config", str(stage.config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def written(fills: Path) -> int:
    """Bytes of the journal, and of all that is beside it, which comes and goes."""
    found = 0
    for file in fills.parent.glob(f"{fills.name}*"):
        with contextlib.suppress(FileNotFoundError):
            found += file.stat().st_size
    return found


def when_grown(process: subprocess.Popen[bytes], fills: Path, least: int) -> None:
    """Wait until `least` bytes have been written to or beside the journal."""
    before, end_s = written(fills), time.monotonic() + PATIENCE_S
    while written(fills) < before + least:
        assert process.poll() is None, "it was over before it was in the middle"
        assert time.monotonic() < end_s
        time.sleep(0.002)


def ended(process: subprocess.Popen[bytes]) -> int:
    return process.wait(PATIENCE_S)


def seen(stage: Stage, fills: Path) -> object:
    """How many fills the journal holds; reading checks the chain of all its records."""
    return stage.filld("status", "--from", str(fills), "--json").json["total_fills_processed"]


@pytest.fixture
def fills(stage: Stage, tmp_path: Path) -> Path:
    """A fills journal that holds something."""
    path, few = tmp_path / "fills.db", tmp_path / "few"
    few.write_text("".join(f"{json.dumps({**BITGET, 'tradeId': str(n)})}\n" for n in range(HELD)))
    assert stage.filld("process-fill", str(few), "--journal", str(path)).code == 0
    return path


@pytest.mark.parametrize("how", ["--merge", "--replace"])
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_is_cut_short_changes_nothing(
    stage: Stage, tmp_path: Path, fills: Path, how: str, death: signal.Signals
) -> None:
    file = tmp_path / "export"
    an_export(file, MANY)
    process = started(stage, "import", str(file), "--journal", str(fills), how)
    when_grown(process, fills, 400_000)
    os.kill(process.pid, death)
    assert ended(process) != 0
    assert seen(stage, fills) == HELD
    again = stage.filld("import", str(file), "--journal", str(fills), how, "--json")
    assert (again.code, again.json["new_fills"]) == (0, MANY)
    assert seen(stage, fills) == (MANY if how == "--replace" else MANY + HELD)
    assert not list(tmp_path.glob("fills.db.importing*"))
    kept = list(tmp_path.glob("fills.db.replaced-*"))
    assert len(kept) == (how == "--replace")
    assert [seen(stage, path) for path in kept] == [HELD] * len(kept)


@pytest.mark.parametrize("how", ["--merge", "--replace"])
def test_an_import_that_fills_the_disk_changes_nothing(
    stage: Stage, tmp_path: Path, fills: Path, how: str
) -> None:
    file = tmp_path / "export"
    an_export(file, MANY)
    words = f"import {file} --journal {fills} {how} --config {stage.config}"
    full = subprocess.run(
        ["sh", "-c", f"ulimit -f 800; exec {sys.executable} -m daemon {words}"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (full.returncode, "cannot be read or written" in full.stderr) == (1, True), full.stderr
    assert seen(stage, fills) == HELD
    assert not list(tmp_path.glob("fills.db.importing*"))
    assert not list(tmp_path.glob("fills.db.replaced*"))


def test_fills_that_are_told_again_after_a_death_count_once(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    file = tmp_path / "many"
    told = ({**BITGET, "tradeId": str(n)} for n in range(HELD, HELD + MANY))
    file.write_text("".join(f"{json.dumps(one)}\n" for one in told))
    process = started(stage, "process-fill", str(file), "--journal", str(fills))
    when_grown(process, fills, 200_000)
    process.kill()
    assert ended(process) == -signal.SIGKILL
    kept = seen(stage, fills)
    assert isinstance(kept, int)
    assert HELD < kept < HELD + MANY
    again = stage.filld("process-fill", str(file), "--journal", str(fills), "--json").json
    assert (again["fills"], again["duplicates"]) == (MANY, kept - HELD)
    assert seen(stage, fills) == HELD + MANY
