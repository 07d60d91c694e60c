"""What a batch of records becomes on disk: rows, fill keys, order contents. Does no I/O.

Each row carries the hash of the row before it and its own: changed, missing or reordered rows
cannot pass a replay unseen.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from daemon.core.book import FillKey
from daemon.core.commands import PlaceOrder
from daemon.core.events import Fill
from daemon.journal.codec import decode_record, encode_command, encode_record
from daemon.journal.errors import JournalCorruptError, OrderReusedError, SequenceBrokenError
from daemon.ports import Record

GENESIS: Final = bytes(32)
_RESTORE: Final = "restore a backup, or move the journal aside and run `filld rebuild`"


class Row(NamedTuple):
    """One row of the table `records`, its columns in order. `recorded_ns` is UTC wall time."""

    seq: int
    engine_version: int
    recorded_ns: int
    kind: str
    payload: bytes
    prev_hash: bytes
    row_hash: bytes
    sealed: int = 0


class Head(NamedTuple):
    """The last row of a chain: its seq (0 = none yet) and its hash."""

    seq: int
    row_hash: bytes


class SentOrder(NamedTuple):
    """One order that was handed out: `content` is equal exactly when the order is the same."""

    seq: int
    client_order_id: str
    content: bytes
    resend: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one transaction appends, and the head of the chain after it."""

    rows: tuple[Row, ...]
    fills: tuple[tuple[FillKey, int], ...]
    orders: tuple[SentOrder, ...]
    head: Head


def row_hash(prev_hash: bytes, seq: int, engine_version: int, payload: bytes) -> bytes:
    """The link of the chain: sha256 over the last link and this row's content."""
    return hashlib.sha256(b"%b%d|%d|%b" % (prev_hash, seq, engine_version, payload)).digest()


def fill_key(fill: Fill) -> FillKey:
    """What makes an execution one execution (semantics.md 1)."""
    return (fill.account, fill.venue, fill.symbol, fill.exec_id, fill.venue_order_id)


def key_columns(key: FillKey) -> tuple[str, str, str, str, str]:
    """The key as columns: SQL takes two NULLs for different, so no venue order id is ''."""
    account, venue, symbol, exec_id, venue_order_id = key
    return (account, venue, symbol, exec_id, venue_order_id or "")


def sent_order(seq: int, order: PlaceOrder) -> SentOrder:
    """What the journal remembers of an order: its id and content, `resend` set aside."""
    content = encode_command(dataclasses.replace(order, resend=False))
    digest = hashlib.sha256(content).digest()
    return SentOrder(seq, order.client_order_id, digest, order.resend)


def make_batch(records: Sequence[Record], head: Head, engine_version: int) -> Batch:
    """The rows of `records`, chained to `head`; `SequenceBrokenError` if they do not follow it."""
    rows: list[Row] = []
    for record in records:
        if record.seq != head.seq + 1:
            raise SequenceBrokenError(f"record {record.seq} handed in after record {head.seq}")
        payload = encode_record(record)
        link = row_hash(head.row_hash, record.seq, engine_version, payload)
        recorded_ns = record.event.receive_time_ns
        kind = type(record.event).__name__
        rows.append(
            Row(record.seq, engine_version, recorded_ns, kind, payload, head.row_hash, link)
        )
        head = Head(record.seq, link)
    return Batch(
        rows=tuple(rows),
        fills=tuple(
            (fill_key(record.event), record.seq)
            for record in records
            if isinstance(record.event, Fill)
        ),
        orders=tuple(
            sent_order(record.seq, command)
            for record in records
            for command in record.commands
            if isinstance(command, PlaceOrder)
        ),
        head=head,
    )


def check_order(order: SentOrder, earlier: bytes | None) -> None:
    """`OrderReusedError` unless `order` may go out after one of content `earlier` (None = none)."""
    if earlier is None:
        return
    if not order.resend:
        raise OrderReusedError(f"record {order.seq}: {order.client_order_id} is placed twice")
    if order.content != earlier:
        raise OrderReusedError(
            f"record {order.seq}: {order.client_order_id} would be sent again with other content"
        )


def read_row(row: Row, head: Head) -> tuple[Record, Head]:
    """The record of `row` and the head after it; `JournalCorruptError` if it does not follow."""
    if row.seq != head.seq + 1:
        raise JournalCorruptError(
            f"journal record {head.seq + 1} is missing (found {row.seq} after {head.seq}):"
            f" {_RESTORE}"
        )
    link = row_hash(row.prev_hash, row.seq, row.engine_version, row.payload)
    if row.prev_hash != head.row_hash or link != row.row_hash:
        raise JournalCorruptError(f"journal record {row.seq} was changed on disk: {_RESTORE}")
    return decode_record(row.seq, row.payload), Head(row.seq, row.row_hash)
