"""What one seed means for a trading day: a few hundred markets, rules, closes, a pause, disasters.

Rates of faults are those of a bad day with a real venue, not those of an episode, which has to
reach every kind of trouble within minutes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import JournalId, RuleKind, Symbol, TimeInForce
from daemon.simulation.faults import Fault
from daemon.simulation.plan import ACCOUNT, PAYOUT_CENTS, VENUE, Plan, SymbolPlan

HOUR_S = 3_600.0
PAUSE_AHEAD_S = 1_200.0
CLOSE_RULE_S = Decimal(300)
RATES = {
    Fault.REQUEST_LOST: 0.002,
    Fault.ANSWER_LOST: 0.003,
    Fault.REQUEST_DELAYED: 0.01,
    Fault.REQUEST_LATE: 0.001,
    Fault.STALE_READ: 0.3,
    Fault.RATE_LIMITED: 0.003,
    Fault.ERROR_BEFORE: 0.002,
    Fault.ERROR_AFTER: 0.002,
    Fault.FRAME_DROPPED: 0.003,
    Fault.FRAME_DELAYED: 0.01,
    Fault.FRAME_DUPLICATED: 0.002,
    Fault.STREAM_SILENT: 0.00001,
    Fault.STREAM_LOST: 0.00002,
    Fault.SLOW_COMMIT: 0.001,
}
_KINDS = (
    *(RuleKind.PERCENT,) * 10,
    *(RuleKind.DISTANCE,) * 3,
    *(RuleKind.ABSOLUTE,) * 3,
    *(RuleKind.TRAILING,) * 3,
    RuleKind.TAKE_PROFIT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How one market moves: mean seconds between changes, chances in each of them.

    `empties` is the chance that one side of the book has nobody after it,
    `walks` is the chance of a cent up or down, `gaps` that of a jump against the holder; `news`
    are jumps that hit many markets at one time: (virtual seconds, cents of the held side).
    """

    pace_s: float
    empties: float
    walks: float
    gaps: float
    news: tuple[tuple[float, int], ...]
    close_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """All that is drawn before a day starts; times in virtual seconds."""

    plan: Plan
    tempers: dict[Symbol, Temper]
    length_s: float


def draw_day(seed: int, rng: random.Random, markets: int, hours: float) -> DayPlan:
    """The day of `seed`: `markets` positions, `hours` long."""
    length_s = hours * HOUR_S
    news = tuple((rng.uniform(0.1, 0.9) * length_s, rng.randint(4, 14)) for _ in range(2))
    symbols = tuple(_symbol(rng, number, markets, length_s) for number in range(markets))
    tempers = {item.symbol: _temper(rng, item, news) for item in symbols}
    pause_s = rng.uniform(0.3, 0.5) * length_s
    plan = Plan(
        seed=seed,
        journal_id=JournalId(f"{rng.getrandbits(128):032x}"),
        symbols=symbols,
        rules=tuple(rule for item in symbols for rule in _rules(rng, item)),
        account=AccountPolicy(
            account=ACCOUNT, venue=VENUE, place_live_orders=True, resend_same_id=True
        ),
        operator_exits=_exits(TimeInForce.IOC),
        trouble_s=length_s,
        tick_s=1.0,
        idle_poll_s=30.0,
        kills=_spread_out(rng, length_s, 2),
        stops=_spread_out(rng, length_s, 2),
        jumps=(),
        pauses=((pause_s, length_s / 12),),
        market_pauses=((rng.uniform(0.1, 0.9) * length_s, 600.0),),
        operator=(),
        reduce_only_kept=True,
        fills_name_client=True,
        fills_tell_position=True,
        shadowed=False,
        stale_s=2.0,
        hides_fills=False,
        skew_s=0.0,
    )
    return DayPlan(plan=plan, tempers=tempers, length_s=length_s)


def _spread_out(rng: random.Random, length_s: float, count: int) -> tuple[float, ...]:
    return tuple(sorted(rng.uniform(0.05, 0.95) * length_s for _ in range(count)))


def _symbol(rng: random.Random, number: int, markets: int, length_s: float) -> SymbolPlan:
    settles = number % 20 == 0
    return SymbolPlan(
        symbol=Symbol(f"DAY-{number:0{len(str(markets))}d}"),
        long=rng.random() < 0.6,
        lots=rng.choice((5, 10, 20, 40, 50, 100, 150, 300)),
        lot_qty=Decimal(1),
        entry=rng.randint(15, 85),
        archived=False,
        thin=rng.choice((0.1, 0.3, 1.0, 1.0, 3.0)),
        ends_deep=False,
        settles_at_s=rng.uniform(0.2, 0.95) * length_s if settles else None,
        settl_cents=rng.choice((0, 100, 100, 37)),
        stranger_every_s=length_s / 8 if number % 25 == 3 else None,
    )


def _temper(rng: random.Random, item: SymbolPlan, news: tuple[tuple[float, int], ...]) -> Temper:
    return Temper(
        pace_s=rng.choice((30.0, 60.0, 120.0, 240.0)),
        empties=rng.choice((0.0, 0.0, 0.002, 0.01)),
        walks=rng.choice((0.02, 0.05, 0.1)),
        gaps=rng.choice((0.0, 0.0003, 0.001)),
        news=tuple(one for one in news if rng.random() < 0.12),
        close_s=item.settles_at_s,
    )


def _exits(order: TimeInForce) -> ExitPolicy:
    return ExitPolicy(order=order, max_slippage_px=Decimal("0.05"))


def _rules(rng: random.Random, item: SymbolPlan) -> list[StopRule]:
    """One way out for each market, as a trader writes them; a few close before the close."""
    kind = rng.choice(_KINDS)
    level = Decimal(rng.randint(3, 9))
    if kind is RuleKind.PERCENT:
        level = Decimal(rng.choice((10, 15, 20)))
    elif kind is RuleKind.ABSOLUTE:
        level = max(item.entry - level, Decimal(1)) / PAYOUT_CENTS
    elif kind is RuleKind.TAKE_PROFIT:
        level = min(item.entry + level, Decimal(99)) / PAYOUT_CENTS
    else:
        level /= PAYOUT_CENTS
    gtc = rng.random() < 0.2
    exits = _exits(TimeInForce.GTC if gtc else TimeInForce.IOC)
    rules = [StopRule(venue=VENUE, pattern=item.symbol, kind=kind, level=level, exits=exits)]
    if item.settles_at_s is not None and rng.random() < 0.5:
        rules.append(
            StopRule(
                venue=VENUE,
                pattern=item.symbol,
                kind=RuleKind.TIME,
                level=CLOSE_RULE_S,
                exits=exits,
            )
        )
    return rules
