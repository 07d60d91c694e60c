"""The venue's truth in memory: one account, its orders, fills and positions, all with history.

Ids are never freed. Every fact has the venue's own time, so that a read can be served as of any
moment. Publishes facts to whoever listens; knows no network and no fault.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from decimal import Decimal

from daemon.core.commands import PlaceOrder
from daemon.core.events import (
    Event,
    Fill,
    MarketChanged,
    MarketPhase,
    OrderSnapshot,
    Quote,
    QuoteSource,
    Settlement,
    VenuePaused,
    VenueResumed,
)
from daemon.core.settlement import expected_revenue
from daemon.core.terms import (
    NANOS,
    USD,
    ZERO,
    ClientOrderId,
    ExecId,
    Liquidity,
    OrdStatus,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.simulation.market import Market
from daemon.simulation.oracle import Oracle
from daemon.simulation.plan import ACCOUNT, VENUE, Plan, SymbolPlan
from daemon.simulation.venue_order import WORKING, VenueOrder, fee_of

BIRTH_NS = 1_780_000_000 * NANOS
_HIDDEN = 0.3
_ANY_PX = {Side.BUY: Decimal("0.99"), Side.SELL: Decimal("0.01")}

MarketMaker = Callable[[SymbolPlan, random.Random], Market]


class SimVenue:
    """One account on one exchange."""

    def __init__(
        self,
        plan: Plan,
        rng: random.Random,
        oracle: Oracle,
        now_s: Callable[[], float],
        make_market: MarketMaker = Market,
    ) -> None:
        self.plan = plan
        self.oracle = oracle
        self.markets = {item.symbol: make_market(item, rng) for item in plan.symbols}
        self.orders: dict[VenueOrderId, VenueOrder] = {}
        self.working: dict[VenueOrderId, VenueOrder] = {}
        self.by_client: dict[ClientOrderId, VenueOrder] = {}
        self.announced: VenuePaused | None = None
        self.fills: list[Fill] = []
        self.positions: dict[Symbol, list[tuple[int, Decimal]]] = {}
        self.settlements: list[Settlement] = []
        self.paused = False
        self.calm = False
        self._hidden: dict[ExecId, float] = {}
        self.publish: Callable[[Event], None] = lambda _: None
        self.rng = rng
        self.now_s = now_s
        self._last_ns = 0
        for item in plan.symbols:
            self._found(item)

    def now_ns(self) -> int:
        """The venue's own clock; never says the same twice."""
        now = BIRTH_NS + int((self.now_s() + self.plan.skew_s) * NANOS)
        self._last_ns = max(now, self._last_ns + 1)
        return self._last_ns

    def position(self, symbol: Symbol) -> Decimal:
        """What the account holds now, signed."""
        return self.positions[symbol][-1][1]

    def position_at(self, symbol: Symbol, as_of_ns: int) -> Decimal:
        """What it held then."""
        history = self.positions[symbol]
        index = bisect_right(history, (as_of_ns, Decimal("Infinity")))
        return history[index - 1][1] if index else ZERO

    def _found(self, item: SymbolPlan) -> None:
        """The position that was there before the daemon was ever started."""
        side = Side.BUY if item.long else Side.SELL
        px = Decimal(item.entry if item.long else 100 - item.entry) / 100
        qty = item.lots * item.lot_qty
        then_ns = BIRTH_NS - 3_600 * NANOS
        self.positions[item.symbol] = [(0, ZERO), (then_ns, side.sign * qty)]
        fee = ZERO if item.archived else fee_of(qty, px)
        self.oracle.ledgers[item.symbol].trade(side, qty, px, fee)
        if not item.archived:
            order_id = VenueOrderId(f"old-{item.symbol}")
            self.fills.append(self._fill(item.symbol, order_id, None, side, (qty, px), then_ns))
        self.markets[item.symbol].tick(self.now_s())

    def shows(self, fill: Fill) -> bool:
        """False while the venue, against its own stamps, does not list this fill yet."""
        return self._hidden.get(fill.exec_id, 0.0) <= self.now_s()

    @property
    def hidden(self) -> int:
        """How many fills were listed late."""
        return len(self._hidden)

    def place(self, command: PlaceOrder) -> VenueOrder | RejectReason:
        """Take an order in, or say why not. A known id is refused whatever it carries."""
        self.oracle.arrived(command)
        market = self.markets[command.key.symbol]
        if command.client_order_id in self.by_client:
            return RejectReason.DUPLICATE_ID
        if self.paused:
            return RejectReason.EXCHANGE_PAUSED
        if market.phase is not MarketPhase.ACTIVE:
            return RejectReason.MARKET_INACTIVE
        limit_px = _ANY_PX[command.side] if command.limit_px is None else command.limit_px
        held = self.position(command.key.symbol)
        rests = command.time_in_force is TimeInForce.GTC  # then Kalshi takes no reduce-only
        capped = command.reduce_only and self.plan.reduce_only_kept and not rests
        if capped and held * command.side.sign >= ZERO:
            return RejectReason.NO_POSITION
        order = self._enter(
            command.key.symbol,
            command.side,
            (command.order_qty, limit_px),
            command.time_in_force,
            command,
        )
        self._trade(order, abs(held) if capped else order.qty)
        if order.working and command.time_in_force is not TimeInForce.GTC:
            self.end(order)
        elif order.working:
            self._tell(order)
        return order

    def _enter(
        self,
        symbol: Symbol,
        side: Side,
        terms: tuple[Decimal, Decimal],
        time_in_force: TimeInForce,
        command: PlaceOrder | None = None,
    ) -> VenueOrder:
        now_ns = self.now_ns()
        order = VenueOrder(
            venue_order_id=VenueOrderId(f"v{len(self.orders) + 1}"),
            client_order_id=None if command is None else command.client_order_id,
            symbol=symbol,
            side=side,
            qty=terms[0],
            limit_px=terms[1],
            time_in_force=time_in_force,
            created_ns=now_ns,
            command=command,
        )
        order.note(now_ns)
        self.orders[order.venue_order_id] = self.working[order.venue_order_id] = order
        if order.client_order_id is not None:
            self.by_client[order.client_order_id] = order
        return order

    def _trade(self, order: VenueOrder, most: Decimal) -> None:
        market = self.markets[order.symbol]
        most = min(most, order.qty - order.filled)
        parts = market.take(order.side, order.limit_px, most, self.now_s())
        for px, qty in parts:
            self._execute(order, qty, px)
        if parts:
            self.publish(self.book_quote(order.symbol))

    def _execute(self, order: VenueOrder, qty: Decimal, px: Decimal) -> None:
        now_ns, before = self.now_ns(), self.position(order.symbol)
        if order.command is not None:
            self.oracle.filled(order.command, qty, px, before)
        else:
            self.oracle.strangers[order.symbol, order.side] += qty
        order.filled += qty
        full = order.filled == order.qty
        order.status = OrdStatus.FILLED if full else OrdStatus.PARTIALLY_FILLED
        order.note(now_ns)
        self.positions[order.symbol].append((now_ns, before + order.side.sign * qty))
        fill = self._fill(
            order.symbol,
            order.venue_order_id,
            order.client_order_id,
            order.side,
            (qty, px),
            now_ns,
        )
        self.oracle.ledgers[order.symbol].trade(order.side, qty, px, fill.commission)
        self.fills.append(fill)
        if self.plan.hides_fills and not self.calm and self.rng.random() < _HIDDEN:
            self._hidden[fill.exec_id] = self.now_s() + self.rng.uniform(5, 60)
        else:
            self.publish(fill)
        if full:
            del self.working[order.venue_order_id]
            self._tell(order)

    def _fill(
        self,
        symbol: Symbol,
        order_id: VenueOrderId,
        client_id: ClientOrderId | None,
        side: Side,
        terms: tuple[Decimal, Decimal],
        now_ns: int,
    ) -> Fill:
        qty, px = terms
        return Fill(
            receive_time_ns=0,
            mono_ns=0,
            account=ACCOUNT,
            venue=VENUE,
            symbol=symbol,
            client_order_id=client_id if self.plan.fills_name_client else None,
            venue_order_id=order_id,
            transact_time_ns=now_ns,
            exec_id=ExecId(f"x{len(self.fills) + 1}"),
            side=side,
            last_qty=qty,
            last_px=px,
            commission=fee_of(qty, px),
            commission_currency=USD,
            liquidity=Liquidity.TAKER,
            position_qty=self.position(symbol) if self.plan.fills_tell_position else None,
        )

    def end(self, order: VenueOrder) -> None:
        """Cancel what is left of a working order."""
        del self.working[order.venue_order_id]
        order.status = OrdStatus.CANCELED
        order.note(self.now_ns())
        self._tell(order)

    def _tell(self, order: VenueOrder) -> None:
        self.publish(self.snapshot(order, order.history[-1], 0))

    def snapshot(
        self, order: VenueOrder, state: tuple[int, OrdStatus, Decimal], as_of_ns: int
    ) -> OrderSnapshot:
        """The order as it was in `state`."""
        when_ns, status, filled = state
        return OrderSnapshot(
            receive_time_ns=0,
            mono_ns=0,
            account=ACCOUNT,
            venue=VENUE,
            symbol=order.symbol,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            transact_time_ns=when_ns,
            side=order.side,
            status=status,
            order_qty=order.qty,
            cum_qty=filled,
            leaves_qty=order.qty - filled if status in WORKING else ZERO,
            limit_px=order.limit_px,
            time_in_force=order.time_in_force,
            as_of_ns=as_of_ns,
        )

    def tick(self, symbol: Symbol) -> None:
        """The price moves; resting orders meet it."""
        market = self.markets[symbol]
        if market.phase is not MarketPhase.ACTIVE or self.paused:
            return
        market.tick(self.now_s())
        for order in list(self.working.values()):
            if order.symbol == symbol:
                self._trade(order, order.qty)
        self.publish(self.quote(symbol, QuoteSource.BOOK))

    def book_quote(self, symbol: Symbol) -> Quote:
        """What a stream says of the best prices now."""
        return self.quote(symbol, QuoteSource.BOOK)

    def quote(self, symbol: Symbol, source: QuoteSource) -> Quote:
        """The best prices now."""
        top = self.markets[symbol].tops[-1]
        return Quote(
            receive_time_ns=0,
            mono_ns=0,
            account=ACCOUNT,
            venue=VENUE,
            symbol=symbol,
            bid_px=top.bid_px,
            bid_qty=top.bid_qty,
            ask_px=top.ask_px,
            ask_qty=top.ask_qty,
            source=source,
            venue_time_ns=self.now_ns(),
        )

    def stranger(self, symbol: Symbol) -> None:
        """Another hand trades on our account: buys, sells, or leaves an order resting."""
        market = self.markets[symbol]
        if market.phase is not MarketPhase.ACTIVE or self.paused:
            return
        held = self.position(symbol)
        lots = self.rng.randint(1, max(market.plan.lots // 3, 1))
        qty = lots * market.plan.lot_qty
        reduces = self.rng.random() < 0.6
        side = Side.SELL if (held > ZERO) is reduces else Side.BUY
        if reduces and abs(held) < qty:
            return
        rests = self.rng.random() < 0.3
        far = Decimal("0.01") if side is Side.SELL else Decimal("0.99")
        near = Decimal(market.held_cents + 8) / 100
        limit_px = (near if market.plan.long else 1 - near) if rests and reduces else far
        order = self._enter(symbol, side, (qty, limit_px), TimeInForce.GTC)
        self._trade(order, qty)
        if order.working and not (rests and reduces):
            self.end(order)
        elif order.working:
            self._tell(order)

    def set_paused(self, paused: bool) -> None:  # noqa: FBT001 - a switch
        """The whole venue stops or goes on; some venues cancel what rests when they reopen."""
        self.paused, self.announced = paused, None
        if not paused and self.rng.random() < 0.5:
            self._cancel_all(None)
        self.publish(self.status())

    def status(self) -> VenuePaused | VenueResumed:
        """Whether the venue trades now."""
        made = VenuePaused if self.paused else VenueResumed
        return made(receive_time_ns=0, mono_ns=0, account=ACCOUNT, venue=VENUE)

    def _cancel_all(self, symbol: Symbol | None) -> None:
        for order in list(self.working.values()):
            if symbol in {None, order.symbol}:
                self.end(order)

    def set_phase(self, symbol: Symbol, phase: MarketPhase) -> None:
        """A market moves on; at its end the account is paid."""
        market = self.markets[symbol]
        market.enter(phase, self.now_s())
        if phase is MarketPhase.CLOSED:
            self._cancel_all(symbol)
        if phase in {MarketPhase.DETERMINED, MarketPhase.SETTLED}:
            market.settl_px = Decimal(market.plan.settl_cents) / 100
        if phase is MarketPhase.SETTLED:
            self._pay(market)
        self.publish(
            MarketChanged(
                receive_time_ns=0,
                mono_ns=0,
                account=ACCOUNT,
                venue=VENUE,
                symbol=symbol,
                phase=phase,
                settl_px=market.settl_px,
            )
        )

    def _pay(self, market: Market) -> None:
        symbol, held = market.plan.symbol, self.position(market.plan.symbol)
        px = Decimal(market.plan.settl_cents) / 100
        now_ns = self.now_ns()
        if held:
            revenue = expected_revenue(held, px, Decimal(1)).quantize(Decimal("0.01"))
            self.settlements.append(
                Settlement(
                    receive_time_ns=0,
                    mono_ns=0,
                    account=ACCOUNT,
                    venue=VENUE,
                    symbol=symbol,
                    settl_px=px,
                    position_qty=held,
                    revenue=revenue,
                    settl_time_ns=now_ns,
                )
            )
        self.positions[symbol].append((now_ns, ZERO))
        self.oracle.ledgers[symbol].settle(px)
