"""The fills journal: its own file, never a daemon's, and waited for while another has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.core.engine import ENGINE_VERSION
from daemon.core.terms import ZERO
from daemon.fill_handler import StateError
from daemon.fill_handler.config import retry_config
from daemon.fill_handler.opening import create_fill_handler
from daemon.fill_handler.retry import delay_s, retrying
from daemon.fill_handler.store import open_store
from daemon.fill_handler.tally import Tally
from daemon.journal.errors import JournalError, JournalLockedError
from daemon.journal.sealing import Key, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Record
from tests import builders as make
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting


async def test_a_daemons_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, SqliteOptions(engine_version=ENGINE_VERSION, created_ns=1))
    await journal.append([Record(1, make.started(), ())])
    await journal.close()
    with pytest.raises(StateError, match="is the journal of a daemon"):
        await create_fill_handler({"journal": path})
    open_again = SqliteJournal(path, SqliteOptions(engine_version=ENGINE_VERSION, created_ns=1))
    await open_again.close()  # the refusal has let go of its lock


@pytest.mark.parametrize("name", ["n" * 300, "n\0n", "n\ud800", "n\0n/f", "n\ud800/f"])
def test_what_cannot_be_a_file_is_told_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(JournalError, match="cannot be used") as refused:
        open_store(tmp_path / name, Counting())
    assert str(refused.value).encode()


async def test_a_file_in_use_is_waited_for_as_configured(tmp_path: Path) -> None:
    path, clock = tmp_path / "fills.db", Counting()
    holder = open_store(path, clock)
    config = {"base_delay": 1, "max_delay": 3, "jitter_factor": 0, "max_retries": 3}
    with pytest.raises(JournalLockedError):
        await create_fill_handler({"journal": path, "retry_config": config}, clock=clock)
    assert clock.slept == [1.0, 2.0, 3.0]
    clock.slept.clear()
    never = {**config, "retryable_errors": []}
    with pytest.raises(JournalLockedError):
        await create_fill_handler({"journal": path, "retry_config": never}, clock=clock)
    assert clock.slept == []
    await holder.close()


async def test_a_file_that_comes_free_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "fills.db"
    holder = open_store(path, Counting())

    class Freeing(Counting):
        async def sleep(self, seconds: float) -> None:
            await holder.close()

    made = await create_fill_handler({"journal": path}, clock=Freeing())
    await made.process(samples.BITGET)
    await made.close()


async def test_a_sealed_journal_wants_its_key(tmp_path: Path) -> None:
    path, ring = tmp_path / "fills.db", KeyRing(Key.generate())
    async with await create_fill_handler({"journal": path, "keys": ring}) as made:
        await made.process(samples.BITGET)
    assert b"51000" not in path.read_bytes()
    async with await create_fill_handler({"journal": path, "keys": ring}) as made:
        assert made.get_order_state("456789123").symbol == "BTCUSDT"


def test_jitter_stays_within_its_share() -> None:
    config = retry_config({"base_delay": 2, "max_delay": 10, "jitter_factor": "0.1"})
    assert delay_s(config, 1, 0) == 2.0
    assert delay_s(config, 2, 1) == pytest.approx(4.4)
    assert delay_s(config, 9, -1) == pytest.approx(9.0)


async def test_what_passes_is_returned() -> None:
    async def call() -> int:
        return 7

    assert await retrying(retry_config({}), Counting(), call) == 7


def test_rates_of_nothing_are_nothing() -> None:
    tally = Tally()
    assert tally.completion_rate == tally.retry_rate == ZERO
    assert tally.average_fill_s is None


async def test_what_is_replaced_is_kept_and_nothing_is_not(tmp_path: Path) -> None:
    path = tmp_path / "fills.db"
    async with await create_fill_handler({}, clock=Counting()) as source:
        await source.process(samples.BITGET)
        state = source.export_state()
    async with await create_fill_handler({"journal": path}, clock=Counting()) as made:
        await made.import_state(state, replace=True)
        assert not list(tmp_path.glob("*.replaced-*"))
        await made.process(samples.PHEMEX)
        await made.import_state(state, replace=True)
        assert made.get_fill_statistics()["total_orders"] == 1
    (kept,) = tmp_path.glob("*.replaced-*")
    async with await create_fill_handler({"journal": kept}, clock=Counting()) as older:
        assert older.get_fill_statistics()["total_orders"] == 2


async def test_an_import_that_breaks_off_leaves_the_journal_and_ends_the_handler(
    tmp_path: Path,
) -> None:
    path = tmp_path / "fills.db"

    class Torn:
        """An export that is whole when it is looked at, and not when it is taken."""

        def __init__(self, found: list[Record]) -> None:
            self.found, self.tally, self.looks = found, Tally(), 0

        def steps(self) -> Iterator[Record]:
            self.looks += 1
            yield from self.found
            if self.looks > 1:
                raise StateError("is cut off")

    made = await create_fill_handler({"journal": path}, clock=Counting())
    await made.process(samples.PHEMEX)
    with pytest.raises(StateError, match="is cut off"):
        await made._import(Torn([Record(1, make.fill(), ())]), replace=False, dry_run=False)
    with pytest.raises(JournalError, match="an import ended in the middle"):
        await made.process(samples.BITGET)
    await made.close()
    assert not list(tmp_path.glob("*.importing*"))
    async with await create_fill_handler({"journal": path}, clock=Counting()) as again:
        assert again.get_fill_statistics()["total_orders"] == 1
