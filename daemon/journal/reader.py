"""Reads a journal beside its writer or after its death. Takes no lock, changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import apsw

from daemon.core.book import BookState
from daemon.core.errors import FilldError
from daemon.core.known_fills import FillKey
from daemon.journal.chain import RESTORE, Columns, Head, Row, followed
from daemon.journal.codec import decode_record, decode_state
from daemon.journal.errors import JournalCorruptError, JournalError
from daemon.journal.migrate import check_ours
from daemon.journal.opening import Meta, connect, explained, head_at, last_head, read_meta
from daemon.journal.rows import key_columns
from daemon.journal.sealing import NO_KEYS, KeyRing, SealBrokenError
from daemon.journal.vault import Vault
from daemon.ports import Record

# As bytes: what was damaged may be of any type.
ROWS: Final = (
    "SELECT seq, engine_version, recorded_ns, CAST(kind AS BLOB), payload, prev_hash, sealed,"
    " row_hash FROM records WHERE seq > ? ORDER BY seq"
)
_NAMING: Final = (
    "SELECT seq, engine_version, recorded_ns, CAST(kind AS BLOB), payload, prev_hash, sealed,"
    " row_hash FROM records WHERE seq > ? AND seq <= ?"
    " AND (sealed OR kind = ? OR instr(payload, ?)) ORDER BY seq"
)
_PLACED: Final = "SELECT seq FROM orders WHERE client_order_id = ?"
# Some milliseconds of a search.
_STRETCH: Final = 2_000
_KNOWN: Final = (
    "SELECT seq FROM fills WHERE account = ? AND venue = ? AND symbol = ? AND exec_id = ?"
    " AND venue_order_id = ?"
)
PARTS: Final = (
    "SELECT CAST(coalesce(payload, '') AS BLOB) FROM snapshot_parts WHERE seq = ? ORDER BY part"
)
SNAPSHOTS: Final = (
    "SELECT seq, CAST(coalesce(payload, '') AS BLOB), digest FROM snapshots"
    " WHERE coalesce(?, engine_version) = engine_version ORDER BY seq DESC"
)


class Reader:
    """Reads a journal, beside its writer or after its death, without any lock."""

    def __init__(
        self, path: Path, engine_version: int | None = None, keys: KeyRing = NO_KEYS
    ) -> None:
        """Open `path`. Snapshots of another `engine_version` (None = any) are passed over.

        Raises `JournalError` (missing, unreadable), `JournalCorruptError`, `JournalVersionError`,
        `JournalSealedError` where `keys` do not open all of it.
        """
        if not path.exists():
            raise JournalError(f"there is no journal at {path}: check [journal] path")
        self._path = path
        self._engine_version = engine_version
        with explained(path):
            self._connection = connect(path, apsw.SQLITE_OPEN_READONLY)
            try:
                check_ours(self._connection, path)
                meta = read_meta(self._connection)
                meta.check_keys(keys, path)
            except (apsw.Error, FilldError):
                self._connection.close()
                raise
        self.journal_id, self.created_ns = meta.journal_id, meta.created_ns
        self._vault = Vault(meta.journal_id, keys)

    def head(self, seq: int | None = None) -> Head:
        """The last row, or row `seq` (0: before the first); `JournalCorruptError` if missing."""
        with explained(self._path):
            start = read_meta(self._connection).start
            if seq is None:
                return last_head(self._connection, start)
            if seq == 0:
                return start
            found = head_at(self._connection, seq)
        if found is not None:
            return found
        raise JournalCorruptError(f"journal record {seq} is missing in {self._path}: {RESTORE}")

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Records after `after_seq`, in order, each checked against the chain of hashes."""
        head = self.head(after_seq)
        with explained(self._path):
            meta = read_meta(self._connection)
            rows = self._connection.execute(ROWS, (after_seq,))
            for row in followed(rows, head, meta.chained_from):
                yield decode_record(row[0], self._opened(row, meta), row[1])

    def naming(self, text: str, kind: str, going: Callable[[int, int], bool]) -> Iterator[Record]:
        """Records in which `text` stands, and all events called `kind`, in order.

        Far quicker than `replay`: of the chain only the link of each such record is checked.
        `going` is asked now and then, with the seq reached and the last: not true ends it.
        """
        needle = text.encode()
        with explained(self._path):
            meta = read_meta(self._connection)
            last = last_head(self._connection, meta.start).seq
            placed = self._connection.execute(_PLACED, (text,)).fetchone()
            first = 0 if placed is None else placed[0] - 1  # nothing names an order before that
            for start in range(first, last, _STRETCH):
                if not going(start, last):
                    return
                asked = (start, start + _STRETCH, kind, needle)
                for columns in list(self._connection.execute(_NAMING, asked)):
                    row = Row(*columns)
                    before = Head(row.seq - 1, row.prev_hash)
                    next(followed([row], before, meta.chained_from))
                    payload = self._opened(row, meta)
                    if needle in payload or row.kind == kind.encode():
                        yield decode_record(row.seq, payload, row.engine_version)

    def _opened(self, columns: Columns, meta: Meta) -> bytes:
        seq, _, _, _, payload, _, sealed, _ = columns
        if sealed:
            return self._vault.payload(Row(*columns))
        if meta.sealed_from is not None and seq >= meta.sealed_from:
            raise JournalCorruptError(
                f"journal record {seq} is not sealed, though all are from"
                f" {meta.sealed_from} on: {RESTORE}"
            )
        return payload

    def placed(self, client_order_id: str) -> Record | None:
        """The record of an order's first sending; None if it was never sent."""
        with explained(self._path):
            found = self._connection.execute(_PLACED, (client_order_id,)).fetchone()
        return None if found is None else next(self.replay(found[0] - 1))

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The newest snapshot that can be read, with its seq; None: fold from the start."""
        with explained(self._path):
            for seq, rest, digest in self._connection.execute(SNAPSHOTS, (self._engine_version,)):
                parts = self._connection.execute(PARTS, (seq,))
                stored = [*(part for (part,) in parts), rest]
                if hashlib.sha256(b"".join(stored)).digest() != digest:
                    continue
                with contextlib.suppress(JournalCorruptError, SealBrokenError):
                    opened = (self._vault.open_part(seq, n, part) for n, part in enumerate(stored))
                    return seq, decode_state(b"".join(opened))
        return None

    def known_fill(self, key: FillKey) -> bool:
        """True when a committed record holds this execution."""
        with explained(self._path):
            return any(True for _ in self._connection.execute(_KNOWN, key_columns(key)))

    def find_fill(self, key: FillKey) -> Record | None:
        """The record of this execution; None if no committed one holds it."""
        with explained(self._path):
            found = self._connection.execute(_KNOWN, key_columns(key))
            seq = next((seq for (seq,) in found), None)
        return None if seq is None else next(self.replay(seq - 1))

    def lock_names(self) -> tuple[str, ...]:
        """The account locks that writers of this journal have taken."""
        sql = "SELECT substr(name, 6) FROM meta WHERE name LIKE 'lock:%' ORDER BY name"
        with explained(self._path):
            return tuple(name for (name,) in self._connection.execute(sql))

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with contextlib.suppress(apsw.Error):
            self._connection.close(True)  # noqa: FBT003 - apsw takes it by position
