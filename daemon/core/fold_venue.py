"""How facts about a venue, its markets and the operator's word change the book."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from daemon.core.book import AccountState, Book, Market
from daemon.core.estimates import RetryDelayLearned, SlippageEstimated
from daemon.core.events import (
    FeedLost,
    FeedRestored,
    FillsRead,
    MarketChanged,
    MarketRead,
    OrdersRead,
    Settlement,
    StreamLost,
    StreamRestored,
    VenuePaused,
    VenueResumed,
)
from daemon.core.position import Guard
from daemon.core.requests import (
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    ResumeRequested,
    UnguardRequested,
)
from daemon.core.settlement import PendingSettlement
from daemon.core.terms import NANOS, Account, Venue

# A cursor that stands still only costs a longer look back; written more seldom than read.
CURSOR_STEP_NS = 600 * NANOS
FOREVER_NS = 2**62


def orders_read(book: Book, event: OrdersRead) -> bool:
    resting = set(event.resting)
    gone = [
        key
        for key, other in book.resting.items()
        if (other.account, other.venue) == (event.account, event.venue)
        and other.venue_order_id not in resting
    ]
    for key in gone:
        del book.resting[key]
    return bool(gone)


def fills_read(book: Book, event: FillsRead) -> bool:
    if event.symbol is not None:
        where = (event.account, event.venue, event.symbol)
        doubted = any(book.positions[key].mismatch is not None for key in book.keys_of(*where))
        if not doubted or book.symbol_fills_as_of.get(where, 0) >= event.as_of_ns:
            return False
        if event.since_ns > 0:
            return False  # what is missing may be older than this list
        book.symbol_fills_as_of[where] = event.as_of_ns
        return True
    owner = (event.account, event.venue)
    doubted = any(
        position.mismatch is not None and (key.account, key.venue) == owner
        for key, position in book.positions.items()
    )
    known = owner in book.accounts
    state = book.open_account(*owner)
    if known and event.as_of_ns - state.fills_as_of_ns < (1 if doubted else CURSOR_STEP_NS):
        return False
    state.fills_as_of_ns = event.as_of_ns
    return True


def market(book: Book, event: MarketRead | MarketChanged) -> bool:
    if isinstance(event, MarketRead):
        where = (event.venue, event.instrument.symbol)
        known = book.markets.get(where)
        fresh = Market(instrument=event.instrument, phase=event.phase, settl_px=event.settl_px)
        same = known is not None and (
            known.instrument,
            known.phase,
            known.settl_px,
        ) == (
            fresh.instrument,
            fresh.phase,
            fresh.settl_px,
        )
        doubted = any(
            book.positions[key].mismatch is not None
            for key in book.keys_of(event.account, event.venue, event.instrument.symbol)
        )
        if same and not doubted:
            return False
        fresh.read_mono_ns = event.mono_ns
        book.markets[where] = fresh
        terms = event.instrument
        for key in book.keys_of(event.account, event.venue, terms.symbol):
            book.positions[key].denominate(terms.quote_currency, terms.base_currency)
        return True
    known = book.markets.get((event.venue, event.symbol))
    if known is None:
        return False
    before = (known.phase, known.settl_px, known.instrument)
    known.phase = event.phase or known.phase
    known.settl_px = event.settl_px if event.settl_px is not None else known.settl_px
    if event.close_time_ns is not None:
        known.instrument = replace(known.instrument, close_time_ns=event.close_time_ns)
    return before != (known.phase, known.settl_px, known.instrument)


def settlement(book: Book, event: Settlement) -> bool:
    changed = False
    for key in book.keys_of(event.account, event.venue, event.symbol):
        position = book.positions[key]
        # A row of what the book never saw (it settled before the first read) is a difference too.
        unseen = event.position_qty and position.settled_ns != event.settl_time_ns
        if (position.qty or unseen) and key not in book.pending_settlements:
            book.pending_settlements[key] = PendingSettlement(key=key, settlement=event)
            changed = True
    return changed


def venue(book: Book, event: VenuePaused | VenueResumed | StreamLost | StreamRestored) -> bool:
    known = (event.account, event.venue) in book.accounts
    state = book.open_account(event.account, event.venue)
    before = (state.paused, state.resume_time_ns, state.stream_up)
    match event:
        case VenuePaused():
            if event.pause_time_ns <= event.receive_time_ns:
                state.paused, state.resume_time_ns = True, event.resume_time_ns
        case VenueResumed():
            state.paused, state.resume_time_ns = False, None
        case StreamLost():
            state.stream_up = False
        case StreamRestored():
            state.stream_up = True
    return not known or before != (state.paused, state.resume_time_ns, state.stream_up)


def feed(book: Book, event: FeedLost | FeedRestored) -> bool:
    before = len(book.blind)
    for symbol in event.symbols:
        where = (event.account, event.venue, symbol)
        if isinstance(event, FeedLost):
            book.blind[where] = None
        else:
            book.blind.pop(where, None)
    return len(book.blind) != before


def halt(book: Book, event: HaltRequested | ResumeRequested) -> bool:
    before = [(state.halted, state.halt_text) for state in book.accounts.values()]
    for state in _accounts(book.accounts.values(), event.account):
        state.halted = isinstance(event, HaltRequested)
        state.halt_text = event.text if isinstance(event, HaltRequested) else ""
        if state.halted:
            drop_requests(book, state.account, state.venue)
    return before != [(state.halted, state.halt_text) for state in book.accounts.values()]


def drop_requests(book: Book, account: Account, venue: Venue) -> None:
    """No request to get out outlives a halt: it would come true at a time nobody chose."""
    for key, position in book.positions.items():
        if (key.account, key.venue) == (account, venue):
            position.exit_requested_qty = None


def _accounts(states: Iterable[AccountState], account: Account | None) -> list[AccountState]:
    return [state for state in states if account is None or state.account == account]


def operator(book: Book, event: ConfirmRequested | UnguardRequested | ExitRequested) -> bool:
    changed = False
    for key in book.keys_of(event.account, event.venue, event.symbol):
        position = book.positions[key]
        before = (
            position.guard,
            position.unguarded_until_ns,
            position.exit_requested_qty,
        )
        if isinstance(event, ExitRequested):
            wanted = position.held_qty if event.qty is None else event.qty
            position.exit_requested_qty = min(wanted, position.held_qty) or None
            if book.account(event.account, event.venue).halted:
                drop_requests(book, event.account, event.venue)
        elif isinstance(event, ConfirmRequested):
            if position.guard is Guard.UNCONFIRMED:
                position.guard = Guard.ARMED
        elif event.guard_again:
            position.unguarded_until_ns = None
        elif event.for_s is None:
            position.unguarded_until_ns = FOREVER_NS
        else:
            until_ns = event.receive_time_ns + int(event.for_s * NANOS)
            position.unguarded_until_ns = min(until_ns, FOREVER_NS)
        after = (
            position.guard,
            position.unguarded_until_ns,
            position.exit_requested_qty,
        )
        changed = changed or before != after
    return changed


def learnt(book: Book, event: SlippageEstimated | RetryDelayLearned) -> bool:
    """Keep the newest number of its kind; one about a position that is gone says nothing."""
    if isinstance(event, RetryDelayLearned):
        state = book.open_account(event.account, event.venue)
        changed = state.retry_delays.get(event.reason) != event.delay_s
        state.retry_delays = {**state.retry_delays, event.reason: event.delay_s}
        return changed
    for position in book.positions_on(event.account, event.venue, event.symbol):
        if position.key.position_side is event.position_side and position.qty:
            position.estimate = event
            return True
    return False
