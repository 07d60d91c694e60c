"""What a batch of records becomes on disk: drafts of rows, fill keys, order contents. No I/O.

The writer seals and chains the drafts (`vault.py`): that is not the loop's work.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from daemon.core.commands import PlaceOrder
from daemon.core.events import Fill, Funding
from daemon.core.funding import booked_key
from daemon.core.known_fills import FillKey
from daemon.journal.codec import encode_command, encode_record
from daemon.journal.errors import OrderReusedError, SequenceBrokenError
from daemon.ports import Record


class Draft(NamedTuple):
    """A record to be stored: the first columns of its row. `recorded_ns` is UTC wall time."""

    seq: int
    engine_version: int
    recorded_ns: int
    kind: bytes
    payload: bytes


class SentOrder(NamedTuple):
    """One order that was handed out: `content` is equal exactly when the order is the same."""

    seq: int
    client_order_id: str
    content: bytes
    resend: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one transaction appends."""

    drafts: tuple[Draft, ...]
    fills: tuple[tuple[FillKey, int], ...]
    orders: tuple[SentOrder, ...]


def key_columns(key: FillKey) -> tuple[str, str, str, str, str]:
    """The key as columns: SQL takes two NULLs for different, so no venue order id is ''."""
    account, venue, symbol, exec_id, venue_order_id = key
    return (account, venue, symbol, exec_id, venue_order_id or "")


def sent_order(seq: int, order: PlaceOrder) -> SentOrder:
    """What the journal remembers of an order: its id and content, `resend` set aside."""
    content = encode_command(dataclasses.replace(order, resend=False) if order.resend else order)
    digest = hashlib.sha256(content).digest()
    return SentOrder(seq, order.client_order_id, digest, order.resend)


def make_batch(records: Sequence[Record], last_seq: int, engine_version: int) -> Batch:
    """What storing `records` takes; `SequenceBrokenError` if they do not follow `last_seq`."""
    drafts: list[Draft] = []
    for seq, record in enumerate(records, last_seq + 1):
        if record.seq != seq:
            raise SequenceBrokenError(f"record {record.seq} handed in after record {seq - 1}")
        kind = type(record.event).__name__.encode()
        payload = encode_record(record)
        drafts.append(Draft(seq, engine_version, record.event.receive_time_ns, kind, payload))
    return Batch(
        drafts=tuple(drafts),
        fills=tuple(
            (booked_key(record.event), record.seq)
            for record in records
            if isinstance(record.event, Fill | Funding)
        ),
        orders=tuple(
            sent_order(record.seq, command)
            for record in records
            for command in record.commands
            if isinstance(command, PlaceOrder)
        ),
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
