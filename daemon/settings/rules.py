"""What the core makes of the settings: rules, policies, limits. Plain conversions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import Account, TimeInForce, Venue
from daemon.settings.tree import LEVELS, ExitSettings, Settings, StopSettings

KALSHI: Final = Venue("kalshi")
_EXIT_KEYS: Final = frozenset(ExitSettings.model_fields)


def _policy(exits: ExitSettings) -> ExitPolicy:
    return ExitPolicy(
        order=TimeInForce(exits.order),
        max_slippage_px=exits.max_slippage_px,
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
    )


def operator_policy(settings: Settings) -> ExitPolicy:
    """How `filld exit` gets out: [exits] as it stands."""
    return _policy(settings.exits)


def stop_rules(settings: Settings) -> tuple[StopRule, ...]:
    """The rules in their order, each with [exits] under its own overrides."""
    return tuple(_rule(settings.exits, stop) for stop in settings.stops)


def _rule(exits: ExitSettings, stop: StopSettings) -> StopRule:
    own = {key: getattr(stop, key) for key in stop.model_fields_set & _EXIT_KEYS}
    kind, percent = LEVELS[stop.level_key]
    return StopRule(
        venue=Venue(stop.venue),
        pattern=stop.symbol,
        kind=kind,
        level=Decimal(getattr(stop, stop.level_key)),
        percent=percent,
        exits=_policy(exits.model_copy(update=own)),
    )


def account_policies(settings: Settings) -> tuple[AccountPolicy, ...]:
    """One policy per configured account. Kalshi never frees an order id: a resend is safe there."""
    return (
        AccountPolicy(
            account=Account(settings.kalshi.account),
            venue=KALSHI,
            place_live_orders=settings.kalshi.place_live_orders,
            cancel_on_stop=settings.on_stop == "cancel",
            resend_same_id=True,
            max_exit_notional=settings.limits.max_exit_notional,
            max_orders_per_minute=settings.limits.max_orders_per_minute,
            grace_s=settings.grace_s,
            doubt_alert_s=settings.doubt_alert_s,
            refresh_active_s=settings.refresh_active,
        ),
    )


def ignored(settings: Settings) -> tuple[tuple[Venue, str], ...]:
    """The (venue, symbol glob) pairs that are left alone."""
    return tuple((Venue(entry.venue), entry.symbol) for entry in settings.ignore)
