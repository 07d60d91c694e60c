"""A file in the place of another: the new one is made beside it, and one rename decides."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import apsw

from daemon.journal.errors import JournalError
from daemon.journal.opening import connect, explained

# What SQLite and our own locks keep beside a file.
_ENDINGS: Final = ("", "-wal", "-shm", "-journal", ".lock", ".ballast")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path`, whole or not at all, its owner's alone."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def copy_journal(path: Path, new: Path) -> None:
    """All that is committed at `path`, as a journal at `new`, which must not be there yet."""
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with explained(new):
        connection = connect(path, apsw.SQLITE_OPEN_READONLY)
        try:
            connection.execute("VACUUM INTO ?", (str(new),))
        finally:
            connection.close()


def put_in_place(new: Path, path: Path, kept: Path | None) -> None:
    """`new` becomes the journal at `path`; what was there is found at `kept`, where that is said.

    Both are closed, and their locks held. A death at any moment leaves at `path` the one or the
    other. Raises `JournalError` while somebody reads `path`, and `OSError`; then nothing changed.
    """
    for each in (new, path):
        _gather(each)
    if kept is not None:
        os.link(path, kept)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def discard(path: Path) -> None:
    """Remove a journal that never took its place, and what is beside it."""
    for ending in _ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _gather(path: Path) -> None:
    """Move everything into the one file: a WAL left beside it would be taken for the new one's."""
    with explained(path):
        connection = connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.pragma("journal_mode", "delete")
        except apsw.BusyError as error:
            raise JournalError(
                f"{path} is being read by another process: try again when it has ended;"
                f" nothing was changed"
            ) from error
        finally:
            connection.close()
