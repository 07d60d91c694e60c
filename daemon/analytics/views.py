"""The book as plain dictionaries for status, positions, orders and exits. Pure; changes nothing.

Numbers are text, times RFC 3339 UTC. Fields ending in `_price` are in the price of the side held
(the NO price for a NO); fields ending in `_px` are the instrument's. The first seed's names stand
beside ours: `stake` is what is held, `original_stake_on_exit` the size when the newest exit opened,
`last_exit_price` the executable price at its newest decision (semantics.md 26), `exit_order_id`
the venue's id of its newest order (None until the venue told it).
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal

from daemon.analytics.exit_views import exit_history, part_views, seed_exit_view
from daemon.analytics.guards import GuardState, blocked_by, guarding_of, level_views
from daemon.analytics.scene import Scene, View, fees_view, plain, utc, where
from daemon.core.book import AccountState
from daemon.core.exits import Exit
from daemon.core.position import Position
from daemon.core.terms import EXACT, ONE, ZERO, Currency, OrdStatus, PositionKey, proper, quotient

_LISTED = (
    GuardState.NO_RULE,
    GuardState.UNCONFIRMED,
    GuardState.UNGUARDED,
    GuardState.REFUSED,
    GuardState.UNSEEN,
    GuardState.IGNORED,
)


def status_view(scene: Scene) -> View:
    """The whole account at a glance, and every held position that is not watched."""
    with decimal.localcontext(EXACT):
        book = scene.book
        accounts = [_account_view(scene, state) for state in book.accounts.values()]
        held = [position for position in book.positions.values() if position.qty]
        listed: dict[str, list[View]] = {state.value.lower(): [] for state in _LISTED}
        for position in held:
            guarding = guarding_of(scene, position)
            if guarding.state in _LISTED:
                listed[guarding.state.value.lower()].append(_brief(scene, position))
        return {
            "time": utc(scene.now_ns),
            "seq": scene.seq,
            "journal_id": book.journal_id,
            "halted": any(state.halted for state in book.accounts.values()),
            "live": any(state.live for state in book.accounts.values()),
            "positions_held": len(held),
            "exits_at_work": len(book.exits),
            "orders_in_doubt": len(_in_doubt(scene)),
            "doubtful_orders": _in_doubt(scene),
            "accounts": accounts,
            **listed,
        }


def _in_doubt(scene: Scene, state: AccountState | None = None) -> list[str]:
    return [
        order.client_order_id
        for orders in scene.book.live_orders.values()
        for order in orders
        if not order.dead
        and order.status is OrdStatus.IN_DOUBT
        and (state is None or _belongs(order.key, state))
    ]


def _belongs(key: PositionKey, state: AccountState) -> bool:
    return (key.account, key.venue) == (state.account, state.venue)


def _brief(scene: Scene, position: Position) -> View:
    return {
        **where(position.key),
        "side": scene.side(position.key, position.qty),
        "stake": proper(position.held_qty),
        "reason": guarding_of(scene, position).reason,
    }


def _account_view(scene: Scene, state: AccountState) -> View:
    book = scene.book
    owned = [p for p in book.positions.values() if _belongs(p.key, state)]
    reconciled_ns = scene.reconciled_ns.get((state.account, state.venue))
    return {
        "account": state.account,
        "venue": state.venue,
        "live": state.live,
        "halted": state.halted,
        "halt_reason": state.halt_text or ("by the operator" if state.halted else ""),
        "paused": state.paused,
        "resume_time": utc(state.resume_time_ns),
        "stream_up": state.stream_up,
        "last_reconcile": utc(reconciled_ns),
        "fills_read_until": utc(state.fills_as_of_ns),
        "positions_held": sum(1 for p in owned if p.qty),
        "exits_at_work": sum(1 for key in book.exits if _belongs(key, state)),
        "orders_in_doubt": len(_in_doubt(scene, state)),
        "orders_placed": state.live_orders_placed,
        "strangers_orders": sum(
            1 for o in book.resting.values() if (o.account, o.venue) == (state.account, state.venue)
        ),
        "realized_pnl": proper(sum((known_pnl(p) for p in owned), ZERO)),
        "fees": fees_view(_totals(p.fees for p in owned)),
        **imposed_view(owned),
        "wins": sum(wins(p) for p in owned),
        "losses": sum(losses(p) for p in owned),
        "estimated": any(p.estimated for p in owned),
        "pnl_known": all(pnl_known(p) for p in owned),
    }


def _totals(sums: Iterable[dict[Currency, Decimal]]) -> dict[Currency, Decimal]:
    total: dict[Currency, Decimal] = {}
    for one in sums:
        for currency, paid in one.items():
            total[currency] = total.get(currency, ZERO) + paid
    return total


def known_pnl(position: Position) -> Decimal:
    """Realised PnL net of fees and funding, of the generations whose entry price is known."""
    past = sum((g.pnl for g in position.closed if g.entry_known), ZERO)
    running = position.open_pnl if position.entry_known or not position.qty else ZERO
    return past + running + position.funding_pnl


def imposed_view(positions: Iterable[Position]) -> View:
    """What funding, liquidation and ADL brought: each part of `realized_pnl` that is not 0.

    `funding` is by coin, + = paid, as fees are; of it only the quote currency is PnL.
    """
    held = list(positions)
    sums = {
        "funding_pnl": sum((p.funding_pnl for p in held), ZERO),
        "liquidation_pnl": sum((p.liquidation_pnl for p in held), ZERO),
        "adl_pnl": sum((p.adl_pnl for p in held), ZERO),
    }
    shown: View = {name: proper(pnl) for name, pnl in sums.items() if pnl}
    paid = {coin: sum_ for coin, sum_ in _totals(p.funding for p in held).items() if sum_}
    return {"funding": fees_view(paid), **shown} if paid else shown


def pnl_known(position: Position) -> bool:
    """False when some of it was entered at a price that nobody knows."""
    past = all(g.entry_known for g in position.closed)
    return past and (position.entry_known or not position.qty)


def wins(position: Position) -> int:
    """Closed generations of known entry that earned more than nothing, net of fees."""
    return sum(1 for g in position.closed if g.entry_known and g.pnl > ZERO)


def losses(position: Position) -> int:
    """Closed generations of known entry that lost, net of fees."""
    return sum(1 for g in position.closed if g.entry_known and g.pnl < ZERO)


def positions_view(scene: Scene, *, every: bool = False) -> View:
    """Positions held, at work or not yet settled; `every` one that ever was where asked."""
    with decimal.localcontext(EXACT):
        history = exit_history(scene.book)
        shown = [
            position_view(scene, position, history.get((key, position.generation), []))
            for key, position in scene.book.positions.items()
            if every or _current(scene, position)
        ]
        return {"time": utc(scene.now_ns), "seq": scene.seq, "positions": shown}


def _current(scene: Scene, position: Position) -> bool:
    return bool(position.qty) or position.key in scene.book.exits or not _settled(position)


def _settled(position: Position) -> bool:
    return not position.qty and (not position.closed or position.closed[-1].settled)


def position_view(scene: Scene, position: Position, exits: list[Exit]) -> View:
    """One position in the first seed's words and ours; `exits` are its generation's, in order."""
    key = position.key
    newest = exits[-1] if exits else None
    sign = position.qty or (scene.sign(newest) if newest is not None else ZERO)
    guarding = guarding_of(scene, position)
    executable = scene.executable_px(position)
    account = scene.book.accounts.get((key.account, key.venue))
    return {
        **where(key),
        "side": scene.side(key, sign),
        "position_qty": proper(position.qty),
        "entry_price": _held(scene, key, entry_px(position), sign),
        "stake": proper(position.held_qty),
        **seed_exit_view(scene, newest),
        "closing_in_progress": scene.closing(key),
        "exit_open": key in scene.book.exits,
        "partial_fills": [part for work in exits for part in part_views(scene, work)],
        "settled": bool(position.closed) and _settled(position),
        "guard": guarding.state.value,
        "guard_reason": guarding.reason,
        "blocked": blocked_by(scene, key) if position.qty else None,
        "live": account is not None and account.live,
        "withheld": position.withheld.value if position.withheld else None,
        "exit_requested_qty": plain(position.exit_requested_qty),
        "levels": level_views(scene, position),
        "executable_price": _held(scene, key, executable, sign),
        "unrealized_pnl": plain(_unrealized(position, executable)),
        "high_water_price": plain(position.high_water_px),
        "realized_pnl": proper(known_pnl(position)),
        "pnl_known": pnl_known(position),
        "fees": fees_view(position.fees),
        **imposed_view((position,)),
        "wins": wins(position),
        "losses": losses(position),
        "generation": position.generation,
        "estimated": position.estimated,
    }


def entry_px(position: Position) -> Decimal | None:
    """Average entry of what is held, or of what was held last; None when it is not known."""
    if position.qty:
        return position.entry_px
    pool = position.pool
    known = position.entry_known and bool(pool.qty)
    return quotient(pool.notional, pool.qty) if known else None


def _held(scene: Scene, key: PositionKey, price: Decimal | None, sign: Decimal) -> str | None:
    return None if price is None else proper(scene.held_px(key, price, ONE.copy_sign(sign)))


def _unrealized(position: Position, executable: Decimal | None) -> Decimal | None:
    """What closing now would add, before fees."""
    entry = position.entry_px
    if executable is None or entry is None:
        return None
    return position.qty * (executable - entry)
