"""The first seed's words for an exit, for readers of the log. Nothing else may use them.

`last_exit_price` is the executable price at the decision, in the price of the side held;
`original_stake_on_exit` the size when the exit opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from daemon.analytics.scene import EXIT_REASONS
from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import CloseExit, MarkSettled, OpenExit
from daemon.core.terms import PositionKey, Side

VIEWS: Final[Mapping[type[object], tuple[str, ...]]] = {
    OpenExit: (
        *("exit_reason", "rule", "original_stake_on_exit", "closing_in_progress"),
        "last_exit_price",
    ),
    PlaceOrder: ("exit_client_order_id",),
    CloseExit: ("closing_in_progress",),
    MarkSettled: ("settled",),
}


def seed_view(
    command: Command, together: Sequence[Command], payout_px: Decimal | None
) -> tuple[object, ...]:
    """The seed's fields of one command among those that were decided together, as `VIEWS` has them.

    `payout_px` is what a contract of the symbol pays, None where a price has no complement.
    """
    match command:
        case OpenExit():
            side = _exit_side(command.key, together)
            last_px = None if side is None else _held(command.trigger_px, side, payout_px)
            reason = EXIT_REASONS[command.reason]
            return (reason, command.reason, command.exit_qty, True, last_px)
        case PlaceOrder():
            return (command.client_order_id,)
        case CloseExit():
            return (False,)
        case MarkSettled():
            return (True,)
        case _:
            return ()


def _exit_side(key: PositionKey, together: Sequence[Command]) -> Side | None:
    for command in together:
        if isinstance(command, PlaceOrder) and command.key == key:
            return command.side
    return None


def _held(price: Decimal, exit_side: Side, payout_px: Decimal | None) -> Decimal:
    """An exit that buys closes a short position: on a binary market that is a NO held."""
    return payout_px - price if payout_px is not None and exit_side is Side.BUY else price
