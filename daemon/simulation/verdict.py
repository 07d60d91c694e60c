"""What must be true when the trouble is over: liveness, and that book and venue are one.

Reads the venue's truth and the daemon's book; changes neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from daemon.core.book import Book
from daemon.core.events import MarketPhase
from daemon.core.fills import fill_key
from daemon.core.position import Guard, Position
from daemon.core.terms import USD, ZERO, PositionKey, RuleKind
from daemon.simulation.plan import ACCOUNT, VENUE, SymbolPlan
from daemon.simulation.world import World


def unfinished(world: World) -> Iterator[str]:
    """Why the episode is not at rest yet: nothing, once it is."""
    host = world.host
    if host is None:
        yield "no process runs"
        return
    book = host.engine.book
    if host.engine.handled != host.driver.watermark:
        yield "a commit is under way"
    for item in world.plan.symbols:
        yield from _symbol(world, book, item)


def _symbol(world: World, book: Book, item: SymbolPlan) -> Iterator[str]:
    truth = world.venue.position(item.symbol)
    key = PositionKey(account=ACCOUNT, venue=VENUE, symbol=item.symbol)
    position = book.positions.get(key)
    if position is None:
        if truth:
            yield f"{truth} {item.symbol} not in the book"
        return
    if position.qty != truth:
        yield f"6 {item.symbol}: book {position.qty}, venue {truth}"
    if position.generation:  # else it was over before anybody could look
        yield from _lost_fills(world, book, item)
        yield from _unexplained(world, position)
    yield from _doubts(book, item, position)
    settled = world.venue.markets[item.symbol].phase is MarketPhase.SETTLED
    if position.inferred and not item.archived and not settled:
        yield f"{item.symbol}: still inferred {position.inferred}"
    if truth and _must_go(world, book, item, position):
        yield f"16 {item.symbol}: {truth} still held, through its stop"


def _doubts(book: Book, item: SymbolPlan, position: Position) -> Iterator[str]:
    for order in book.undead(position.key):
        yield f"17 {order.client_order_id} is {order.status.value}, may fill {order.possible_qty}"
    if position.mismatch is not None:
        yield f"{item.symbol}: a difference of {position.mismatch.difference} is open"
    if position.key in book.pending_settlements:
        yield f"{item.symbol}: a settlement waits"


def _must_go(world: World, book: Book, item: SymbolPlan, position: Position) -> bool:
    market = world.venue.markets[item.symbol]
    state = book.account(ACCOUNT, VENUE)
    if market.phase is not MarketPhase.ACTIVE:
        return market.phase is MarketPhase.SETTLED
    held_px = Decimal(market.held_cents) / 100
    watched = item.ends_deep and state.live and not state.halted and not position.refused
    if (position.qty > ZERO) is not item.long:
        return False  # strangers turned it round: the deep price is a good one now
    if position.inference_count:
        return False  # a relative stop may count from a guess
    work = book.exits.get(position.key)
    wanted = position.held_qty if work is None else work.wanted_qty(position.held_qty)
    if wanted <= book.strangers_reducing_qty(position):
        return False  # resting exits leave that much to strangers (semantics.md 19)
    return watched and position.guard is Guard.ARMED and _beyond(world, position, held_px)


def _beyond(world: World, position: Position, held_px: Decimal) -> bool:
    """Whether this price is beyond the stop: a relative one counts from what was seen or paid."""
    entry_px = position.entry_px
    for rule in world.plan.rules:
        if rule.pattern != position.key.symbol or rule.kind is RuleKind.ABSOLUTE:
            continue
        base = position.high_water_px
        if rule.kind is not RuleKind.TRAILING:
            base = entry_px if entry_px is None or position.qty > ZERO else 1 - entry_px
        if base is None:
            return False
        percent = rule.kind is RuleKind.PERCENT
        return held_px <= base - (base * rule.level / 100 if percent else rule.level)
    return True


def _cost_known(item: SymbolPlan, position: Position) -> bool:
    px = Decimal(item.entry if item.long else 100 - item.entry) / 100
    adopted = (g.qty for g in position.inferred if g.opening and g.px_known and g.last_px == px)
    return sum(adopted, ZERO) == item.lots * item.lot_qty


def wrong_money(world: World, book: Book) -> Iterator[str]:
    """Where book and the oracle's ledger differ, at rest."""
    for item in world.plan.symbols:
        key = PositionKey(account=ACCOUNT, venue=VENUE, symbol=item.symbol)
        position = book.positions.get(key)
        if position is None or not position.generation:
            continue  # over before anybody could look
        settled = world.venue.markets[item.symbol].phase is MarketPhase.SETTLED
        if item.archived and (settled or not _cost_known(item, position)):
            continue  # nobody can know what it cost
        ledger = world.oracle.ledgers[item.symbol]
        cash = cash_of(position)
        if Fraction(cash) != ledger.cash:
            yield f"PnL of {item.symbol}: book {cash}, oracle {float(ledger.cash)}"
        fees = position.fees.get(USD, ZERO)
        if Fraction(fees) != ledger.fees:
            yield f"fees of {item.symbol}: book {fees}, oracle {float(ledger.fees)}"


def cash_of(position: Position) -> Decimal:
    """What has been paid in and out: realised PnL less what the open quantity cost."""
    pool = position.pool
    if not position.qty:
        return position.realized_pnl
    cost = (pool.notional - pool.closed_notional).copy_sign(position.qty)
    return position.realized_pnl - cost - (pool.fees - pool.closed_fees)


def _unexplained(world: World, position: Position) -> Iterator[str]:
    """Trades whose parts are not what the venue filled of their orders, to the cent."""
    for trade in position.trades:
        told = {(fill.exec_id, fill.qty, fill.px, fill.commission) for fill in trade.fills}
        orders = (world.venue.by_client.get(order_id) for order_id in trade.order_ids)
        mine = {order.venue_order_id for order in orders if order is not None}
        true = {
            (fill.exec_id, fill.last_qty, fill.last_px, fill.commission)
            for fill in world.venue.fills
            if fill.venue_order_id in mine
        }
        if told != true or len(told) != len(trade.fills):
            yield f"6 trade {trade.token}: told {trade.fills}, the venue filled {true}"


def _lost_fills(world: World, book: Book, item: SymbolPlan) -> Iterator[str]:
    """Fills the book lacks: one listed late is found by the next look at the account.

    Such a look comes soon while rest is waited for, and perhaps not at all in the short idle time:
    so a guess in the place of a hidden fill is not rest yet.
    """
    for fill in world.venue.fills:
        if fill.symbol == item.symbol and fill_key(fill) not in book.fills:
            yield f"6 fill {fill.exec_id} of {fill.symbol} is not in the book"
