"""A fold's result beside its journal: back as it was, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daemon.journal.derived import Derived
from daemon.journal.reader import Reader
from daemon.journal.sealing import NO_KEYS, Key, KeyRing
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Record
from tests import builders as make
from tests.journal.journals import INLINE


@dataclass
class Sums:
    """What some fold came to."""

    total: int = 0
    names: list[str] = field(default_factory=list)


@dataclass
class Other:
    """What a fold of another form came to."""

    total: str = ""


SUMS = Sums(7, [f"name-{number}" for number in range(500)])
KEY = Key.generate()


@pytest.fixture
async def reader(tmp_path: Path) -> Reader:
    """Of a journal of three records."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, INLINE)
    fills = (make.fill(exec_id=str(number)) for number in range(3))
    await journal.append([Record(seq, fill, ()) for seq, fill in enumerate(fills, 1)])
    await journal.close()
    return Reader(path)


@pytest.mark.parametrize("ring", [NO_KEYS, KeyRing(KEY)], ids=["plain", "sealed"])
async def test_what_was_kept_comes_back_unless_a_byte_is_another(
    reader: Reader, tmp_path: Path, ring: KeyRing
) -> None:
    path = tmp_path / "sums"
    file = Derived(path, Sums, "sums", ring)
    assert file.find(reader) is None
    file.keep(reader, 2, SUMS)
    assert file.find(reader) == SUMS
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"name-7" in path.read_bytes()) is (ring is NO_KEYS)
    data = path.read_bytes()
    for at in range(0, len(data), 53):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert file.find(reader) is None
    path.write_bytes(data[:-9])
    assert file.find(reader) is None


async def test_what_does_not_fit_is_passed_over(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "sums"
    file = Derived(path, Sums, "sums", NO_KEYS)
    file.keep(reader, 3, SUMS)
    assert Derived(path, Sums, "sums of another kind", NO_KEYS).find(reader) is None
    assert Derived(path, Other, "sums", NO_KEYS).find(reader) is None
    assert Derived(path, Sums, "sums", KeyRing(KEY)).find(reader) is None
    assert file.find(reader) == SUMS
    sealed = Derived(path, Sums, "sums", KeyRing(KEY))
    sealed.keep(reader, 3, SUMS)
    assert file.find(reader) is None
    assert Derived(path, Sums, "sums", KeyRing(Key.generate())).find(reader) is None
    assert Derived(path, Sums, "sums", KeyRing(Key.generate(), (KEY,))).find(reader) == SUMS
