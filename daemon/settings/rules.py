"""What the core makes of the settings: rules, policies, limits. Plain conversions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import ZERO, Account, Side, TimeInForce, Venue
from daemon.settings.tree import KALSHI, LEVELS, ExitSettings, Settings, StopSettings

# After how many seconds no request of ours can still be taken, so that an order which is absent
# then will never exist. Binance refuses what is older than recvWindow (5 s), Bitget than 30 s,
# Phemex after the expiry that we sign (60 s), Kalshi does not say; with room for skew.
_IN_FLIGHT_S: Final = {
    "kalshi": Decimal(90),
    "binance-spot": Decimal(15),
    "binance-usdm": Decimal(15),
    "bitget-spot": Decimal(45),
    "bitget-usdt-futures": Decimal(45),
    "phemex-spot": Decimal(75),
    "phemex-usdt-perp": Decimal(75),
}
_EXIT_KEYS: Final = frozenset(ExitSettings.model_fields)


def _policy(exits: ExitSettings) -> ExitPolicy:
    return ExitPolicy(
        order=TimeInForce(exits.order),
        max_slippage_px=exits.bound_px,
        max_slippage_bps=exits.max_slippage_bps,
        floor_px=exits.floor_px,
        resubmit_until_flat=exits.resubmit == "until_flat",
        fill_check_s=exits.fill_check_s,
        order_timeout_s=exits.order_timeout_s,
        retry_delay_s=exits.retry_delay_s,
        retry_delay_max_s=exits.retry_delay_max_s,
        max_attempts=exits.max_attempts,
        trigger_min_qty=exits.trigger_min_qty,
        trigger_confirm_ms=exits.trigger_confirm_ms,
        max_spread_px=exits.max_spread_px,
        adopt_fires=exits.adopt == "fire",
        own_crossing_cancels=exits.own_crossing == "cancel",
        bound_by_estimate=exits.max_slippage_px == "model",
        estimate_max_age_s=exits.estimate_max_age_s,
        learn_retry_delay=exits.learn_retry_delay,
    )


def _of_venue(exits: ExitSettings, venue: Venue) -> ExitSettings:
    """[exits] as it is meant on one venue: prices and contracts in it are Kalshi's."""
    if venue == KALSHI:
        return exits
    unlike = {
        "max_slippage_px": "model" if exits.max_slippage_px == "model" else None,
        "slippage_cap_px": None,
        "max_slippage_bps": exits.crypto_slippage_bps,
        "floor_px": None,
        "max_spread_px": None,
        "trigger_min_qty": ZERO,
    }
    return exits.model_copy(update=unlike)


def stop_rules(settings: Settings) -> tuple[StopRule, ...]:
    """The rules in their order, each with [exits] under its own overrides."""
    return tuple(_rule(settings.exits, stop) for stop in settings.stops)


def _rule(exits: ExitSettings, stop: StopSettings) -> StopRule:
    venue = Venue(stop.venue)
    own = {key: getattr(stop, key) for key in stop.model_fields_set & _EXIT_KEYS}
    kind, percent = LEVELS[stop.level_key]
    return StopRule(
        venue=venue,
        pattern=stop.symbol,
        kind=kind,
        level=Decimal(getattr(stop, stop.level_key)),
        percent=percent,
        exits=_policy(_of_venue(exits, venue).model_copy(update=own)),
    )


# Kalshi has no market orders, and a market buy of Bitget spot is sized in quote coin.
_MARKET_SIDES: Final[Mapping[Venue, tuple[Side, ...]]] = {
    KALSHI: (),
    Venue("bitget-spot"): (Side.SELL,),
}


def account_policies(settings: Settings) -> tuple[AccountPolicy, ...]:
    """One policy per account; its `exits` are how `filld exit` gets out, [exits] as it stands.

    Kalshi never frees an order id, so a resend is safe there, and only there (semantics.md 2).
    """
    return tuple(
        AccountPolicy(
            account=Account(section.account),
            venue=venue,
            place_live_orders=section.place_live_orders,
            cancel_on_stop=settings.on_stop == "cancel",
            resend_same_id=venue == KALSHI,
            max_exit_notional=settings.limits.max_exit_notional,
            max_orders_per_minute=settings.limits.max_orders_per_minute,
            max_trade_notional=settings.limits.max_trade_notional,
            market_sides=_MARKET_SIDES.get(venue, (Side.BUY, Side.SELL)),
            grace_s=settings.grace_s,
            doubt_alert_s=settings.doubt_alert_s,
            in_flight_bound_s=_IN_FLIGHT_S[venue],
            refresh_active_s=settings.refresh_active,
            exits=_policy(_of_venue(settings.exits, venue)),
        )
        for venue, section in settings.accounts.items()
    )


def ignored(settings: Settings) -> tuple[tuple[Venue, str], ...]:
    """The (venue, symbol glob) pairs that are left alone."""
    return tuple((Venue(entry.venue), entry.symbol) for entry in settings.ignore)
