"""Which texts have been met: exact, in bounded memory, however many they are."""

from __future__ import annotations

import hashlib
from typing import Final

import apsw

_MADE: Final = "CREATE TABLE met (digest BLOB PRIMARY KEY) WITHOUT ROWID"


class Digests:
    """A set of digests in a temporary file of SQLite's own, which is gone at `close`."""

    def __init__(self) -> None:
        self._connection = apsw.Connection("")
        self._connection.pragma("journal_mode", "off")
        self._connection.execute(_MADE)
        self._connection.execute("BEGIN")

    def add(self, text: bytes) -> None:
        """Note that `text` has been met."""
        self._connection.execute("INSERT OR IGNORE INTO met VALUES (?)", (_digest(text),))

    def __contains__(self, text: bytes) -> bool:
        found = self._connection.execute("SELECT 1 FROM met WHERE digest = ?", (_digest(text),))
        return any(True for _ in found)

    def close(self) -> None:
        """Let go of all; a second call does nothing."""
        self._connection.close()


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
