"""The writing connection, synchronously: opening, migrating, appending. Knows no thread or loop.

WAL with synchronous=FULL, asserted at every open: a commit that returned survives power loss.
After any error of a commit the outcome is unknown: the connection is closed and not used again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import apsw

from daemon.core.errors import FilldError
from daemon.journal.ballast import Ballast
from daemon.journal.errors import JournalError
from daemon.journal.migrate import check_ours, migrate, schema_version
from daemon.journal.opening import check_tail, connect, explain, explained, last_head, read_meta
from daemon.journal.rows import Batch, SentOrder, check_order, key_columns
from daemon.journal.sealing import NO_KEYS, KeyRing
from daemon.journal.vault import Vault

_SYNCHRONOUS_FULL: Final = 2
_KEPT_SNAPSHOTS: Final = 2
_PLACE: Final = (
    "INSERT INTO records (seq, engine_version, recorded_ns, kind, payload, prev_hash, sealed,"
    " row_hash) VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?)"
)
_FILL: Final = "INSERT OR IGNORE INTO fills VALUES (?, ?, ?, ?, ?, ?)"
_NOTE_HEAD: Final = "INSERT OR REPLACE INTO meta VALUES ('head', ?)"


class Store:
    """The writing connection. Every method may raise `JournalError`; then it is of no more use."""

    def __init__(self, path: Path, ballast: Ballast, keys: KeyRing = NO_KEYS) -> None:
        self._path = path
        self._ballast = ballast
        self._keys = keys
        self.wal_pages = 0
        with explained(path):
            self._connection = self._open(path)

    def _open(self, path: Path) -> apsw.Connection:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise explain(error, path) from error
        connection = connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            check_ours(connection, path)
            if schema_version(connection):
                read_meta(connection).check_keys(self._keys, path)
            mode = connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            if mode != "wal" or connection.pragma("synchronous") != _SYNCHRONOUS_FULL:
                raise JournalError(
                    f"{path} lies on a file system without write-ahead logging (journal_mode ="
                    f" {mode}): put the journal on a local disk"
                )
            connection.pragma("wal_autocheckpoint", 0)
            connection.set_wal_hook(self._note_wal)
        except (apsw.Error, FilldError):
            connection.close()
            raise
        return connection

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def prepare(self, journal_id: str, created_ns: int) -> None:
        """Apply missing migrations in one transaction; a new file gets its identity.

        From here on records are chained and, where there is a key, sealed.
        `JournalCorruptError` if records are missing at the end.
        """
        note = "INSERT OR IGNORE INTO meta VALUES (?, ?)"
        with self._transaction():
            migrate(self._connection, created_ns)
            execute = self._connection.execute
            execute(note, ("journal_id", journal_id))
            execute(note, ("created_ns", str(created_ns)))
            meta = read_meta(self._connection)
            self._head = last_head(self._connection, meta.start)
            check_tail(self._connection, meta, self._head)
            execute(note, ("chained_from", str(self._head.seq + 1)))
            if self._keys.current is not None:
                execute(note, ("sealed_from", str(self._head.seq + 1)))
                execute(note, (f"key:{self._keys.current.id}", ""))
            self.journal_id = meta.journal_id
            self._vault = self.new_vault()

    @property
    def last_seq(self) -> int:
        """The last record that is on disk."""
        return self._head.seq

    def new_vault(self) -> Vault:
        """What seals for this journal in one more thread."""
        return Vault(self.journal_id, self._keys)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, on disk at the end; after any error the connection is closed."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            if isinstance(error, apsw.FullError):
                self._ballast.free()
            self.close()
            raise explain(error, self._path) from error
        except FilldError:
            self.close()
            raise

    def append(self, batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        """Commit a batch, sealed and chained here: this is the writer's thread, not the loop.

        A fill known already is skipped in the index, its record is kept. `meanwhile` is called
        when only the commit itself is left: from then on others may have the interpreter.
        """
        rows, head = self._vault.rows(batch.drafts, self._head)
        with self._transaction():
            self._connection.executemany(_PLACE, rows)
            self._connection.executemany(
                _FILL, ((*key_columns(key), seq) for key, seq in batch.fills)
            )
            for order in batch.orders:
                self._place_order(order)
            if meanwhile is not None:
                meanwhile()
        self._head = head

    def _place_order(self, order: SentOrder) -> None:
        order_id, execute = order.client_order_id, self._connection.execute
        content = self._vault.seal_order(order_id, order.content)
        execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?)", (order_id, content, order.seq))
        if not self._connection.changes():
            found = execute("SELECT content FROM orders WHERE client_order_id = ?", (order_id,))
            check_order(order, self._vault.open_order(order_id, next(iter(found))[0]))

    def keep_part(self, seq: int, part: int, payload: bytes) -> None:
        """Keep part number `part` of a snapshot that is not complete before `keep_snapshot`."""
        with self._transaction():
            if part == 0:  # one of the same seq may have been begun before a crash
                self._connection.execute("DELETE FROM snapshot_parts WHERE seq = ?", (seq,))
            self._connection.execute(
                "INSERT OR REPLACE INTO snapshot_parts VALUES (?, ?, ?)", (seq, part, payload)
            )

    def keep_snapshot(self, seq: int, engine_version: int, rest: bytes, digest: bytes) -> None:
        """Complete a snapshot with what is left after its parts; keep the newest two.

        `digest` is the sha256 of all of it.
        """
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                (seq, engine_version, rest, digest),
            )
            self._connection.execute(
                "DELETE FROM snapshots WHERE seq NOT IN"
                " (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
                (_KEPT_SNAPSHOTS,),
            )
            self._connection.execute(
                "DELETE FROM snapshot_parts WHERE seq NOT IN (SELECT seq FROM snapshots)"
            )

    def note_lock(self, name: str) -> None:
        """Remember that a writer of this journal held the account lock `name`."""
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO meta VALUES (?, '')", (f"lock:{name}",))

    def checkpoint(self) -> None:
        """Note where the chain ends and move the WAL into the file.

        Noted once more after that: the first commit then syncs twice, since the WAL begins anew
        with it, and for this one nobody waits. Not noted in each commit: that would be one more
        page of each. A full disk here loses nothing: the reserve is freed.
        """
        head = (self._head.text(),)
        try:
            self._connection.execute(_NOTE_HEAD, head)
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self.wal_pages = 0
            self._connection.execute(_NOTE_HEAD, head)
        except apsw.FullError:
            self._ballast.free()
        except (apsw.BusyError, apsw.LockedError):
            return  # a reader is in the way: the next idle moment tries again
        except apsw.Error as error:
            self.close()
            raise explain(error, self._path) from error

    def close(self) -> None:
        """Close the connection (rolls an open transaction back); a second call does nothing."""
        with contextlib.suppress(apsw.Error):
            self._connection.close(True)  # noqa: FBT003 - apsw takes it by position
