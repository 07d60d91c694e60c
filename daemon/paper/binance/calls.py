"""One request as its handler sees it, whether it came by REST or by the websocket API."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import msgspec

from daemon.paper.binance.errors import bad
from daemon.paper.binance.params import Params
from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Instrument, Order, Position
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import FaultKind, Where
from daemon.paper.reading import Received
from daemon.paper.units import ZERO

Json = dict[str, object]


class Security(Enum):
    """What a request must bring: nothing, a key, or a signature."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


@dataclass(slots=True)
class Call:
    """A request whose sender is known. `account` is "" where anybody may ask."""

    venue: CoinVenue
    account: str
    params: Params
    where: Where
    _read_ns: int | None = None

    @property
    def read_ns(self) -> int:
        """The one moment that all reads of this request see: now, or stale by a fault."""
        if self._read_ns is None:
            fault = self.venue.exchange.faults.take(FaultKind.STALE_READS, self.where)
            stale_ns = int(fault.seconds * SECOND_NS) if fault else 0
            self._read_ns = self.venue.now_ns() - stale_ns
        return self._read_ns

    def instrument(self) -> Instrument:
        """The instrument that `symbol` names; it must be there."""
        found = self.venue.exchange.instruments.get(self.params.need("symbol"))
        if found is None:
            raise CoinRefusalError(Why.SYMBOL)
        return found

    # What readers see

    def orders(self, symbol: str = "") -> list[Order]:
        """The account's orders as readable now, oldest first."""
        exchange, read_ns = self.venue.exchange, self.read_ns
        found = [
            exchange.order_history[order.order_id].at(read_ns)
            for order in exchange.orders.values()
            if order.account == self.account and symbol in ("", order.symbol)
        ]
        return [order for order in found if order is not None]

    def fills(self, symbol: str) -> list[Fill]:
        """The account's fills of one symbol as readable now, by trade id."""
        read_ns = self.read_ns
        rows = self.venue.exchange.fills[self.account]
        seen = [f for f in rows if f.symbol == symbol and f.visible_ns <= read_ns]
        return sorted(seen, key=lambda fill: fill.trade_id)

    def balances(self) -> dict[str, Balance]:
        """The account's coins as readable now."""
        return self.venue.exchange.holdings.balance_history[self.account].at(self.read_ns) or {}

    def positions(self) -> list[Position]:
        """The account's positions as readable now."""
        history, read_ns = self.venue.exchange.holdings.position_history, self.read_ns
        found = [h.at(read_ns) for (account, _, _), h in history.items() if account == self.account]
        return [position for position in found if position is not None]

    # Orders

    def live_order(self) -> Order | None:
        """The order itself that orderId or origClientOrderId names; one of them must be there."""
        number = self.params.number("orderId")
        client_id = self.params.text("origClientOrderId")
        if number is None and not client_id:
            text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise bad(-1102, text)
        exchange = self.venue.exchange
        if number is None:
            number = exchange.client_ids[self.account].get(client_id, 0)
        order = exchange.orders.get(number)
        symbol = self.instrument().symbol
        if order is None or (order.account, order.symbol) != (self.account, symbol):
            return None
        if client_id and order.client_order_id != client_id:
            raise bad(-2039, "Client order ID is not correct for this order ID.")
        return order

    def note(self) -> Received:
        """Keep for the oracle that a client order id came in, with this body."""
        params = dict(self.params.values)
        for name in ("timestamp", "signature", "apiKey", "recvWindow"):
            params.pop(name, None)
        client_id = params.get("newClientOrderId", "")
        received = self.venue.exchange.received[self.account].setdefault(client_id, Received())
        received.times += 1
        received.first_ns = received.first_ns or self.venue.now_ns()
        text = msgspec.json.encode(dict(sorted(params.items())))
        received.bodies.add(hashlib.sha256(text).hexdigest())
        return received

    def new_client_id(self, name: str = "newClientOrderId") -> str:
        """The client's id, or one of ours."""
        made = self.venue.exchange.chance.new_id().replace("-", "")[:22]
        return self.params.client_id(name) or made


Handler = Callable[[Call], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint. `weight_all`: its weight without a symbol. `is_order`: it is counted as one."""

    handler: Handler
    weight: int = 1
    weight_all: int | None = None
    security: Security = Security.NONE
    is_order: bool = False


def quotient8(top: Decimal, bottom: Decimal) -> Decimal:
    """A price with 8 decimals, 0 where there is nothing to divide by."""
    return (top / bottom).quantize(Decimal("0.00000001")) if bottom else ZERO
