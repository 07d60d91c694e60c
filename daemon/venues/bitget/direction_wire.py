"""Which way a Bitget row trades, and on which position. Pure.

Three rules, by market and dialect (Bitget docs: place order; corrections of live clients):

* spot, and futures in one-way mode: `side` is the side of the trade, whatever `tradeSide` says;
* classic futures in hedge mode: `side` names the *position*: closing a long is `buy` + `close`;
* UTA: `side` is the side of the trade, `posSide` or `holdSide` names the position.

Forced trades (liquidation, ADL, delivery, netting) say `..._close_long` or `..._close_short` and
need nothing else. A row from which two readings are possible is refused, not guessed at.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from daemon.core.terms import FillCause, PositionSide, Side
from daemon.venues.bitget.wire import side_word, word
from daemon.venues.decoding import UnreadableError


class Direction(NamedTuple):
    """The side of the trade, and the position that it moves."""

    side: Side
    position_side: PositionSide


HEDGE: Final = "hedge_mode"
ONE_WAY: Final = "one_way_mode"

POSITIONS: Final = {"long": PositionSide.LONG, "short": PositionSide.SHORT}
_OPENING: Final = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}
_NAMED: Final = {Side.BUY: PositionSide.LONG, Side.SELL: PositionSide.SHORT}
_FORCED: Final = {
    "burst_": FillCause.LIQUIDATION,
    "reduce_": FillCause.LIQUIDATION,
    "offset_": FillCause.LIQUIDATION,
    "dte_sys_adl_": FillCause.ADL,
    "delivery_": FillCause.SETTLEMENT,
}
"""How `tradeSide` begins where the venue closes (Bitget docs: get order fill details). `reduce_`
and `offset_` liquidate a part, the latter by netting a long and a short."""

_EXEC_TYPES: Final = {
    "liquidation": FillCause.LIQUIDATION,
    "reduce": FillCause.LIQUIDATION,
    "offset": FillCause.LIQUIDATION,
    "delivery": FillCause.SETTLEMENT,
}
"""UTA's `execType` in lists (Bitget docs: enumeration), where `tradeSide` says nothing."""

_SINGLE: Final = ("_single", "_in_single_side_mode")


def spot_direction(side: str | None) -> Direction:
    """Spot knows no position sides."""
    return Direction(side_word(side), PositionSide.NET)


def forced(trade_side: str | None) -> bool:
    """True for a trade of the venue's own making: liquidation, ADL or delivery."""
    return cause_of(trade_side) is not FillCause.TRADE


def cause_of(trade_side: str | None, exec_type: str | None = None) -> FillCause:
    """Why a trade came about."""
    trade = word(trade_side)
    for prefix, cause in _FORCED.items():
        if trade.startswith(prefix):
            return cause
    return _EXEC_TYPES.get(word(exec_type), FillCause.TRADE)


def hedged_mode(mode: str | None) -> bool | None:
    """Whether `posMode` or `holdMode` says hedge mode; None where it says nothing."""
    folded = word(mode)
    if folded in {HEDGE, ONE_WAY}:
        return folded == HEDGE
    if folded:
        raise UnreadableError(f"position mode {folded[:40]!r} is unknown")
    return None


def mix_direction(
    side: str | None, trade_side: str | None, pos_mode: str | None, pos_side: str | None = None
) -> Direction:
    """Classic futures; raises `UnreadableError` where the mode is not said and matters."""
    trade = word(trade_side)
    hedged = hedged_mode(pos_mode)
    if hedged is None:
        hedged = _mode_of(trade)
    if not hedged:
        return Direction(side_word(side), PositionSide.NET)
    named = _closed_position(trade)
    held = _NAMED[side_word(side)] if named is None else named
    said = POSITIONS.get(word(pos_side), held)
    if said is not held:
        raise UnreadableError(f"side {side} and tradeSide {trade} contradict posSide {pos_side}")
    if trade == "open":
        return Direction(_OPENING[held], held)
    if trade == "close" or named is not None:
        return Direction(_OPENING[held].opposite, held)
    raise UnreadableError(f"tradeSide {trade[:40]!r} is unknown in hedge mode")


def _mode_of(trade: str) -> bool:
    """The mode, where only a word of one of the two modes tells it."""
    if trade.endswith(_SINGLE):
        return False
    if _closed_position(trade) is not None:
        return True
    raise UnreadableError(
        f"ambiguous: tradeSide {trade[:40]!r} without posMode tells neither whether this opens or"
        " closes nor which position"
    )


def _closed_position(trade: str) -> PositionSide | None:
    """The position that a word like `close_long` or `burst_close_long` closes."""
    return POSITIONS.get(trade.rpartition("close_")[2]) if "close_" in trade else None


def uta_direction(
    side: str | None, held: str | None, trade_side: str | None, *, hedged: bool | None
) -> Direction:
    """UTA futures; `held` is `posSide` or `holdSide`, `hedged` the account's mode as known.

    Fill rows do not say the mode, and a one-way position may carry `long` or `short` as well.
    """
    traded = side_word(side)
    if hedged is False or word(held) == "net":
        return Direction(traded, PositionSide.NET)
    if hedged is None:
        raise UnreadableError("ambiguous: the account's position mode is not known yet")
    named = POSITIONS.get(word(held))
    trade = word(trade_side)
    if named is not None:
        return Direction(traded, named)
    closed = _closed_position(trade)
    if closed is not None:
        return Direction(traded, closed)
    if trade in {"open", "close"}:
        opening = traded if trade == "open" else traded.opposite
        return Direction(traded, _NAMED[opening])
    raise UnreadableError(
        f"ambiguous: neither posSide nor tradeSide {trade[:40]!r} names a position"
    )
