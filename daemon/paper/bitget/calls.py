"""One signed or public request as its handler sees it, and what its sender may see and touch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from daemon.paper.bitget.errors import ApiError, missing
from daemon.paper.bitget.limits import Limits
from daemon.paper.bitget.params import Params
from daemon.paper.bitget.words import Json
from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Instrument, Order, Position
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import FaultKind, Where
from daemon.paper.reading import Received

Dialect = Literal["classic", "uta"]
SPOT, FUTURES = "SPOT", "USDT-FUTURES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request whose sender is known. `account` is "" where anybody may ask.

    `stamp`: its ACCESS-TIMESTAMP.
    """

    venue: CoinVenue
    limits: Limits
    account: str
    params: Params
    where: Where
    stamp: str = ""

    @property
    def read_ns(self) -> int:
        """The moment that reads see: now, or stale by a fault (which it uses up: ask once)."""
        fault = self.venue.exchange.faults.take(FaultKind.STALE_READS, self.where)
        return self.venue.now_ns() - (int(fault.seconds * SECOND_NS) if fault else 0)

    @property
    def market(self) -> str:
        """The `productType` or `category` of the port."""
        return FUTURES if self.venue.is_contract else SPOT

    def instrument(self) -> Instrument:
        """The instrument that `symbol` names; it must be there."""
        self.params.need("symbol")
        found = self.venue.exchange.instruments.get(self.params.symbol())
        if found is None:
            raise CoinRefusalError(Why.SYMBOL)
        return found

    def chosen(self) -> list[Instrument]:
        """The instrument that `symbol` names, or all."""
        if "symbol" in self.params:
            return [self.instrument()]
        return list(self.venue.exchange.instruments.values())

    # What readers see

    def orders(self, *, is_open: bool) -> list[Order]:
        """The account's orders of `symbol` (or of all) as readable now, the newest first."""
        exchange, read_ns, symbol = self.venue.exchange, self.read_ns, self.params.symbol()
        found = [
            exchange.order_history[order.order_id].at(read_ns)
            for order in exchange.orders.values()
            if order.account == self.account and symbol in ("", order.symbol)
        ]
        seen = [order for order in found if order is not None and order.is_open is is_open]
        return sorted(seen, key=lambda order: -order.order_id)

    def fills(self) -> list[Fill]:
        """The account's fills of `symbol` and `orderId` (or all) as readable now, newest first."""
        read_ns, symbol = self.read_ns, self.params.symbol()
        wanted = self.params.number("orderId")
        seen = [
            fill
            for fill in self.venue.exchange.fills[self.account]
            if fill.visible_ns <= read_ns
            and symbol in ("", fill.symbol)
            and wanted in (None, fill.order_id)
        ]
        return sorted(seen, key=lambda fill: -fill.trade_id)

    def balances(self) -> dict[str, Balance]:
        """The account's coins as readable now."""
        return self.venue.exchange.holdings.balance_history[self.account].at(self.read_ns) or {}

    def positions(self) -> list[Position]:
        """What the account holds, as readable now."""
        history, read_ns = self.venue.exchange.holdings.position_history, self.read_ns
        found = [h.at(read_ns) for (account, _, _), h in history.items() if account == self.account]
        return [position for position in found if position is not None and position.qty]

    # Orders

    def live_order(self) -> Order | None:
        """The order itself that orderId or clientOid names; one of them must be there."""
        number, client_id = self.params.number("orderId"), self.params.text("clientOid")
        if number is None and not client_id:
            raise missing("orderId")
        exchange, symbol = self.venue.exchange, self.params.symbol()
        if number is None:
            number = exchange.client_ids[self.account].get(client_id, 0)
        order = exchange.orders.get(number)
        if order is None or order.account != self.account or symbol not in ("", order.symbol):
            return None
        return order

    def seen_order(self) -> Order | None:
        """The same as readers see it."""
        found = self.live_order()
        if found is None:
            return None
        return self.venue.exchange.order_history[found.order_id].at(self.read_ns)

    def place(self, make: Callable[[], NewOrder]) -> Json:
        """Place an order; the oracle is told that its client id came in, and what was said."""
        received = self._note()
        try:
            order = self.venue.orders.place(make())
        except CoinRefusalError as refusal:
            received.answers[refusal.why.value] += 1
            raise
        except ApiError as error:
            received.answers[error.code] += 1
            raise
        received.answers["created"] += 1
        return ids_view(order)

    def cancel(self, order: Order | None) -> Json:
        """Cancel an order that is on the book."""
        if order is None:
            raise CoinRefusalError(Why.NOT_OPEN)
        self.limits.count_cancel(order.order_id, self.venue.now_ns())
        faults = self.venue.exchange.faults
        if order.is_open and faults.take(FaultKind.CANCEL_RACE, self.where):
            self.venue.upkeep.fill_rest(order)
        self.venue.orders.cancel(order)
        return ids_view(order)

    def client_id(self, legal: re.Pattern[str]) -> str:
        """The client's id, or a number of ours."""
        made = int(self.venue.exchange.chance.new_id().replace("-", ""), 16)
        return self.params.client_id(legal) or str(made)[:19]

    def _note(self) -> Received:
        client_id = self.params.text("clientOid")
        received = self.venue.exchange.received[self.account].setdefault(client_id, Received())
        received.times += 1
        received.first_ns = received.first_ns or self.venue.now_ns()
        text = msgspec.json.encode(dict(sorted(self.params.values.items())))
        received.bodies.add(hashlib.sha256(text).hexdigest())
        return received


def ids_view(order: Order) -> Json:
    """The answer to a write: never more than ids."""
    return {"orderId": str(order.order_id), "clientOid": order.client_order_id}


Handler = Callable[[Call], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint. `dialect`: the kind of account that may use it, None where anybody may."""

    handler: Handler
    per_s: int = 10
    dialect: Dialect | None = None
