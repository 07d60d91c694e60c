"""Seals a whole journal anew under the current key, in one transaction.

Until its commit every reader and every death of the process leaves the journal as it was: SQLite
writes beside, into the WAL. It needs twice as much free disk space as the journal is large, and
little memory. The new chain begins where the old one ended (`chain.start_after`).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import apsw

from daemon.journal.chain import Head, Row, followed, start_after
from daemon.journal.errors import JournalError
from daemon.journal.lock import FileLock
from daemon.journal.migrate import check_ours
from daemon.journal.opening import Meta, check_tail, connect, explained, last_head, read_meta
from daemon.journal.reader import ROWS, SNAPSHOTS
from daemon.journal.rows import Draft
from daemon.journal.sealing import KeyRing, SealBrokenError, is_sealed
from daemon.journal.vault import Vault

_AT_ONCE: Final = 1_000
_UPDATE: Final = (
    "UPDATE records SET payload = ?, prev_hash = ?, sealed = ?, row_hash = ? WHERE seq = ?"
)
_PART: Final = "SELECT payload FROM snapshot_parts WHERE seq = ? AND part = ?"
_KEEP_PART: Final = "UPDATE snapshot_parts SET payload = ? WHERE seq = ? AND part = ?"
_KEEP_SNAPSHOT: Final = "UPDATE snapshots SET payload = ?, digest = ? WHERE seq = ?"
_ORDERS: Final = (
    "SELECT client_order_id, content FROM orders WHERE client_order_id > ?"
    " ORDER BY client_order_id LIMIT ?"
)


def rekey(path: Path, keys: KeyRing, told: Callable[[int, int], None]) -> Head:
    """Seal everything under `keys.current`; returns the head of the new chain.

    `told(done, total)` records now and then. Raises `SealKeyError` without a current key,
    `JournalLockedError` while a daemon runs, `JournalSealedError` where a former key is missing,
    `JournalCorruptError` at the first record that is not sound; then nothing was changed.
    """
    key = keys.require()
    path = path.resolve()
    if not path.exists():
        raise JournalError(f"there is no journal at {path}: check [journal] path")
    lock = FileLock(path.with_name(path.name + ".lock"), f"the journal {path}")
    try:
        with _writing(path) as connection:
            meta = read_meta(connection)
            meta.check_keys(keys, path)
            last = last_head(connection, meta.start)
            check_tail(connection, meta, last)
            head = _Sealing(connection, meta, Vault(meta.journal_id, keys)).run(last, told)
            _note(connection, last, head, key.id)
    finally:
        lock.release()
    return head


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[apsw.Connection]:
    """One transaction; then the file is written anew, so that no page keeps what was replaced."""
    with explained(path):
        connection = connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            check_ours(connection, path)
            connection.pragma("synchronous", "full")
            connection.pragma("wal_autocheckpoint", 0)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            connection.execute("VACUUM")
            with contextlib.suppress(apsw.BusyError):  # a reader: the next daemon moves the WAL
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.FullError as error:
            raise JournalError(
                f"the disk of {path} is full ({error}): sealing anew needs twice as much free"
                f" space as the journal is large; it is whole, before or after: run it again"
            ) from error
        finally:
            connection.close(True)  # noqa: FBT003 - apsw takes it by position


class Hash(Protocol):
    """What hashlib's digests take."""

    def update(self, data: bytes, /) -> None:
        """More of it."""


class _Sealing:
    def __init__(self, connection: apsw.Connection, meta: Meta, vault: Vault) -> None:
        self._connection = connection
        self._meta = meta
        self._vault = vault

    def run(self, last: Head, told: Callable[[int, int], None]) -> Head:
        """Everything up to `last`; the head of the new chain."""
        old, new = self._meta.start, Head(0, start_after(last))
        while old.seq < last.seq:
            old, new = self._some_records(old, new)
            told(old.seq, last.seq)
        self._orders()
        self._snapshots()
        return new

    def _some_records(self, old: Head, new: Head) -> tuple[Head, Head]:
        drafts: list[Draft] = []
        found = self._connection.execute(f"{ROWS} LIMIT {_AT_ONCE}", (old.seq,))
        for columns in followed(found, old, self._meta.chained_from):
            row = Row(*columns)
            old = Head(row.seq, row.row_hash)
            drafts.append(Draft(*row[:4], self._vault.payload(row)))
        rows, new = self._vault.rows(drafts, new)
        self._connection.executemany(_UPDATE, ((*row[4:], row.seq) for row in rows))
        return old, new

    def _orders(self) -> None:
        after, vault = "", self._vault
        while rows := list(self._connection.execute(_ORDERS, (after, _AT_ONCE))):
            self._connection.executemany(
                "UPDATE orders SET content = ? WHERE client_order_id = ?",
                [(vault.seal_order(id_, vault.open_order(id_, old)), id_) for id_, old in rows],
            )
            after = rows[-1][0]

    def _snapshots(self) -> None:
        execute = self._connection.execute
        for seq, rest, digest in list(execute(SNAPSHOTS, (None,))):
            try:
                sound = self._snapshot(seq, rest, digest)
            except SealBrokenError:
                sound = False
            if not sound:  # a start would pass it over as well
                execute("DELETE FROM snapshots WHERE seq = ?", (seq,))
        execute("DELETE FROM snapshot_parts WHERE seq NOT IN (SELECT seq FROM snapshots)")

    def _snapshot(self, seq: int, rest: bytes, digest: bytes) -> bool:
        """Seal its parts one by one; False if they are not those of its digest."""
        before, after = hashlib.sha256(), hashlib.sha256()
        execute, number = self._connection.execute, 0
        while found := list(execute(_PART, (seq, number))):
            sealed = self._part(seq, number, found[0][0], before)
            after.update(sealed)
            execute(_KEEP_PART, (sealed, seq, number))
            number += 1
        sealed = self._part(seq, number, rest, before)
        after.update(sealed)
        execute(_KEEP_SNAPSHOT, (sealed, after.digest(), seq))
        return before.digest() == digest

    def _part(self, seq: int, number: int, stored: bytes, before: Hash) -> bytes:
        before.update(stored)
        plain = self._vault.open_part(seq, number, stored) if is_sealed(stored) else stored
        return self._vault.seal_part(seq, number, plain)


def _note(connection: apsw.Connection, last: Head, head: Head, key_id: str) -> None:
    """Where the new chain comes from and ends, and that nothing needs another key any more."""
    connection.execute("DELETE FROM meta WHERE name LIKE 'key:%'")
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [
            ("ended", last.text()),
            ("head", head.text()),
            ("chained_from", "1"),
            ("sealed_from", "1"),
            (f"key:{key_id}", ""),
        ],
    )
