"""The book as plain dictionaries for status, positions, orders and exits. Pure; changes nothing.

Numbers are text, times RFC 3339 UTC. Fields ending in `_price` are in the price of the side held
(the NO price for a NO); fields ending in `_px` are the instrument's. The first seed's names stand
beside ours: `stake` is what is held, `original_stake_on_exit` the size when the newest exit opened,
`last_exit_price` the executable price at its newest decision (semantics.md 26), `exit_order_id`
the venue's id of its newest order (None until the venue told it). `currency` is what prices and
PnL are in, None where nobody has told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from daemon.analytics.exit_views import part_views, seed_exit_view
from daemon.analytics.guards import Guarding, GuardState, blocked_by, guarding_of, level_views
from daemon.analytics.scene import Scene, View, money_view, plain, utc, where
from daemon.analytics.turns import Turns, at_once
from daemon.core.book import AccountState
from daemon.core.exits import Exit
from daemon.core.position import Position
from daemon.core.terms import (
    ONE,
    ZERO,
    Account,
    ClientOrderId,
    Currency,
    OrdStatus,
    PositionKey,
    Venue,
    proper,
    quotient,
)

Owner = tuple[Account, Venue]

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
    return at_once(status_turns(scene))


def status_turns(scene: Scene) -> Turns[View]:
    """`status_view`, made in turns."""
    book = scene.book
    held, sums = 0, {owner: _Sums() for owner in book.accounts}
    for position in tuple(book.positions.values()):
        key = position.key
        if (key.account, key.venue) in sums:
            sums[key.account, key.venue].add(position, scene.currency(key))
        held += bool(position.qty)
        guarding = guarding_of(scene, position)
        listed = guarding.state in _LISTED
        yield (guarding.state.value.lower(), _brief(scene, position, guarding)) if listed else None
    doubtful: dict[ClientOrderId, Owner] = {}
    for orders in tuple(book.live_orders.values()):
        for order in orders:
            if not order.dead and order.status is OrdStatus.IN_DOUBT:
                doubtful[order.client_order_id] = (order.key.account, order.key.venue)
        yield None
    counts = _Counts(
        exits=Counter((key.account, key.venue) for key in book.exits),
        doubtful=Counter(doubtful.values()),
        strangers=Counter((order.account, order.venue) for order in book.resting.values()),
    )
    return {
        "time": utc(scene.now_ns),
        "seq": scene.seq,
        "journal_id": book.journal_id,
        "halted": any(state.halted for state in book.accounts.values()),
        "live": any(state.live for state in book.accounts.values()),
        "positions_held": held,
        "exits_at_work": len(book.exits),
        "orders_in_doubt": len(doubtful),
        "doubtful_orders": list(doubtful),
        "accounts": [
            _account_view(scene, state, sums.get(owner, _Sums()), counts)
            for owner, state in book.accounts.items()
        ],
        **{state.value.lower(): [] for state in _LISTED},
    }


class _Counts(NamedTuple):
    """How many of each an account has."""

    exits: Counter[Owner]
    doubtful: Counter[Owner]
    strangers: Counter[Owner]


@dataclass(slots=True)
class _Sums:
    """What the positions of one account come to; money by the currency of its prices."""

    held: int = 0
    pnl: dict[Currency, Decimal] = field(default_factory=dict)
    pnl_known: bool = True
    estimated: bool = False
    wins: int = 0
    losses: int = 0
    fees: dict[Currency, Decimal] = field(default_factory=dict)
    funding: dict[Currency, Decimal] = field(default_factory=dict)
    funding_pnl: dict[Currency, Decimal] = field(default_factory=dict)
    liquidation_pnl: dict[Currency, Decimal] = field(default_factory=dict)
    adl_pnl: dict[Currency, Decimal] = field(default_factory=dict)

    def add(self, position: Position, currency: Currency | None) -> None:
        """Count one, whose prices are in `currency`; where that is not known, no PnL is."""
        self.held += bool(position.qty)
        self.pnl_known &= pnl_known(position) and currency is not None
        self.estimated |= position.estimated
        self.wins += wins(position)
        self.losses += losses(position)
        _add(self.fees, position.fees)
        _add(self.funding, position.funding)
        if currency is not None:
            _add(self.pnl, {currency: known_pnl(position)})
            _add(self.funding_pnl, {currency: position.funding_pnl})
            _add(self.liquidation_pnl, {currency: position.liquidation_pnl})
            _add(self.adl_pnl, {currency: position.adl_pnl})


def _add(total: dict[Currency, Decimal], sums: dict[Currency, Decimal]) -> None:
    for currency, money in sums.items():
        total[currency] = total.get(currency, ZERO) + money


def _brief(scene: Scene, position: Position, guarding: Guarding) -> View:
    return {
        **where(position.key),
        "side": scene.side(position.key, position.qty),
        "stake": proper(position.held_qty),
        "reason": guarding.reason,
    }


def _account_view(scene: Scene, state: AccountState, sums: _Sums, counts: _Counts) -> View:
    owner = (state.account, state.venue)
    return {
        "account": state.account,
        "venue": state.venue,
        "live": state.live,
        "halted": state.halted,
        "halt_reason": state.halt_text or ("by the operator" if state.halted else ""),
        "paused": state.paused,
        "resume_time": utc(state.resume_time_ns),
        "stream_up": state.stream_up,
        "last_reconcile": utc(scene.reconciled_ns.get(owner)),
        "fills_read_until": utc(state.fills_as_of_ns),
        "positions_held": sums.held,
        "exits_at_work": counts.exits[owner],
        "orders_in_doubt": counts.doubtful[owner],
        "orders_placed": state.live_orders_placed,
        "strangers_orders": counts.strangers[owner],
        "realized_pnl": money_view(sums.pnl),
        "fees": money_view(sums.fees),
        **_not_zero(
            funding=sums.funding,
            funding_pnl=sums.funding_pnl,
            liquidation_pnl=sums.liquidation_pnl,
            adl_pnl=sums.adl_pnl,
        ),
        "wins": sums.wins,
        "losses": sums.losses,
        "estimated": sums.estimated,
        "pnl_known": sums.pnl_known,
    }


def known_pnl(position: Position) -> Decimal:
    """Realised PnL net of fees and funding, of the generations whose entry price is known."""
    return closed_pnl(position) + running_pnl(position)


def closed_pnl(position: Position, after: int = 0) -> Decimal:
    """The same of the closed generations alone, without the first `after`."""
    return sum((g.pnl for g in position.closed[after:] if g.entry_known), ZERO)


def running_pnl(position: Position) -> Decimal:
    """The same of the running one, and of funding."""
    running = position.open_pnl if position.entry_known or not position.qty else ZERO
    return running + position.funding_pnl


def imposed_view(position: Position) -> View:
    """What funding, liquidation and ADL brought: each part of `realized_pnl` that is not 0.

    `funding` is by coin, + = paid, as fees are; of it only the quote currency is PnL.
    """
    parts = {
        "funding_pnl": position.funding_pnl,
        "liquidation_pnl": position.liquidation_pnl,
        "adl_pnl": position.adl_pnl,
    }
    shown: View = {name: proper(pnl) for name, pnl in parts.items() if pnl}
    return {**_not_zero(funding=position.funding), **shown}


def _not_zero(**parts: dict[Currency, Decimal]) -> View:
    """Each of these with the currencies in which it is not 0, where there is one."""
    left = {
        name: {coin: sum_ for coin, sum_ in part.items() if sum_} for name, part in parts.items()
    }
    return {name: money_view(part) for name, part in left.items() if part}


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
    return at_once(positions_turns(scene, every=every))


def positions_turns(
    scene: Scene, *, every: bool = False, meant: Callable[[PositionKey], bool] | None = None
) -> Turns[View]:
    """`positions_view`, made in turns; only of those that are `meant`, where that is said."""
    book = scene.book
    history: dict[tuple[PositionKey, int], list[Exit]] = {}
    for work in (*book.past_exits, *book.exits.values()):
        history.setdefault((work.key, work.generation), []).append(work)
        yield None
    for key, position in tuple(book.positions.items()):
        if (meant is None or meant(key)) and (every or _current(scene, position)):
            exits = history.get((key, position.generation), [])
            yield "positions", position_view(scene, position, exits)
        else:
            yield None
    return {"time": utc(scene.now_ns), "seq": scene.seq, "positions": []}


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
        "currency": scene.currency(key),
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
        "fees": money_view(position.fees),
        **imposed_view(position),
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
