"""What the operator wants: when to get out, how, and within which limits. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.terms import Account, RuleKind, Side, Symbol, TimeInForce, Venue, VenueOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPolicy:
    """How to get out. Prices in dollars of the held side, times in seconds.

    `bound_by_estimate`: the first order after a trigger goes no further than a SlippageEstimated
    that is not older than `estimate_max_age_s` says, and never beyond the slippage bounds.
    `learn_retry_delay`: the first delay is a RetryDelayLearned, between the two given here.
    """

    order: TimeInForce = TimeInForce.IOC
    max_slippage_px: Decimal | None = None
    max_slippage_bps: Decimal | None = None
    floor_px: Decimal | None = None
    resubmit_until_flat: bool = False
    fill_check_s: Decimal = Decimal(5)
    order_timeout_s: Decimal = Decimal(10)
    retry_delay_s: Decimal = Decimal(1)
    retry_delay_max_s: Decimal = Decimal(30)
    max_attempts: int = 5
    trigger_min_qty: Decimal = Decimal(1)
    trigger_confirm_ms: int = 0
    max_spread_px: Decimal | None = None
    adopt_fires: bool = False
    own_crossing_cancels: bool = True
    bound_by_estimate: bool = False
    estimate_max_age_s: Decimal = Decimal(60)
    learn_retry_delay: bool = False


DEFAULT_EXITS = ExitPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """One way out of positions whose symbol matches `pattern` (a glob) on `venue`.

    `level` is, by `kind`: a price of the held side (ABSOLUTE, TAKE_PROFIT), a distance in price
    (DISTANCE, TRAILING), per cent (PERCENT, or TRAILING with `percent`), seconds (TIME).
    """

    venue: Venue
    pattern: str
    kind: RuleKind
    level: Decimal
    percent: bool = False
    exits: ExitPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """What one account may do on one venue. Times in seconds, notionals in the quote currency.

    `market_sides`: the sides on which the venue takes a market order for a quantity of what is
    traded (Kalshi: none; Bitget spot: SELL, since it sizes a BUY in money).
    """

    account: Account
    venue: Venue
    place_live_orders: bool = False
    cancel_on_stop: bool = False
    resend_same_id: bool = False
    max_exit_notional: Decimal | None = None
    max_orders_per_minute: int = 60
    max_trade_notional: Decimal | None = None
    market_sides: tuple[Side, ...] = (Side.BUY, Side.SELL)
    grace_s: Decimal = Decimal(5)
    doubt_alert_s: Decimal = Decimal(10)
    in_flight_bound_s: Decimal = Decimal(90)
    pause_alert_s: Decimal = Decimal(600)
    refresh_active_s: Decimal = Decimal(2)
    feed_alert_s: Decimal = Decimal(10)
    empty_side_alert_s: Decimal = Decimal(60)
    exits: ExitPolicy = DEFAULT_EXITS  # of exits that the operator asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPosition:
    """One row of a positions file: signed qty, entry in the instrument's price."""

    symbol: Symbol
    position_qty: Decimal
    entry_px: Decimal
    venue_order_id: VenueOrderId | None = None
