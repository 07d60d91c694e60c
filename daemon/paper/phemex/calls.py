"""One signed or public request as its handler sees it, and what its sender may see and touch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from daemon.paper.clock import MILLI_NS, SECOND_NS
from daemon.paper.crypto.exchange import Exchange
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Instrument, Order, Position
from daemon.paper.crypto.refusal import Why
from daemon.paper.faults import FaultKind, Where
from daemon.paper.phemex.errors import REFUSALS, ApiError, missing
from daemon.paper.phemex.limits import OTHERS
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.params import Params
from daemon.paper.phemex.words import POSITION_SIDES
from daemon.paper.reading import Received

T = TypeVar("T")
_TWO_DAYS_MS = 2 * 86_400_000
_ROWS = 20
_ROWS_MOST = 200


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender is known. `account` is "" where anybody may ask."""

    market: Market
    account: str
    params: Params
    where: Where

    @property
    def exchange(self) -> Exchange:
        """What is behind the market."""
        return self.market.venue.exchange

    @property
    def read_ns(self) -> int:
        """The moment that reads see: now, or stale by a fault (which it uses up: ask once)."""
        fault = self.exchange.faults.take(FaultKind.STALE_READS, self.where)
        return self.market.venue.now_ns() - (int(fault.seconds * SECOND_NS) if fault else 0)

    def instrument(self) -> Instrument:
        """The instrument that `symbol` names; it must be there."""
        found = self.exchange.instruments.get(self.params.need("symbol"))
        if found is None:
            raise ApiError(*REFUSALS[Why.SYMBOL])
        return found

    def symbol(self) -> str:
        """The symbol that is asked for, "" for all."""
        return self.instrument().symbol if "symbol" in self.params else ""

    # What readers see

    def orders(self) -> list[Order]:
        """The account's orders of `symbol` (or of all) as readable now, newest first."""
        read_ns, symbol = self.read_ns, self.symbol()
        found = [
            self.exchange.order_history[order.order_id].at(read_ns)
            for order in self.exchange.orders.values()
            if order.account == self.account and symbol in ("", order.symbol)
        ]
        return [order for order in reversed(found) if order is not None]

    def fills(self) -> list[Fill]:
        """The account's fills of `symbol` (or of all) as readable now, newest first."""
        read_ns, symbol = self.read_ns, self.symbol()
        rows = self.exchange.fills[self.account]
        seen = [f for f in rows if f.visible_ns <= read_ns and symbol in ("", f.symbol)]
        return sorted(seen, key=lambda fill: (-fill.time_ns, -fill.trade_id))

    def balances(self) -> dict[str, Balance]:
        """The account's coins as readable now."""
        return self.exchange.holdings.balance_history[self.account].at(self.read_ns) or {}

    def positions(self) -> list[Position]:
        """The account's positions as readable now."""
        history, read_ns = self.exchange.holdings.position_history, self.read_ns
        found = [h.at(read_ns) for (account, _, _), h in history.items() if account == self.account]
        return [position for position in found if position is not None]

    def span_ns(self) -> tuple[int, int]:
        """From `start` to `end`, both in ms: the last two days unless they are given."""
        now_ms = self.market.venue.door_ns() // MILLI_NS
        end_ms = self.params.number("end", now_ms) or now_ms
        start_ms = self.params.number("start", end_ms - _TWO_DAYS_MS) or 0
        return start_ms * MILLI_NS, (end_ms + 1) * MILLI_NS

    def page(self, rows: list[T]) -> list[T]:
        """Page number `offset`, of `limit` rows."""
        size = min(self.params.number("limit", _ROWS) or _ROWS, _ROWS_MOST)
        first = (self.params.number("offset", 0) or 0) * size
        return rows[first : first + size]

    # Orders

    def live_order(self) -> Order | None:
        """The order itself that orderID or clOrdID names; one of them must be there."""
        params, exchange = self.params, self.exchange
        order_id = params.text("orderID", params.text("oderId"))
        client_id = params.text("clOrdID", params.text("origClOrdID"))
        if not order_id and not client_id:
            raise missing("orderID")
        number = self.market.order_number(order_id)
        if not order_id:
            number = exchange.client_ids[self.account].get(client_id, 0)
        order = exchange.orders.get(number)
        if order is None or (order.account, order.symbol) != (
            self.account,
            self.instrument().symbol,
        ):
            return None
        side = params.text("posSide")
        return None if side and POSITION_SIDES.get(side) is not order.position_side else order

    def seen_orders(self) -> list[Order]:
        """The same as readers see it: one order, or none."""
        found = self.live_order()
        seen = None
        if found is not None:
            seen = self.exchange.order_history[found.order_id].at(self.read_ns)
            if seen is None:
                self.exchange.faults.note("order_not_readable_yet")
        return [] if seen is None else [seen]

    def note(self) -> Received:
        """Keep for the oracle that a client order id came in, with this body."""
        client_id = self.params.text("clOrdID")
        received = self.exchange.received[self.account].setdefault(client_id, Received())
        received.times += 1
        received.first_ns = received.first_ns or self.market.venue.now_ns()
        text = msgspec.json.encode(dict(sorted(self.params.values.items())))
        received.bodies.add(hashlib.sha256(text).hexdigest())
        return received


Handler = Callable[[Call], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint. `is_bare`: its answer is not wrapped in an envelope; `is_history`: not
    unless the configuration says so.
    """

    handler: Handler
    group: str = OTHERS
    weight: int = 1
    is_private: bool = True
    is_bare: bool = False
    is_history: bool = False
