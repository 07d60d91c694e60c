"""The book at one moment in numbers, by account: what a graph of it shows. Pure.

Two looks, since they cost differently: what stands now (positions held, exits at work: the loop's
own look), and sums over all there ever was (PnL, orders: read beside the loop).
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.analytics.figures import Figures
from daemon.analytics.guards import guarding_of
from daemon.analytics.scene import Scene, currency_of
from daemon.analytics.slippage import BPS, BPS_UNIT
from daemon.analytics.turns import Turns
from daemon.analytics.views import known_pnl, pnl_known
from daemon.core.book import AccountState
from daemon.core.position import Position
from daemon.core.terms import EXACT, HUNDRED, NANOS, ONE, ZERO, OrdStatus, PositionKey

Labels = tuple[str, ...]
Gauges = dict[str, dict[Labels, Decimal]]

# Positions that have lines of their own; the others are counted.
LISTED: Final = 200
_PERCENTILES: Final = (50, 90, 99)


def gauge_turns(scene: Scene) -> Turns[Gauges]:
    """What stands now, made in turns; no rows."""
    gauges: Gauges = {}
    for owner, state in scene.book.accounts.items():
        for name, value in _account(scene, state):
            _add(gauges, name, owner, value)
    held = 0
    for position in tuple(scene.book.positions.values()):
        if position.qty:
            held += 1
            _position(scene, position, gauges, listed=held <= LISTED)
        yield None
    _add(gauges, "filld_positions_unlisted", (), Decimal(max(held - LISTED, 0)))
    for key, work in tuple(scene.book.exits.items()):
        _add(gauges, "filld_exits_working", _owner(key), ONE)
        age_s = Decimal(max(scene.now_ns - work.opened_time_ns, 0)) / NANOS
        oldest = gauges["filld_exit_oldest_seconds"]
        oldest[_owner(key)] = max(oldest.get(_owner(key), ZERO), age_s)
        yield None
    for key, orders in tuple(scene.book.live_orders.items()):
        doubtful = [o for o in orders if not o.dead and o.status is OrdStatus.IN_DOUBT]
        if doubtful:
            _add(gauges, "filld_orders_in_doubt", _owner(key), Decimal(len(doubtful)))
        yield None
    return gauges


def _add(gauges: Gauges, name: str, labels: Labels, value: Decimal) -> None:
    by = gauges.setdefault(name, {})
    by[labels] = by.get(labels, ZERO) + value


def _owner(key: PositionKey) -> Labels:
    return (key.account, key.venue)


def _account(scene: Scene, state: AccountState) -> Iterator[tuple[str, Decimal]]:
    """One account's own; zeros too, so that a graph begins with the daemon."""
    yield "filld_stream_up", Decimal(state.stream_up)
    yield "filld_account_live", Decimal(state.live)
    yield "filld_account_halted", Decimal(state.halted)
    yield "filld_account_paused", Decimal(state.paused)
    for name in (
        "filld_exits_working",
        "filld_exit_oldest_seconds",
        "filld_orders_in_doubt",
        "filld_positions_unpriced",
    ):
        yield name, ZERO
    if state.fills_as_of_ns:
        bound_ns = max(scene.now_ns - state.fills_as_of_ns, 0)
        yield "filld_fill_unseen_bound_seconds", Decimal(bound_ns) / NANOS


def _position(scene: Scene, position: Position, gauges: Gauges, *, listed: bool) -> None:
    key = position.key
    owner, currency = _owner(key), scene.currency(key)
    guard = guarding_of(scene, position).state.value.lower()
    _add(gauges, "filld_positions", (*owner, guard), ONE)
    names = (*owner, key.symbol, key.position_side.value)
    if listed:
        _add(gauges, "filld_position_quantity", names, position.qty)
    price = scene.executable_px(position)
    if price is None or currency is None:
        _add(gauges, "filld_positions_unpriced", owner, ONE)
        return
    worth = abs(position.qty) * scene.held_px(key, price, position.qty)
    _add(gauges, "filld_exposure", (*owner, currency), worth)
    if listed and position.entry_px is not None:
        unrealized = position.qty * (price - position.entry_px)
        _add(gauges, "filld_position_unrealized_pnl", (*names, currency), unrealized)


def sums_of(figures: Figures) -> Gauges:
    """What there ever was: PnL, fees, orders, retries, slippage."""
    with decimal.localcontext(EXACT):
        gauges: Gauges = {}
        for position in figures.book.positions.values():
            owner = _owner(position.key)
            currency = currency_of(figures.book, position.key)
            unknown = currency is None or not pnl_known(position)
            _add(gauges, "filld_positions_pnl_unknown", owner, Decimal(unknown))
            if currency is not None:
                _add(gauges, "filld_realized_pnl", (*owner, currency), known_pnl(position))
            for coin, paid in position.fees.items():
                _add(gauges, "filld_fees_paid", (*owner, coin), paid)
        for order in figures.book.orders.values():
            labels = (*_owner(order.key), order.status.value.lower())
            _add(gauges, "filld_orders", labels, ONE)
        for labels, cell in figures.tables.reasons.cells.items():
            _add(gauges, "filld_retries_total", labels, Decimal(cell.times))
        spreads = figures.tables.spreads
        for venue, against in sorted({key[:2] for key in spreads.by_key}):
            spread = spreads.of(against, venue)
            for percent in _PERCENTILES:
                labels = (venue, against, str(Decimal(percent) / HUNDRED))
                share = Decimal(spread.percentile(percent) or 0) / (BPS * BPS_UNIT)
                _add(gauges, "filld_slippage_ratio", labels, share)
        return gauges
