"""Opening one SQLite file that is a journal, and what its table `meta` says. Takes no lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from daemon.core.terms import JournalId
from daemon.journal.chain import GENESIS, RESTORE, Head, start_after
from daemon.journal.errors import JournalCorruptError, JournalError, JournalSealedError
from daemon.journal.sealing import KeyRing

# The WAL-reset bug can corrupt a file that two connections use; fixed here (performance.md).
_OLDEST_SQLITE: Final = 3_051_003
_BUSY_MS: Final = 5_000
_LAST: Final = "SELECT seq, row_hash FROM records ORDER BY seq DESC LIMIT 1"
_META: Final = "SELECT name, value FROM meta"
_AT: Final = "SELECT seq, row_hash FROM records WHERE seq = ?"


def explain(error: apsw.Error | OSError, path: Path) -> JournalError:
    """What an error of SQLite means for the operator: what happened and what to do."""
    if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.FormatError):
        return JournalCorruptError(f"{path} is damaged or no journal ({error}): {RESTORE}")
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
    except UnicodeDecodeError as error:
        raise JournalCorruptError(f"{path} is damaged ({error}): {RESTORE}") from error


def sqlite_version() -> str:
    """The version of SQLite in use; `JournalError` if it is too old."""
    if apsw.SQLITE_VERSION_NUMBER < _OLDEST_SQLITE:
        raise JournalError(
            f"SQLite {apsw.sqlite_lib_version()} can damage a journal: install apsw from PyPI,"
            f" which brings 3.51.3 or later"
        )
    return apsw.sqlite_lib_version()


def connect(path: Path, flags: int) -> apsw.Connection:
    """A connection with these open flags; `JournalError` if this SQLite is too old."""
    sqlite_version()
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What the journal says of itself.

    `chained_from`: the first record that is chained as `chain.py` says (None: none yet);
    `sealed_from`: the first of those that are all sealed; `ended`: the head of the chain that a
    rekey ended; `head`: the one noted last, at or before
    the last record; `key_ids`: the keys that it was sealed with.
    """

    journal_id: JournalId
    created_ns: int
    chained_from: int | None
    sealed_from: int | None
    ended: Head | None
    head: Head | None
    key_ids: tuple[str, ...]

    @property
    def start(self) -> Head:
        """What the first record follows."""
        return Head(0, GENESIS if self.ended is None else start_after(self.ended))

    def is_chained(self, seq: int) -> bool:
        """True unless record `seq` is older than the chain."""
        return self.chained_from is not None and seq >= self.chained_from

    def check_keys(self, keys: KeyRing, path: Path) -> None:
        """`JournalSealedError` unless `keys` open everything, and seal if anything is sealed.

        Likewise where they want all to be sealed, and it is not: each record is looked at by the
        reader, which refuses the first unsealed one after `sealed_from`.
        """
        if keys.sealed_only and (not self.key_ids or self.sealed_from != 1):
            raise JournalSealedError(
                f"{path} is not sealed from its first record on, and journal.require_sealed is on:"
                f" somebody may have put it there; if it is yours, seal it:"
                f" filld rekey --set journal.require_sealed=false; nothing was changed"
            )
        for key_id in self.key_ids:
            if keys.find(key_id) is None:
                raise JournalSealedError(
                    f"{path} is sealed with key {key_id}, which is not configured: set it as"
                    f" FILLD_JOURNAL__KEY or credential journal_key, or, after a change of keys,"
                    f" among FILLD_JOURNAL__FORMER_KEYS; nothing was changed"
                )
        if self.key_ids and keys.current is None:
            raise JournalSealedError(
                f"{path} is sealed, and journal.key is not set (only journal.former_keys):"
                f" nothing is written unsealed behind what is sealed"
            )


def read_meta(connection: apsw.Connection) -> Meta:
    """Of a journal that has been prepared; `JournalCorruptError` where it is not legible."""
    rows = {str(name): str(value) for name, value in connection.execute(_META)}
    for name in ("journal_id", "created_ns"):
        if name not in rows:
            raise JournalCorruptError(f"the journal has no {name}: {RESTORE}")
    try:
        return Meta(
            journal_id=JournalId(rows["journal_id"]),
            created_ns=int(rows["created_ns"]),
            chained_from=int(rows["chained_from"]) if "chained_from" in rows else None,
            sealed_from=int(rows["sealed_from"]) if "sealed_from" in rows else None,
            ended=Head.parse(rows["ended"]) if "ended" in rows else None,
            head=Head.parse(rows["head"]) if "head" in rows else None,
            key_ids=tuple(name[4:] for name in rows if name.startswith("key:")),
        )
    except ValueError as error:
        raise JournalCorruptError(f"the journal's meta data were altered: {RESTORE}") from error


def last_head(connection: apsw.Connection, start: Head) -> Head:
    """The last row's, or `start` where there is none."""
    return next((Head(*row) for row in connection.execute(_LAST)), start)


def head_at(connection: apsw.Connection, seq: int) -> Head | None:
    """That of row `seq`; None if there is no such row."""
    return next((Head(*row) for row in connection.execute(_AT, (seq,))), None)


def check_tail(connection: apsw.Connection, meta: Meta, last: Head) -> None:
    """`JournalCorruptError` unless the records reach as far as the head that was noted last."""
    noted = meta.head
    if noted is None or noted == last or noted.seq == 0:
        return
    if last.seq < noted.seq:
        found = f"journal records {last.seq + 1} to {noted.seq} are missing at its end"
    elif head_at(connection, noted.seq) != noted:
        found = f"journal record {noted.seq} is missing or was changed on disk"
    else:
        return
    raise JournalCorruptError(f"{found}: {RESTORE}")
