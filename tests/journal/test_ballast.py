"""The reserve: real blocks, given back once, never taken from a disk that needs the space."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from daemon.journal.ballast import Ballast

SIZE = 256 * 1024


def test_it_holds_real_blocks_and_gives_them_back(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "b", SIZE)
    assert ballast.take() is ballast.held
    assert (tmp_path / "b").stat().st_blocks * 512 >= SIZE
    assert Ballast(tmp_path / "b", SIZE).take()
    freed = [ballast.free(), ballast.free()]
    assert freed == [True, False]
    assert list(tmp_path.iterdir()) == []


def test_none_is_kept_when_none_is_wanted(tmp_path: Path) -> None:
    assert not Ballast(tmp_path / "b", 0).take()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    ballast = Ballast(tmp_path / "b", SIZE)
    assert not ballast.take()
    assert list(tmp_path.iterdir()) == []
