"""A day held against the venue's truth: each exit's executions, and stops that never fired."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from daemon.analytics.day_report import ExitRow, Truth
from daemon.analytics.exit_report import ExitLine, exit_lines
from daemon.analytics.tape import Day, judged, overlap
from daemon.core.book import Book
from daemon.core.rules import StopRule
from daemon.core.terms import HUNDRED, NANOS, ZERO, RuleKind, Symbol
from daemon.simulation.day_world import DayWorld
from daemon.simulation.plan import SymbolPlan
from daemon.simulation.venue import BIRTH_NS

# A stop that is met this long at the venue, and nothing fired, was missed: a silent stream is
# noticed after 15 s, an order whose answer is lost takes 10 s.
MISSED_S = 45.0


def exit_rows(world: DayWorld, book: Book) -> list[ExitRow]:
    """Every exit beside what the venue did with its orders."""
    return [
        judged(
            line,
            world.tapes[Symbol(line.symbol), line.side or "yes"],
            _day(world, line.symbol),
            _truth(world, line),
        )
        for line in exit_lines(book)
    ]


def _day(world: DayWorld, symbol: str) -> Day:
    plan = world.plan
    spans = [*plan.pauses, *(plan.market_pauses if symbol == plan.symbols[0].symbol else ())]
    pauses = [(from_s, from_s + for_s) for from_s, for_s in spans]
    return Day(began_ns=BIRTH_NS, now_s=world.loop.time(), downs=world.downs, pauses=pauses)


def _truth(world: DayWorld, line: ExitLine) -> Truth:
    orders = (world.venue.by_client.get(name) for name in line.order_ids)
    mine = {order.venue_order_id for order in orders if order is not None}
    fills = [fill for fill in world.venue.fills if fill.venue_order_id in mine]
    held = [fill.last_px if line.side == "yes" else 1 - fill.last_px for fill in fills]
    return Truth(
        qty=sum((fill.last_qty for fill in fills), ZERO),
        notional=sum((f.last_qty * px for f, px in zip(fills, held, strict=True)), ZERO),
        fees=sum((fill.commission for fill in fills), ZERO),
    )


def missed_stops(world: DayWorld, rows: list[ExitRow]) -> Iterator[str]:
    """Positions that stood beyond a fixed level for long while a daemon ran, and nothing fired.

    Levels that move (trailing) and entries that strangers changed are not judged here.
    """
    for item in world.plan.symbols:
        if item.stranger_every_s is not None:
            continue
        for rule in world.plan.rules:
            level = _fixed_level(item, rule) if rule.pattern == item.symbol else None
            if level is not None:
                yield from _missed(world, item, (rule, level), rows)


def _fixed_level(item: SymbolPlan, rule: StopRule) -> Decimal | None:
    entry = Decimal(item.entry) / 100
    if rule.kind in {RuleKind.ABSOLUTE, RuleKind.TAKE_PROFIT}:
        return rule.level
    if rule.kind is RuleKind.DISTANCE:
        return entry - rule.level
    return entry - entry * rule.level / HUNDRED if rule.kind is RuleKind.PERCENT else None


def _missed(
    world: DayWorld, item: SymbolPlan, ruled: tuple[StopRule, Decimal], rows: list[ExitRow]
) -> Iterator[str]:
    rule, level = ruled
    day = _day(world, item.symbol)
    end_s = world.loop.time() if item.settles_at_s is None else item.settles_at_s
    mine = [row for row in rows if row.line.symbol == item.symbol]
    above = rule.kind is RuleKind.TAKE_PROFIT
    tape = world.tapes[item.symbol, "yes" if item.long else "no"]
    for begin, end in tape.spells(level, end_s, above=above):
        if not world.venue.position_at(item.symbol, BIRTH_NS + int(begin * NANOS)):
            continue
        if any(day.seconds(row.line.opened_ns) < end and _over(row, day, begin) for row in mine):
            continue
        if _held_back(world, item.symbol, begin, end):
            continue
        blocked = overlap([*day.downs, *day.pauses], begin, end)
        if end - begin - blocked > MISSED_S:
            yield (
                f"12 {item.symbol}: {rule.kind.value} {level} met from {begin:.1f} s to"
                f" {end:.1f} s, and no exit fired"
            )


def _held_back(world: DayWorld, symbol: str, begin: float, end: float) -> bool:
    """First seen through its stop: only the operator's word may fire it."""
    told = (notice for notice in world.watcher.notices if notice.kind == "unconfirmed")
    return any(notice.about == symbol and begin <= notice.at_s <= end for notice in told)


def _over(row: ExitRow, day: Day, begin: float) -> bool:
    closed_ns = row.line.closed_ns
    return closed_ns is None or day.seconds(closed_ns) >= begin
