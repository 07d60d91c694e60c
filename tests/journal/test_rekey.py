"""Keys and a journal's life: sealed from one record on, refused without its key, sealed anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from daemon.core.book import Book
from daemon.core.commands import PlaceOrder
from daemon.core.terms import ClientOrderId, JournalId
from daemon.journal import rekey as rekeying
from daemon.journal.audit import Audit, audit
from daemon.journal.chain import start_after
from daemon.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalSealedError,
    OrderReusedError,
)
from daemon.journal.rekey import rekey
from daemon.journal.sealing import NO_KEYS, KeyRing, SealKeyError
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from daemon.ports import Record
from tests.contract.test_journals import EVENT, FILL, ORDER
from tests.journal.journals import INLINE, KEY, KEYS, OTHER_KEY, SEALED, filled, record, tamper

OTHER = KeyRing(OTHER_KEY)
BOTH_KEYS = KeyRing(OTHER_KEY, (KEY,))
SNAPSHOT = Book(journal_id=JournalId("j" * 300))


def silent(_done: int, _total: int) -> None:
    return


def check(path: Path) -> Audit:
    return audit(path, silent)


def read(path: Path, keys: KeyRing) -> tuple[list[Record], tuple[int, object] | None]:
    reader = read_only(path, keys=keys)
    found = list(reader.replay()), reader.latest_snapshot()
    reader.close()
    return found


async def full(path: Path, options: SqliteOptions, count: int = 30) -> list[Record]:
    """A journal with fills, orders and snapshots in parts."""
    records = [
        Record(1, FILL, (ORDER,)),
        *(record(seq) for seq in range(2, count)),
        Record(count, EVENT, (another(),)),
    ]
    journal = SqliteJournal(path, options)
    await journal.append(records)
    await journal.keep_snapshot(2, Book().state())
    await journal.keep_snapshot(count - 1, SNAPSHOT.state())
    await journal.close()
    return records


def another() -> PlaceOrder:
    return replace(ORDER, client_order_id=ClientOrderId("fd" + "b" * 30))


def spoken(path: Path) -> bytes:
    """All that the directory holds, as somebody without a key reads it."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


async def test_nothing_sealed_is_readable(tmp_path: Path) -> None:
    await full(tmp_path / "sealed.db", SEALED)
    await full(tmp_path / "plain.db", INLINE)
    for word in (b"limit_px", b"0.55", b"t" * 100, b"j" * 300):
        assert word in spoken(tmp_path / "plain.db")
        assert word not in spoken(tmp_path / "sealed.db")


async def test_no_key_stands_beside_what_it_sealed(tmp_path: Path) -> None:
    await full(tmp_path / "j.db", SEALED)
    rekey(tmp_path / "j.db", BOTH_KEYS, silent)
    content = spoken(tmp_path / "j.db")
    for key in (KEY, OTHER_KEY):
        for form in (key.reveal().encode(), key._secret, key._secret.hex().encode()):
            assert form not in content


async def test_a_journal_goes_on_sealed_from_there(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path, INLINE, count=2)
    journal = SqliteJournal(path, SEALED)
    await journal.append([record(3)])
    await journal.keep_snapshot(3, SNAPSHOT.state())
    assert [r.seq for r in journal.replay()] == [1, 2, 3]
    assert journal.latest_snapshot() == (3, SNAPSHOT.state())
    await journal.close()
    found = check(path)
    assert (found.sealed_from, found.broken) == (3, None)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (NO_KEYS, f"is sealed with key {KEY.id}, which is not configured"),
        (OTHER, f"is sealed with key {KEY.id}, which is not configured"),
        (KeyRing(None, (KEY,)), "journal.key is not set"),
    ],
)
async def test_a_sealed_journal_without_its_key_is_refused_unchanged(
    tmp_path: Path, keys: KeyRing, message: str
) -> None:
    path = tmp_path / "j.db"
    await full(path, SEALED)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(JournalSealedError, match=message):
            SqliteJournal(path, replace(INLINE, keys=keys))
        with pytest.raises(JournalSealedError, match=message):
            read_only(path, keys=keys)
    assert path.read_bytes() == before
    assert path.with_name("j.db-wal").stat().st_size == 0  # SQLite makes one for any reader


async def test_a_sealed_record_belongs_where_it_stands(tmp_path: Path) -> None:
    """The chain may be made anew around it; the seal still knows what came before."""
    path = tmp_path / "j.db"
    await filled(path, INLINE, count=1)
    await filled_after(path, SEALED, 2)
    tamper(path, "UPDATE meta SET value = 'another' WHERE name = 'journal_id'")
    reader = read_only(path, keys=KEYS)
    with pytest.raises(JournalCorruptError, match="record 2 was altered or truncated, or belongs"):
        list(reader.replay())
    reader.close()


async def filled_after(path: Path, options: SqliteOptions, seq: int) -> None:
    journal = SqliteJournal(path, options)
    await journal.append([record(seq)])
    await journal.close()


async def test_a_new_key_goes_on_and_the_former_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path, SEALED, count=2)
    await filled_after(path, replace(INLINE, keys=BOTH_KEYS), 3)
    assert [r.seq for r in read(path, BOTH_KEYS)[0]] == [1, 2, 3]
    for keys in (KEYS, OTHER):
        with pytest.raises(JournalSealedError):
            read(path, keys)


@pytest.mark.parametrize("options", [INLINE, SEALED], ids=["plain", "sealed"])
async def test_everything_is_sealed_anew(
    tmp_path: Path, options: SqliteOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.sqlite._PART_BYTES", 64)
    monkeypatch.setattr(rekeying, "_AT_ONCE", 7)
    path = tmp_path / "j.db"
    records = await full(path, options)
    old = check(path).head
    told: list[tuple[int, int]] = []
    head = rekey(path, BOTH_KEYS, lambda done, total: told.append((done, total)))
    assert told == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]
    found = audit(path, silent, anchor=old)  # the new chain begins with the old one's head
    assert (found.broken, found.head, found.sealed_from) == (None, head, 1)
    assert found.snapshots_damaged == ()
    assert read(path, OTHER) == (records, (29, SNAPSHOT.state()))
    assert b"t" * 100 not in spoken(path)
    journal = SqliteJournal(path, replace(INLINE, keys=OTHER))
    assert list(journal._reader._connection.execute("SELECT prev_hash FROM records LIMIT 1")) == [
        (start_after(old),)
    ]
    await journal.append([Record(31, EVENT, (replace(ORDER, resend=True),))])
    with pytest.raises(OrderReusedError, match="other content"):
        await journal.append([Record(32, EVENT, (replace(another(), resend=True, attempt=2),))])
    await journal.close()
    assert check(path).broken is None


async def test_an_empty_journal_is_sealed_anew(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path, SEALED, count=0)
    rekey(path, BOTH_KEYS, silent)
    await filled(path, replace(INLINE, keys=OTHER), count=2)
    assert [r.seq for r in read(path, OTHER)[0]] == [1, 2]
    assert check(path).broken is None


async def test_a_damaged_snapshot_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    records = await full(path, SEALED)
    tamper(path, "UPDATE snapshots SET payload = CAST(payload || x'00' AS BLOB) WHERE seq = 29")
    rekey(path, BOTH_KEYS, silent)
    assert read(path, OTHER) == (records, (2, Book().state()))


async def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with pytest.raises(JournalError, match="there is no journal"):
        rekey(path, KEYS, silent)
    await full(path, SEALED)
    with pytest.raises(SealKeyError, match="no key is configured"):
        rekey(path, NO_KEYS, silent)
    with pytest.raises(JournalSealedError, match=KEY.id):
        rekey(path, OTHER, silent)
    journal = SqliteJournal(path, SEALED)
    with pytest.raises(JournalLockedError, match="in use by process"):
        rekey(path, BOTH_KEYS, silent)
    await journal.close()
    tamper(path, "UPDATE records SET recorded_ns = 1 WHERE seq = 20")
    before = path.read_bytes()
    with pytest.raises(JournalCorruptError, match="record 20 was changed"):
        rekey(path, BOTH_KEYS, silent)
    assert path.read_bytes() == before
    tamper(path, "DELETE FROM records WHERE seq >= 20")
    with pytest.raises(JournalCorruptError, match="records 20 to 30 are missing"):
        rekey(path, BOTH_KEYS, silent)


async def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j.db"
    records = await full(path, SEALED)

    def no_space(_done: int, _total: int) -> None:
        raise apsw.FullError("no space")

    with pytest.raises(JournalError, match="twice as much free space"):
        rekey(path, BOTH_KEYS, no_space)
    assert read(path, KEYS)[0] == records


def killed(work: Callable[[], None]) -> bool:
    """Do `work` in a process of its own; True if it was killed."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


async def test_death_at_every_moment_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    records = await full(path, SEALED, count=300)
    survived = outcomes = 0
    for moment in range(1, 10_000, 9):
        if not killed(lambda at=moment: dying(path, at)):  # type: ignore[misc]
            survived += 1
            break
        keys = KEYS if sealed_with(path) == KEY.id else OTHER
        outcomes += keys is OTHER
        assert read(path, keys) == (records, (299, SNAPSHOT.state()))
        assert check(path).broken is None
        if keys is OTHER:
            rekey(path, KeyRing(KEY, (OTHER_KEY,)), silent)
    assert survived == 1
    assert 0 < outcomes < moment // 9  # both were met


def sealed_with(path: Path) -> str:
    connection = apsw.Connection(str(path))
    ((name,),) = connection.execute("SELECT name FROM meta WHERE name LIKE 'key:%'")
    connection.close()
    return str(name)[4:]


class DeadlyFile(apsw.VFSFile):
    """Kills the process in the middle of the n-th write or at the n-th sync."""

    left = 0

    def __init__(self, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if DeadlyFile.left == 1:
            super().xWrite(data[: len(data) // 2], offset)
        self._spend()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._spend()
        super().xSync(flags)

    def _spend(self) -> None:
        DeadlyFile.left -= 1
        if DeadlyFile.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DeadlyDisk(apsw.VFS):
    """A default VFS whose files are deadly."""

    def __init__(self) -> None:
        super().__init__("deadly-rekey", "unix", makedefault=True)

    def xOpen(  # noqa: N802
        self, name: apsw.URIFilename | str | None, flags: list[int]
    ) -> DeadlyFile:
        return DeadlyFile(name, flags)


def dying(path: Path, moment: int) -> None:
    DeadlyFile.left = moment
    disk = DeadlyDisk()
    rekey(path, BOTH_KEYS, silent)
    disk.unregister()
