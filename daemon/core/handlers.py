"""What follows from each kind of fact, but for quotes: small steps over the desk."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, OfferQuote, QueryFills, QueryMarket, QueryQuote
from daemon.core.desk import Desk
from daemon.core.events import (
    Fill,
    FillsRead,
    MarketChanged,
    MarketPhase,
    MarketRead,
    OrderAccepted,
    OrderEvent,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    OrdersRead,
    RulesLoaded,
    Settlement,
    Started,
    StopRequested,
    Undecodable,
)
from daemon.core.fills import fill_key
from daemon.core.imposed import tell_forced
from daemon.core.order import Order
from daemon.core.pursuit import advance, cancel
from daemon.core.requests import (
    CancelRequested,
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    PositionsImported,
    ResumeRequested,
    UnguardRequested,
)
from daemon.core.review import (
    ask_for_book,
    await_guard,
    await_verification,
    infer,
    moved,
    settle_if_ready,
    tell_watched,
    watch,
)
from daemon.core.rules import AccountPolicy
from daemon.core.tending import SOON_S, on_unknown_order, tend
from daemon.core.terms import (
    NANOS,
    ZERO,
    Account,
    OrdStatus,
    PositionKey,
    RejectReason,
    RuleKind,
    TimeInForce,
    VenueOrderId,
    is_ours,
    proper,
)
from daemon.core.trading import await_timeout

_MARKET_READ_S = Decimal(60)
_MARKET_READ_IDLE_S = Decimal(600)
_NOW = Decimal(0)
_UNREAD_LIMIT = 20
_NO_ID = VenueOrderId("")


def on_fill(desk: Desk, fill: Fill, *, news: bool) -> None:
    """A fill moved a position, or repeats one (perhaps with another content)."""
    if not news or desk.book.at_hand is None:
        _compare_repeated(desk, fill, desk.book.page_of(fill).position.key)
        return
    page, order, replaced_qty = desk.book.at_hand
    position, key = page.position, page.position.key
    if order is not None:
        _tell_strange_fill(desk, order, fill)
        tend(desk, order, news=True)
    else:
        _tell_misnamed(desk, fill, key)
        if is_ours(fill.client_order_id):
            ask_for_book(desk, fill.account, fill.venue)
        tell_forced(desk, fill, key)
    if replaced_qty:
        text = (
            f"fill {fill.exec_id} at {proper(fill.last_px)} takes the place of"
            f" {proper(replaced_qty)} {fill.symbol} that were inferred"
        )
        desk.tell(NoticeKind.FILL_CORRECTED, text, key)
    if fill.position_qty is not None and fill.position_qty != position.qty:
        # The venue's own count after this fill differs: one is missing or on its way.
        desk.emit(
            QueryFills(
                account=key.account,
                venue=key.venue,
                symbol=key.symbol,
                since_ns=max(fill.transact_time_ns - 600 * NANOS, 0),
            )
        )
    if not position.verified:
        ask_for_book(desk, key.account, key.venue)
        await_verification(desk, key)
    moved(desk, page)
    if position.qty and page.work is None:
        desk.emit(OfferQuote(account=key.account, venue=key.venue, symbol=key.symbol))


def _tell_misnamed(desk: Desk, fill: Fill, key: PositionKey) -> None:
    where = (fill.account, fill.venue, fill.symbol, fill.venue_order_id or _NO_ID)
    named = desk.book.by_venue_id.get(where)
    if named is not None or fill.client_order_id in desk.book.orders:
        text = (
            f"fill {fill.exec_id} ({fill.side.value} {proper(fill.last_qty)} {fill.symbol}) names"
            f" {named or fill.client_order_id}, which is another order: counted on the position"
            " alone"
        )
        desk.tell_once((fill.symbol, fill.exec_id), NoticeKind.FILL_CONFLICT, text, key)


def _compare_repeated(desk: Desk, fill: Fill, key: PositionKey) -> None:
    known = desk.book.fills.said(fill_key(fill))
    if known is not None and (known.last_qty, known.last_px) != (fill.last_qty, fill.last_px):
        text = (
            f"fill {fill.exec_id} of {fill.symbol} was {proper(known.last_qty)} at"
            f" {proper(known.last_px)}, now the venue says {proper(fill.last_qty)} at"
            f" {proper(fill.last_px)}: the first one stands"
        )
        desk.tell_once((fill.symbol, fill.exec_id), NoticeKind.FILL_CONFLICT, text, key)


def _tell_strange_fill(desk: Desk, order: Order, fill: Fill) -> None:
    if order.overfilled:
        text = (
            f"{order.client_order_id} filled {proper(order.cum_qty)} of {proper(order.order_qty)}"
        )
        desk.tell_once(order.client_order_id, NoticeKind.OVERFILL, text, order.key)
    elif order.final_qty is not None and order.cum_qty > order.final_qty:
        text = f"{order.client_order_id} filled {proper(fill.last_qty)} after its end"
        desk.tell_once(order.client_order_id, NoticeKind.LATE_FILL, text, order.key)


def on_order(desk: Desk, event: OrderEvent, *, news: bool) -> None:
    """News of an order: look again where it leaves a doubt, then let the exit go on."""
    order = desk.book.find_order(event)
    if order is None:
        if isinstance(event, OrderSnapshot):
            on_unknown_order(desk, event)
        return
    if isinstance(event, OrderInDoubt) and not order.dead:
        desk.look_up(order)
    if isinstance(event, OrderRejected) and event.reason is RejectReason.MARKET_INACTIVE:
        key = order.key  # the venue knows of a phase that we have missed
        desk.emit(QueryMarket(account=key.account, venue=key.venue, symbol=key.symbol))
    if isinstance(event, OrderRejected) and news:
        _tell_refused(desk, order)
    if isinstance(event, OrderSnapshot) and news and order.status is OrdStatus.IN_DOUBT:
        text = f"{order.client_order_id} had ended, and the venue shows it resting again"
        desk.tell_once(order.client_order_id, NoticeKind.ORDER_IN_DOUBT, text, order.key)
    tend(desk, order, news=news)
    if isinstance(event, OrderAccepted) and (event.cum_qty or ZERO) > order.cum_qty:
        desk.wait(f"check|{order.client_order_id}", SOON_S)
    page = desk.book.pages[order.key]
    advance(desk, page)
    settle_if_ready(desk, order.key)
    watch(desk, page)


def _tell_refused(desk: Desk, order: Order) -> None:
    """A refusal is alerted once per exit and reason; that nobody bids is no refusal."""
    if order.reason is None or order.reason is RejectReason.NO_LIQUIDITY or order.trade_no:
        return  # whoever asked for a trade is told
    text = f"exit order of {order.key.symbol} refused: {order.reason.value} ({order.text})"
    about = (order.key, order.exit_no, order.reason)
    desk.tell_once(about, NoticeKind.EXIT_BLOCKED, text, order.key)


def on_word(desk: Desk, event: OrderResolved | CancelRequested) -> None:
    """The operator proved what no query could; or somebody who waits wants the order ended."""
    order = desk.book.orders.get(event.client_order_id)
    if order is None:
        return
    if isinstance(event, OrderResolved):
        tend(desk, order, news=True)
        moved(desk, desk.book.pages[order.key])
        return
    cancel(desk, order)
    if not order.dead:
        desk.look_up(order)


def on_orders_read(desk: Desk, event: OrdersRead) -> None:
    """An order that we think rests, and that a complete list does not show, is looked up."""
    resting = set(event.resting)
    for key in list(desk.book.live_orders):
        if (key.account, key.venue) != (event.account, event.venue):
            continue
        for order in desk.book.undead(key):
            newer = order.sent_mono_ns >= event.asked_mono_ns
            if not newer and not order.ended and order.venue_order_id not in resting:
                desk.look_up(order)


def on_fills_read(desk: Desk, event: FillsRead) -> None:
    """A complete list of fills may be what a settlement waited for."""
    for key in list(desk.book.pending_settlements):
        if (key.account, key.venue) == (event.account, event.venue):
            settle_if_ready(desk, key)


def on_settlement(desk: Desk, event: Settlement) -> None:
    """A settlement row: booked now, or when the exit's orders are proven dead."""
    for key in desk.book.keys_of(event.account, event.venue, event.symbol):
        settle_if_ready(desk, key)


def on_market(desk: Desk, event: MarketRead | MarketChanged, *, news: bool) -> None:
    """Terms or phase of a market: keep reading it while something of it is held."""
    symbol = event.symbol if isinstance(event, MarketChanged) else event.instrument.symbol
    market = desk.book.markets.get((event.venue, symbol))
    held = [
        key
        for key in desk.book.keys_of(event.account, event.venue, symbol)
        if desk.book.positions[key].qty
    ]
    timer = f"market|{event.account}|{event.venue}|{symbol}"
    if desk.book.awaits_settlement(event.account, event.venue, symbol):
        desk.wait(timer, _MARKET_READ_IDLE_S)
    if not held or market is None:
        return
    if news:
        for key in held:
            advance(desk, desk.book.pages[key])
        if market.phase is MarketPhase.ACTIVE:
            desk.emit(OfferQuote(account=event.account, venue=event.venue, symbol=symbol))
        elif market.phase in {
            MarketPhase.CLOSED,
            MarketPhase.DETERMINED,
            MarketPhase.SETTLED,
        }:
            _tell_missed_close(desk, held[0])
        elif market.phase is MarketPhase.PAUSED:
            desk.memory.one_sided.add((event.venue, symbol))
    active = market.phase is MarketPhase.ACTIVE
    timed = any(rule.kind is RuleKind.TIME for rule in desk.book.rules_of(event.venue, symbol))
    soon = _MARKET_READ_S if active else Decimal(5)
    delay_s = soon if timed or not active else _MARKET_READ_IDLE_S
    desk.wait(timer, delay_s)


def _tell_missed_close(desk: Desk, key: PositionKey) -> None:
    position = desk.book.positions[key]
    rules = desk.book.rules_of(key.venue, key.symbol)
    timed = any(rule.kind is RuleKind.TIME for rule in rules)
    if timed:
        text = f"{key.symbol} closed with {proper(position.qty)} still held"
        desk.tell_once((key, position.generation), NoticeKind.MISSED_CLOSE, text, key)


def on_start(desk: Desk, event: Started | RulesLoaded | StopRequested) -> None:
    """A new process, or new rules: ask everything again that memory held. Or the end of one."""
    if isinstance(event, StopRequested):
        _on_stop(desk)
        return
    if isinstance(event, Started):
        for where, market in desk.book.markets.items():
            if market.phase is not MarketPhase.ACTIVE:
                desk.memory.one_sided.add(where)
        for key, page in list(desk.book.pages.items()):
            for order in page.undead():
                desk.wait(f"check|{order.client_order_id}", _NOW)
                await_timeout(desk, order)
            watch(desk, page)
            advance(desk, page)
            settle_if_ready(desk, key)
            await_verification(desk, key)
            _ask_for_guessed(desk, key)
        return
    for policy in event.accounts:
        _tell_mode(desk, policy)
        tell_watched(desk, policy.account, policy.venue)
        ask_for_book(desk, policy.account, policy.venue)
    _offer_all(desk)


def _ask_for_guessed(desk: Desk, key: PositionKey) -> None:
    """What was inferred, or taken from a file, may have real fills however old they are."""
    if desk.book.positions[key].inferred:
        desk.emit(QueryFills(account=key.account, venue=key.venue, symbol=key.symbol, since_ns=0))
        desk.emit(QueryMarket(account=key.account, venue=key.venue, symbol=key.symbol))


def _tell_mode(desk: Desk, policy: AccountPolicy) -> None:
    owner, live = (policy.account, policy.venue), policy.place_live_orders
    if desk.memory.modes.get(owner) is not live:
        desk.memory.modes[owner] = live
        text = f"live orders are {'ON' if live else 'off'} for {owner[1]}, account {owner[0]}"
        desk.tell(NoticeKind.MODE_CHANGED, text)


def _on_stop(desk: Desk) -> None:
    """Send nothing new; resting exits stay or go as the account's policy says.

    Trades go: nobody would keep their time limit, and perhaps nobody ever starts again.
    """
    desk.memory.stopping = True
    for key, orders in list(desk.book.live_orders.items()):
        exits_go = desk.book.policy(key.account, key.venue).cancel_on_stop
        for order in list(orders):
            if order.time_in_force is TimeInForce.GTC and (order.trade_no or exits_go):
                cancel(desk, order)


def _offer_all(desk: Desk, account: Account | None = None) -> None:
    for key, position in desk.book.positions.items():
        if position.qty and account in {None, key.account}:
            desk.emit(OfferQuote(account=key.account, venue=key.venue, symbol=key.symbol))


def on_halt(desk: Desk, event: HaltRequested | ResumeRequested, *, news: bool) -> None:
    """The operator stopped new exits, or allowed them again."""
    if isinstance(event, HaltRequested):
        if news:
            desk.tell(NoticeKind.HALTED, f"new exits are halted: {event.text}", urgent=True)
        return
    if news:
        desk.tell(NoticeKind.RESUMED, "new exits are allowed again")
    for key in list(desk.book.exits):
        advance(desk, desk.book.pages[key])
    _offer_all(desk, event.account)


def on_operator(desk: Desk, event: ConfirmRequested | UnguardRequested | ExitRequested) -> None:
    """The operator's word needs a price to act on: fetch one now."""
    for key in desk.book.keys_of(event.account, event.venue, event.symbol):
        if desk.book.positions[key].qty:
            desk.emit(QueryQuote(account=key.account, venue=key.venue, symbol=key.symbol))
        await_guard(desk, key)


def on_import(desk: Desk, event: PositionsImported) -> None:
    """Take positions of a file where the book has none; the venue's own facts correct them."""
    for row in event.rows:
        key = PositionKey(account=event.account, venue=event.venue, symbol=row.symbol)
        known = desk.book.positions.get(key)
        if known is not None and known.qty:
            continue
        infer(desk, key, row.position_qty, (row.entry_px, True), event.receive_time_ns)
        desk.emit(QueryFills(account=key.account, venue=key.venue, symbol=key.symbol, since_ns=0))
        moved(desk, desk.book.pages[key])
    ask_for_book(desk, event.account, event.venue)


def on_undecodable(desk: Desk, event: Undecodable) -> None:
    """Something was said that we cannot read: told once, and the first kinds are journalled."""
    known = desk.memory.unread.setdefault((event.venue, event.source), set())
    if event.text in known or len(known) >= _UNREAD_LIMIT:
        return  # a venue that changed its words says so with every message
    known.add(event.text)
    desk.keep = True
    text = f"{event.venue} sent what we cannot read on {event.source}: {event.text}"
    desk.tell(NoticeKind.UNDECODABLE, text, urgent=True)
