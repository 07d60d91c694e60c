"""How facts and decisions change the book. The only writer of it; decides nothing.

Folding a journal (each event, then the commands it caused) gives the book that wrote it.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import fold_orders, fold_trades, fold_venue
from daemon.core.book import AccountState, Book
from daemon.core.commands import CancelOrder, Command, PlaceOrder
from daemon.core.decisions import (
    AdoptOrder,
    ArmStop,
    BeginConfirmation,
    CloseExit,
    DeclareDead,
    HaltAccount,
    HoldUnconfirmed,
    InferFill,
    MarkSettled,
    NoteAgreement,
    NoteMismatch,
    OpenExit,
    RaiseHighWater,
    RearmStop,
    RefuseRule,
    RefuseTrade,
    RetriggerExit,
    SettlePosition,
    WithholdExit,
)
from daemon.core.errors import BrokenInvariantError
from daemon.core.estimates import RetryDelayLearned, SlippageEstimated
from daemon.core.events import (
    CancelRejected,
    Event,
    FeedLost,
    FeedRestored,
    Fill,
    FillsRead,
    Funding,
    MarketChanged,
    MarketRead,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    OrdersRead,
    Quote,
    RulesLoaded,
    Settlement,
    Started,
    StopRequested,
    StreamLost,
    StreamRestored,
    VenuePaused,
    VenueResumed,
)
from daemon.core.exits import Exit
from daemon.core.fills import apply_fill, apply_inferred, drop_orphans, replace_denied
from daemon.core.funding import apply_funding
from daemon.core.order import OrderInput
from daemon.core.position import Guard, Mismatch
from daemon.core.reconciliation import LONGEST_LAG_NS
from daemon.core.requests import (
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    ResumeRequested,
    TradeRequested,
    UnguardRequested,
)
from daemon.core.terms import ZERO, RuleKind, Side


def apply_event(book: Book, event: Event) -> bool:  # noqa: C901, PLR0911, PLR0912 - one match
    """Fold a fact; returns whether the book changed (what changes nothing is not journalled)."""
    match event:
        case Quote():
            return False  # first, since there are so many
        case Fill():
            return apply_fill(book, event)
        case OrderAccepted():
            return fold_orders.accepted(book, event)
        case OrderRejected():
            return fold_orders.rejected(book, event)
        case OrderInDoubt():
            return fold_orders.in_doubt(book, event)
        case OrderCanceled() | OrderExpired():
            return fold_orders.ended(book, event)
        case CancelRejected():
            return fold_orders.cancel_rejected(book, event)
        case OrderSnapshot():
            return fold_orders.snapshot(book, event)
        case OrderResolved():
            return fold_orders.resolved(book, event)
        case OrdersRead():
            return fold_venue.orders_read(book, event)
        case FillsRead():
            return _cursor_ahead(book, event) or fold_venue.fills_read(book, event)
        case MarketRead() | MarketChanged():
            return fold_venue.market(book, event)
        case Settlement():
            return fold_venue.settlement(book, event)
        case Funding():
            return apply_funding(book, event)
        case VenuePaused() | VenueResumed() | StreamLost() | StreamRestored():
            return fold_venue.venue(book, event)
        case FeedLost() | FeedRestored():
            return fold_venue.feed(book, event)
        case Started():
            return _started(book, event)
        case RulesLoaded():
            return _rules(book, event)
        case HaltRequested() | ResumeRequested():
            return fold_venue.halt(book, event)
        case ConfirmRequested() | UnguardRequested() | ExitRequested():
            return fold_venue.operator(book, event)
        case TradeRequested():
            return fold_trades.requested(book, event)
        case SlippageEstimated() | RetryDelayLearned():
            return fold_venue.learnt(book, event)
        case _:
            return isinstance(event, StopRequested)


def apply_command(book: Book, command: Command, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915
    """Fold a decision that `event` caused; commands that are not durable change nothing."""
    match command:
        case PlaceOrder():
            fold_orders.placed(book, command, event)
        case OpenExit():
            _open_exit(book, command, event)
        case CloseExit():
            _close_exit(book, command, event)
        case ArmStop():
            book.position(command.key).guard = Guard.ARMED
        case CancelOrder():
            book.order(command.client_order_id).take(OrderInput.CANCEL_SENT)
        case AdoptOrder():
            fold_orders.adopted(book, command, event)
        case RefuseTrade():
            fold_trades.refused(book, command)
        case DeclareDead():
            fold_orders.declared_dead(book, command, event)
        case RetriggerExit():
            book.exits[command.key].trigger_px = command.trigger_px
        case InferFill():
            apply_inferred(book, command, event)
        case SettlePosition():
            _settle(book, command)
        case HaltAccount():
            state = book.open_account(command.account, command.venue)
            state.halted, state.halt_text = True, command.text
            fold_venue.drop_requests(book, command.account, command.venue)
        case (
            HoldUnconfirmed()
            | RefuseRule()
            | RaiseHighWater()
            | BeginConfirmation()
            | WithholdExit()
            | RearmStop()
            | NoteMismatch()
            | NoteAgreement()
            | MarkSettled()
        ):
            _guarding(book, command)
        case _:
            return


def _guarding(  # noqa: C901, PLR0912 - the small decisions on a position
    book: Book,
    command: HoldUnconfirmed
    | RefuseRule
    | RaiseHighWater
    | BeginConfirmation
    | WithholdExit
    | RearmStop
    | NoteMismatch
    | NoteAgreement
    | MarkSettled,
) -> None:
    position = book.position(command.key)
    match command:
        case HoldUnconfirmed():
            position.guard = Guard.UNCONFIRMED
        case RefuseRule():
            position.refused = (*position.refused, command.kind)
        case RaiseHighWater():
            position.high_water_px = command.high_water_px
        case BeginConfirmation():
            position.confirm_since_ns = command.since_mono_ns
        case WithholdExit():
            position.exit_requested_qty = None
            # The operator's word is no episode of a rule: it neither begins nor ends one.
            if command.reason is not RuleKind.OPERATOR:
                position.withheld = command.reason
        case RearmStop():
            position.withheld = None
        case NoteMismatch():
            position.mismatch = Mismatch(
                difference=command.difference,
                as_of_ns=command.as_of_ns,
                mono_ns=command.mono_ns,
            )
        case NoteAgreement():
            position.verified, position.mismatch = True, None
            position.agreed_ns = max(position.agreed_ns, command.as_of_ns)
        case MarkSettled():
            for at, past in enumerate(position.closed):
                if not past.settled and past.generation <= command.generation:
                    position.closed[at] = replace(past, settled=True)


def _cursor_ahead(book: Book, event: FillsRead) -> bool:
    """Take back a cursor that our own clock began with, where that was ahead of the venue's.

    Until the venue's time reached it, every list of fills would be empty.
    """
    state = book.accounts.get((event.account, event.venue))
    if event.symbol is not None or state is None:
        return False
    ahead = state.fills_as_of_ns - event.as_of_ns > LONGEST_LAG_NS
    if ahead:
        state.fills_as_of_ns = event.as_of_ns
    return ahead


def _started(book: Book, event: Started) -> bool:
    """A new process: nobody waits for old answers, and old monotonic times are void."""
    if book.journal_id and book.journal_id != event.journal_id:
        raise BrokenInvariantError(
            f"journal {event.journal_id} cannot continue the book of {book.journal_id}"
        )
    book.journal_id, book.engine_version = event.journal_id, event.engine_version
    book.take_over = event.take_over
    book.born_ns = book.born_ns or event.receive_time_ns
    for state in book.accounts.values():
        state.recent_orders_ns, state.stream_up = [], False
    for key in book.positions:
        position = book.positions[key]
        position.touched_mono_ns = event.mono_ns
        position.mismatch = position.confirm_since_ns = position.estimate = None
        position.verified = False
        fold_orders.forget_answers(book.undead(key), event)
    for market in book.markets.values():
        market.read_mono_ns = 0
    for work in book.exits.values():
        work.answered_ns = event.mono_ns
        work.wait(event.mono_ns)
    book.blind.clear()
    return True


def _rules(book: Book, event: RulesLoaded) -> bool:
    book.take_rules(event)
    for policy in event.accounts:
        state = book.open_account(policy.account, policy.venue)
        changed = state.live != policy.place_live_orders
        state.live = policy.place_live_orders
        for key in [k for k in book.positions if changed and (k.account, k.venue) == _of(state)]:
            book.positions[key].withheld = None
    for position in book.positions.values():
        position.refused = ()
        position.confirm_since_ns = None
    return True


def _of(state: AccountState) -> tuple[object, object]:
    return (state.account, state.venue)


def _settle(book: Book, command: SettlePosition) -> None:
    position = book.position(command.key)
    book.pending_settlements.pop(command.key, None)
    replace_denied(book, command)
    side = Side.SELL if position.qty > ZERO else Side.BUY
    position.apply(side, position.held_qty, command.settl_px, ZERO, command.settl_time_ns)
    position.mismatch = None
    position.touched_ns = max(position.touched_ns, command.settl_time_ns)
    position.settled_ns = command.settl_time_ns


def _close_exit(book: Book, command: CloseExit, event: Event) -> None:
    page = book.pages[command.key]
    work, page.work = book.exits.pop(page.position.key), None
    work.end, work.closed_time_ns = command.end, event.receive_time_ns
    book.past_exits.append(work)
    book.trim()
    drop_orphans(book)


def _open_exit(book: Book, command: OpenExit, event: Event) -> None:
    page = book.page(command.key)
    position = page.position
    position.exit_count = command.exit_no
    position.withheld = position.confirm_since_ns = position.exit_requested_qty = None
    book.exits[position.key] = page.work = Exit(
        key=position.key,  # the book's own: a decoded key would be kept, and compared, as another
        exit_no=command.exit_no,
        generation=position.generation,
        reason=command.reason,
        original_qty=position.held_qty,
        exit_qty=command.exit_qty,
        whole=command.whole,
        trigger_px=command.trigger_px,
        first_trigger_px=command.trigger_px,
        level_px=command.level_px,
        opened_time_ns=event.receive_time_ns,
    )
