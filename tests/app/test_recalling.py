"""Over a restart the log's lines lead on: to the order of the run before, to its exit's quote."""

from __future__ import annotations

import asyncio
from pathlib import Path

from daemon.app.recalling import recall
from daemon.core.commands import PlaceOrder
from daemon.core.decisions import CloseExit, ExitEnd, OpenExit
from daemon.core.events import OrderAccepted
from daemon.core.terms import ClientOrderId
from daemon.journal.sqlite import SqliteJournal, read_only
from daemon.ports import Record
from daemon.runtime.recovery import recover
from daemon.telemetry.causes import Causes
from tests import builders as make
from tests.cli.stage import Kept, story
from tests.journal.journals import INLINE


async def kept(path: Path, records: list[Record]) -> None:
    journal = SqliteJournal(path, INLINE)
    await journal.append(records)
    await journal.close()


def after_restart(path: Path, play: Kept) -> Causes:
    """What the log knows after the death of the process that wrote this story."""
    asyncio.run(kept(path, play.records))
    engine, _ = recover(read_only(path))
    causes = Causes()
    recall(causes, lambda: read_only(path), engine.book)
    return causes


def seq_of(play: Kept, kind: type[OpenExit | PlaceOrder], order_id: str = "") -> int:
    return next(
        record.seq
        for record in play.records
        for command in record.commands
        if isinstance(command, kind) and (not order_id or order_id == command.client_order_id)  # type: ignore[union-attr] # of a PlaceOrder
    )


def test_killed_between_intent_and_fill_the_fill_leads_to_the_intent(tmp_path: Path) -> None:
    play = story()  # ends with an order in doubt, the second of its exit
    doubtful = play.order_id
    causes = after_restart(tmp_path / "j.db", play)
    placed, opened = seq_of(play, PlaceOrder, doubtful), seq_of(play, OpenExit)
    assert opened < placed
    assert causes.of(90, make.accepted(order_id=doubtful, venue_order_id="late")) == placed
    assert causes.of(91, make.fill(order_id=None, venue_order_id="late")) == placed
    assert causes.of(92, CloseExit(key=make.KEY, exit_no=1, end=ExitEnd.FLAT)) == opened


def test_an_order_that_only_its_venues_id_names(tmp_path: Path) -> None:
    play = story()
    doubtful = play.order_id
    accepted = make.accepted(order_id=doubtful, venue_order_id="their-2")
    assert isinstance(accepted, OrderAccepted)
    play.tell(accepted)
    causes = after_restart(tmp_path / "j.db", play)
    fill = make.fill(order_id=None, venue_order_id="their-2", exec_id="t9")
    assert causes.of(90, fill) == seq_of(play, PlaceOrder, doubtful)


def test_what_is_long_past_and_what_is_a_strangers_has_no_cause(tmp_path: Path) -> None:
    play = story()
    causes = after_restart(tmp_path / "j.db", play)
    strange = make.fill(order_id=ClientOrderId("other"), venue_order_id="entry", exec_id="t9")
    assert causes.of(90, strange) is None
