"""Exits as a trader judges them: how far, how long, with how many orders. Pure.

Prices are those of the side held; plus is always the worse for the holder.
"""

from __future__ import annotations

import decimal
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from daemon.analytics.scene import EXIT_REASONS, Scene
from daemon.core.book import Book
from daemon.core.events import Event, Fill, Started
from daemon.core.exits import Exit
from daemon.core.fills import fill_key
from daemon.core.order import Order
from daemon.core.terms import EXACT, NANOS, ZERO, ClientOrderId, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitLine:
    """One exit. Times are UTC ns: `opened_ns` by our clock, `sold_ns` (last part) the venue's.

    `currency` is what its prices, fees and PnL are in, None where nobody has told.
    `orders` were sent, `resent` of them twice, `empty` of them filled nothing and `refused` says
    why, for those that the venue refused. `gap_px` lies between the rule's level and the price
    that was there when it fired; `slippage_px` between that price and the average of the parts.
    """

    venue: str
    symbol: str
    currency: Currency | None
    side: str | None
    exit_no: int
    generation: int
    reason: str
    rule: str
    qty: Decimal
    filled_qty: Decimal
    orders: int
    resent: int
    empty: int
    refused: dict[str, int]
    parts: int
    level_px: Decimal | None
    trigger_px: Decimal
    avg_px: Decimal | None
    fees: Decimal
    pnl: Decimal | None
    estimated: bool
    order_ids: tuple[ClientOrderId, ...]
    opened_ns: int
    sold_ns: int | None
    closed_ns: int | None
    end: str | None

    @property
    def gap_px(self) -> Decimal | None:
        """How far beyond the level the market was when the rule fired; None without a level."""
        return None if self.level_px is None else self.level_px - self.trigger_px

    @property
    def slippage_px(self) -> Decimal | None:
        """How much worse than the first triggering price it went; None while nothing has."""
        return None if self.avg_px is None else self.trigger_px - self.avg_px

    @property
    def slippage(self) -> Decimal:
        """The same in `currency`, over all parts."""
        return ZERO if self.slippage_px is None else self.slippage_px * self.filled_qty


def exit_lines(book: Book) -> list[ExitLine]:
    """Every exit that the book remembers, in the order in which they were opened."""
    scene = Scene(book=book, now_ns=0)
    with decimal.localcontext(EXACT):
        works = sorted((*book.past_exits, *book.exits.values()), key=lambda w: w.opened_time_ns)
        return [_line(scene, work) for work in works]


def _line(scene: Scene, work: Exit) -> ExitLine:
    sign, parts = scene.sign(work), work.partial_fills
    known = (scene.book.orders.get(order_id) for order_id in work.order_ids)
    orders = [order for order in known if order is not None]

    def held(px: Decimal) -> Decimal:
        return scene.held_px(work.key, px, sign)

    return ExitLine(
        venue=work.key.venue,
        symbol=work.key.symbol,
        currency=scene.currency(work.key),
        side=scene.side(work.key, sign),
        exit_no=work.exit_no,
        generation=work.generation,
        reason=EXIT_REASONS[work.reason],
        rule=work.reason.value,
        qty=work.original_qty,
        filled_qty=work.filled_qty,
        orders=work.attempts,
        resent=sum(1 for order in orders if order.sendings > 1),
        empty=sum(1 for order in orders if order.dead and not order.cum_qty),
        refused=_refusals(orders),
        parts=len(parts),
        level_px=None if work.level_px is None else held(work.level_px),
        trigger_px=held(work.first_trigger_px),
        avg_px=None if work.avg_px is None else held(work.avg_px),
        fees=sum((part.commission for part in parts), ZERO),
        pnl=work.pnl if scene.knows_entry(work) else None,
        estimated=any(part.inferred for part in parts),
        order_ids=tuple(work.order_ids),
        opened_ns=work.opened_time_ns,
        sold_ns=max((part.time_ns for part in parts), default=None),
        closed_ns=work.closed_time_ns,
        end=None if work.end is None else work.end.value,
    )


def _refusals(orders: Iterable[Order]) -> dict[str, int]:
    return dict(Counter(order.reason.value for order in orders if order.reason is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A fill that the book did not know for `seconds`; `restarted`: no process ran in between."""

    symbol: str
    exec_id: str
    seconds: float
    restarted: bool


def unseen_fills(events: Iterable[Event]) -> Iterator[Unseen]:
    """How long each fill of the journal's own time was unknown: from the venue's stamp to ours.

    `events` are all journalled ones, in order. Only as true as the two clocks are one. Fills that
    are older than the journal are left out.
    """
    known: set[object] = set()
    born_ns = alive_ns = 0
    for event in events:
        if isinstance(event, Started):
            alive_ns = event.receive_time_ns
            born_ns = born_ns or alive_ns
        if not isinstance(event, Fill) or fill_key(event) in known:
            continue
        known.add(fill_key(event))
        if event.transact_time_ns > born_ns:
            yield Unseen(
                symbol=event.symbol,
                exec_id=event.exec_id,
                seconds=(event.receive_time_ns - event.transact_time_ns) / NANOS,
                restarted=event.transact_time_ns < alive_ns,
            )
