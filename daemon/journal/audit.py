"""Checks a whole journal without its key: that nothing was altered, left out, moved or cut off.

What it goes by is said in `chain.py`. One row at a time is in memory; a writer beside it is not
held up, but its WAL is not moved into the file meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from daemon.journal.chain import Head, Row, link
from daemon.journal.errors import JournalError
from daemon.journal.migrate import check_ours
from daemon.journal.opening import connect, explained, last_head, read_meta
from daemon.journal.reader import PARTS, ROWS, SNAPSHOTS

Told = Callable[[int, int], None]
_TELL_EVERY: Final = 5_000


class Broken(NamedTuple):
    """The first record that cannot be relied on, and why."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found. `head`: the last record that was found sound.

    `chained_from`: the first record that the chain reaches; `sealed_from`: the first sealed one
    (None: none); `snapshots_damaged`: their seqs; a start passes them over.
    """

    head: Head
    chained_from: int
    sealed_from: int | None
    broken: Broken | None
    snapshots_damaged: tuple[int, ...]


def audit(path: Path, told: Told, anchor: Head | None = None) -> Audit:
    """Check the journal at `path`; `told(done, total)` records now and then.

    `anchor` is a head that an earlier audit showed: the chain must still hold it. Raises
    `JournalError` and its kin where there is no journal to check.
    """
    if not path.exists():
        raise JournalError(f"there is no journal at {path}: check [journal] path")
    with explained(path):
        connection = connect(path, apsw.SQLITE_OPEN_READONLY)
        try:
            check_ours(connection, path)
            connection.execute("BEGIN")
            return _Auditor(connection, told, anchor).run()
        finally:
            connection.close(True)  # noqa: FBT003 - apsw takes it by position


class _Auditor:
    def __init__(self, connection: apsw.Connection, told: Told, anchor: Head | None) -> None:
        self._connection = connection
        self._told = told
        self._meta = read_meta(connection)
        # The new chain begins with the head that a rekey ended: that one holds.
        kept = None if anchor == self._meta.ended else anchor
        named = (("the head", self._meta.head), ("the anchor", kept))
        self._noted = [(name, head) for name, head in named if head is not None]
        self._head = self._meta.start
        self._sealed_from: int | None = None

    def run(self) -> Audit:
        broken = self._records()
        last = last_head(self._connection, self._meta.start) if broken is None else self._head
        return Audit(
            head=self._head,
            chained_from=self._meta.chained_from or last.seq + 1,
            sealed_from=self._sealed_from,
            broken=broken or self._cut_off(),
            snapshots_damaged=tuple(self._damaged_snapshots()),
        )

    def _records(self) -> Broken | None:
        total = last_head(self._connection, self._meta.start).seq
        try:
            for columns in self._connection.execute(ROWS, (0,)):
                row = Row(*columns)
                broken = self._broken(row)
                if broken is not None:
                    return broken
                self._head = Head(row.seq, row.row_hash)
                if row.sealed and self._sealed_from is None:
                    self._sealed_from = row.seq
                if row.seq % _TELL_EVERY == 0:
                    self._told(row.seq, total)
        except apsw.CorruptError as error:
            return Broken(self._head.seq + 1, f"unreadable: {error}")
        self._told(total, total)
        return None

    def _broken(self, row: Row) -> Broken | None:
        """What is wrong with the row that comes after `self._head`."""
        expected = self._head.seq + 1
        if row.seq != expected:
            return Broken(expected, f"missing: {row.seq} comes after {self._head.seq}")
        sound = link(row[:-1]) == row.row_hash
        if not self._meta.is_chained(row.seq):
            text = f"chained, though the chain is said to begin at {self._meta.chained_from}"
            return Broken(row.seq, text) if sound else None
        if not sound or row.prev_hash != self._head.row_hash:
            return Broken(row.seq, self._how(row))
        return self._unlike(row)

    def _unlike(self, row: Row) -> Broken | None:
        """What is wrong with a row that stands in its place in the chain."""
        if self._sealed_from is not None and not row.sealed:
            return Broken(row.seq, f"not sealed, though all are from {self._sealed_from} on")
        for name, noted in self._noted:
            if noted.seq == row.seq and noted.row_hash != row.row_hash:
                return Broken(row.seq, f"not the one that {name} names: the chain was made anew")
        return None

    def _how(self, row: Row) -> str:
        """Whether what belongs here stands elsewhere."""
        if row.prev_hash != self._head.row_hash:
            sql = "SELECT seq FROM records WHERE prev_hash = ? AND seq > ?"
            for (elsewhere,) in self._connection.execute(sql, (self._head.row_hash, row.seq)):
                return f"out of order: what belongs here stands as {elsewhere}"
        return "altered"

    def _cut_off(self) -> Broken | None:
        """What the records no longer reach."""
        for name, noted in self._noted:
            if noted.seq > self._head.seq:
                text = f"missing: {name} names record {noted.seq}, the journal was cut off"
                return Broken(self._head.seq + 1, text)
        return None

    def _damaged_snapshots(self) -> Iterator[int]:
        try:
            for seq, rest, digest in self._connection.execute(SNAPSHOTS, (None,)):
                found = hashlib.sha256()
                for (part,) in self._connection.execute(PARTS, (seq,)):
                    found.update(part)
                found.update(rest)
                if found.digest() != digest:
                    yield seq
        except apsw.CorruptError:
            yield self._head.seq  # a page of them cannot be read: whichever it was, it is of no use
