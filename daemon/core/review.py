"""The venue's own account against the book: differences, adoption, settlement.

Acts only on what two fresh reads agree on, after the fills have been asked for (semantics.md 27),
and books a settlement only when the exit's orders are proven dead (semantics.md 28).
"""

from __future__ import annotations

import bisect
from decimal import Decimal

from daemon.core.commands import (
    NoticeKind,
    OfferQuote,
    QueryBook,
    QueryFills,
    QueryMarket,
    WatchSymbols,
)
from daemon.core.comparing import Comparison, all_settled
from daemon.core.decisions import (
    CloseExit,
    ExitEnd,
    InferFill,
    MarkSettled,
    NoteAgreement,
    NoteMismatch,
    SettlePosition,
)
from daemon.core.desk import Desk
from daemon.core.events import FillsRead, MarketPhase, PositionRow, PositionSnapshot, Settlement
from daemon.core.fills import denied_qty
from daemon.core.fold_venue import FOREVER_NS
from daemon.core.page import Page
from daemon.core.position import Mismatch, Position
from daemon.core.pursuit import advance
from daemon.core.reconciliation import Difference, inferred_px, is_fresh, split
from daemon.core.settlement import expected_revenue, revenue_differs
from daemon.core.terms import (
    NANOS,
    ZERO,
    Account,
    ClientOrderId,
    ExecId,
    PositionKey,
    Side,
    Venue,
    proper,
)

# How far a look at the fills reaches back before the last complete one.
OVERLAP_NS = 600 * NANOS
_AGAIN_S = Decimal(5)
_SETTLEMENT_S = Decimal(60)  # how long its row may come after the position has gone
_ROW = "row"
_OVER = frozenset({MarketPhase.DETERMINED, MarketPhase.SETTLED})


def ask_for_book(desk: Desk, account: Account, venue: Venue) -> None:
    """Orders, fills since the last complete look, positions."""
    state = desk.book.account(account, venue)
    since_ns = max(state.fills_as_of_ns - OVERLAP_NS, 0)
    desk.emit(QueryBook(account=account, venue=venue, since_ns=since_ns))


def on_positions(desk: Desk, event: PositionSnapshot, ahead: Comparison | None) -> None:
    """Compare every position of the account with the venue's; nearly all agree, as before.

    `ahead` is what was found out about this read in slices.
    """
    about_rows = any(
        isinstance(about, tuple) and about[-1] == _ROW for about, _ in desk.memory.told
    )
    if ahead is None or ahead.read is not event or about_rows:
        ahead = Comparison(event, doubt_all=about_rows)
        for _ in ahead.slices(desk.book):
            continue  # all at once
    for key, row in ahead.doubted:
        if row is None or row.position_qty is not None:
            desk.untell((key, _ROW), NoticeKind.UNGUARDED)
            _compare(desk, key, row, event)
        else:
            text = f"{key.symbol}: what the venue says is held of it cannot be read: {row.text}"
            desk.tell_once((key, _ROW), NoticeKind.UNGUARDED, text, key)


def _compare(
    desk: Desk, key: PositionKey, row: PositionRow | None, event: PositionSnapshot
) -> None:
    position = desk.book.positions.get(key)
    live = (row and row.position_qty) or ZERO
    ours = ZERO if position is None else position.qty
    if live == ours:
        if position is not None:
            _agrees(desk, position, event)
        return
    policy = desk.book.policy(key.account, key.venue)
    patience_s = _patience_s(desk, key, live)
    if patience_s is None:
        _investigate(desk, key)
        return
    desk.wait(f"recheck|{key.account}|{key.venue}", policy.grace_s)
    if position is not None and not is_fresh(position, event):
        return
    seen = Difference(
        difference=live - ours, as_of_ns=event.as_of_ns, mono_ns=event.mono_ns, row=row
    )
    noted = None if position is None else position.mismatch
    if noted is None or noted.difference != seen.difference:
        desk.emit(
            NoteMismatch(
                key=key,
                difference=seen.difference,
                as_of_ns=event.as_of_ns,
                mono_ns=event.mono_ns,
            )
        )
        _investigate(desk, key)
    elif event.mono_ns - noted.mono_ns < int(patience_s * NANOS):
        return
    elif position is not None and _explained_by_nothing(desk, position):
        _infer(desk, position, seen)
    else:
        _investigate(desk, key)
        _tell_lasting(desk, key, noted, (live, ours))


def _patience_s(desk: Desk, key: PositionKey, live: Decimal) -> Decimal | None:
    """How long a difference must last before it is booked; None where it is not to be booked.

    That of a market that is over is for its settlement to explain, whose row takes the place of a
    guess, too; of what the venue did not hold any more there is none.
    """
    grace_s = desk.book.policy(key.account, key.venue).grace_s
    market = desk.market(key)
    if market is None or market.phase not in _OVER:
        return grace_s
    waits = key in desk.book.pending_settlements  # then its price is known
    vanished = market.phase is MarketPhase.SETTLED and not live and not waits
    return grace_s + _SETTLEMENT_S if vanished else None


def _tell_lasting(
    desk: Desk, key: PositionKey, noted: Mismatch, counts: tuple[Decimal, Decimal]
) -> None:
    """A difference that can be neither explained nor booked, e.g. in a market nobody can read."""
    policy = desk.book.policy(key.account, key.venue)
    if desk.event.mono_ns - noted.mono_ns >= int((policy.grace_s + policy.feed_alert_s) * NANOS):
        text = (
            f"{key.symbol} is UNGUARDED: the venue holds {proper(counts[0])}, the book"
            f" {proper(counts[1])}, and neither fills nor market explain it"
        )
        desk.tell_once((key, "mismatch"), NoticeKind.UNGUARDED, text, key)


def _investigate(desk: Desk, key: PositionKey) -> None:
    """Ask for every fill of the symbol and for the market's phase before believing anything."""
    desk.emit(QueryFills(account=key.account, venue=key.venue, symbol=key.symbol, since_ns=0))
    desk.emit(QueryMarket(account=key.account, venue=key.venue, symbol=key.symbol))


def _explained_by_nothing(desk: Desk, position: Position) -> bool:
    """True when fills and market were read completely since the difference was first seen."""
    noted, market = position.mismatch, desk.market(position.key)
    if noted is None or market is None:
        return False
    key = position.key
    fills_as_of = desk.book.symbol_fills_as_of.get((key.account, key.venue, key.symbol), 0)
    # A closed market's position may vanish because it was settled: its row explains that.
    known = market.phase in {MarketPhase.ACTIVE, MarketPhase.PAUSED, MarketPhase.SETTLED}
    return known and fills_as_of >= noted.as_of_ns and market.read_mono_ns >= noted.mono_ns


def _agrees(desk: Desk, position: Position, event: PositionSnapshot) -> None:
    key = position.key
    if position.mismatch is not None or (position.qty and not position.verified):
        _believe(desk, position, event.as_of_ns)
    if position.qty or all_settled(position) or desk.book.undead(key):
        return
    if is_fresh(position, event):
        desk.emit(MarkSettled(key=key, generation=position.generation))
        pnl = position.pnl_said(position.realized_pnl, position.generation)
        text = f"{key.symbol} is flat at the venue too, PnL {pnl}"
        desk.tell(NoticeKind.SETTLED, text, key)


def _believe(desk: Desk, position: Position, as_of_ns: int) -> None:
    """Book and venue agree: from now on this position may be acted upon."""
    key, new = position.key, not position.verified
    desk.emit(NoteAgreement(key=key, as_of_ns=as_of_ns))
    desk.untell((key, "mismatch"), NoticeKind.UNGUARDED)
    if new:
        desk.untell((key, "verified"), NoticeKind.UNGUARDED)
        desk.emit(OfferQuote(account=key.account, venue=key.venue, symbol=key.symbol))


def await_verification(desk: Desk, key: PositionKey) -> None:
    """Nothing is sold of a position that no read has confirmed yet: say so if that lasts."""
    policy = desk.book.policy(key.account, key.venue)
    desk.wait(f"verify|{key.name}", policy.feed_alert_s)


def await_guard(desk: Desk, key: PositionKey) -> None:
    """Ask for a price when a position comes back under guard, however quiet its market is."""
    position = desk.book.positions[key]
    until_ns = position.unguarded_until_ns
    if until_ns is not None and position.qty and until_ns < FOREVER_NS:
        left_ns = max(until_ns - desk.event.receive_time_ns, 0)
        desk.wait(f"guard|{key.name}", Decimal(left_ns) / NANOS)


def tell_unverified(desk: Desk, key: PositionKey) -> None:
    """The venue's own count has not agreed with the book, or the market was not read, for long."""
    position = desk.book.positions[key]
    if position.qty and desk.market(key) is None:
        text = f"{key.symbol} is UNGUARDED: the terms of its market cannot be read"
        desk.tell_once((key, "market"), NoticeKind.UNGUARDED, text, key)
        await_verification(desk, key)
    if position.qty and not position.verified:
        text = (
            f"{key.symbol} is UNGUARDED: {proper(position.qty)} in the book, and no read of the"
            " venue has agreed with that since this process started"
        )
        desk.tell_once((key, "verified"), NoticeKind.UNGUARDED, text, key)


def _infer(desk: Desk, position: Position, seen: Difference) -> None:
    """Book what two reads agree on and no fill explains."""
    key = position.key
    side = Side.BUY if seen.difference > ZERO else Side.SELL
    reducing = position.reducing(side)
    orders = desk.book.undead(key)
    work = desk.book.exits.get(key)
    mark = desk.memory.mark(key)
    market = desk.market(key)
    px = inferred_px(position, seen, work, mark, None if market is None else market.instrument)
    for qty, order_id in split(abs(seen.difference), side, orders):
        infer(desk, key, side.sign * qty, (px, not reducing), seen.as_of_ns, order_id)
    text = (
        f"{proper(seen.difference)} {key.symbol} without a fill: the venue holds"
        f" {proper(position.qty)}, booked at {'unknown' if px is None else proper(px)} (estimated)"
    )
    notice = NoticeKind.FILL_INFERRED if reducing else NoticeKind.POSITION_ADOPTED
    desk.tell(notice, text, key, urgent=reducing)
    _believe(desk, position, seen.as_of_ns)
    moved(desk, desk.book.pages[key])


def infer(
    desk: Desk,
    key: PositionKey,
    signed_qty: Decimal,
    price: tuple[Decimal | None, bool],
    as_of_ns: int,
    order_id: ClientOrderId | None = None,
) -> None:
    """Book one inferred fill: `signed_qty` > 0 bought, < 0 sold.

    `price` says how much, and whether that is known to have been paid or only estimated.
    """
    page = desk.book.pages.get(key)
    number = 1 if page is None else page.position.inference_count + 1
    if page is not None:
        page.levels = None  # another entry
    desk.emit(
        InferFill(
            key=key,
            exec_id=ExecId(f"inferred-{number}"),
            side=Side.BUY if signed_qty > ZERO else Side.SELL,
            last_qty=abs(signed_qty),
            last_px=price[0],
            as_of_ns=as_of_ns,
            client_order_id=order_id,
            px_known=price[1],
        )
    )


def moved(desk: Desk, page: Page) -> None:
    """A position changed: its exit, its settlement and the list of watched symbols follow."""
    advance(desk, page)
    if desk.book.pending_settlements:
        settle_if_ready(desk, page.position.key)
    watch(desk, page)


def watch(desk: Desk, page: Page) -> None:
    """Price what is held and nothing else; read a market's terms before its first quote."""
    held = page.held or any(each.held for each in page.beside)
    if held == page.watched:
        return
    key = page.position.key
    for each in page.beside:
        each.watched = held
    watched = desk.memory.watched.setdefault((key.account, key.venue), [])
    if held:
        bisect.insort(watched, key.symbol)
        desk.emit(QueryMarket(account=key.account, venue=key.venue, symbol=key.symbol))
        desk.wait(f"market|{key.account}|{key.venue}|{key.symbol}", _AGAIN_S)
        await_verification(desk, key)
    else:
        del watched[bisect.bisect_left(watched, key.symbol)]
    tell_watched(desk, key.account, key.venue)


def tell_watched(desk: Desk, account: Account, venue: Venue) -> None:
    """Hand the venue the whole list of symbols to price, once, when the event is handled."""
    if (account, venue) not in desk.rewatched:
        desk.rewatched += ((account, venue),)


def hand_watched(desk: Desk) -> None:
    """The lists that this event changed."""
    for account, venue in desk.rewatched:
        symbols = tuple(desk.memory.watched.get((account, venue), ()))
        desk.emit(WatchSymbols(account=account, venue=venue, symbols=symbols))


def settle_if_ready(desk: Desk, key: PositionKey) -> None:
    """Book a waiting settlement row once no order of the position can fill any more."""
    pending = desk.book.pending_settlements.get(key)
    if pending is None or desk.book.undead(key):
        return
    position, row = desk.book.positions[key], pending.settlement
    difference = row.position_qty - position.qty
    if difference and not _settlement_explained(desk, position, row, difference):
        return
    replaced = denied_qty(desk.book, position, difference)
    if replaced:
        text = f"{proper(replaced)} {key.symbol} thought to be sold or bought back had settled"
        desk.tell(NoticeKind.FILL_CORRECTED, text, key)
    if difference != replaced:
        missed = difference - replaced
        infer(desk, key, missed, (row.settl_px, False), row.settl_time_ns)
        text = f"{proper(missed)} {key.symbol} settled without a fill that we saw (estimated)"
        desk.tell(NoticeKind.FILL_INFERRED, text, key, urgent=True)
    _settle(desk, position, row, replaced)


def _settlement_explained(
    desk: Desk, position: Position, row: Settlement, difference: Decimal
) -> bool:
    """True when all fills up to the settlement have been read and still leave a difference."""
    key, noted = position.key, position.mismatch
    policy = desk.book.policy(key.account, key.venue)
    where = (key.account, key.venue, key.symbol)
    if noted is not None and desk.book.symbol_fills_as_of.get(where, 0) >= noted.as_of_ns:
        return True
    if noted is None:
        desk.emit(
            NoteMismatch(
                key=key,
                difference=difference,
                as_of_ns=row.settl_time_ns,  # the venue's clock: ours may jump
                mono_ns=desk.event.mono_ns,
            )
        )
    elif isinstance(desk.event, FillsRead):
        return False  # the timer runs: asking again at each answer would never end
    desk.emit(QueryFills(account=key.account, venue=key.venue, symbol=key.symbol, since_ns=0))
    desk.wait(f"settle|{key.name}", policy.grace_s)
    return False


def _settle(desk: Desk, position: Position, row: Settlement, replaced: Decimal) -> None:
    key, market = position.key, desk.market(position.key)
    payout_px = None if market is None else market.instrument.payout_px
    expected = expected_revenue(row.position_qty, row.settl_px, payout_px)
    desk.emit(
        SettlePosition(
            key=key,
            settl_px=row.settl_px,
            settl_time_ns=row.settl_time_ns,
            revenue=row.revenue,
            replaced_qty=replaced,
        )
    )
    if revenue_differs(expected, row.revenue, row.settl_px):
        text = (
            f"{key.symbol}: the venue paid {proper(row.revenue)}, the book says"
            f" {proper(expected)} for {proper(row.position_qty)} at {proper(row.settl_px)}"
        )
        desk.tell(NoticeKind.SETTLEMENT_DIFFERENCE, text, key, urgent=True)
    work = desk.book.exits.get(key)
    if work is not None:
        desk.emit(CloseExit(key=key, exit_no=work.exit_no, end=ExitEnd.SETTLED))
    desk.emit(MarkSettled(key=key, generation=position.generation))
    pnl = position.pnl_said(position.realized_pnl, position.generation)
    text = f"{key.symbol} settled at {proper(row.settl_px)}, PnL {pnl}"
    desk.tell(NoticeKind.SETTLED, text, key)
    watch(desk, desk.book.pages[key])
