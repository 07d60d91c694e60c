"""One symbol's terms of trade: price grid, lot, payout. Knows no order and no position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.errors import InvalidInstrumentError
from daemon.core.terms import USD, ZERO, Currency, Side, Symbol, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRange:
    """Prices from `start_px` to `end_px` inclusive lie on multiples of `step_px`."""

    start_px: Decimal
    end_px: Decimal
    step_px: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """The terms of one symbol.

    `payout_px` is what one contract pays when it comes true (1 dollar on Kalshi): with it the
    instrument is a binary one, and a short position is a NO held at `payout_px - price`. None
    on venues where price has no complement. `base_currency` is the coin that a position consists
    of: spot alone, a contract is no coin. Orders below `min_qty` or `min_notional` are refused,
    and so are those above `max_qty` (at a limit) or `max_market_qty`; None: no such limit.
    """

    venue: Venue
    symbol: Symbol
    price_ranges: tuple[PriceRange, ...]
    lot_qty: Decimal
    min_notional: Decimal = ZERO
    min_qty: Decimal = ZERO
    max_qty: Decimal | None = None
    max_market_qty: Decimal | None = None
    payout_px: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    quote_currency: Currency = USD
    base_currency: Currency | None = None
    close_time_ns: int | None = None
    shard: int | None = None

    def __post_init__(self) -> None:
        if not self.price_ranges or self.lot_qty <= ZERO or self.multiplier <= ZERO:
            raise InvalidInstrumentError(
                f"{self.symbol}: lot_qty={self.lot_qty} and multiplier={self.multiplier} must be"
                f" above 0 and price_ranges must not be empty"
            )
        for grid in self.price_ranges:
            if grid.step_px <= ZERO or grid.end_px <= grid.start_px:
                raise InvalidInstrumentError(f"{self.symbol}: price range {grid} is not usable")

    @property
    def lowest_px(self) -> Decimal:
        """The lowest price an order may carry."""
        first = min(self.price_ranges, key=lambda grid: grid.start_px)
        return max(first.start_px, first.step_px)

    @property
    def highest_px(self) -> Decimal:
        """The highest price an order may carry; below the payout on a binary market."""
        last = max(self.price_ranges, key=lambda grid: grid.end_px)
        at_payout = self.payout_px is not None and last.end_px >= self.payout_px
        return last.end_px - last.step_px if at_payout else last.end_px

    def tick_at(self, price: Decimal) -> Decimal:
        """The grid's step at `price` (the lower range's on a border)."""
        for grid in self.price_ranges:
            if grid.start_px <= price <= grid.end_px:
                return grid.step_px
        return self.price_ranges[0].step_px

    def limit_px(self, worst_px: Decimal, side: Side) -> Decimal:
        """`worst_px` on the grid, rounded inward so that it is never worse than asked.

        A SELL rounds up and a BUY rounds down (semantics.md 17: never past the bound); the
        result is kept inside the prices that the venue accepts.
        """
        bounded = min(max(worst_px, self.lowest_px), self.highest_px)
        grid = next(
            (g for g in self.price_ranges if g.start_px <= bounded <= g.end_px),
            self.price_ranges[0],
        )
        steps, rest = divmod(bounded - grid.start_px, grid.step_px)
        if side is Side.SELL and rest:
            steps += 1
        return min(max(grid.start_px + steps * grid.step_px, self.lowest_px), self.highest_px)

    def sellable_qty(self, qty: Decimal) -> Decimal:
        """`qty` rounded down to whole lots: an exit never grows past the position."""
        return qty // self.lot_qty * self.lot_qty

    def piece_qty(self, qty: Decimal) -> Decimal:
        """As much of `qty` as one order at a limit may carry, in whole lots."""
        return self.sellable_qty(qty if self.max_qty is None else min(qty, self.max_qty))

    def held_px(self, price: Decimal, position_qty: Decimal) -> Decimal:
        """`price` as the holder of `position_qty` speaks of it: the NO price for a binary short."""
        if self.payout_px is not None and position_qty < ZERO:
            return self.payout_px - price
        return price
