"""Brings a SQLite file to the schema that this filld knows, by numbered SQL. Reads no records."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from daemon.journal.errors import JournalCorruptError, JournalVersionError

APPLICATION_ID: Final = 0x46_4C_4C_44  # "FLLD", in SQLite's header: a foreign file is refused


class Migration(NamedTuple):
    """One numbered step: its version, name and SQL."""

    version: int
    name: str
    sql: str


def _migrations() -> tuple[Migration, ...]:
    files = resources.files("daemon.journal").joinpath("migrations").iterdir()
    steps = sorted(file.name for file in files if file.name.endswith(".sql"))
    folder = resources.files("daemon.journal").joinpath("migrations")
    return tuple(
        Migration(int(name[:4]), name, folder.joinpath(name).read_text(encoding="utf-8"))
        for name in steps
    )


MIGRATIONS: Final = _migrations()
SCHEMA_VERSION: Final = MIGRATIONS[-1].version


def schema_version(connection: apsw.Connection) -> int:
    """The newest migration that the file has seen; 0 for an empty file."""
    if not connection.table_exists(None, "schema_version"):
        return 0
    rows = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version")
    return int(next(rows)[0])


def check_ours(connection: apsw.Connection, path: Path) -> None:
    """Refuse what this filld must not touch, before anything is written.

    `JournalCorruptError` for a database that is not ours, `JournalVersionError` for a newer one.
    """
    tables = next(connection.execute("SELECT count(*) FROM sqlite_schema"))[0]
    if tables and connection.pragma("application_id") != APPLICATION_ID:
        raise JournalCorruptError(f"{path} is no filld journal: check [journal] path")
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise JournalVersionError(
            f"{path} was written by a newer filld (schema {version}, this one knows"
            f" {SCHEMA_VERSION}): use that version, or another journal"
        )


def migrate(connection: apsw.Connection, applied_ns: int) -> None:
    """Apply what is missing, inside the caller's transaction. `applied_ns` is UTC wall time."""
    version = schema_version(connection)
    if version == 0:
        connection.pragma("application_id", APPLICATION_ID)
        connection.execute(
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " applied_ns INTEGER NOT NULL) STRICT"
        )
    for step in MIGRATIONS:
        if step.version > version:
            connection.execute(step.sql)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?, ?)",
                (step.version, step.name, applied_ns),
            )
