"""Files that hold more than memory keeps: orders are whole, sums are right, the rest is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.cli import fill_views as module
from daemon.core.events import Fill
from daemon.core.terms import VenueOrderId
from daemon.fill_handler import create_fill_handler
from daemon.fill_handler.statefile import write_steps
from daemon.fill_handler.tally import Tally
from daemon.ports import Record
from tests import builders as make
from tests.cli.stage import Stage
from tests.control.doors import rows
from tests.fill_handler.samples import Counting

SINGLES = 60
ROUNDS = 40


def told() -> list[Fill]:
    """Two orders filled in turns, orders of one fill each, and the first one once more."""
    found: list[Fill] = []

    def fill(order_id: str) -> None:
        name = VenueOrderId(order_id)
        found.append(make.fill(exec_id=f"t{len(found)}", venue_order_id=name, last_qty="1"))

    for _ in range(ROUNDS):
        fill("long")
        fill("other")
    for number in range(SINGLES):
        fill(f"single-{number}")
    fill("long")
    return found


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An export of them; memory keeps the fills of a few."""
    monkeypatch.setattr(module, "_FILLS_KEPT", 10)
    path = tmp_path / "export"
    write_steps(path, (Record(n, fill, ()) for n, fill in enumerate(told(), start=1)), Tally())
    return str(path)


def test_sums_count_an_order_once_however_long_it_was_away(stage: Stage, file: str) -> None:
    view = stage.filld("status", "--from", file, "--json").json
    fills = 2 * ROUNDS + SINGLES + 1
    assert (view["total_orders"], view["total_fills_processed"]) == (2 + SINGLES, fills)


def test_an_order_shows_all_of_its_fills_and_their_sums(stage: Stage, file: str) -> None:
    for name, qty in (("long", ROUNDS + 1), ("other", ROUNDS)):
        view = stage.filld("order", name, "--from", file, "--json").json
        assert (len(rows(view, "fills")), view["filled_amount"]) == (qty, str(qty))


def test_orders_are_whole_and_the_newest_and_the_rest_is_said(stage: Stage, file: str) -> None:
    said = stage.filld("orders", "--from", file, "--limit", "3", "--json").json
    shown = [(row["order_id"], row["filled_amount"]) for row in rows(said, "orders")]
    last = SINGLES - 1
    assert shown == [
        ("long", str(ROUNDS + 1)),
        (f"single-{last}", "1"),
        (f"single-{last - 1}", "1"),
    ]
    assert (said["total_orders"], said["not_shown"]) == (2 + SINGLES, SINGLES - 1)
    text = stage.filld("orders", "--from", file, "--limit", "3").out
    assert f"{SINGLES - 1} older orders are not shown" in text
    everything = stage.filld("orders", "--from", file, "--limit", "500", "--json").json
    held = len(rows(everything, "orders"))
    assert everything["not_shown"] == 2 + SINGLES - held > 0


async def test_the_library_tells_an_order_whole_that_it_had_let_go_of(tmp_path: Path) -> None:
    config = {"journal": tmp_path / "fills.db", "fill_history_limit": 10}
    async with await create_fill_handler(config, clock=Counting()) as handler:
        for fill in told():
            await handler.process_fill_event(fill)
        state = handler.get_order_state("long")
        assert (len(state.fills), state.filled_amount) == (ROUNDS + 1, Decimal(ROUNDS + 1))
        assert handler.get_fill_statistics()["total_orders"] == 2 + SINGLES
