"""Long answers: made row by row, sent piece by piece, and JSON all the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from daemon.analytics.exit_views import orders_view
from daemon.analytics.scene import Scene
from daemon.analytics.views import positions_view, status_view
from daemon.control import acts
from daemon.control.table import Rows
from tests import builders as make
from tests.control.doors import FakeDoor, rows, served
from tests.core.play import Play


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_the_pieces_are_the_view(count: int) -> None:
    lists = {"many": [msgspec.json.encode({"n": n}) for n in range(count)]} if count else {}
    made = Rows({"seq": 3, "many": [], "few": [1]}, lists)
    whole = {"seq": 3, "many": [{"n": n} for n in range(count)], "few": [1]}
    pieces = list(made.pieces())
    assert msgspec.json.decode(b"".join(pieces)) == whole
    assert msgspec.json.decode(msgspec.json.encode(made.view)) == whole
    assert max(piece.count(b'"n"') for piece in pieces) <= 100


async def test_more_rows_than_a_piece_holds_arrive(tmp_path: Path) -> None:
    play = Play()
    play.tell(make.rules_loaded(make.rule(pattern="X")))
    for number in range(150):
        play.tell(
            make.fill(symbol=f"NFL-{number}", venue_order_id=f"o{number}", exec_id=f"{number}")
        )
    async with served(tmp_path / "s", FakeDoor(play)) as client:
        found = await client.get("/positions")
        status = await client.get("/status")
        orders = await client.get("/orders")
    scene = Scene(book=play.engine.book, now_ns=0)
    whole = msgspec.json.decode(msgspec.json.encode(positions_view(scene)))
    assert [row["symbol"] for row in rows(found, "positions")] == [
        row["symbol"] for row in whole["positions"]
    ]
    assert len(rows(status, "no_rule")) == 150 == status["positions_held"]
    assert status.keys() == status_view(scene).keys()
    assert orders.keys() == orders_view(scene).keys()


def test_of_many_names_those_that_begin_alike_are_compared() -> None:
    names = [f"OTHER-{number}" for number in range(5_000)] + ["KXNFL-26"]
    assert acts.near("kxnfl-62", names) == ("KXNFL-26",)
