"""The chain of hashes through a journal, over what is stored: checking it needs no key.

A row's `row_hash` is the SHA-256 of, in this order: its `prev_hash` (32 bytes, the row_hash of the
row before it); its `seq`, `engine_version`, `recorded_ns`, `sealed` and the number of bytes of
`kind`, each as a 64-bit big-endian integer; `kind` in UTF-8; `payload` as it is stored. The first
row's `prev_hash` is 32 zero bytes or, after a rekey, `start_after` the chain that was before.
Whoever can write to the file can also make the whole chain anew: what holds against that is a head
that was written down elsewhere (`filld audit --anchor`), and the seal. Does no I/O.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from daemon.journal.errors import JournalCorruptError

GENESIS: Final = bytes(32)
# Not "restore a backup": one that is older than the last order gives its id a second time.
RESTORE: Final = "move the journal aside and run `filld rebuild` (see OPERATIONS.md)"
_NUMBERS: Final = struct.Struct(">qqqqq")
_REKEYED: Final = b"filld rekey\0"


class Row(NamedTuple):
    """One row of the table `records`, its columns in order. `recorded_ns` is UTC wall time.

    `sealed`: 1 where `payload` is sealed.
    """

    seq: int
    engine_version: int
    recorded_ns: int
    kind: bytes
    payload: bytes
    prev_hash: bytes
    sealed: int
    row_hash: bytes


class Head(NamedTuple):
    """A row of a chain, its last one or the one before the next: its seq (0 = none) and hash."""

    seq: int
    row_hash: bytes

    def text(self) -> str:
        """`SEQ:HASH`, as it is shown and kept."""
        return f"{self.seq}:{self.row_hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head of such a text; `ValueError` if it is none."""
        seq, _, link = text.strip().partition(":")
        head = cls(int(seq), bytes.fromhex(link))
        if len(head.row_hash) != len(GENESIS):
            raise ValueError("a head is SEQ:HASH")
        return head


Unlinked = tuple[int, int, int, bytes, bytes, bytes, int]
Columns = tuple[int, int, int, bytes, bytes, bytes, int, bytes]
"""Those of a `Row`, in its order."""


def link(unlinked: Unlinked) -> bytes:
    """What the `row_hash` of a row must be whose other columns these are.

    Nothing (b"") where one is not of its type: a damaged page can hold anything.
    """
    seq, engine_version, recorded_ns, kind, payload, prev_hash, sealed = unlinked
    try:
        numbers = _NUMBERS.pack(seq, engine_version, recorded_ns, sealed, len(kind))
        return hashlib.sha256(b"".join((prev_hash, numbers, kind, payload))).digest()
    except (TypeError, struct.error):
        return b""


def start_after(head: Head) -> bytes:
    """Where a new chain begins that continues one that ended at `head`."""
    return hashlib.sha256(_REKEYED + struct.pack(">q", head.seq) + head.row_hash).digest()


def followed(rows: Iterable[Columns], head: Head, chained_from: int | None) -> Iterator[Columns]:
    """`rows` as they come; `JournalCorruptError` at one that is not the next after `head`.

    Only the seq counts of those before `chained_from` (None: all): they are older than the chain.
    """
    before, last_hash = head
    for row in rows:
        seq = before + 1
        if row[0] != seq:
            raise JournalCorruptError(
                f"journal record {seq} is missing (found {row[0]} after {before}): {RESTORE}"
            )
        sound = row[5] == last_hash and link(row[:-1]) == row[7]
        if not sound and chained_from is not None and seq >= chained_from:
            raise JournalCorruptError(f"journal record {seq} was changed on disk: {RESTORE}")
        yield row
        before, last_hash = seq, row[7]
