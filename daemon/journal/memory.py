"""MemoryJournal: the journal's contract without a disk. Keeps encoded bytes, never objects.

For tests and `--dry` tools; it survives nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence

from daemon.core.book import BookState, FillKey
from daemon.core.terms import JournalId
from daemon.journal.codec import decode_state, encode_state
from daemon.journal.errors import JournalCorruptError, JournalError, SequenceBrokenError
from daemon.journal.rows import GENESIS, Head, Row, check_order, make_batch, read_row
from daemon.ports import Record

_KEPT_SNAPSHOTS = 2


class MemoryJournal:
    """ports.Journal in memory."""

    def __init__(self, journal_id: JournalId, engine_version: int = 1) -> None:
        self._journal_id = journal_id
        self._engine_version = engine_version
        self._rows: list[Row] = []
        self._fills: set[FillKey] = set()
        self._orders: dict[str, bytes] = {}
        self._snapshots: list[tuple[int, bytes]] = []
        self._closed = False

    @property
    def journal_id(self) -> JournalId:
        """The id given at creation."""
        return self._journal_id

    @property
    def last_seq(self) -> int:
        """The seq of the last record; 0 before the first."""
        return self._head().seq

    def _head(self) -> Head:
        return Head(self._rows[-1].seq, self._rows[-1].row_hash) if self._rows else Head(0, GENESIS)

    def _check_open(self) -> None:
        if self._closed:
            raise JournalError("nothing more is written after: the journal is closed")

    async def append(self, records: Sequence[Record]) -> None:
        """Keep `records`; all or none of them. Raises as ports.Journal says."""
        self._check_open()
        batch = make_batch(records, self._head(), self._engine_version)
        orders = dict(self._orders)
        for order in batch.orders:
            check_order(order, orders.get(order.client_order_id))
            orders.setdefault(order.client_order_id, order.content)
        self._orders = orders
        self._rows.extend(batch.rows)
        self._fills.update(key for key, _ in batch.fills)

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Records with seq > `after_seq`, in order."""
        if after_seq > len(self._rows):
            raise JournalCorruptError(f"journal record {after_seq} is missing")
        head = Head(after_seq, self._rows[after_seq - 1].row_hash if after_seq else GENESIS)
        for row in self._rows[after_seq:]:
            record, head = read_row(row, head)
            yield record

    def keep_snapshot(self, seq: int, state: BookState) -> Awaitable[None]:
        """Keep the book as of `seq`; the newest two are kept."""
        self._check_open()
        if seq > self.last_seq:
            raise SequenceBrokenError(f"snapshot of {seq}, but the last record is {self.last_seq}")
        kept = [*self._snapshots, (seq, encode_state(state))]
        self._snapshots = kept[-_KEPT_SNAPSHOTS:]
        return asyncio.sleep(0)

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The newest snapshot and its seq."""
        if not self._snapshots:
            return None
        seq, payload = self._snapshots[-1]
        return seq, decode_state(payload)

    def known_fill(self, key: FillKey) -> bool:
        """True when a record holds this execution."""
        return key in self._fills

    async def close(self) -> None:
        """Refuse everything that writes from now on."""
        self._closed = True

    def reopened(self) -> MemoryJournal:
        """A second life over the same bytes, as after a restart."""
        again = MemoryJournal(self._journal_id, self._engine_version)
        again._rows = list(self._rows)
        again._fills = set(self._fills)
        again._orders = dict(self._orders)
        again._snapshots = list(self._snapshots)
        return again
