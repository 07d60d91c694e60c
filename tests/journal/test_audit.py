"""The audit: whatever is done to a record, the first one that cannot be relied on is named."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.book import Book
from daemon.journal.audit import Audit, audit
from daemon.journal.chain import GENESIS, Head, Row, link
from daemon.journal.errors import JournalCorruptError, JournalError
from daemon.journal.reader import ROWS
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from tests.journal.journals import INLINE, KEYS, SEALED, filled, record, tamper

COUNT = 12
COLUMNS = (
    *("engine_version", "recorded_ns", "kind", "payload", "prev_hash", "row_hash", "sealed"),
)


def check(path: Path, anchor: Head | None = None) -> Audit:
    return audit(path, lambda _done, _total: None, anchor)


@pytest.fixture(scope="module", params=[INLINE, SEALED], ids=["plain", "sealed"])
def sound(request: pytest.FixtureRequest) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.db"
        asyncio.run(filled(path, request.param, count=COUNT))
        yield path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "copy.db"))


def edited(sound: Path, edit: Callable[[apsw.Connection], None]) -> Audit:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(sound, Path(folder) / "j.db"))
        connection = apsw.Connection(str(path))
        edit(connection)
        connection.close()
        return check(path)


def test_a_sound_journal(sound: Path) -> None:
    told: list[tuple[int, int]] = []
    found = audit(sound, lambda done, total: told.append((done, total)))
    assert found.broken is None
    assert (found.head.seq, found.chained_from, found.snapshots_damaged) == (COUNT, 1, ())
    assert told[-1] == (COUNT, COUNT)
    assert Head.parse(found.head.text()) == found.head


@settings(deadline=None, max_examples=60)
@given(seq=st.integers(1, COUNT), column=st.sampled_from(COLUMNS), data=st.data())
def test_any_altered_byte_of_any_record(
    sound: Path, seq: int, column: str, data: st.DataObject
) -> None:
    def edit(connection: apsw.Connection) -> None:
        sql = f"SELECT CAST({column} AS BLOB), typeof({column}) FROM records WHERE seq = ?"
        ((old, kind),) = connection.execute(sql, (seq,))
        if kind == "integer":
            new: object = int(old) ^ 1 << data.draw(st.integers(0, 62))
        else:
            altered = bytearray(old)
            altered[data.draw(st.integers(0, len(old) - 1))] ^= data.draw(st.integers(1, 255))
            new = bytes(altered)
        cast = "CAST(? AS TEXT)" if kind == "text" else "?"
        connection.execute(f"UPDATE records SET {column} = {cast} WHERE seq = ?", (new, seq))

    broken = edited(sound, edit).broken
    assert broken is not None
    assert (broken.seq, broken.what) == (seq, "altered")


@settings(deadline=None, max_examples=40)
@given(first=st.integers(1, COUNT), count=st.integers(1, COUNT))
def test_any_records_deleted(sound: Path, first: int, count: int) -> None:
    def edit(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM records WHERE seq >= ? AND seq < ?", (first, first + count))

    broken = edited(sound, edit).broken
    assert broken is not None
    assert broken.seq == first
    assert broken.what.startswith("missing")


@settings(deadline=None, max_examples=40)
@given(first=st.integers(1, COUNT - 1), count=st.integers(1, COUNT))
def test_records_left_out_and_the_rest_moved_up(sound: Path, first: int, count: int) -> None:
    def edit(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM records WHERE seq >= ? AND seq < ?", (first, first + count))
        connection.execute("UPDATE records SET seq = -seq WHERE seq > ?", (first,))
        connection.execute("UPDATE records SET seq = -seq - ? WHERE seq < 0", (count,))

    broken = edited(sound, edit).broken
    assert broken is not None
    assert broken.seq == first


@settings(deadline=None, max_examples=40)
@given(pair=st.sets(st.integers(1, COUNT), min_size=2, max_size=2))
def test_any_two_records_swapped(sound: Path, pair: set[int]) -> None:
    one, two = sorted(pair)

    def edit(connection: apsw.Connection) -> None:
        for old, new in ((one, -1), (two, one), (-1, two)):
            connection.execute("UPDATE records SET seq = ? WHERE seq = ?", (new, old))

    broken = edited(sound, edit).broken
    assert broken is not None
    assert (broken.seq, broken.what) == (one, f"out of order: what belongs here stands as {two}")


@settings(deadline=None, max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_any_byte_of_the_file(sound: Path, place: float, mask: int) -> None:
    """Found, or without meaning: then every record is as it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(sound, Path(folder) / "j.db"))
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= mask
        path.write_bytes(content)
        try:
            found = check(path)
        except JournalError:
            return
        if found.broken is None and not found.snapshots_damaged:
            assert rows_of(path) == rows_of(sound)


def rows_of(path: Path) -> list[Row]:
    connection = apsw.Connection(str(path))
    rows = [Row(*columns) for columns in connection.execute(ROWS, (0,))]
    connection.close()
    return rows


def remade(connection: apsw.Connection) -> None:
    """The whole chain made anew, by somebody who knows how but has no key."""
    head = GENESIS
    for columns in list(connection.execute(ROWS, (0,))):
        row = Row(*columns)._replace(prev_hash=head)
        head = link(row[:-1])
        sql = "UPDATE records SET prev_hash = ?, row_hash = ? WHERE seq = ?"
        connection.execute(sql, (row.prev_hash, head, row.seq))


def test_a_chain_made_anew_meets_the_head_and_the_anchor(copy: Path) -> None:
    (row,) = (row for row in rows_of(copy) if row.seq == 7)
    anchor = Head(7, row.row_hash)
    assert check(copy, anchor).broken is None
    connection = apsw.Connection(str(copy))
    connection.execute("UPDATE records SET recorded_ns = 5 WHERE seq = 3")
    remade(connection)
    found = check(copy).broken
    assert found is not None
    assert (found.seq, "the head names" in found.what) == (COUNT, True)
    connection.execute("DELETE FROM meta WHERE name = 'head'")
    connection.close()
    assert check(copy).broken is None
    found = check(copy, anchor).broken
    assert found is not None
    assert (found.seq, "the anchor names" in found.what) == (7, True)


def test_a_tail_cut_off_is_seen_by_the_anchor_alone_where_the_head_was_moved(copy: Path) -> None:
    anchor = check(copy).head
    tamper(copy, "DELETE FROM records WHERE seq > 9")
    tamper(copy, "DELETE FROM meta WHERE name = 'head'")
    assert check(copy).broken is None
    broken = check(copy, anchor).broken
    assert broken is not None
    assert (broken.seq, "cut off" in broken.what) == (10, True)


async def test_a_journal_older_than_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path)
    tamper(path, "DELETE FROM meta WHERE name IN ('head', 'chained_from')")
    tamper(path, "UPDATE records SET row_hash = randomblob(32)")
    found = check(path)
    assert (found.broken, found.chained_from) == (None, 6)
    journal = SqliteJournal(path, INLINE)
    await journal.append([record(6)])
    assert [r.seq for r in journal.replay()] == list(range(1, 7))
    await journal.close()
    found = check(path)
    assert (found.broken, found.chained_from, found.head.seq) == (None, 6, 6)
    tamper(path, "UPDATE records SET recorded_ns = 1 WHERE seq = 6")
    broken = check(path).broken
    assert broken is not None
    assert broken.seq == 6


def test_the_chain_cannot_be_said_to_begin_later(copy: Path) -> None:
    tamper(copy, "UPDATE meta SET value = '9' WHERE name = 'chained_from'")
    broken = check(copy).broken
    assert broken is not None
    assert (broken.seq, broken.what[:7]) == (1, "chained")


async def test_an_unsealed_record_among_sealed_ones(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path, SEALED)
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE records SET sealed = 0 WHERE seq = 4")
    remade(connection)
    connection.execute("DELETE FROM meta WHERE name = 'head'")
    connection.close()
    broken = check(path).broken
    assert broken is not None
    assert (broken.seq, broken.what) == (4, "not sealed, though all are from 1 on")
    reader = read_only(path, keys=KEYS)
    with pytest.raises(JournalCorruptError, match="record 4 is not sealed"):
        list(reader.replay(after_seq=3))
    reader.close()


async def test_damaged_snapshots_are_named(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    options = replace(SEALED, ballast_bytes=0)
    journal = SqliteJournal(path, options)
    await journal.append([record(1), record(2)])
    for seq in (1, 2):
        await journal.keep_snapshot(seq, Book().state())
    await journal.close()
    assert check(path).snapshots_damaged == ()
    tamper(path, "UPDATE snapshots SET payload = x'80' WHERE seq = 2")
    assert check(path).snapshots_damaged == (2,)


async def test_beside_a_running_writer(tmp_path: Path) -> None:
    options: SqliteOptions = replace(INLINE, inline=False)
    journal = SqliteJournal(tmp_path / "j.db", options)
    await journal.append([record(1)])
    assert check(tmp_path / "j.db").head.seq == 1
    await journal.append([record(2)])
    assert check(tmp_path / "j.db").head.seq == 2
    await journal.close()


def test_what_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        check(tmp_path / "j.db")
    (tmp_path / "j.db").write_text("hello" * 1000)
    with pytest.raises(JournalCorruptError):
        check(tmp_path / "j.db")


@pytest.mark.parametrize("text", ["", "7", "7:abc", "x:" + "00" * 32, "7:" + "00" * 31])
def test_what_is_no_head(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Head.parse(text)
