"""One position out of its fills: average cost, exact sums, generations.

Knows no order and no rule. A generation is one stretch of holding from flat to flat; a fill that
crosses zero ends one and opens the next (semantics.md 24). Sums are stored, averages are views.
Shares of a pool are cumulative quotients at 1e-10, half-even, so that the shares of a closed pool
add up to it to the last digit (semantics.md 25).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from decimal import Decimal

from daemon.core.estimates import SlippageEstimated
from daemon.core.terms import (
    USD,
    ZERO,
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    PositionKey,
    RuleKind,
    Side,
    proper,
    quotient,
)
from daemon.core.trade import Trade

_SELL = Side.SELL


class Guard(enum.Enum):
    """Whether rules watch a position."""

    UNSEEN = "unseen"
    ARMED = "armed"
    UNCONFIRMED = "unconfirmed"


@dataclass(slots=True, kw_only=True)
class Pool:
    """What the open quantity cost: totals since flat or since the last add after a close."""

    qty: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    closed_qty: Decimal = ZERO
    closed_notional: Decimal = ZERO
    closed_fees: Decimal = ZERO

    @property
    def open_qty(self) -> Decimal:
        """Quantity still held, unsigned."""
        return self.qty - self.closed_qty

    def add(self, qty: Decimal, notional: Decimal, fees: Decimal) -> None:
        """Take more in: what has been closed leaves the pool for good first."""
        self.qty = self.open_qty + qty
        self.notional = self.notional - self.closed_notional + notional
        self.fees = self.fees - self.closed_fees + fees
        self.closed_qty = self.closed_notional = self.closed_fees = ZERO

    def correct(self, notional: Decimal, fees: Decimal) -> tuple[Decimal, Decimal]:
        """Add to what the whole quantity cost; returns the part of it that is closed already."""
        self.notional += notional
        self.fees += fees
        before = (self.closed_notional, self.closed_fees)
        if self.closed_qty:
            self.closed_notional = quotient(self.notional * self.closed_qty, self.qty)
            self.closed_fees = quotient(self.fees * self.closed_qty, self.qty)
        return (self.closed_notional - before[0], self.closed_fees - before[1])

    def take(self, qty: Decimal) -> tuple[Decimal, Decimal]:
        """Close `qty`: its share of (notional, fees); the last share takes the remainder."""
        closed_qty = self.closed_qty + qty
        if closed_qty == self.qty:
            notional, fees = self.notional, self.fees
        else:
            notional = quotient(self.notional * closed_qty, self.qty)
            fees = quotient(self.fees * closed_qty, self.qty)
        share = (notional - self.closed_notional, fees - self.closed_fees)
        self.closed_qty, self.closed_notional, self.closed_fees = closed_qty, notional, fees
        return share


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGeneration:
    """The result of one generation, net of fees, in the quote currency."""

    generation: int
    pnl: Decimal
    entry_known: bool
    time_ns: int
    settled: bool = False


@dataclass(slots=True, kw_only=True)
class InferredFill:
    """A fill that reconciliation deduced; `qty` is what no real fill has replaced yet.

    `opening` tells whether it added to the position (adopted) or reduced it. With `px_known`
    False the price is an estimate, or 0, until a real fill says it: no entry, and no known PnL.
    `sold_qty` of an opening one was closed, and left the pool when the position was added to.
    """

    exec_id: ExecId
    side: Side
    qty: Decimal
    last_px: Decimal
    as_of_ns: int
    generation: int
    opening: bool
    px_known: bool = True
    pnl: Decimal = ZERO
    sold_qty: Decimal = ZERO
    client_order_id: ClientOrderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A difference (venue minus book) seen in a fresh read, waiting for a second one."""

    difference: Decimal
    as_of_ns: int
    mono_ns: int


@dataclass(slots=True, kw_only=True)
class Position:
    """Signed `qty` (+ long, - short; a Kalshi NO is short) and what it has earned.

    `open_pnl` is what the running generation has realised, net of the fee shares; `fees` are all
    fees ever paid (+) by currency, of which those outside the quote currency are not part of any
    PnL; `funding` is the same of funding, which belongs to no generation. `liquidation_pnl` and
    `adl_pnl` are the parts of `realized_pnl` that the venue's own closing fills brought, net of fee
    shares, where the entry was known by then.
    `exit_requested_qty` is what the operator wants out of and no quote has priced yet.
    `verified`: a read of this process's life agreed with `qty`; before that nothing is sent.
    `agreed_ns` (venue clock) is the newest read that is known to have agreed with `qty`.
    `settled_ns` is the venue's time of the last settlement that was booked, 0 before one.
    `touched_ns` (venue clock) and `touched_mono_ns` (ours) are the last fill, ack or cancel.
    """

    key: PositionKey
    quote_currency: Currency = USD
    base_currency: Currency | None = None
    qty: Decimal = ZERO
    generation: int = 0
    pool: Pool = field(default_factory=Pool)
    open_pnl: Decimal = ZERO
    entry_known: bool = True
    fees: dict[Currency, Decimal] = field(default_factory=dict)
    funding: dict[Currency, Decimal] = field(default_factory=dict)
    liquidation_pnl: Decimal = ZERO
    adl_pnl: Decimal = ZERO
    closed: list[ClosedGeneration] = field(default_factory=list)
    inferred: list[InferredFill] = field(default_factory=list)
    guard: Guard = Guard.UNSEEN
    refused: tuple[RuleKind, ...] = ()
    high_water_px: Decimal | None = None
    withheld: RuleKind | None = None
    confirm_since_ns: int | None = None
    unguarded_until_ns: int | None = None
    exit_count: int = 0
    exit_requested_qty: Decimal | None = None
    trade_count: int = 0
    estimate: SlippageEstimated | None = None
    trades: tuple[Trade, ...] = ()
    past_tokens: tuple[str, ...] = ()  # of forgotten trades that had orders: never done again
    inference_count: int = 0
    mismatch: Mismatch | None = None
    verified: bool = False
    agreed_ns: int = 0
    settled_ns: int = 0
    touched_ns: int = 0
    touched_mono_ns: int = 0

    def trade_named(self, token: str) -> Trade | None:
        """The trade that its caller calls `token`, if it is not long past."""
        return next((trade for trade in reversed(self.trades) if trade.token == token), None)

    def trade(self, trade_no: int) -> Trade | None:
        """The trade of that number, if it is not long past."""
        return next((trade for trade in reversed(self.trades) if trade.trade_no == trade_no), None)

    @property
    def estimated(self) -> bool:
        """True while quantity or price of some of it rests on inference alone."""
        return bool(self.inferred)

    @property
    def held_qty(self) -> Decimal:
        """Quantity held, unsigned."""
        return self.qty if self.qty > ZERO else abs(self.qty)  # most are long: no copy is made

    @property
    def entry_px(self) -> Decimal | None:
        """Average entry price of the open quantity (instrument's price), None when flat."""
        if not self.qty or not self.entry_known:
            return None
        return quotient(self.pool.notional - self.pool.closed_notional, self.pool.open_qty)

    @property
    def realized_pnl(self) -> Decimal:
        """All realised PnL of this position, net of fees and funding in the quote currency."""
        return sum((past.pnl for past in self.closed), ZERO) + self.open_pnl + self.funding_pnl

    @property
    def funding_pnl(self) -> Decimal:
        """What funding has earned (+) or cost (-) in the quote currency."""
        return -self.funding.get(self.quote_currency, ZERO)

    def pnl_said(self, pnl: Decimal, generation: int) -> str:
        """`pnl` of a generation for people: unknown where what it cost is."""
        return proper(pnl) if self.knows_entry(generation) else "unknown"

    def knows_entry(self, generation: int) -> bool:
        """Whether what a generation cost is known, and with it what it brought."""
        running = bool(self.qty) and generation == self.generation
        past = all(g.entry_known for g in self.closed if g.generation == generation)
        return past and (self.entry_known or not running)

    @property
    def wins(self) -> int:
        """Closed generations that earned more than nothing, net of fees."""
        return sum(1 for past in self.closed if past.pnl > ZERO)

    @property
    def losses(self) -> int:
        """Closed generations that lost, net of fees."""
        return sum(1 for past in self.closed if past.pnl < ZERO)

    @property
    def missing_qty(self) -> Decimal:
        """How much less than `qty` a fresh read of the venue showed, unsigned."""
        seen = self.mismatch
        return ZERO if seen is None else min(max(self._lost(seen.difference), ZERO), self.held_qty)

    def _lost(self, difference: Decimal) -> Decimal:
        return -difference if self.qty > ZERO else difference

    def reducing(self, side: Side) -> bool:
        """True when a fill on `side` brings the position nearer to zero."""
        return self.qty < ZERO if side is Side.BUY else self.qty > ZERO

    def apply(
        self,
        side: Side,
        qty: Decimal,
        px: Decimal,
        fee: Decimal,
        time_ns: int,
    ) -> tuple[Decimal, Decimal]:
        """Book `qty` at `px` with `fee` in the quote currency (signed, + = paid); 0 is nothing.

        Returns the PnL of what was closed, net of both fee shares, and how much was opened.
        """
        held = self.qty if side is _SELL else -self.qty
        if held <= ZERO:
            if qty:
                self._open(side, qty, px, fee)
            return ZERO, qty
        if qty <= held:
            return self._close(qty, px, fee, time_ns), ZERO
        closing_fee = quotient(fee * held, qty)
        pnl = self._close(held, px, closing_fee, time_ns)
        self._open(side, qty - held, px, fee - closing_fee)
        return pnl, qty - held

    def _open(self, side: Side, qty: Decimal, px: Decimal, fee: Decimal) -> None:
        if not self.qty:
            self._begin()
        self._let_closed_go()
        self.pool.add(qty, qty * px, fee)
        self.qty += side.sign * qty

    def _let_closed_go(self) -> None:
        """What is closed leaves the pool with an add, and a like part of every guess in it."""
        pool = self.pool
        for guess in self._opening() if pool.closed_qty else ():
            left = guess.qty - guess.sold_qty
            guess.sold_qty += quotient(left * pool.closed_qty, pool.qty)

    def _opening(self) -> list[InferredFill]:
        """The guesses that opened what is held."""
        mine = self.generation
        return [guess for guess in self.inferred if guess.opening and guess.generation == mine]

    def _close(self, qty: Decimal, px: Decimal, fee: Decimal, time_ns: int) -> Decimal:
        cost, entry_fee = self.pool.take(qty)
        if self.qty > ZERO:
            pnl = qty * px - cost - entry_fee - fee
            self.qty -= qty
        else:
            pnl = cost - qty * px - entry_fee - fee
            self.qty += qty
        self.open_pnl += pnl
        if not self.qty:
            self._end(time_ns)
        return pnl

    def _begin(self) -> None:
        self.generation += 1
        self.pool = Pool()
        self.entry_known = True
        self.guard, self.refused, self.unguarded_until_ns = Guard.UNSEEN, (), None
        self.high_water_px = self.withheld = self.confirm_since_ns = None
        self.exit_requested_qty = None

    def _end(self, time_ns: int) -> None:
        self.closed.append(
            ClosedGeneration(
                generation=self.generation,
                pnl=self.open_pnl,
                entry_known=self.entry_known,
                time_ns=time_ns,
            )
        )
        self.open_pnl = ZERO

    def pay(self, currency: Currency, commission: Decimal, px: Decimal) -> tuple[Decimal, Decimal]:
        """Count a fee: what of it PnL counts, in the quote currency, and what left the holding.

        A fee in the coin that is held is worth `px` each and is no longer held (semantics.md 29);
        one in a third coin stays outside PnL (25).
        """
        paid = self.fees.get(currency)
        self.fees[currency] = commission if paid is None else paid + commission
        if currency == self.quote_currency:
            return commission, ZERO
        if currency == self.base_currency:
            return commission * px, commission
        return ZERO, ZERO

    def attribute(self, cause: FillCause, pnl: Decimal) -> None:
        """Show `pnl`, which is booked already, as what a fill of the venue's own making brought."""
        if not self.entry_known:
            return
        if cause is FillCause.LIQUIDATION:
            self.liquidation_pnl += pnl
        elif cause is FillCause.ADL:
            self.adl_pnl += pnl

    def denominate(self, quote: Currency, base: Currency | None) -> None:
        """Learn the market's currencies; fees of what is open find their place, at its entry."""
        if (quote, base) == (self.quote_currency, self.base_currency):
            return
        self.quote_currency, self.base_currency = quote, base
        if not self.qty or self.pool.closed_qty:
            return
        gone = ZERO if base is None else self.fees.get(base, ZERO)
        worth = quotient(gone * self.pool.notional, self.pool.qty)
        self.pool.add(-gone, -worth, worth + self.fees.get(quote, ZERO))
        self.qty -= gone

    def correct(self, guess: InferredFill, qty: Decimal, px: Decimal, fee: Decimal) -> Decimal:
        """Replace `qty` of an inferred fill by the real one; returns the change of realised PnL.

        The quantity stands already. An opening guess changes the pool, and what of it is closed
        already changes realised PnL at once, as a closing one does.
        """
        sold = guess.sold_qty if qty == guess.qty else quotient(guess.sold_qty * qty, guess.qty)
        guess.sold_qty -= sold
        guess.qty -= qty
        if not guess.qty:
            self.inferred.remove(guess)
        self.entry_known = self.entry_known or all(left.px_known for left in self._opening())
        sign, better = guess.side.sign, px - guess.last_px
        if guess.generation != self.generation or not self.qty:
            change = -sign * qty * better - fee
            self._correct_past(guess.generation, change)
            return change
        gross, booked = -sign * qty * better, fee
        if guess.opening:
            pooled_fee = quotient(fee * (qty - sold), qty) if sold else fee
            closed, closed_fee = self.pool.correct((qty - sold) * better, pooled_fee)
            gross, booked = -sign * (sold * better + closed), fee - pooled_fee + closed_fee
        self.open_pnl += gross - booked
        return gross - booked

    def _correct_past(self, generation: int, change: Decimal) -> None:
        for at, past in enumerate(self.closed):
            if past.generation == generation:
                self.closed[at] = replace(past, pnl=past.pnl + change)
                return
        self.open_pnl += change
