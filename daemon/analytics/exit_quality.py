"""What an exit cost against the price that triggered it, in parts and in time. Pure.

Signed, + = worse for us, in the quote currency; `base` and prices of the side held. Estimated
(inferred) parts count until real fills take their place; then the exit is booked anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.analytics.scene import Scene
from daemon.analytics.tables import Cell
from daemon.core.decisions import ExitEnd
from daemon.core.exits import Exit
from daemon.core.order import Order
from daemon.core.terms import ZERO, PositionKey, quotient


@dataclass(slots=True, kw_only=True)
class ExitCell(Cell):
    """Sums over exits that have ended.

    `cost` is what the parts brought less than the first triggering price, `parts_cost` what those
    after the first brought less than the first one did. `exposed` is the quantity of each part
    times the seconds from trigger to part.
    """

    exits: int = 0
    flat: int = 0
    in_parts: int = 0
    estimated: int = 0
    beyond: int = 0
    orders: int = 0
    parts: int = 0
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    base: Decimal = ZERO
    parts_cost: Decimal = ZERO
    exposed: Decimal = ZERO
    pnl: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def share(self) -> Decimal | None:
        """Cost as a share of what the triggering price was worth; None where nothing was sold."""
        return quotient(self.cost, self.base) if self.base > ZERO else None

    @property
    def exposed_s(self) -> Decimal | None:
        """Seconds from trigger to sale, weighted by quantity."""
        return quotient(self.exposed, self.qty) if self.qty else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """An exit that slipped further than is tolerated: `share` of the triggering price's worth."""

    key: PositionKey
    exit_no: int
    share: Decimal
    cost: Decimal


def quality(scene: Scene, work: Exit, tolerance: Decimal) -> ExitCell:
    """What one exit adds to the sums."""
    cell = ExitCell(exits=1, flat=int(work.end is ExitEnd.FLAT), orders=work.attempts)
    order = _order_of(scene, work)
    if order is None:
        return cell
    sign, parts = order.side.sign, work.partial_fills
    first_px, known = parts[0].px, scene.knows_entry(work)
    held_px = scene.held_px(work.key, work.first_trigger_px, -sign)
    for part in parts:
        cell.qty += part.qty
        cell.cost += (part.px - work.first_trigger_px) * sign * part.qty
        cell.parts_cost += (part.px - first_px) * sign * part.qty
        cell.exposed += _seconds(part.time_ns - work.opened_time_ns) * part.qty
        cell.pnl += part.pnl if known else ZERO
        cell.fees += part.commission
    cell.base = held_px * cell.qty
    cell.parts, cell.in_parts = len(parts), int(len(parts) > 1)
    cell.estimated = int(any(part.inferred for part in parts))
    share = cell.share
    cell.beyond = int(share is not None and share > tolerance)
    return cell


def _order_of(scene: Scene, work: Exit) -> Order | None:
    """An order of the exit: its side tells which way worse is."""
    known = (scene.book.orders.get(part.client_order_id) for part in work.partial_fills)
    return next((order for order in known if order is not None), None)


def _seconds(span_ns: int) -> Decimal:
    """ns as seconds, exactly; the venue's clock may be behind ours: never less than 0."""
    return Decimal(max(span_ns, 0)).scaleb(-9)
