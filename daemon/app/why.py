"""Reads the journal for the door, to say why an order was sent, and keeps out of the loop's way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from daemon.analytics.scene import View
from daemon.analytics.why import why_view
from daemon.journal.reader import Reader
from daemon.ports import Record

# Some milliseconds' work, and a rest in which the loop has the processor to itself.
_SLICE_RECORDS: Final = 100
_REST_S: Final = 0.001


class Tracer:
    """`daemon.control.why.WhySource` over a journal: one question at a time, in a thread."""

    def __init__(self, journal: Callable[[], Reader]) -> None:
        self._open = journal
        self._lock = asyncio.Lock()

    async def why(self, name: str) -> View | None:
        """The causal chain of the order of that id; None where none has it. Raises JournalError."""
        async with self._lock:
            given_up = threading.Event()
            try:
                return await asyncio.to_thread(self._read, name, given_up)
            finally:
                given_up.set()

    def _read(self, name: str, given_up: threading.Event) -> View | None:
        journal = self._open()
        try:
            return why_view(lambda: _gently(journal, given_up), name)
        finally:
            journal.close()


def _gently(journal: Reader, given_up: threading.Event) -> Iterator[Record]:
    """The records; none any more once nobody waits for the answer."""
    for record in journal.replay():
        if not record.seq % _SLICE_RECORDS:
            if given_up.is_set():
                return
            time.sleep(_REST_S)
        yield record
