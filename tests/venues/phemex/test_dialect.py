"""What the two markets ask for by REST, side by side."""

from __future__ import annotations

import json

import msgspec
import pytest

from daemon.core.events import Undecodable
from daemon.core.terms import PositionSide, Venue
from daemon.venues.phemex.dialect import DIALECTS, by_symbol
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import (
    ETH,
    ORDER_ID,
    PERPS,
    SOL,
    SPOT_STAMP,
    SPOTS,
    cancel_order,
    frame,
    place_order,
    spot_order,
)


@pytest.mark.parametrize(
    ("venue", "side", "query"),
    [
        (PERP, PositionSide.NET, [("posSide", "Merged")]),
        (PERP, PositionSide.LONG, [("posSide", "Long")]),
        (PERP, PositionSide.SHORT, [("posSide", "Short")]),
        (SPOT, PositionSide.NET, []),
    ],
)
def test_a_cancel(venue: Venue, side: PositionSide, query: list[tuple[str, str]]) -> None:
    command = cancel_order(venue=venue, position_side=side)
    asked = DIALECTS[venue].cancel_query(command)
    assert list(asked) == [("symbol", SOL), ("orderID", ORDER_ID), *query]
    assert by_symbol(SOL) == asked[:1]


def test_bodies() -> None:
    perp = DIALECTS[PERP].encode(place_order(), PERPS.product(SOL))
    assert json.loads(perp)["posSide"] == "Merged"
    spot = DIALECTS[SPOT].encode(spot_order(), SPOTS.product(ETH))
    assert json.loads(spot)["qtyType"] == "ByBase"


def test_a_trade_of_a_pair_without_scales_is_told() -> None:
    row = {**json.loads(frame("spot_trades"))[0], "symbol": "sNEWUSDT"}
    raw = msgspec.Raw(json.dumps(row).encode())
    (told,) = DIALECTS[SPOT].read_trade(SPOT_STAMP, raw, SPOTS)
    assert isinstance(told, Undecodable)
    assert "sNEWUSDT" in told.text
