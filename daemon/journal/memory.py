"""MemoryJournal: the journal's contract without a disk. Keeps encoded bytes, never objects.

For tests and `--dry` tools; it survives nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from daemon.core.book import BookState
from daemon.core.known_fills import FillKey
from daemon.core.terms import JournalId
from daemon.journal.codec import decode_record, decode_state, encode_state
from daemon.journal.errors import JournalCorruptError, JournalError, SequenceBrokenError
from daemon.journal.rows import Draft, check_order, make_batch
from daemon.ports import Record

_KEPT_SNAPSHOTS = 2


class MemoryJournal:
    """ports.Journal in memory."""

    def __init__(self, journal_id: JournalId, engine_version: int = 1) -> None:
        self._journal_id = journal_id
        self._engine_version = engine_version
        self._drafts: list[Draft] = []
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
        return len(self._drafts)

    def _check_open(self) -> None:
        if self._closed:
            raise JournalError("nothing more is written after: the journal is closed")

    async def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Keep `records`; all or none of them. Raises as ports.Journal says."""
        self._check_open()
        if meanwhile is not None:
            meanwhile()
        batch = make_batch(records, self.last_seq, self._engine_version)
        orders = dict(self._orders)
        for order in batch.orders:
            check_order(order, orders.get(order.client_order_id))
            orders.setdefault(order.client_order_id, order.content)
        self._orders = orders
        self._drafts.extend(batch.drafts)
        self._fills.update(key for key, _ in batch.fills)

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Records with seq > `after_seq`, in order."""
        if after_seq > self.last_seq:
            raise JournalCorruptError(f"journal record {after_seq} is missing")
        for draft in self._drafts[after_seq:]:
            yield decode_record(draft.seq, draft.payload, draft.engine_version)

    def keep_snapshot(
        self,
        seq: int,
        state: BookState,
        still: Callable[[], bool] | None = None,  # noqa: ARG002 - it is copied at once
    ) -> Awaitable[bool]:
        """Keep the book as of `seq`; the newest two are kept."""
        self._check_open()
        if seq > self.last_seq:
            raise SequenceBrokenError(f"snapshot of {seq}, but the last record is {self.last_seq}")
        kept = [*self._snapshots, (seq, encode_state(state))]
        self._snapshots = kept[-_KEPT_SNAPSHOTS:]
        return asyncio.sleep(0, result=True)

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
        again._drafts = list(self._drafts)
        again._fills = set(self._fills)
        again._orders = dict(self._orders)
        again._snapshots = list(self._snapshots)
        return again
