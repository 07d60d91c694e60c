"""What one seed means: positions, rules, policies, and when what happens. Draws once, then plain.

Prices are whole cents of the held side in here; `Market` turns them into YES prices.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import Account, JournalId, RuleKind, Side, Symbol, TimeInForce, Venue

ACCOUNT = Account("main")
VENUE = Venue("sim")
PAYOUT_CENTS = 100
# How far the price falls below the entry: while faults last, and for certain afterwards.
NOISE_CENTS = 18
DEEP_CENTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolPlan:
    """One market with a position of ours; `entry`, `stop` in cents of the held side."""

    symbol: Symbol
    long: bool
    lots: int
    lot_qty: Decimal
    entry: int
    archived: bool
    thin: float
    ends_deep: bool
    settles_at_s: float | None
    settl_cents: int
    stranger_every_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePlan:
    """One trade of the operator, and when he asks for it: `offset_cents` None means at market.

    Else the limit is so much above the price at the first asking (below, if negative).
    """

    token: str
    symbol: Symbol
    side: Side
    order_qty: Decimal
    offset_cents: int | None
    rests: bool
    reduce_only: bool
    timeout_s: Decimal
    asked_at_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is drawn before an episode starts."""

    seed: int
    journal_id: JournalId
    symbols: tuple[SymbolPlan, ...]
    rules: tuple[StopRule, ...]
    account: AccountPolicy
    operator_exits: ExitPolicy
    trouble_s: float
    tick_s: float
    idle_poll_s: float
    kills: tuple[float, ...]
    stops: tuple[float, ...]
    jumps: tuple[tuple[float, float], ...]
    pauses: tuple[tuple[float, float], ...]
    market_pauses: tuple[tuple[float, float], ...]
    operator: tuple[tuple[float, str], ...]
    reduce_only_kept: bool
    fills_name_client: bool
    fills_tell_position: bool
    shadowed: bool
    stale_s: float
    hides_fills: bool
    skew_s: float
    trades: tuple[TradePlan, ...] = ()


def draw(seed: int, rng: random.Random) -> Plan:
    """The plan of `seed`."""
    trouble_s = rng.choice((40.0, 90.0, 150.0))
    count = rng.choice((1, 1, 2, 3))
    symbols = tuple(_symbol(rng, number, trouble_s) for number in range(count))
    return Plan(
        seed=seed,
        journal_id=JournalId(f"{rng.getrandbits(128):032x}"),
        symbols=symbols,
        rules=_rules(rng, symbols),
        account=AccountPolicy(
            account=ACCOUNT,
            venue=VENUE,
            place_live_orders=rng.random() < 0.93,
            cancel_on_stop=rng.random() < 0.5,
            resend_same_id=rng.random() < 0.6,
            max_orders_per_minute=rng.choice((60, 60, 1000)),
        ),
        operator_exits=_exits(rng),
        trouble_s=trouble_s,
        tick_s=rng.choice((1.0, 3.0, 8.0)),
        idle_poll_s=rng.choice((10.0, 30.0)),
        kills=_times(rng, trouble_s, 0.5, 4),
        stops=_times(rng, trouble_s, 0.25, 2),
        jumps=tuple(
            (at, rng.choice((-3600.0, -30.0, -3.0, 3.0, 30.0, 3600.0)))
            for at in _times(rng, trouble_s, 0.25, 2)
        ),
        pauses=tuple((at, rng.uniform(1, 30)) for at in _times(rng, trouble_s, 0.2, 1)),
        market_pauses=tuple((at, rng.uniform(1, 30)) for at in _times(rng, trouble_s, 0.2, 2)),
        operator=tuple(
            (at, rng.choice(("halt", "resume", "exit", "part", "confirm", "cancel", "reload")))
            for at in _times(rng, trouble_s, 0.4, 4)
        ),
        reduce_only_kept=rng.random() < 0.5,
        fills_name_client=rng.random() < 0.5,
        fills_tell_position=rng.random() < 0.5,
        shadowed=rng.random() < 0.15,
        stale_s=rng.choice((2.0, 6.0, 20.0)),
        hides_fills=rng.random() < 0.15,
        skew_s=rng.choice((0.0, 0.0, rng.uniform(-0.5, 0.5))),
    )


def _times(rng: random.Random, until_s: float, chance: float, most: int) -> tuple[float, ...]:
    if rng.random() >= chance:
        return ()
    return tuple(sorted(rng.uniform(0.1, until_s) for _ in range(rng.randint(1, most))))


def _symbol(rng: random.Random, number: int, trouble_s: float) -> SymbolPlan:
    lot_qty = rng.choice((Decimal(1), Decimal("0.01"), Decimal("0.1")))
    lots = rng.randint(2, 200)
    return SymbolPlan(
        symbol=Symbol(f"SIM-{number}"),
        long=rng.random() < 0.5,
        lots=lots if lot_qty == 1 else lots * 10 + rng.randint(1, 9),
        lot_qty=lot_qty,
        entry=rng.randint(40, 70),
        archived=rng.random() < 0.15,
        thin=rng.choice((0.05, 0.2, 0.6, 2.0)),
        ends_deep=rng.random() < 0.85,
        settles_at_s=rng.uniform(20, trouble_s) if rng.random() < 0.12 else None,
        settl_cents=rng.choice((0, 100, 37)),
        stranger_every_s=rng.choice((None, None, None, 8.0, 25.0)),
    )


def _exits(rng: random.Random) -> ExitPolicy:
    gtc = rng.random() < 0.4
    return ExitPolicy(
        order=TimeInForce.GTC if gtc else TimeInForce.IOC,
        max_slippage_px=rng.choice((None, Decimal("0.02"), Decimal("0.05"), Decimal("0.2"))),
        resubmit_until_flat=rng.random() < 0.4,
        fill_check_s=Decimal(rng.choice((1, 5))),
        order_timeout_s=Decimal(rng.choice((3, 10))),
        retry_delay_s=Decimal(1),
        retry_delay_max_s=Decimal(rng.choice((5, 30))),
        trigger_min_qty=Decimal("0.01"),
        trigger_confirm_ms=rng.choice((0, 0, 0, 700)),
        adopt_fires=rng.random() < 0.3,
    )


def _rules(rng: random.Random, symbols: tuple[SymbolPlan, ...]) -> tuple[StopRule, ...]:
    rules = []
    for plan in symbols:
        kind = rng.choice(
            (
                RuleKind.ABSOLUTE,
                RuleKind.ABSOLUTE,
                RuleKind.DISTANCE,
                RuleKind.PERCENT,
                RuleKind.TRAILING,
            )
        )
        level = Decimal(rng.randint(3, 10))
        if kind is RuleKind.ABSOLUTE:
            level = (plan.entry - level) / PAYOUT_CENTS
        elif kind is not RuleKind.PERCENT:
            level /= PAYOUT_CENTS
        rules.append(
            StopRule(venue=VENUE, pattern=plan.symbol, kind=kind, level=level, exits=_exits(rng))
        )
    return tuple(rules)
