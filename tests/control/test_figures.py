"""The door's routes to the figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from daemon.analytics.figures import Figures
from daemon.control.client import DoorClient
from daemon.control.door import DoorRefusedError
from daemon.control.figures import VIEWS
from tests.analytics.journals import journal_of
from tests.app.test_figures import BAD
from tests.control.doors import FakeDoor, rows, served
from tests.core.play import Play

Read = TypeVar("Read")


class Source:
    """Figures of one bad exit, two records behind."""

    def __init__(self) -> None:
        self.figures = Figures().fold(journal_of([BAD]))

    async def read(self, read: Callable[[Figures], Read]) -> tuple[Read, int]:
        return read(self.figures), 2


async def refused(client: DoorClient, route: str, **options: str) -> str:
    with pytest.raises(DoorRefusedError) as caught:
        await client.get(route, options)
    return str(caught.value)


async def test_every_view_says_how_far_it_is(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), Source()) as client:
        for route in VIEWS:
            view = await client.get(route)
            assert (view["seq"], view["behind"]) == (3, 2)
            assert "by" not in view


async def test_performance_by_hour_and_exits(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), Source()) as client:
        view = await client.get("/performance", {"by": "hour"})
    assert (view["total_fills_processed"], view["completion_rate"]) == (2, "1")
    assert view["active_orders"] == 0
    (exits,) = rows(view, "exits")
    assert (exits["cost"], exits["cost_share"]) == ("0.5", "0.0833333333")
    assert [row["hour"] for row in rows(view, "rows")] == ["14"]


async def test_fees_by_venue_are_valued(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), Source()) as client:
        view = await client.get("/fees", {"by": "venue"})
    assert (view["valued_fees"], view["reporting_currency"]) == ("0.02", "USD")
    (valued,) = rows(view, "valued")
    assert (valued["venue"], valued["valued_fees"]) == ("kalshi", "0.02")


async def test_slippage_by_venue_has_its_spread(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), Source()) as client:
        view = await client.get("/slippage", {"by": "venue"})
    row = next(row for row in rows(view, "rows") if row["against"] == "trigger")
    assert (row["cost"], row["price"]) == ("0.5", "0.05")
    (exits,) = rows(view, "exits_by")
    assert (exits["venue"], exits["beyond_tolerance"]) == ("kalshi", 1)
    assert row["bps"] == "833.3333333333"
    assert row["p50_bps"] == "833.3333"


async def test_what_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), Source()) as client:
        text = await refused(client, "/slippage", by="hour")
        assert text == "by = 'hour': accepted: venue, symbol"
        assert "unknown parameter" in await refused(client, "/fees", limit="3")
