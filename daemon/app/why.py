"""Searches the journal, to say why an order was sent, and keeps out of the loop's way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

from daemon.analytics.scene import View
from daemon.analytics.why import why_view
from daemon.app.custody import Told
from daemon.app.figures import journal_reader
from daemon.core.events import RulesLoaded
from daemon.journal.reader import Reader
from daemon.settings import Settings

# After some milliseconds' work a rest in which the loop has the processor to itself.
_REST_S: Final = 0.0005
Going = Callable[[int, int], bool]


def journal_why(settings: Settings, name: str, told: Told) -> View | None:
    """The causal chain of the order of that id; None where none has it. Raises JournalError.

    `told` hears how many of how many records were searched.
    """

    def going(done: int, total: int) -> bool:
        told(done, total)
        return True

    return _searched(lambda: journal_reader(settings), name, going)


def _searched(journal: Callable[[], Reader], name: str, going: Going) -> View | None:
    reader = journal()
    try:
        return why_view(lambda text: reader.naming(text, RulesLoaded.__name__, going), name)
    finally:
        reader.close()


class Tracer:
    """`daemon.control.why.WhySource` over a journal: one question at a time, in a thread."""

    def __init__(self, journal: Callable[[], Reader]) -> None:
        self._journal = journal
        self._lock = asyncio.Lock()

    async def why(self, name: str) -> View | None:
        """As `journal_why`, no longer than somebody waits."""
        async with self._lock:
            given_up = threading.Event()

            def going(_done: int, _total: int) -> bool:
                time.sleep(_REST_S)
                return not given_up.is_set()

            try:
                return await asyncio.to_thread(_searched, self._journal, name, going)
            finally:
                given_up.set()
