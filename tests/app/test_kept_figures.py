"""Figures kept beside a journal: those of the whole fold, or of no use; never half believed."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as told_by
from hypothesis import strategies as st

from daemon.analytics.figures import Figures
from daemon.app import kept_figures as module
from daemon.app.custody import figures_path, journal_keys, rekey_journal
from daemon.app.figures import journal_figures
from daemon.app.kept_figures import KeptFigures, measure_of
from daemon.core.engine import ENGINE_VERSION
from daemon.journal.frames import is_framed
from daemon.journal.reader import Reader
from daemon.journal.sealing import Key
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from daemon.ports import Record
from daemon.settings import Settings
from tests.analytics.journals import Story, journal_of, stories
from tests.app.test_figures import BAD
from tests.app.test_launch import settings

RECORDS = journal_of([BAD])


def write(made: Settings, records: list[Record]) -> None:
    """A journal of these records at its place."""
    options = SqliteOptions(
        engine_version=ENGINE_VERSION, created_ns=1, ballast_bytes=0, keys=journal_keys(made)
    )

    async def kept() -> None:
        journal = SqliteJournal(made.journal.path, options)
        await journal.append(records)
        await journal.close()

    asyncio.run(kept())


def reader_of(made: Settings) -> Reader:
    return read_only(made.journal.path, keys=journal_keys(made))


def keep(made: Settings, cut: int) -> Path:
    """The journal, and the figures of its first `cut` records beside it."""
    write(made, RECORDS)
    keep_up_to(made, RECORDS[:cut])
    return figures_path(made)


def keep_up_to(made: Settings, records: list[Record]) -> None:
    reader = reader_of(made)
    figures = Figures(measure_of(made)).fold(records)
    assert KeptFigures(made).keep(reader, figures)
    reader.close()


def found(made: Settings) -> int:
    """Up to which record the figures go that are found."""
    reader = reader_of(made)
    figures = KeptFigures(made).found(reader)
    reader.close()
    return figures.seq


def silent(_done: int, _total: int) -> None:
    """Nobody waits."""


@told_by(max_examples=25, deadline=None)
@given(stories(), st.data(), st.booleans())
def test_kept_anywhere_and_gone_on_with_they_are_those_of_the_whole_journal(
    told: list[Story], data: st.DataObject, sealed: bool
) -> None:
    records = journal_of(told)
    cut = data.draw(st.integers(0, len(records)))
    with tempfile.TemporaryDirectory() as name:
        key = {"FILLD_JOURNAL__KEY": Key.generate().reveal()} if sealed else {}
        made = settings(Path(name), **key)
        write(made, records)
        keep_up_to(made, records[:cut])
        assert found(made) == cut
        again = journal_figures(made, silent)
    whole = Figures(measure_of(made)).fold(records)
    assert msgspec.msgpack.encode(again.state()) == msgspec.msgpack.encode(whole.state())


def test_any_byte_that_is_changed_makes_it_of_no_use(tmp_path: Path) -> None:
    made = settings(tmp_path)
    file = keep(made, 3)
    data = file.read_bytes()
    assert found(made) == 3
    for at in range(0, len(data), 97):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert found(made) == 0
    for end in range(0, len(data), 211):
        file.write_bytes(data[:end])
        assert found(made) == 0


def test_another_journal_another_chain_another_measure_another_filld_have_no_use_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settings(tmp_path)
    file = keep(made, len(RECORDS))
    assert found(settings(tmp_path, FILLD_ANALYTICS__SLIPPAGE_TOLERANCE="0.2")) == 0
    assert found(settings(tmp_path, FILLD_ANALYTICS__REPORTING_CURRENCY="EUR")) == len(RECORDS)
    with monkeypatch.context() as patched:
        patched.setattr(module, "__version__", "9")
        assert found(made) == 0
    data = file.read_bytes()
    for records in (RECORDS, RECORDS[:-1]):  # the same facts, and a journal that is shorter
        for old in tmp_path.glob("journal.db*"):
            old.unlink()
        write(made, records)
        file.write_bytes(data)
        assert found(made) == 0


def test_it_is_sealed_as_the_journal_is_and_goes_when_that_is_sealed_anew(tmp_path: Path) -> None:
    plain, key = settings(tmp_path), Key.generate().reveal()
    file = keep(plain, 3)
    assert b"NFL-1" in file.read_bytes()
    sealed = settings(tmp_path, FILLD_JOURNAL__KEY=key)
    assert found(sealed) == 0  # anybody could have written it
    rekey_journal(sealed, silent)
    assert not file.exists()
    keep_up_to(sealed, RECORDS[:3])
    assert found(sealed) == 3
    assert is_framed(file.read_bytes())
    assert b"NFL-1" not in file.read_bytes()


def test_a_disk_that_takes_nothing_costs_only_time(tmp_path: Path) -> None:
    made = settings(tmp_path)
    keep(made, 1).unlink()
    figures_path(made).mkdir()
    reader = reader_of(made)
    assert not KeptFigures(made).keep(reader, Figures().fold(RECORDS))
    reader.close()
    assert found(made) == 0
    assert sorted(path.name for path in tmp_path.glob("*figures*")) == ["journal.db.figures"]
