"""What of one journal is sealed, and to which place each sealed text is bound. Does no I/O.

Sealed are the payloads of records, the parts of snapshots and the digests of orders. Readable stay
the columns that SQLite itself must compare: ids of fills (account, venue, symbol, exec id, order
id) for their UNIQUE index, client order ids, event names and times. They tell what was traded and
when; not how much, at what price, nor with what rules. Hashing them would scatter every insert over
the whole index, for journals of years the dearest part of a commit.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from daemon.journal.chain import RESTORE, Head, Row, link
from daemon.journal.errors import JournalCorruptError, JournalSealedError
from daemon.journal.rows import Draft
from daemon.journal.sealing import (
    NO_KEYS,
    KeyRing,
    SealBrokenError,
    Sealer,
    UnknownKeyError,
    is_sealed,
    unseal,
)

_NUMBERS: Final = struct.Struct(">qqq")
_PART: Final = struct.Struct(">qq")


class Vault:
    """Seals and opens what one journal holds; each thread makes its own."""

    def __init__(self, journal_id: str, keys: KeyRing = NO_KEYS) -> None:
        self._scope = journal_id.encode() + b"\0"
        self._keys = keys
        self._sealer = None if keys.current is None else Sealer(keys.current)

    def rows(self, drafts: Sequence[Draft], head: Head) -> tuple[list[Row], Head]:
        """The rows of `drafts`, sealed where there is a key, chained to `head`; the head after."""
        rows: list[Row] = []
        seq, prev_hash = head
        for draft in drafts:
            row = self._row(draft, prev_hash)
            rows.append(row)
            seq, prev_hash = row.seq, row.row_hash
        return rows, Head(seq, prev_hash)

    def _row(self, draft: Draft, prev_hash: bytes) -> Row:
        seq, engine_version, recorded_ns, kind, payload = draft
        sealed = 0
        if self._sealer is not None:
            payload, sealed = self._sealer.seal(payload, self._place(draft, prev_hash)), 1
        unlinked = (seq, engine_version, recorded_ns, kind, payload, prev_hash, sealed)
        return Row(*unlinked, link(unlinked))

    def _place(self, one: Draft | Row, prev_hash: bytes) -> bytes:
        """A record belongs into this journal, behind the one record before it."""
        numbers = _NUMBERS.pack(one.seq, one.engine_version, one.recorded_ns)
        return b"".join((b"record\0", self._scope, numbers, prev_hash, one.kind))

    def payload(self, row: Row) -> bytes:
        """What was sealed in a row that was found to follow in the chain.

        `JournalSealedError` if its key is not configured, `JournalCorruptError` if it was altered.
        """
        if not row.sealed:
            return row.payload
        try:
            return unseal(row.payload, self._keys, self._place(row, row.prev_hash))
        except UnknownKeyError as error:
            raise JournalSealedError(f"journal record {row.seq} {error}") from error
        except SealBrokenError as error:
            raise JournalCorruptError(f"journal record {row.seq} {error}: {RESTORE}") from error

    def seal_part(self, seq: int, part: int, plain: bytes) -> bytes:
        """Part number `part` of the snapshot of `seq` as it is stored."""
        if self._sealer is None:
            return plain
        return self._sealer.seal(plain, self._part_place(seq, part))

    def open_part(self, seq: int, part: int, stored: bytes) -> bytes:
        """The part again. `SealBrokenError`; without a current key an unsealed one is as it is."""
        if self._sealer is None and not is_sealed(stored):
            return stored
        return unseal(stored, self._keys, self._part_place(seq, part))

    def _part_place(self, seq: int, part: int) -> bytes:
        return b"".join((b"snapshot\0", self._scope, _PART.pack(seq, part)))

    def seal_order(self, client_order_id: str, content: bytes) -> bytes:
        """The digest of an order as it is stored: in the clear it could be guessed from."""
        if self._sealer is None:
            return content
        return self._sealer.seal(content, self._order_place(client_order_id))

    def open_order(self, client_order_id: str, stored: bytes) -> bytes:
        """The digest again; raises as `payload` does."""
        if not is_sealed(stored):
            return stored
        try:
            return unseal(stored, self._keys, self._order_place(client_order_id))
        except UnknownKeyError as error:
            raise JournalSealedError(f"order {client_order_id} {error}") from error
        except SealBrokenError as error:
            text = f"the journal's order {client_order_id} {error}: {RESTORE}"
            raise JournalCorruptError(text) from error

    def _order_place(self, client_order_id: str) -> bytes:
        return b"".join((b"order\0", self._scope, client_order_id.encode()))
