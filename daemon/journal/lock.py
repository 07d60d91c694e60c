"""One writer per journal and per account: advisory file locks that name their holder.

A lock lives as long as the process (the kernel drops it at any death). Locks are files of their
own, so that readers of the journal need none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final

from daemon.journal.errors import JournalError, JournalLockedError

_FILE_BYTES: Final = 256
_LOCKS: Final = Path("/proc/locks")


class FileLock:
    """A held lock; `release` (or the end of the process) gives it back."""

    def __init__(self, path: Path, what: str) -> None:
        """Take the lock at `path`, or raise `JournalLockedError` naming the holder's pid.

        `what` names the locked thing in the message. `JournalError` if the file cannot be made.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(
                f"cannot make the lock file {path} ({error.strerror}): give the user of filld"
                f" write permission on {path.parent}, or set another path"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(os.pread(descriptor, _FILE_BYTES, 0).decode(errors="replace"))
            os.close(descriptor)
            raise JournalLockedError(
                f"{what} is in use by process {holder or '(pid unknown)'}: stop it first,"
                f" or use another journal (lock file {path})"
            ) from error
        self._descriptor: int | None = descriptor
        written = os.pread(descriptor, _FILE_BYTES, 0).decode(errors="replace")
        self.noted = written.partition("\n")[2].partition("\n")[0].strip()
        self.note(self.noted)

    def note(self, text: str) -> None:
        """Write our pid, and a line that the next holder finds as `noted`.

        A full disk costs only the pid in somebody's message, and the line. It has an end of its
        own: a death before the cut leaves the end of a longer one behind it.
        """
        if self._descriptor is None:
            return
        line = f"{os.getpid()}\n{text}".strip().encode() + b"\n"
        try:
            os.pwrite(self._descriptor, line, 0)
            os.ftruncate(self._descriptor, len(line))
        except OSError:
            return

    def release(self) -> None:
        """Let go; a second call does nothing. The file stays: removing it would race."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder_of(path: Path) -> str | None:
    """The pid that holds the lock at `path`, "" where it did not write one, None where nobody does.

    The kernel is asked, not the lock: a daemon that starts meanwhile must find it free.
    """
    try:
        inode, name = path.stat().st_ino, path.read_text(encoding="ascii", errors="replace")
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; devices are numbered otherwise on overlays.
    held = any(f":{inode} " in line and " FLOCK " in line for line in locks)
    return _holder(name) if held else None


def _holder(written: str) -> str:
    """The pid in a lock file."""
    return written.partition("\n")[0].strip()


def account_lock_name(venue: str, key_id: str) -> str:
    """The file name of an account's lock: no key id appears in it."""
    digest = hashlib.sha256(key_id.encode()).hexdigest()[:16]
    return f"{venue}-{digest}.lock"


def lock_account(state_dir: Path, venue: str, key_id: str) -> FileLock:
    """Hold one venue account for this process; `JournalLockedError` if another one has it."""
    return FileLock(state_dir / account_lock_name(venue, key_id), f"the {venue} account")
