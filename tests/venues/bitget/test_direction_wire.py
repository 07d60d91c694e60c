"""Which side opens and which closes, in every mode; what has two readings is refused."""

from __future__ import annotations

import pytest

from daemon.core.terms import FillCause, PositionSide, Side
from daemon.venues.bitget.direction_wire import (
    Direction,
    cause_of,
    forced,
    hedged_mode,
    mix_direction,
    spot_direction,
    uta_direction,
)
from daemon.venues.decoding import UnreadableError

BUY, SELL = Side.BUY, Side.SELL
LONG, SHORT, NET = PositionSide.LONG, PositionSide.SHORT, PositionSide.NET


@pytest.mark.parametrize(
    ("side", "trade_side", "direction"),
    [
        ("buy", "open", Direction(BUY, LONG)),
        ("buy", "close", Direction(SELL, LONG)),
        ("sell", "open", Direction(SELL, SHORT)),
        ("sell", "close", Direction(BUY, SHORT)),
        ("buy", "reduce_close_long", Direction(SELL, LONG)),
        ("sell", "burst_close_long", Direction(SELL, LONG)),
        ("buy", "burst_close_short", Direction(BUY, SHORT)),
        ("buy", "offset_close_short", Direction(BUY, SHORT)),
        ("buy", "delivery_close_long", Direction(SELL, LONG)),
        ("sell", "dte_sys_adl_close_short", Direction(BUY, SHORT)),
    ],
)
def test_classic_hedge_mode_names_the_position(
    side: str, trade_side: str, direction: Direction
) -> None:
    held = direction.position_side.value
    assert mix_direction(side, trade_side, "hedge_mode") == direction
    assert mix_direction(side, trade_side, "hedge-mode", held) == direction


@pytest.mark.parametrize(
    "trade_side",
    ["open", "close", "", "sell_single", "burst_sell_single", "reduce_sell_single", "novelty"],
)
def test_one_way_mode_means_what_side_says(trade_side: str) -> None:
    assert mix_direction("sell", trade_side, "one_way_mode") == Direction(SELL, NET)
    assert mix_direction("BUY", trade_side, "one_way_mode", "net") == Direction(BUY, NET)


@pytest.mark.parametrize(
    ("side", "trade_side", "direction"),
    [
        ("sell", "sell_single", Direction(SELL, NET)),
        ("buy", "dte_sys_adl_buy_in_single_side_mode", Direction(BUY, NET)),
        ("buy", "burst_close_long", Direction(SELL, LONG)),
    ],
)
def test_a_word_of_one_mode_tells_the_mode(
    side: str, trade_side: str, direction: Direction
) -> None:
    assert mix_direction(side, trade_side, None) == direction


@pytest.mark.parametrize(
    ("side", "trade_side", "pos_mode", "pos_side"),
    [
        ("sell", None, None, None),
        ("sell", "open", None, None),
        ("sell", "close", "", None),
        ("sell", "novelty", "hedge_mode", None),
        ("sell", "", "hedge_mode", None),
        ("sell", "open", "hedge_mode", "long"),
        ("buy", "burst_close_short", "hedge_mode", "long"),
        ("hold", "open", "hedge_mode", None),
        ("hold", "", "one_way_mode", None),
        ("sell", "open", "third_mode", None),
    ],
)
def test_two_readings_are_refused(
    side: str, trade_side: str | None, pos_mode: str | None, pos_side: str | None
) -> None:
    with pytest.raises(UnreadableError):
        mix_direction(side, trade_side, pos_mode, pos_side)


@pytest.mark.parametrize(
    ("side", "held", "trade_side", "hedged", "direction"),
    [
        ("sell", "long", "close", True, Direction(SELL, LONG)),
        ("buy", "long", "open", True, Direction(BUY, LONG)),
        ("buy", "short", "close", True, Direction(BUY, SHORT)),
        ("sell", "", "open", True, Direction(SELL, SHORT)),
        ("sell", None, "close", True, Direction(SELL, LONG)),
        ("buy", None, "close_short", True, Direction(BUY, SHORT)),
        ("sell", "long", "open", False, Direction(SELL, NET)),
        ("sell", "net", "", True, Direction(SELL, NET)),
        ("sell", "net", "", None, Direction(SELL, NET)),
    ],
)
def test_uta_means_what_side_says(
    side: str, held: str | None, trade_side: str, hedged: bool | None, direction: Direction
) -> None:
    assert uta_direction(side, held, trade_side, hedged=hedged) == direction


@pytest.mark.parametrize(
    ("held", "trade_side", "hedged"), [("long", "open", None), (None, "", True), ("", "x", True)]
)
def test_uta_without_a_position_is_refused(
    held: str | None, trade_side: str, hedged: bool | None
) -> None:
    with pytest.raises(UnreadableError, match="ambiguous"):
        uta_direction("sell", held, trade_side, hedged=hedged)


def test_spot_and_forced_trades() -> None:
    assert spot_direction("SELL") == Direction(SELL, NET)
    assert hedged_mode(None) is None
    assert [forced(text) for text in ("burst_sell_single", "reduce_close_long", "close", None)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("trade_side", "exec_type", "cause"),
    [
        ("burst_close_long", None, FillCause.LIQUIDATION),
        ("reduce_sell_single", "", FillCause.LIQUIDATION),
        ("offset_close_short", None, FillCause.LIQUIDATION),
        ("dte_sys_adl_buy_in_single_side_mode", "reduce", FillCause.ADL),
        ("delivery_close_long", None, FillCause.SETTLEMENT),
        ("close", "liquidation", FillCause.LIQUIDATION),
        ("close", "delivery", FillCause.SETTLEMENT),
        ("close", "normal", FillCause.TRADE),
        (None, None, FillCause.TRADE),
    ],
)
def test_why_a_trade_came_about(
    trade_side: str | None, exec_type: str | None, cause: FillCause
) -> None:
    assert cause_of(trade_side, exec_type) is cause
