"""A disk that fails on demand, beneath SQLite: the n-th write or sync of a journal goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import apsw
import pytest

from daemon.journal.sqlite import SqliteOptions
from tests.journal.journals import INLINE, SEALED


class FailingFile(apsw.VFSFile):
    """A file whose writes and syncs are counted by its disk."""

    def __init__(self, disk: FailingDisk, name: apsw.URIFilename | str | None, flags: list[int]):
        self._disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.count("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.count("sync")
        super().xSync(flags)


class FailingDisk(apsw.VFS):
    """A VFS over the real one; `fail(kind, error)` makes the next operations of a kind raise."""

    def __init__(self) -> None:
        super().__init__("failing-disk", "unix", makedefault=True)
        self._errors: dict[str, apsw.Error] = {}
        self.counted: Counter[str] = Counter()

    def xOpen(  # noqa: N802
        self, name: apsw.URIFilename | str | None, flags: list[int]
    ) -> FailingFile:
        return FailingFile(self, name, flags)

    def fail(self, kind: str, error: apsw.Error) -> None:
        self._errors[kind] = error

    def heal(self) -> None:
        self._errors.clear()

    def count(self, kind: str) -> None:
        self.counted[kind] += 1
        if kind in self._errors:
            raise self._errors[kind]


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    made = FailingDisk()
    yield made
    made.unregister()


@pytest.fixture(params=[INLINE, SEALED], ids=["plain", "sealed"])
def inline(request: pytest.FixtureRequest) -> SqliteOptions:
    """How a journal is opened inline, without a key and with one."""
    options = request.param
    assert isinstance(options, SqliteOptions)
    return options
