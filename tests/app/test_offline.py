"""What daemon.app.offline does with a journal while no daemon runs on it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.app.offline import offline_book, offline_import, verify_journal
from daemon.app.paper import serve_paper
from daemon.core.book import Book
from daemon.core.commands import Notify
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.requests import PositionsImported
from daemon.core.rules import ImportedPosition
from daemon.core.terms import Symbol
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.paper.refusal import OperatorError
from daemon.ports import Record
from tests import builders as make
from tests.app.test_launch import settings
from tests.runtime.test_driver import armed_position


def imported(qty: str, px: str) -> PositionsImported:
    """One imported position."""
    row = ImportedPosition(symbol=Symbol("NFL-1"), position_qty=Decimal(qty), entry_px=Decimal(px))
    return PositionsImported(**make.AT_VENUE, rows=(row,))


async def test_an_import_without_a_daemon_is_in_the_book_afterwards(tmp_path: Path) -> None:
    made = settings(tmp_path)
    assert await offline_import(made, imported("-40", "0.35")) == 1
    assert await offline_import(made, imported("10", "0.50")) == 0
    book, seq = offline_book(made)
    position = book.positions[make.key(symbol="NFL-1")]
    assert (position.qty, position.entry_px) == (Decimal(-40), Decimal("0.35"))
    assert seq >= 1
    result = verify_journal(made)
    assert (result.records, result.divergence) == (seq, None)


async def test_records_of_another_version_are_folded_and_not_decided_again(tmp_path: Path) -> None:
    made, engine = settings(tmp_path), Engine()
    older = SqliteOptions(engine_version=ENGINE_VERSION - 1, created_ns=1, ballast_bytes=0)
    journal = SqliteJournal(made.journal.path, older)
    for seq, event in enumerate(armed_position(), start=1):
        kept = tuple(c for c in engine.handle(event) if c.durable and not isinstance(c, Notify))
        await journal.append([Record(seq, event, kept)])
    await journal.keep_snapshot(1, Book(born_ns=77).state())  # of an engine that saw it otherwise
    await journal.close()
    row = ImportedPosition(symbol=Symbol("NEW"), position_qty=Decimal(7), entry_px=Decimal("0.35"))
    assert await offline_import(made, PositionsImported(**make.AT_VENUE, rows=(row,))) == 1
    book, seq = offline_book(made)
    assert book.born_ns != 77
    assert sorted(str(key.symbol) for key in book.positions) == ["NEW", "NFL-1"]
    result = verify_journal(made)
    assert (result.records, result.skipped, result.divergence) == (seq, seq - 1, None)


async def test_a_bad_paper_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_text("prot = 1\n")
    with pytest.raises(OperatorError, match="prot"):
        await serve_paper(path, tmp_path, lambda _what, _where: None)
