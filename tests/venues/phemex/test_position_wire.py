"""Positions of perpetuals, one-way and hedged, by both names of their size."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import PositionRow, Undecodable
from daemon.core.terms import PositionSide
from daemon.venues.phemex.position_wire import decode_position_row
from tests.venues.phemex.builders import PERP_STAMP, SOL, frame

D = Decimal
HELD = json.loads(frame("perp_positions"))["data"]["positions"]


def read(row: dict[str, object], **changes: object) -> tuple[PositionRow | Undecodable, ...]:
    raw = json.dumps({**row, **changes}).encode()
    return decode_position_row(PERP_STAMP, "positions", raw)


@pytest.mark.parametrize(
    ("changes", "qty", "position_side"),
    [
        ({}, "12", PositionSide.NET),
        ({"side": "Sell"}, "-12", PositionSide.NET),
        ({"posMode": "Hedged", "posSide": "Long"}, "12", PositionSide.LONG),
        ({"posMode": "Hedged", "posSide": "Short", "side": "Sell"}, "-12", PositionSide.SHORT),
        ({"size": "0", "side": "None"}, "0", PositionSide.NET),
        ({"size": "0", "side": None}, "0", PositionSide.NET),
        ({"size": "0", "side": "null", "posSide": "Long"}, "0", PositionSide.LONG),
        ({"size": None, "sizeRq": "12"}, "12", PositionSide.NET),
    ],
)
def test_a_position(changes: dict[str, object], qty: str, position_side: PositionSide) -> None:
    (found,) = read(HELD[0], **changes)
    assert isinstance(found, PositionRow)
    assert (found.symbol, found.position_qty) == (SOL, D(qty))
    assert found.position_side is position_side
    assert found.cost == (D("1716.60") if found.position_qty else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "None"},
        {"posMode": "OneWay", "posSide": "Long"},
        {"posMode": "Hedged"},
        {"posMode": "Hedged", "posSide": "Long", "side": "Sell"},
        {"posMode": "Hedged", "posSide": "Short", "side": "Buy"},
        {"posMode": "Sometimes"},
        {"size": "-12"},
        {"size": None},
    ],
)
def test_a_contradiction_sets_every_side_of_the_symbol_aside(changes: dict[str, object]) -> None:
    rows = [row for row in read(HELD[0], **changes) if isinstance(row, PositionRow)]
    assert {(row.symbol, row.position_side) for row in rows} == {
        (SOL, side) for side in PositionSide
    }
    assert all(row.position_qty is None and row.text for row in rows)


def test_a_row_without_a_name_is_told() -> None:
    (told,) = read(HELD[0], symbol="")
    assert isinstance(told, Undecodable)


def test_another_currency_is_another_market() -> None:
    assert read(HELD[0], currency="USDC") == ()
