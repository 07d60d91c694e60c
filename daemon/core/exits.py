"""How to get out: one exit of one position, its attempts, its bound, its size. Pure.

An exit opens when a rule fires and ends when the position is flat, or when the price has left
the rule and what remains is guarded again. It may take many orders. Knows no book and no clock:
times are data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Self

from daemon.core.decisions import ExitEnd
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.rules import ExitPolicy
from daemon.core.terms import (
    NANOS,
    ONE,
    ZERO,
    ClientOrderId,
    ExecId,
    PositionKey,
    RuleKind,
    Side,
    quotient,
)

BPS = Decimal("1e-4")
# Prices of a bound in basis points are kept to 1e-10 before they meet the grid.

# A fill as it is kept: last_qty, last_px, commission, pnl and time in one text, a quarter of what
# they take as objects; then the part's own qty where a guess or a fee in coins had some of it.
FillText = str
Part = tuple[ExecId, FillText]
_INFERRED = "inferred"


@dataclass(slots=True)
class PartialFill:
    """One part of an exit: quantity > 0, price (instrument's), PnL net of both fee shares.

    Not frozen: an exit of a thousand parts makes a thousand, and frozen ones take twice as long.
    """

    exec_id: ExecId
    qty: Decimal
    px: Decimal
    commission: Decimal
    pnl: Decimal
    time_ns: int
    client_order_id: ClientOrderId
    inferred: bool = False

    def packed(self) -> Part:
        """As an exit keeps it; that of a fill of our order is made without such an object."""
        text = f"{self.qty!s} {self.px!s} {self.commission!s} {self.pnl!s} {self.time_ns}"
        if self.inferred:
            text += f" {self.qty!s} {_INFERRED}"
        return (self.exec_id, text)

    @classmethod
    def unpacked(cls, client_order_id: ClientOrderId, exec_id: ExecId, text: FillText) -> Self:
        """The part of that order that was kept so."""
        last_qty, px, commission, pnl, time_ns, *rest = text.split(" ")
        qty = rest[0] if rest else last_qty
        money = (Decimal(qty), Decimal(px), Decimal(commission), Decimal(pnl))
        return cls(exec_id, *money, int(time_ns), client_order_id, _INFERRED in rest)


@dataclass(slots=True, kw_only=True)
class Exit:
    """One exit. `original_qty` is the size when it opened; `exit_qty` how much is to go.

    `trigger_px` is the executable price of the newest trigger, `first_trigger_px` of the first:
    the bases of the slippage bound and of the floor. `misses` counts orders without a fill in a
    row; `delay_s` is the wait before the next attempt, which may not start before
    `not_before_ns` (monotonic). `answered_ns` (monotonic) is the last answer on any of its
    orders: a quote that is to trigger again must be newer.
    """

    key: PositionKey
    exit_no: int
    generation: int
    reason: RuleKind
    original_qty: Decimal
    exit_qty: Decimal
    whole: bool
    trigger_px: Decimal
    first_trigger_px: Decimal
    level_px: Decimal | None
    opened_time_ns: int
    attempts: int = 0
    misses: int = 0
    delay_s: Decimal = ZERO
    not_before_ns: int = 0
    answered_ns: int = 0
    filled_qty: Decimal = ZERO
    order_ids: list[ClientOrderId] = field(default_factory=list)
    # Each as `PartialFill.packed`, end to end: no object is kept of a part. The id of an order with
    # an empty text goes before those of it; `parts_of` is the last such id.
    parts: list[str] = field(default_factory=list)
    parts_of: ClientOrderId | None = None
    end: ExitEnd | None = None
    closed_time_ns: int | None = None

    def wanted_qty(self, held_qty: Decimal) -> Decimal:
        """How much of `held_qty` (unsigned) this exit still has to get rid of."""
        if self.whole:
            return held_qty
        return min(held_qty, max(self.exit_qty - self.filled_qty, ZERO))

    @property
    def partial_fills(self) -> list[PartialFill]:
        """Its parts in the order in which they were counted, made anew at each call."""
        found: list[PartialFill] = []
        order_id = ClientOrderId("")
        for name, text in zip(self.parts[::2], self.parts[1::2], strict=True):
            if text:
                found.append(PartialFill.unpacked(order_id, ExecId(name), text))
            else:
                order_id = ClientOrderId(name)
        return found

    def note_fill(
        self, client_order_id: ClientOrderId, part: Part, filled_qty: Decimal, policy: ExitPolicy
    ) -> None:
        """Keep a part, with which the exit has filled `filled_qty`.

        A fill shows that there is a market, so waiting starts small again.
        """
        self.filled_qty = filled_qty
        self._keep(client_order_id, part)
        self.misses = 0
        self.delay_s = policy.retry_delay_s

    def replace_inferred(self, part: PartialFill, guess_id: ExecId, share: Decimal) -> None:
        """A real part takes the place of as much of the guess `guess_id`; the total stands.

        `share` is the PnL that leaves the guess with that quantity.
        """
        kept = self.partial_fills
        for at, guess in enumerate(kept):
            if guess.inferred and guess.exec_id == guess_id:
                left = replace(guess, qty=guess.qty - part.qty, pnl=guess.pnl - share)
                kept[at : at + 1] = [left] if left.qty else []
                break
        self.parts, self.parts_of = [], None
        for one in (*kept, part):
            self._keep(one.client_order_id, one.packed())

    def _keep(self, client_order_id: ClientOrderId, part: Part) -> None:
        if client_order_id != self.parts_of:
            self.parts += (client_order_id, "")
            self.parts_of = client_order_id
        self.parts += part

    def back_off(self, policy: ExitPolicy, mono_ns: int, learned_s: Decimal | None = None) -> None:
        """An order brought nothing: wait longer before the next, up to the policy's limit.

        The first of several such waits is `learned_s` where that is known and the policy takes it.
        """
        self.misses += 1
        longer = self.delay_s * 2 if self.delay_s else policy.retry_delay_s
        if policy.learn_retry_delay and learned_s is not None and self.misses == 1:
            longer = max(learned_s, policy.retry_delay_s)
        self.delay_s = min(longer, policy.retry_delay_max_s)
        self.wait(mono_ns)

    def wait(self, mono_ns: int) -> None:
        """No further attempt before the delay has passed."""
        self.not_before_ns = mono_ns + int(self.delay_s * NANOS)

    @property
    def avg_px(self) -> Decimal | None:
        """Average price of its parts (instrument's), None before the first."""
        parts = self.partial_fills
        qty = sum((p.qty for p in parts), ZERO)
        return quotient(sum((p.px * p.qty for p in parts), ZERO), qty) if qty else None

    @property
    def pnl(self) -> Decimal:
        """PnL of its parts, net of fees."""
        texts = filter(None, self.parts[1::2])
        return sum((Decimal(text.split(" ", 4)[3]) for text in texts), ZERO)


def exit_side(position_qty: Decimal) -> Side:
    """SELL closes a long, BUY a short."""
    return Side.SELL if position_qty > ZERO else Side.BUY


def free_qty(wanted_qty: Decimal, orders: Iterable[Order], strangers_qty: Decimal) -> Decimal:
    """What may be sent now without any chance of selling twice (semantics.md 19).

    The largest possible fill of every order not proven dead is set aside, and so are strangers'
    resting orders that would reduce the same position (`strangers_qty`, for GTC).
    """
    at_risk = sum((order.possible_qty for order in orders), ZERO)
    return max(wanted_qty - at_risk - strangers_qty, ZERO)


def worst_px(
    work: Exit,
    policy: ExitPolicy,
    side: Side,
    instrument: Instrument,
    estimate_px: Decimal | None = None,
) -> Decimal:
    """The worst limit (instrument's price) that policy allows from the newest trigger.

    `estimate_px` (held side) can tighten the bound and never widens it.

    `max_slippage_px` and `floor_px` are dollars of the held side; a dollar of NO is a dollar of
    YES the other way round, so the distance is the same. The result lies on the grid and is never
    worse than asked (semantics.md 17).
    """
    bound = bound_px(work.trigger_px, policy, side, instrument, estimate_px)
    if policy.floor_px is None:
        return bound
    if side is Side.SELL:
        floor = instrument.limit_px(work.first_trigger_px - policy.floor_px, side)
        return max(bound, floor)
    return min(bound, instrument.limit_px(work.first_trigger_px + policy.floor_px, side))


def bound_px(
    px: Decimal,
    policy: ExitPolicy,
    side: Side,
    instrument: Instrument,
    estimate_px: Decimal | None = None,
) -> Decimal:
    """The worst limit (instrument's price) that the slippage bounds allow from `px`."""
    away = -ONE if side is Side.SELL else ONE
    bounds = [instrument.lowest_px if side is Side.SELL else instrument.highest_px]
    if policy.max_slippage_px is not None:
        bounds.append(px + away * policy.max_slippage_px)
    if policy.max_slippage_bps is not None:
        held = instrument.held_px(px, -away)
        bounds.append(px + away * held * policy.max_slippage_bps * BPS)
    if estimate_px is not None:
        bounds.append(px + away * estimate_px)
    tightest = max(bounds) if side is Side.SELL else min(bounds)
    return instrument.limit_px(tightest, side)


def at_floor(work: Exit, policy: ExitPolicy, side: Side) -> bool:
    """True when the newest trigger price is already beyond the floor of the first one."""
    if policy.floor_px is None:
        return False
    away = -ONE if side is Side.SELL else ONE
    floor = work.first_trigger_px + away * policy.floor_px
    return work.trigger_px < floor if side is Side.SELL else work.trigger_px > floor
