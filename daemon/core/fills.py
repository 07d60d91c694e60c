"""How one fill changes the book: once by its key, whatever arrives first, whoever tells it.

A fill moves the position at once. It finds its order by the venue's id or ours; ahead of its ack
it is kept as an orphan and counted on the order when the ack tells whose it was. A real fill
replaces inferred quantity of its side before it moves anything (semantics.md 27).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from daemon.core import fold_trades
from daemon.core.book import Book, OrphanFill, venue_id_key
from daemon.core.decisions import InferFill, SettlePosition
from daemon.core.events import Event, Fill, OrderEvent
from daemon.core.exits import FillText, Part, PartialFill
from daemon.core.known_fills import FillKey
from daemon.core.order import Order
from daemon.core.page import Page
from daemon.core.position import InferredFill, Position
from daemon.core.terms import ZERO, FillCause, PositionKey, VenueOrderId, quotient


@dataclass(slots=True)
class _Share:
    """A part of a fill: quantity, fee in the quote currency, PnL net of fee shares."""

    qty: Decimal = ZERO
    fee: Decimal = ZERO
    pnl: Decimal = ZERO

    def add(self, other: _Share) -> None:
        self.qty, self.fee = self.qty + other.qty, self.fee + other.fee
        self.pnl += other.pnl


@dataclass(slots=True, kw_only=True)
class _Used:
    """What of a fill took the place of guesses; `unnoted` of that stands on no exit yet."""

    qty: Decimal = ZERO
    fee: Decimal = ZERO
    pnl: Decimal = ZERO
    unnoted: _Share = field(default_factory=_Share)


_TRADE = FillCause.TRADE
_NOTHING_USED = _Used()  # read by all fills that find no guess to replace


def touch(position: Position, event: OrderEvent) -> None:
    """Something moved on this symbol: reads older than this prove nothing any more."""
    when_ns = event.transact_time_ns or event.receive_time_ns
    if when_ns > position.touched_ns:  # noqa: PLR1730 - `max` is a call, twice a fill
        position.touched_ns = when_ns
    if event.mono_ns > position.touched_mono_ns:  # noqa: PLR1730 - as above
        position.touched_mono_ns = event.mono_ns
    position.mismatch = None


def fill_key(fill: Fill) -> FillKey:
    """What names a fill (semantics.md 1)."""
    return (fill.account, fill.venue, fill.symbol, fill.exec_id, fill.venue_order_id)


def order_of(book: Book, fill: Fill, key: PositionKey) -> Order | None:
    """The order of ours that a fill of position `key` is of; none where symbol or side differ."""
    order = book.find_order(fill)
    if order is None or order.side is not fill.side:
        return None
    return order if order.key is key or order.key == key else None


def _order_of(book: Book, fill: Fill, page: Page) -> Order | None:
    """The same, looked for among the orders at work first: mostly it is the only one there."""
    for order in page.live:
        if order.venue_order_id == fill.venue_order_id is not None:
            return order if order.side is fill.side else None
    return order_of(book, fill, page.position.key)


def apply_fill(book: Book, fill: Fill) -> bool:
    """Book a fill; False when its key is known already."""
    page = book.page_of(fill)
    position, book.at_hand = page.position, None
    if page.fills.get(fill.venue_order_id, fill.exec_id) is not None:
        return False
    order = _order_of(book, fill, page)
    touch(position, fill)
    qty = fill.last_qty
    fee, gone_qty = position.pay(fill.commission_currency, fill.commission, fill.last_px)
    if gone_qty:
        qty -= fill.side.sign * gone_qty
    used = _NOTHING_USED
    if position.inferred:
        moved = replace(fill, last_qty=qty) if gone_qty else fill
        used = _replace_inferred(book, position, moved, fee, order)
        qty, fee = qty - used.qty, fee - used.fee
    book.at_hand = (page, order, used.qty)
    pnl, opened_qty = _move(position, fill, qty, fee) if qty else (ZERO, ZERO)
    if fill.cause is not _TRADE:
        position.attribute(fill.cause, used.pnl + pnl)
    if opened_qty or used.qty:
        position.refused = ()  # another entry: rules that it ruled out may make sense now
    text = _text_of(fill, qty, fee, pnl)
    book.fills.note(page.fills, fill.venue_order_id, fill.exec_id, text)
    if order is None:
        _keep_orphan(book, page, fill, _Share(qty, fee, pnl), used.unnoted)
        return True
    counted_qty = _count_on_order(book, order, fill)
    if qty:
        same = counted_qty if qty is fill.last_qty else None
        _note(book, page, order, (fill.exec_id, text), qty, same)
    return True


def _text_of(fill: Fill, qty: Decimal, fee: Decimal, pnl: Decimal) -> FillText:
    """What is kept of a fill, of which `qty` with `fee` and `pnl` replaced no guess."""
    text = f"{fill.last_qty!s} {fill.last_px!s} {fee!s} {pnl!s} {fill.transact_time_ns}"
    return text if qty is fill.last_qty else f"{text} {qty!s}"


def _move(position: Position, fill: Fill, qty: Decimal, fee: Decimal) -> tuple[Decimal, Decimal]:
    """Let what replaced no guess move the position; as `Position.apply` returns it."""
    if fill.transact_time_ns <= position.agreed_ns:
        # The read that agreed had counted this fill: another one, unseen yet, undoes it.
        position.verified = False
    return position.apply(fill.side, qty, fill.last_px, fee, fill.transact_time_ns)


def _keep_orphan(book: Book, page: Page, fill: Fill, rest: _Share, unnoted: _Share) -> None:
    """Keep a fill whose order may yet show itself."""
    if fill.venue_order_id is not None and _may_be_ours(book, page):
        book.orphans.append(
            OrphanFill(
                account=fill.account,
                venue=fill.venue,
                venue_order_id=fill.venue_order_id,
                fill=fill,
                qty=rest.qty + unnoted.qty,
                fee=rest.fee + unnoted.fee,
                pnl=rest.pnl + unnoted.pnl,
            )
        )


def _may_be_ours(book: Book, page: Page) -> bool:
    """An order whose venue id nobody told yet may be its; a refusal of an exit's may be a lie."""
    if any(order.venue_order_id is None for order in page.undead()):
        return True
    tried = () if page.work is None else page.work.order_ids
    orders = (book.orders.get(name) for name in tried)
    return any(order is not None and order.venue_order_id is None for order in orders)


def _count_on_order(book: Book, order: Order, fill: Fill) -> Decimal:
    """Returns what the order had filled before this one."""
    if order.venue_order_id is None and fill.venue_order_id is not None:
        bind(book, order, fill.venue_order_id)
    was_over, counted_qty = order.ended, order.cum_qty
    order.add_fill(fill.last_qty, fill.last_px, fill.commission, fill.commission_currency)
    if was_over:  # any other is filed already
        book.revive(order)
    if order.trade_no:
        fold_trades.filled(book, order, fill)
    return counted_qty


def _part(fill: Fill, order: Order, qty: Decimal, fee: Decimal, pnl: Decimal) -> PartialFill:
    when_ns, order_id = fill.transact_time_ns, order.client_order_id
    return PartialFill(fill.exec_id, qty, fill.last_px, fee, pnl, when_ns, order_id)


def _note_on_exit(book: Book, order: Order, part: PartialFill) -> None:
    _note(book, book.page(order.key), order, part.packed(), part.qty)


def _note(
    book: Book,
    page: Page,
    order: Order,
    part: Part,
    qty: Decimal,
    counted_qty: Decimal | None = None,
) -> None:
    """Count a part on its exit; `counted_qty` the order had filled before all of it was counted."""
    work = page.work
    if work is None or work.exit_no != order.exit_no:
        work = book.find_exit(order.key, order.exit_no)
    if work is not None:
        # Mostly all of it is of one order: then both keep the same number, in one object.
        alike = work.filled_qty is counted_qty
        filled_qty = order.cum_qty if alike else work.filled_qty + qty
        policy = book.exit_policy(page, work.reason)
        work.note_fill(order.client_order_id, part, filled_qty, policy)


def _replace_inferred(
    book: Book, position: Position, fill: Fill, fee: Decimal, order: Order | None
) -> _Used:
    """Let the fill consume guesses that may have been it; returns what of it was used."""
    own_id = None if order is None else order.client_order_id
    used = _Used()
    guesses = [guess for guess in position.inferred if guess.side is fill.side]
    # Its own order's first; then the one that the fewest fills can have been: the older the read.
    guesses.sort(
        key=lambda guess: (
            own_id is not None and guess.client_order_id != own_id,
            guess.as_of_ns,
            guess.client_order_id is not None,
        )
    )
    for guess in guesses:
        qty = min(_explained_qty(guess, fill, order), fill.last_qty - used.qty)
        if not qty:
            continue
        last = used.qty + qty == fill.last_qty
        fee_to = fee if last else quotient(fee * (used.qty + qty), fill.last_qty)
        real = _Share(qty=qty, fee=fee_to - used.fee)
        share = _take_share(guess, qty)
        real.pnl = share + position.correct(guess, qty, fill.last_px, real.fee)
        guessed = book.orders.get(guess.client_order_id) if guess.client_order_id else None
        if guessed is not None:
            part = _part(fill, order or guessed, qty, real.fee, real.pnl)
            _correct_exit(book, guess, guessed, part, share)
        elif order is not None:
            _note_on_exit(book, order, _part(fill, order, qty, real.fee, real.pnl))
        else:
            used.unnoted.add(real)
        used.qty, used.fee, used.pnl = used.qty + qty, fee_to, used.pnl + real.pnl
    return used


def _take_share(guess: InferredFill, qty: Decimal) -> Decimal:
    """The part of a guess's PnL that leaves it with `qty`."""
    share = guess.pnl if qty == guess.qty else quotient(guess.pnl * qty, guess.qty)
    guess.pnl -= share
    return share


def _explained_qty(guess: InferredFill, fill: Fill, order: Order | None) -> Decimal:
    """How much of a guess this fill may have been.

    One that traded before the read may have been all of it. A later one of the guess's own order
    can only have been it as far as the order has no room for both.
    """
    if fill.transact_time_ns <= guess.as_of_ns:
        return guess.qty
    if order is None or guess.client_order_id != order.client_order_id:
        return ZERO
    room = order.order_qty if order.final_qty is None else order.final_qty
    overflow = order.cum_qty + order.inferred_qty + fill.last_qty - room
    return min(guess.qty, max(overflow, ZERO))


def _correct_exit(
    book: Book, guess: InferredFill, guessed: Order, part: PartialFill, share: Decimal
) -> None:
    """Put the real part where the guess stood."""
    guessed.inferred_qty -= part.qty
    book.revive(guessed)
    work = book.find_exit(guessed.key, guessed.exit_no)
    if work is not None:
        work.replace_inferred(part, guess.exec_id, share)


def denied_qty(book: Book, position: Position, difference: Decimal) -> Decimal:
    """How much (signed) of `difference`, row minus book, is what closing guesses took off.

    A settlement row that says it was held to the end denies them (semantics.md 27, 28).
    """
    guessed = sum((qty for _, qty in _deniable(book, position, difference)), ZERO)
    return min(guessed, abs(difference)).copy_sign(difference)


def _deniable(
    book: Book, position: Position, difference: Decimal
) -> list[tuple[InferredFill, Decimal]]:
    """Newest first, with how much: what the venue has counted on an order is no mere guess."""
    return [
        (guess, guess.qty - _counted_qty(book, guess))
        for guess in reversed(position.inferred)
        if not guess.opening and guess.side.sign * difference < ZERO
    ]


def _counted_qty(book: Book, guess: InferredFill) -> Decimal:
    order = None if guess.client_order_id is None else book.orders.get(guess.client_order_id)
    if order is None or order.final_qty is None:
        return ZERO
    return min(max(order.final_qty - order.cum_qty, ZERO), guess.qty)


def replace_denied(book: Book, command: SettlePosition) -> None:
    """Put the settlement where the guesses stood; their orders stay over, as the market is."""
    position, left = book.position(command.key), abs(command.replaced_qty)
    for guess, most in _deniable(book, position, command.replaced_qty):
        qty = min(most, left)
        if not qty:
            continue
        left -= qty
        share = _take_share(guess, qty)
        pnl = share + position.correct(guess, qty, command.settl_px, ZERO)
        order = None if guess.client_order_id is None else book.orders.get(guess.client_order_id)
        work = None if order is None else book.find_exit(order.key, order.exit_no)
        if order is not None and work is not None:
            part = PartialFill(
                exec_id=guess.exec_id,
                qty=qty,
                px=command.settl_px,
                commission=ZERO,
                pnl=pnl,
                time_ns=command.settl_time_ns,
                client_order_id=order.client_order_id,
                inferred=True,
            )
            work.replace_inferred(part, guess.exec_id, share)


def bind(book: Book, order: Order, venue_order_id: VenueOrderId) -> None:
    """Learn the venue's id of one of our orders; fills that waited for it are counted now."""
    if order.venue_order_id is not None:
        return
    order.venue_order_id = venue_order_id
    order.known_to_exist = True
    where = venue_id_key(order.key, venue_order_id)
    book.by_venue_id[where] = order.client_order_id
    book.resting.pop(where, None)
    mine = [
        orphan
        for orphan in book.orphans
        if (orphan.account, orphan.venue, orphan.fill.symbol, orphan.venue_order_id) == where
    ]
    for orphan in mine:
        book.orphans.remove(orphan)
        fill = orphan.fill
        _count_on_order(book, order, fill)
        if orphan.qty:
            _note_on_exit(book, order, _part(fill, order, orphan.qty, orphan.fee, orphan.pnl))


def drop_orphans(book: Book) -> None:
    """Forget orphans of symbols on which no order of ours waits for its id any more."""
    book.orphans = [
        orphan
        for orphan in book.orphans
        if any(
            _may_be_ours(book, page)
            for page in book.pages_on(orphan.account, orphan.venue, orphan.fill.symbol)
        )
    ]


def apply_inferred(book: Book, command: InferFill, event: Event) -> None:
    """Book what reconciliation deduced; a crossing of zero is split like a real fill's."""
    position = book.position(command.key)
    position.inference_count += 1
    position.mismatch = None
    px = ZERO if command.last_px is None else command.last_px
    generation = position.generation
    qty, when_ns = command.last_qty, event.receive_time_ns
    pnl, opened_qty = position.apply(command.side, qty, px, ZERO, when_ns)
    guess = InferredFill(
        exec_id=command.exec_id,
        side=command.side,
        qty=qty - opened_qty,
        last_px=px,
        as_of_ns=command.as_of_ns,
        generation=generation,
        opening=False,
        px_known=command.px_known and command.last_px is not None,
        pnl=pnl,
        client_order_id=command.client_order_id,
    )
    if guess.qty:
        position.inferred.append(guess)
    if opened_qty:
        number = position.generation
        opened = replace(guess, qty=opened_qty, generation=number, opening=True, pnl=ZERO)
        position.inferred.append(opened)
        position.entry_known = position.entry_known and guess.px_known
        position.refused = ()
    if command.client_order_id is None:
        return
    order = book.orders.get(command.client_order_id)
    if order is None:
        return
    order.inferred_qty += qty
    part = PartialFill(
        exec_id=command.exec_id,
        qty=qty,
        px=px,
        commission=ZERO,
        pnl=pnl,
        time_ns=when_ns,
        client_order_id=order.client_order_id,
        inferred=True,
    )
    _note_on_exit(book, order, part)
