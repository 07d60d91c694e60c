"""The operator's requests as facts: finds what is meant in the book, refuses what cannot be.

The makers run inside the loop, between two events: they read, and never raise.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple, TypedDict

from daemon.analytics.exit_views import find_orders
from daemon.analytics.guards import guarding_of
from daemon.analytics.scene import Scene
from daemon.analytics.trade_views import find_trade
from daemon.control.bodies import (
    ExitBody,
    HaltBody,
    ImportBody,
    ImportRow,
    ResolveBody,
    SymbolBody,
    TradeBody,
    UnguardBody,
)
from daemon.control.door import Refusal
from daemon.core.events import Event
from daemon.core.fold_trades import key_of, terms_of
from daemon.core.order import Order
from daemon.core.position import Guard, Position
from daemon.core.requests import (
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    PositionsImported,
    ResumeRequested,
    TradeRequested,
    UnguardRequested,
)
from daemon.core.rules import ImportedPosition
from daemon.core.terms import (
    ZERO,
    Account,
    OrdType,
    PositionKey,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
    proper,
)
from daemon.core.trade import Terms

_NEAR_LIMIT = 3
_COMPARED_MOST = 200
_ALIKE = 4


class Target(NamedTuple):
    """One symbol on one account."""

    account: Account
    venue: Venue
    symbol: Symbol


class _Now(TypedDict):
    receive_time_ns: int
    mono_ns: int


class _AtTarget(_Now):
    account: Account
    venue: Venue
    symbol: Symbol


def _now(scene: Scene) -> _Now:
    return {"receive_time_ns": scene.now_ns, "mono_ns": scene.mono_ns}


def _at(scene: Scene, target: Target) -> _AtTarget:
    return {**_now(scene), **target._asdict()}  # type: ignore[typeddict-item] # its own fields


def near(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Known names that may have been meant.

    The loop waits for it: of many names only some that begin alike are compared.
    """
    names = list(known)
    alike = [one for one in names if one[:_ALIKE].lower() == name[:_ALIKE].lower()]
    chosen = (alike if len(names) > _COMPARED_MOST else names)[:_COMPARED_MOST]
    lower = {one.lower(): one for one in chosen}
    found = difflib.get_close_matches(name.lower(), list(lower), n=_NEAR_LIMIT, cutoff=0.5)
    return tuple(lower[one] for one in found)


def is_meant(body: SymbolBody, key: PositionKey) -> bool:
    """True for a position that `body` may mean."""
    return (
        key.symbol == body.symbol
        and body.account in {None, key.account}
        and body.venue in {None, key.venue}
    )


def find_target(scene: Scene, body: SymbolBody) -> Target | Refusal:
    """The one position that a symbol means: a held one before a flat one."""
    positions = scene.book.positions
    fits = [key for key in positions if is_meant(body, key)]
    if not fits:
        known = dict.fromkeys(str(key.symbol) for key in positions)
        text = f"symbol = {body.symbol!r}: no such position is known"
        return Refusal(404, text, near(body.symbol, known))
    held = [key for key in fits if positions[key].qty] or fits
    targets = list(dict.fromkeys(Target(k.account, k.venue, k.symbol) for k in held))
    if len(targets) > 1:
        names = ", ".join(f"account {t.account} on {t.venue}" for t in targets)
        return Refusal(
            400, f"symbol = {body.symbol!r} is held more than once; say venue, account: {names}"
        )
    return targets[0]


def _positions(scene: Scene, target: Target) -> list[Position]:
    return [scene.book.positions[key] for key in scene.book.keys_of(*target)]


def halt(scene: Scene, body: HaltBody) -> Event | Refusal:
    """No new exits, on one account or on all."""
    account = _account(scene, body)
    if isinstance(account, Refusal):
        return account
    return HaltRequested(**_now(scene), account=account, text=body.reason or "by the operator")


def resume(scene: Scene, body: HaltBody) -> Event | Refusal:
    """New exits again."""
    account = _account(scene, body)
    if isinstance(account, Refusal):
        return account
    return ResumeRequested(**_now(scene), account=account)


def _account(scene: Scene, body: HaltBody) -> Account | Refusal | None:
    known = dict.fromkeys(account for account, _venue in scene.book.accounts)
    if body.account is None or body.account in known:
        return None if body.account is None else Account(body.account)
    names = ", ".join(known) or "none"
    text = f"account = {body.account!r}: no such account; known: {names}"
    return Refusal(404, text, near(body.account, known))


def leave(scene: Scene, body: ExitBody) -> Event | Refusal:
    """Out of a position: all of it, or `qty` of it."""
    target = find_target(scene, body)
    if isinstance(target, Refusal):
        return target
    held = sum((position.held_qty for position in _positions(scene, target)), ZERO)
    if not held:
        return Refusal(409, f"{body.symbol} is flat: there is nothing to exit")
    state = scene.book.accounts.get((target.account, target.venue))
    if state is not None and state.halted:
        # A request does not wait for the end of a halt: nobody would choose its moment.
        text = f"exits are halted ({state.halt_text or 'by the operator'}): filld resume first"
        return Refusal(409, text)
    refusal = None if body.qty is None else _bad_qty(scene, target, body.qty, held)
    return refusal or ExitRequested(**_at(scene, target), qty=body.qty)


def _bad_qty(scene: Scene, target: Target, qty: Decimal, held: Decimal) -> Refusal | None:
    if qty > held:
        return Refusal(400, f"qty = {qty}: accepted: above 0 and at most {proper(held)}, the stake")
    market = scene.book.markets.get((target.venue, target.symbol))
    if market is not None and market.instrument.sellable_qty(qty) != qty:
        lot = proper(market.instrument.lot_qty)
        return Refusal(400, f"qty = {qty}: accepted: whole lots of {lot}")
    return None


def confirm(scene: Scene, body: SymbolBody) -> Event | Refusal:
    """The stop of a position first seen through it is meant."""
    target = find_target(scene, body)
    if isinstance(target, Refusal):
        return target
    positions = _positions(scene, target)
    if not any(p.qty and p.guard is Guard.UNCONFIRMED for p in positions):
        states = ", ".join(guarding_of(scene, position).state.value for position in positions)
        return Refusal(409, f"{body.symbol} is {states}, not UNCONFIRMED: nothing to confirm")
    return ConfirmRequested(**_at(scene, target))


def unguard(scene: Scene, body: UnguardBody) -> Event | Refusal:
    """Out of guard for a while, for good, or guarded again."""
    target = find_target(scene, body)
    if isinstance(target, Refusal):
        return target
    if not any(position.qty for position in _positions(scene, target)):
        return Refusal(409, f"{body.symbol} is flat: there is nothing to guard")
    return UnguardRequested(**_at(scene, target), for_s=body.for_s, guard_again=body.again)


def resolve(scene: Scene, body: ResolveBody) -> Event | Refusal:
    """The operator's word on a doubtful order."""
    found = find_orders(scene.book, body.order)
    if len(found) != 1:
        return no_order(body.order, found, scene)
    order = found[0]
    if order.dead:
        text = f"order {body.order} is proven {order.status.value} with {proper(order.cum_qty)}"
        return Refusal(409, f"{text} filled: nothing to resolve")
    lowest, highest = order.cum_qty, order.order_qty
    if not body.filled.is_finite() or not lowest <= body.filled <= highest:
        accepted = f"from {proper(lowest)}, which is proven, to {proper(highest)}, what was ordered"
        return Refusal(400, f"filled = {body.filled}: accepted: {accepted}")
    return OrderResolved(
        **_now(scene),
        client_order_id=order.client_order_id,
        cum_qty=body.filled,
        text=body.reason or "resolved by the operator",
    )


def no_order(name: str, found: Sequence[Order], scene: Scene) -> Refusal:
    """No order of that id, and those that may have been meant; or several of it."""
    if found:
        where = ", ".join(f"{one.key.symbol} on {one.key.venue}" for one in found)
        text = f"order = {name!r}: of {where}: say venue and symbol, or our id"
        return Refusal(400, text, tuple(one.client_order_id for one in found))
    known = [str(order_id) for order_id in scene.book.orders]
    known += [str(venue_order_id) for *_, venue_order_id in scene.book.by_venue_id]
    begun = [one for one in known if name and one.startswith(name)][:_NEAR_LIMIT]
    text = f"order = {name!r}: no order of that id is in the book"
    return Refusal(404, text, tuple(begun) or near(name, known))


def trade(scene: Scene, body: TradeBody) -> TradeRequested | Refusal:
    """A trade; whether it may be is the engine's to say."""
    known = find_trade(scene.book, body.token)
    fits = [
        (account, venue)
        for account, venue in scene.book.accounts
        if venue == body.venue and body.account in {None, account}
    ]
    if len(fits) != 1:
        venues = dict.fromkeys(str(venue) for _, venue in scene.book.accounts)
        used = ", ".join(venues) or "none yet"
        text = f"venue = {body.venue!r}: no such venue is in use here; in use: {used}"
        if fits:
            text = f"venue = {body.venue!r} is used by several accounts: say account"
        return Refusal(400 if fits else 404, text, near(body.venue, venues))
    (account, venue) = fits[0]
    wanted = TradeRequested(
        **_now(scene),
        account=account,
        venue=venue,
        symbol=Symbol(body.symbol),
        token=body.token,
        side=Side(body.side),
        order_qty=body.order_qty,
        ord_type=OrdType(body.ord_type),
        limit_px=body.limit_px,
        time_in_force=TimeInForce(body.time_in_force),
        reduce_only=body.reduce_only,
        position_side=PositionSide(body.position_side),
        timeout_s=body.timeout_s,
    )
    refusal = None if known is None else reused(known[0].key, known[1].terms, wanted)
    if refusal is not None:
        return refusal
    if any(body.token in position.past_tokens for position in scene.book.positions.values()):
        return Refusal(409, f"token = {body.token!r} names a trade of long ago: take a new one")
    return wanted


def reused(key: PositionKey, terms: Terms, wanted: TradeRequested) -> Refusal | None:
    """Refuse a token that names the trade of `terms` at `key`, where another is wanted; its time
    limit may differ."""
    if (key, terms) == (key_of(wanted), replace(terms_of(wanted), timeout_s=terms.timeout_s)):
        return None
    return Refusal(409, f"token = {wanted.token!r} names another trade: take a new one")


def take_in(scene: Scene, body: ImportBody) -> Event | Refusal:
    """Positions of a file; those that are held already stay as they are."""
    fits = [
        (account, venue)
        for account, venue in scene.book.accounts
        if body.account in {None, account} and body.venue in {None, venue}
    ]
    if len(fits) != 1:
        names = ", ".join(f"{account} on {venue}" for account, venue in scene.book.accounts)
        text = f"account, venue: say which one; known: {names or 'none yet'}"
        return Refusal(400 if fits else 404, text)
    (account, venue) = fits[0]
    rows = imported_rows(body)
    return PositionsImported(**_now(scene), account=account, venue=venue, rows=rows)


def imported_rows(body: ImportBody) -> tuple[ImportedPosition, ...]:
    """The rows as the core takes them."""
    return tuple(_imported(row) for row in body.rows)


def _imported(row: ImportRow) -> ImportedPosition:
    order_id = row.venue_order_id
    return ImportedPosition(
        symbol=Symbol(row.symbol),
        position_qty=row.position_qty,
        entry_px=row.entry_px,
        venue_order_id=None if order_id is None else VenueOrderId(order_id),
    )
