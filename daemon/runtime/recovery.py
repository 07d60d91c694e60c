"""Start-up and crash recovery, which are one thing: fold the journal, then ask the venues."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from daemon.core.commands import Command
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.events import Event, Started
from daemon.core.requests import PositionsImported
from daemon.ports import History, Record

_PROGRESS_STEP = 10_000


def is_daemons(first: Event) -> bool:
    """True where a journal that begins with `first` is one that trades are decided by.

    A journal of fills out of files (`filld process-fill`) begins with a fill or an order.
    """
    return isinstance(first, Started | PositionsImported)


def recover(
    journal: History, progress: Callable[[int], None] = lambda _: None
) -> tuple[Engine, int]:
    """The engine that wrote `journal`, and its last seq; decides nothing again (semantics.md 5).

    `progress` is called with the seq reached, now and then. Raises what the journal raises for
    records that cannot be read.
    """
    snapshot = journal.latest_snapshot()
    engine = Engine() if snapshot is None else Engine(snapshot[1])
    seq = 0 if snapshot is None else snapshot[0]
    collecting = gc.isenabled()
    gc.disable()  # a book that grows leaves no garbage, and each look for some takes longer
    try:
        for record in journal.replay(seq):
            engine.replay(record.event, record.commands)
            seq = record.seq
            if not seq % _PROGRESS_STEP:
                progress(seq)
    finally:
        if collecting:
            gc.enable()
    return engine, seq


@dataclass(frozen=True, slots=True)
class Divergence:
    """A record whose decisions come out otherwise when they are made again."""

    seq: int
    journalled: tuple[Command, ...]
    differing: tuple[Command, ...]


def is_ours(record: Record) -> bool:
    """True unless an engine of another version decided it."""
    return record.engine_version in {None, ENGINE_VERSION}


def verify(records: Iterable[Record], engine: Engine) -> Divergence | None:
    """Fold `records` into `engine` while deciding them again; the first that differs, or None.

    What another engine decided is only folded: this one would decide otherwise (semantics.md 5).
    """
    for record in records:
        if not is_ours(record):
            engine.replay(record.event, record.commands)
            continue
        differing = engine.redecide(record.event, record.commands)
        if differing:
            return Divergence(record.seq, record.commands, differing)
    return None
