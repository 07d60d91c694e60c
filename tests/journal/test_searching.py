"""Searching a journal: the records in which a text stands, sealed or not, each proven."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from daemon.core.events import RulesLoaded
from daemon.journal.errors import JournalCorruptError
from daemon.journal.reader import Reader
from daemon.journal.sealing import NO_KEYS, Key, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from daemon.ports import Record
from tests.cli.stage import story

RULES = RulesLoaded.__name__
SEALED = KeyRing(current=Key(bytes(range(32))))


def always(_done: int, _total: int) -> bool:
    return True


async def kept(path: Path, records: list[Record], keys: KeyRing) -> None:
    journal = SqliteJournal(
        path, SqliteOptions(engine_version=1, created_ns=1, inline=True, keys=keys)
    )
    await journal.append(records)
    await journal.close()


@pytest.fixture(params=[NO_KEYS, SEALED], ids=["plain", "sealed"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    asyncio.run(kept(tmp_path / "j.db", story().records, request.param))
    return read_only(tmp_path / "j.db", keys=request.param)


def test_what_names_a_text_is_found_with_the_rules(reader: Reader) -> None:
    every = list(reader.replay())
    named = [r for r in every if "order_12345" in repr(r) or isinstance(r.event, RulesLoaded)]
    assert list(reader.naming("order_12345", RULES, always)) == named
    assert 1 < len(named) < len(every)
    nothing = list(reader.naming("nobody", RULES, always))
    assert [type(r.event) for r in nothing] == [RulesLoaded]


def test_an_orders_own_id_is_looked_for_from_its_placing_on(reader: Reader) -> None:
    order = story().order_id
    placed = reader.placed(order)
    assert placed is not None
    assert next(reader.naming(order, RULES, always)) == placed
    assert reader.placed("nobody") is None


def test_it_ends_where_nobody_waits_any_more(reader: Reader) -> None:
    assert list(reader.naming("order_12345", RULES, lambda _done, _total: False)) == []


def test_a_record_that_was_changed_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    asyncio.run(kept(path, story().records, NO_KEYS))
    connection = apsw.Connection(str(path))
    for seq, payload in list(connection.execute("SELECT seq, payload FROM records")):
        changed = payload.replace(b"order_12345", b"order_54321")
        connection.execute("UPDATE records SET payload = ? WHERE seq = ?", (changed, seq))
    connection.close()
    with pytest.raises(JournalCorruptError, match="changed on disk"):
        list(read_only(path).naming("order_54321", RULES, always))
