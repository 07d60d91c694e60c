"""One SQLite file, synchronously: opening, migrating, appending, reading. Knows no thread or loop.

WAL with synchronous=FULL, asserted at every open: a commit that returned survives power loss.
After any error of a commit the outcome is unknown: the connection is closed and not used again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from daemon.core.book import BookState, FillKey
from daemon.core.errors import FilldError
from daemon.core.terms import JournalId
from daemon.journal.ballast import Ballast
from daemon.journal.codec import decode_state
from daemon.journal.errors import JournalCorruptError, JournalError
from daemon.journal.migrate import check_ours, migrate
from daemon.journal.rows import GENESIS, Batch, Head, Row, check_order, key_columns, read_row
from daemon.ports import Record

# The WAL-reset bug can corrupt a file that two connections use; fixed here (performance.md).
_OLDEST_SQLITE: Final = 3_051_003
_BUSY_MS: Final = 5_000
_SYNCHRONOUS_FULL: Final = 2
_KEPT_SNAPSHOTS: Final = 2
_PLACE = (
    "INSERT INTO records (seq, engine_version, recorded_ns, kind, payload, prev_hash, row_hash,"
    " sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_FILL = "INSERT OR IGNORE INTO fills VALUES (?, ?, ?, ?, ?, ?)"
_KNOWN = (
    "SELECT 1 FROM fills WHERE account = ? AND venue = ? AND symbol = ? AND exec_id = ?"
    " AND venue_order_id = ?"
)
_PARTS = "SELECT payload FROM snapshot_parts WHERE seq = ? ORDER BY part"
_ROWS = (
    "SELECT seq, engine_version, recorded_ns, kind, payload, prev_hash, row_hash, sealed"
    " FROM records WHERE seq > ? ORDER BY seq"
)


def explain(error: apsw.Error | OSError, path: Path) -> JournalError:
    """What an error of SQLite means for the operator: what happened and what to do."""
    if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.FormatError):
        return JournalCorruptError(
            f"{path} is damaged or no journal ({error}): restore a backup, or move it aside and"
            f" run `filld rebuild`"
        )
    if isinstance(error, apsw.FullError):
        return JournalError(
            f"the disk of {path} is full ({error}): free some space and start filld again; the"
            f" reserve beside the journal was given back so that working exits can finish"
        )
    return JournalError(
        f"{path} cannot be read or written ({error}): check that the directory exists, that it"
        f" belongs to the user of filld and that the disk is healthy, then start filld again"
    )


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors inside into `JournalError`s."""
    try:
        yield
    except apsw.Error as error:
        raise explain(error, path) from error


def _connect(path: Path, flags: int) -> apsw.Connection:
    if apsw.SQLITE_VERSION_NUMBER < _OLDEST_SQLITE:
        raise JournalError(
            f"SQLite {apsw.sqlite_lib_version()} can damage a journal: install apsw from PyPI,"
            f" which brings 3.51.3 or later"
        )
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    return connection


class Reader:
    """Reads a journal, beside its writer or after its death, without any lock."""

    def __init__(self, path: Path, engine_version: int | None = None) -> None:
        """Open `path`. Snapshots of another `engine_version` (None = any) are passed over.

        Raises `JournalError` (missing, unreadable), `JournalCorruptError`, `JournalVersionError`.
        """
        if not path.exists():
            raise JournalError(f"there is no journal at {path}: check [journal] path")
        self._path = path
        self._engine_version = engine_version
        with explained(path):
            self._connection = _connect(path, apsw.SQLITE_OPEN_READONLY)
            try:
                check_ours(self._connection, path)
                self.journal_id = JournalId(_meta(self._connection, "journal_id"))
                self.created_ns = int(_meta(self._connection, "created_ns"))
            except (apsw.Error, FilldError):
                self._connection.close()
                raise

    def head(self, seq: int | None = None) -> Head:
        """The last row, or row `seq` (0: before the first); `JournalCorruptError` if missing."""
        if seq == 0:
            return Head(0, GENESIS)
        sql = (
            "SELECT seq, row_hash FROM records"
            " WHERE seq = coalesce(?, (SELECT max(seq) FROM records))"
        )
        with explained(self._path):
            for found, link in self._connection.execute(sql, (seq,)):
                return Head(found, link)
        if seq is None:
            return Head(0, GENESIS)
        raise JournalCorruptError(
            f"journal record {seq} is missing in {self._path}: restore a backup, or move it aside"
            f" and run `filld rebuild`"
        )

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Records after `after_seq`, in order, each checked against the chain of hashes."""
        head = self.head(after_seq)
        with explained(self._path):
            for columns in self._connection.execute(_ROWS, (after_seq,)):
                record, head = read_row(Row(*columns), head)
                yield record

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The newest snapshot that can be read, with its seq; None: fold from the start."""
        sql = (
            "SELECT seq, payload, digest FROM snapshots"
            " WHERE coalesce(?, engine_version) = engine_version ORDER BY seq DESC"
        )
        with explained(self._path):
            for seq, rest, digest in self._connection.execute(sql, (self._engine_version,)):
                parts = self._connection.execute(_PARTS, (seq,))
                payload = b"".join([*(part for (part,) in parts), rest])
                if hashlib.sha256(payload).digest() != digest:
                    continue
                with contextlib.suppress(JournalCorruptError):
                    return seq, decode_state(payload)
        return None

    def known_fill(self, key: FillKey) -> bool:
        """True when a committed record holds this execution."""
        with explained(self._path):
            return any(True for _ in self._connection.execute(_KNOWN, key_columns(key)))

    def lock_names(self) -> tuple[str, ...]:
        """The account locks that writers of this journal have taken."""
        sql = "SELECT substr(name, 6) FROM meta WHERE name LIKE 'lock:%' ORDER BY name"
        with explained(self._path):
            return tuple(name for (name,) in self._connection.execute(sql))

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with contextlib.suppress(apsw.Error):
            self._connection.close(True)  # noqa: FBT003 - apsw takes it by position


class Store:
    """The writing connection. Every method may raise `JournalError`; then it is of no more use."""

    def __init__(self, path: Path, ballast: Ballast) -> None:
        self._path = path
        self._ballast = ballast
        self.wal_pages = 0
        with explained(path):
            self._connection = self._open(path)

    def _open(self, path: Path) -> apsw.Connection:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise explain(error, path) from error
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            check_ours(connection, path)
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
        """Apply missing migrations in one transaction; a new file gets its identity."""
        with self._transaction():
            migrate(self._connection, created_ns)
            self._connection.execute(
                "INSERT OR IGNORE INTO meta VALUES ('journal_id', ?), ('created_ns', ?)",
                (journal_id, str(created_ns)),
            )

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

    def append(self, batch: Batch) -> None:
        """Commit a batch. A fill known already is skipped in the index, its record is kept."""
        with self._transaction():
            execute = self._connection.execute
            self._connection.executemany(_PLACE, batch.rows)
            self._connection.executemany(
                _FILL, ((*key_columns(key), seq) for key, seq in batch.fills)
            )
            for order in batch.orders:
                found = execute(
                    "SELECT content FROM orders WHERE client_order_id = ?",
                    (order.client_order_id,),
                )
                check_order(order, next((content for (content,) in found), None))
                execute(
                    "INSERT OR IGNORE INTO orders VALUES (?, ?, ?)",
                    (order.client_order_id, order.content, order.seq),
                )

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
        """Move the WAL into the file. A full disk here loses nothing: the reserve is freed."""
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self.wal_pages = 0
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


def _meta(connection: apsw.Connection, name: str) -> str:
    for (value,) in connection.execute("SELECT value FROM meta WHERE name = ?", (name,)):
        return str(value)
    raise JournalCorruptError(f"the journal has no {name}: restore a backup")
