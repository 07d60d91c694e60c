"""The first seed's words for an exit, for readers of the log. Nothing else may use them.

`last_exit_price` is the executable price at the decision, in the price of the side held;
`original_stake_on_exit` the size when the exit opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from daemon.analytics.scene import EXIT_REASONS
from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import CloseExit, MarkSettled, OpenExit
from daemon.core.terms import PositionKey, Side, proper

View = dict[str, object]


def seed_view(command: Command, together: Sequence[Command], payout_px: Decimal | None) -> View:
    """The seed's fields of one command among those that were decided together with it.

    `payout_px` is what a contract of the symbol pays, None where a price has no complement.
    """
    match command:
        case OpenExit():
            view: View = {
                "exit_reason": EXIT_REASONS[command.reason],
                "rule": command.reason.value,
                "original_stake_on_exit": proper(command.exit_qty),
                "closing_in_progress": True,
            }
            side = _exit_side(command.key, together)
            if side is not None:
                view["last_exit_price"] = proper(_held(command.trigger_px, side, payout_px))
            return view
        case PlaceOrder():
            return {"exit_client_order_id": command.client_order_id}
        case CloseExit():
            return {"closing_in_progress": False}
        case MarkSettled():
            return {"settled": True}
        case _:
            return {}


def _exit_side(key: PositionKey, together: Sequence[Command]) -> Side | None:
    for command in together:
        if isinstance(command, PlaceOrder) and command.key == key:
            return command.side
    return None


def _held(price: Decimal, exit_side: Side, payout_px: Decimal | None) -> Decimal:
    """An exit that buys closes a short position: on a binary market that is a NO held."""
    return payout_px - price if payout_px is not None and exit_side is Side.BUY else price
