"""Locks: one holder, named by pid; a full disk costs only the name; key ids stay out of names."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from daemon.journal.errors import JournalLockedError
from daemon.journal.lock import FileLock, account_lock_name, lock_account


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock", "the thing")
    assert (tmp_path / "a.lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(JournalLockedError, match=f"the thing is in use by process {os.getpid()}"):
        FileLock(tmp_path / "a.lock", "the thing")
    lock.release()
    lock.release()
    FileLock(tmp_path / "a.lock", "the thing").release()


def test_without_space_for_a_pid_the_lock_still_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        lock = FileLock(tmp_path / "a.lock", "the thing")
    with pytest.raises(JournalLockedError, match="pid unknown"):
        FileLock(tmp_path / "a.lock", "the thing")
    lock.release()


def test_a_note_is_read_whole_whatever_a_death_left_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, "killed before the old end was cut off")

    path = tmp_path / "a.lock"
    path.write_text(f"{os.getpid()}00\njournal 1000")  # a longer pid than the next one's
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", die)
        FileLock(path, "the thing").release()
    lock = FileLock(path, "the thing")
    assert lock.noted == "journal 1000"
    lock.note("journal 1001")
    lock.release()
    assert path.read_text() == f"{os.getpid()}\njournal 1001\n"


def test_accounts_are_locked_apart(tmp_path: Path) -> None:
    first = lock_account(tmp_path, "kalshi", "key-1")
    second = lock_account(tmp_path, "kalshi", "key-2")
    with pytest.raises(JournalLockedError, match="the kalshi account"):
        lock_account(tmp_path, "kalshi", "key-1")
    first.release()
    second.release()
    assert "key-1" not in account_lock_name("kalshi", "key-1")
