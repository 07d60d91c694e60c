"""kill -9 of real processes: every acknowledged record survives, and the chain stays whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("crash_points.py")
ROOT = Path(__file__).parents[2]


def run(sealed: str, *args: str) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *args],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FILLD_TEST_SEALED": sealed},
    )
    assert done.returncode == 0, done.stderr
    crashes, acknowledged = done.stdout.split()
    return int(crashes), int(acknowledged)


SEALED = pytest.mark.parametrize("sealed", ["", "sealed"])


@SEALED
@pytest.mark.parametrize("directory", ["/dev/shm", None])
def test_death_inside_every_write_and_sync(
    directory: str | None, sealed: str, tmp_path: Path
) -> None:
    """From an empty disk through creation, six commits and a checkpoint, at each durable call."""
    if directory is None:
        count = "12"
        where = tmp_path
    else:
        count = "400"
        where = Path(directory) / f"filld-{os.getpid()}"
        where.mkdir()
    try:
        crashes, acknowledged = run(sealed, "calls", str(where), count, "0")
    finally:
        if directory is not None:
            for file in where.iterdir():
                file.unlink()
            where.rmdir()
    if directory is not None:
        assert 30 < crashes < 400
        assert acknowledged == 12
    else:
        assert crashes == 12


@SEALED
def test_death_of_the_writers_thread_at_random_moments(sealed: str, tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    crashes, acknowledged = run(sealed, "moments", str(tmp_path), "12", str(seed))
    assert crashes == 12
    assert acknowledged > 0
