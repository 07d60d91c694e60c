"""The in-memory book of states: everything that is known, and how to find it.

`daemon.core.fold` is the only writer. What is told by what is in here, and by nothing else, can
be told again after a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from daemon.core.errors import UnknownOrderError
from daemon.core.events import Fill, MarketPhase, OrderEvent, RulesLoaded, key_of
from daemon.core.exits import Exit
from daemon.core.instrument import Instrument
from daemon.core.known_fills import KnownFills, SymbolFills, Where
from daemon.core.order import Order
from daemon.core.page import Page
from daemon.core.position import Position
from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.settlement import PendingSettlement
from daemon.core.stops import matching_rules
from daemon.core.terms import (
    NO_JOURNAL,
    ZERO,
    Account,
    ClientOrderId,
    JournalId,
    PositionKey,
    PositionSide,
    RuleKind,
    Side,
    Symbol,
    Venue,
    VenueOrderId,
)

# Binance counts orders per symbol: two symbols may have one id.
VenueIdKey = tuple[Account, Venue, Symbol, VenueOrderId]


def venue_id_key(key: PositionKey, venue_order_id: VenueOrderId) -> VenueIdKey:
    """What names an order of this position's symbol by the venue's id."""
    return (key.account, key.venue, key.symbol, venue_order_id)


@dataclass(slots=True, kw_only=True)
class Market:
    """A symbol's terms and phase; `read_mono_ns` is when it was last read from the venue."""

    instrument: Instrument
    phase: MarketPhase
    settl_px: Decimal | None = None
    read_mono_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """A resting order of somebody else's hand on our account. `leaves_qty` > 0."""

    account: Account
    venue: Venue
    symbol: Symbol
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    side: Side
    leaves_qty: Decimal
    limit_px: Decimal | None
    position_side: PositionSide = PositionSide.NET


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanFill:
    """A fill of an order that we may yet turn out to have placed; the position has it already.

    `qty` of it, with `fee` and `pnl`, stands on no exit yet: the rest replaced guesses that do.
    """

    account: Account
    venue: Venue
    venue_order_id: VenueOrderId
    fill: Fill
    qty: Decimal
    fee: Decimal
    pnl: Decimal


@dataclass(slots=True, kw_only=True)
class AccountState:
    """One account on one venue. Stamps ending in `_ns` are the venue's clock, UTC ns."""

    account: Account
    venue: Venue
    halted: bool = False
    halt_text: str = ""
    paused: bool = False
    resume_time_ns: int | None = None
    stream_up: bool = False
    live: bool = False
    live_orders_placed: int = 0
    fills_as_of_ns: int = 0
    recent_orders_ns: list[int] = field(default_factory=list)
    retry_delays: dict[str, Decimal] = field(default_factory=dict)  # learnt, by reason, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BookState:
    """The whole book as plain values, for snapshots and for comparing two books."""

    journal_id: JournalId
    engine_version: int
    born_ns: int
    take_over: bool
    rules: RulesLoaded | None
    positions: list[Position]
    orders: list[Order]
    exits: list[Exit]
    past_exits: list[Exit]
    markets: list[Market]
    accounts: list[AccountState]
    resting: list[RestingOrder]
    orphans: list[OrphanFill]
    symbol_fills: list[SymbolFills]
    fills_forgotten: int
    symbol_fills_as_of: list[tuple[Account, Venue, Symbol, int]]
    pending_settlements: list[PendingSettlement]
    blind: list[tuple[Account, Venue, Symbol]]


PAST_EXITS_LIMIT = 2_000
DEAD_ORDERS_LIMIT = 4_000


@dataclass(slots=True)
class Book:
    """Everything the engine knows. Dictionaries keep insertion order, which the fold fixes."""

    journal_id: JournalId = NO_JOURNAL
    engine_version: int = 0
    born_ns: int = 0
    take_over: bool = False
    rules: RulesLoaded | None = None
    positions: dict[PositionKey, Position] = field(default_factory=dict)
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    exits: dict[PositionKey, Exit] = field(default_factory=dict)
    past_exits: list[Exit] = field(default_factory=list)
    markets: dict[tuple[Venue, Symbol], Market] = field(default_factory=dict)
    accounts: dict[tuple[Account, Venue], AccountState] = field(default_factory=dict)
    resting: dict[VenueIdKey, RestingOrder] = field(default_factory=dict)
    orphans: list[OrphanFill] = field(default_factory=list)
    fills: KnownFills = field(default_factory=KnownFills)
    symbol_fills_as_of: dict[tuple[Account, Venue, Symbol], int] = field(default_factory=dict)
    pending_settlements: dict[PositionKey, PendingSettlement] = field(default_factory=dict)
    blind: dict[tuple[Account, Venue, Symbol], None] = field(default_factory=dict)
    by_venue_id: dict[VenueIdKey, ClientOrderId] = field(default_factory=dict)
    by_symbol: dict[Where, Page] = field(default_factory=dict)  # the first of each symbol
    pages: dict[PositionKey, Page] = field(default_factory=dict)
    by_name: dict[str, PositionKey] = field(default_factory=dict)
    live_orders: dict[PositionKey, list[Order]] = field(default_factory=dict)
    matching: dict[tuple[Venue, Symbol], Sequence[StopRule]] = field(default_factory=dict)
    rule_sets: dict[tuple[int, ...], Sequence[StopRule]] = field(default_factory=dict)
    at_hand: tuple[Page, Order | None, Decimal] | None = None  # of the newest fill; qty replaced

    def state(self) -> BookState:
        """A view of the book as plain values; shares the objects, so encode it at once."""
        return BookState(
            journal_id=self.journal_id,
            engine_version=self.engine_version,
            born_ns=self.born_ns,
            take_over=self.take_over,
            rules=self.rules,
            positions=list(self.positions.values()),
            orders=list(self.orders.values()),
            exits=list(self.exits.values()),
            past_exits=list(self.past_exits),
            markets=list(self.markets.values()),
            accounts=list(self.accounts.values()),
            resting=list(self.resting.values()),
            orphans=list(self.orphans),
            symbol_fills=self.fills.symbols(),
            fills_forgotten=self.fills.forgotten,
            symbol_fills_as_of=[(*k, v) for k, v in self.symbol_fills_as_of.items()],
            pending_settlements=list(self.pending_settlements.values()),
            blind=list(self.blind),
        )

    @classmethod
    def from_state(cls, state: BookState) -> Book:
        """The book that `state` was taken of."""
        book = cls(state.journal_id, state.engine_version, state.born_ns, state.take_over)
        book.rules = state.rules
        book.fills = KnownFills(state.symbol_fills, state.fills_forgotten)
        for position in state.positions:
            book.index_position(position)
        own = {key: key for key in book.positions}  # an equal one is compared at each look-up
        for work in (*state.exits, *state.past_exits):
            work.key = own.get(work.key, work.key)
        for order in state.orders:
            order.key = own.get(order.key, order.key)
            book.index_order(order)
        for work in state.exits:
            book.exits[work.key] = book.page(work.key).work = work
        book.past_exits = list(state.past_exits)
        book.markets = {(m.instrument.venue, m.instrument.symbol): m for m in state.markets}
        book.accounts = {(a.account, a.venue): a for a in state.accounts}
        book.resting = {(r.account, r.venue, r.symbol, r.venue_order_id): r for r in state.resting}
        book.orphans = list(state.orphans)
        book.symbol_fills_as_of = {(a, v, s): ns for a, v, s, ns in state.symbol_fills_as_of}
        book.pending_settlements = {p.key: p for p in state.pending_settlements}
        book.blind = dict.fromkeys(state.blind)
        return book

    def index_position(self, position: Position) -> Page:
        """Open the page of a position."""
        key = position.key
        where = (key.account, key.venue, key.symbol)
        first = self.by_symbol.get(where)
        beside = [] if first is None else first.beside
        fills = self.fills.of_symbol(where)
        page = Page(where, position, self.live_orders.get(key, []), beside, fills)
        page.watched = first is not None and first.watched
        beside.append(page)
        self.by_symbol.setdefault(where, page)
        self.positions[key], self.pages[key], self.by_name[key.name] = position, page, key
        return page

    def index_order(self, order: Order) -> None:
        """File an order under its ids and, until it is dead, under its position."""
        self.orders[order.client_order_id] = order
        if order.venue_order_id is not None:
            self.by_venue_id[venue_id_key(order.key, order.venue_order_id)] = order.client_order_id
        self.revive(order)

    def revive(self, order: Order) -> None:
        """File an order under its position unless it is dead, or there already."""
        live = self.live_orders.get(order.key)
        if live is None:
            page = self.pages.get(order.key)
            live = self.live_orders[order.key] = page.live if page else []
        if live and live[-1] is order:
            return
        if not order.dead and not any(order is other for other in live):
            # The dead go here, too: a fold of what was decided before looks at nobody's orders.
            live[:] = [*(other for other in live if not other.dead), order]
            live.sort(key=lambda undead: (undead.exit_no, undead.attempt))

    def page(self, key: PositionKey) -> Page:
        """The page of `key`, with a flat position if there was none."""
        found = self.pages.get(key)
        if found is not None:
            return found
        market, flat = self.markets.get((key.venue, key.symbol)), Position(key=key)
        if market is not None:
            flat.denominate(market.instrument.quote_currency, market.instrument.base_currency)
        return self.index_position(flat)

    def position(self, key: PositionKey) -> Position:
        """The position of `key`, made flat if there is none."""
        return self.page(key).position

    def page_of(self, fill: Fill) -> Page:
        """The page of the position that a fill moves, made if there is none."""
        page = self.by_symbol.get((fill.account, fill.venue, fill.symbol))
        if page is not None and page.position_side is fill.position_side:
            return page
        return self.page(key_of(fill))

    def position_of(self, fill: Fill) -> Position:
        """The position that a fill moves, made flat if there is none."""
        return self.page_of(fill).position

    def pages_on(self, account: Account, venue: Venue, symbol: Symbol) -> Sequence[Page]:
        """The pages of one symbol: one, or two in hedge mode."""
        first = self.by_symbol.get((account, venue, symbol))
        return () if first is None else first.beside

    def positions_on(self, account: Account, venue: Venue, symbol: Symbol) -> list[Position]:
        """The positions of the same."""
        return [page.position for page in self.pages_on(account, venue, symbol)]

    def keys_of(self, account: Account, venue: Venue, symbol: Symbol) -> list[PositionKey]:
        """The keys of the same."""
        return [page.position.key for page in self.pages_on(account, venue, symbol)]

    def awaits_settlement(self, account: Account, venue: Venue, symbol: Symbol) -> bool:
        """A guess ended what was held there: the settlement may come late, and replaces it."""
        market = self.markets.get((venue, symbol))
        if market is None or market.phase is not MarketPhase.SETTLED:
            return False
        here = self.positions_on(account, venue, symbol)
        return any(position.inferred and not position.qty for position in here)

    def account(self, account: Account, venue: Venue) -> AccountState:
        """The state of one account on one venue, to be read: a blank one if there is none."""
        known = self.accounts.get((account, venue))
        return known or AccountState(account=account, venue=venue, fills_as_of_ns=self.born_ns)

    def open_account(self, account: Account, venue: Venue) -> AccountState:
        """The same, to be written: kept if new, which only a fold may do."""
        return self.accounts.setdefault((account, venue), self.account(account, venue))

    def policy(self, account: Account, venue: Venue) -> AccountPolicy:
        """The account policy in force, the default (nothing live) where none was loaded."""
        for policy in self.rules.accounts if self.rules else ():
            if policy.account == account and policy.venue == venue:
                return policy
        return AccountPolicy(account=account, venue=venue)

    def order(self, client_order_id: ClientOrderId) -> Order:
        """The order of that id; raises UnknownOrderError."""
        found = self.orders.get(client_order_id)
        if found is None:
            raise UnknownOrderError(f"client_order_id={client_order_id!r}: not in the book")
        return found

    def find_order(self, event: OrderEvent) -> Order | None:
        """Our order that `event` is of, by either id; the venue's id wins where both are known.

        A second order of the venue under an id of ours is another order, whoever sent it.
        """
        if event.venue_order_id is not None:
            where = (event.account, event.venue, event.symbol, event.venue_order_id)
            known = self.by_venue_id.get(where)
            if known is not None:
                return self.orders.get(known)
        if event.client_order_id is None:
            return None
        found = self.orders.get(event.client_order_id)
        if found is None or found.key.account != event.account or found.key.venue != event.venue:
            return None
        other = event.venue_order_id is not None and found.venue_order_id is not None
        return None if other else found

    def find_exit(self, key: PositionKey, exit_no: int) -> Exit | None:
        """An exit of this position, open or past."""
        work = self.exits.get(key)
        if work is not None and work.exit_no == exit_no:
            return work
        for past in reversed(self.past_exits):
            if past.key == key and past.exit_no == exit_no:
                return past
        return None

    def rules_of(self, venue: Venue, symbol: Symbol) -> Sequence[StopRule]:
        """The rules in force for one symbol, kept until `take_rules`; one object for all alike."""
        matching = self.matching.get((venue, symbol))
        if matching is None:
            rules = () if self.rules is None else self.rules.rules
            found = matching_rules(rules, venue, symbol)
            matching = self.rule_sets.setdefault(tuple(map(id, found)), found)
            self.matching[venue, symbol] = matching
        return matching

    def take_rules(self, rules: RulesLoaded) -> None:
        """Put these rules in force."""
        self.rules = rules
        self.matching.clear()
        self.rule_sets.clear()
        for page in self.pages.values():
            page.rules = None

    def exit_policy(self, page: Page, reason: RuleKind) -> ExitPolicy:
        """How exits of this kind are done for this position under the rules in force."""
        key = page.position.key
        if page.rules is None:
            page.rules = self.rules_of(key.venue, key.symbol)
        for rule in page.rules:
            if rule.kind is reason:
                return rule.exits
        return self.policy(key.account, key.venue).exits

    def undead(self, key: PositionKey) -> list[Order]:
        """Orders of a position that are not proven dead."""
        page = self.pages.get(key)
        return [] if page is None else page.undead()

    def strangers_reducing_qty(self, position: Position) -> Decimal:
        """What strangers' resting orders on this symbol would take off the position."""
        key = position.key
        where = (key.account, key.venue, key.symbol, key.position_side)
        others = self.resting.values()
        here = [o for o in others if (o.account, o.venue, o.symbol, o.position_side) == where]
        return sum((other.leaves_qty for other in here if position.reducing(other.side)), ZERO)

    def trim(self) -> None:
        """Bound what is kept of the past; the journal has all of it."""
        if len(self.past_exits) > PAST_EXITS_LIMIT:
            del self.past_exits[: len(self.past_exits) - PAST_EXITS_LIMIT]
        if len(self.orders) > DEAD_ORDERS_LIMIT * 5 // 4:  # seldom: each time all are looked at
            spare = len(self.orders) - DEAD_ORDERS_LIMIT
            for order in list(islice((o for o in self.orders.values() if o.dead), spare)):
                if any(order is other for other in self.live_orders.get(order.key, ())):
                    self.undead(order.key)  # its page forgets the dead, too: no fill finds it there
                del self.orders[order.client_order_id]
                if order.venue_order_id is not None:
                    del self.by_venue_id[venue_id_key(order.key, order.venue_order_id)]
