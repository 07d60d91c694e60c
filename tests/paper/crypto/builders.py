"""A small coin exchange without a socket: alice and bob, one spot pair or one perpetual."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from daemon.paper.clock import ManualClock
from daemon.paper.crypto.config import CoinAccountConfig, CoinConfig, InstrumentConfig
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.happenings import Happening
from daemon.paper.crypto.model import Order, OrdType, PositionSide, TimeInForce
from daemon.paper.crypto.venue import CoinVenue, Nature, make_venue
from daemon.paper.model import Side

D = Decimal
SYMBOL = "ETHUSDT"
LAX = Rules(refuses_fok=False, refuses_post_only=False, ids_are_for_ever=False)
STRICT = Rules(refuses_fok=True, refuses_post_only=True, ids_are_for_ever=True)


class Room:
    """An exchange, its clock, and everything that it told."""

    def __init__(self, *, is_contract: bool, rules: Rules = LAX, **account: Any) -> None:
        self.clock = ManualClock()
        balances = {"USDT": "1000"} | ({} if is_contract else {"ETH": "10"})
        spec = InstrumentConfig(symbol=SYMBOL, base="ETH", min_notional="5")
        twin = InstrumentConfig(symbol="BTCUSDT", base="BTC", min_notional="5")
        accounts = [
            CoinAccountConfig(name=name, balances=balances, **account) for name in ("alice", "bob")
        ]
        config = CoinConfig(instruments=[spec, twin], accounts=accounts)
        nature = Nature(name="room", is_contract=is_contract, rules=rules)
        self.venue: CoinVenue = make_venue(nature, config, self.clock, 1)
        self.venue.populate()
        self.told: list[Happening] = []
        self.exchange = self.venue.exchange
        self.exchange.observers.append(self.told.append)

    def place(self, account: str, side: str, qty: str, price: str = "", **terms: Any) -> Order:
        """A GTC limit order, or a market order without a price."""
        fields: dict[str, Any] = {
            "account": account,
            "symbol": SYMBOL,
            "side": Side(side),
            "ord_type": OrdType.LIMIT if price else OrdType.MARKET,
            "client_order_id": f"c{len(self.exchange.orders)}-{len(self.told)}",
            "qty": D(qty),
            "price": D(price) if price else None,
            "time_in_force": TimeInForce.GTC if price else TimeInForce.IOC,
        }
        return self.venue.orders.place(NewOrder(**fields | terms))

    def free(self, account: str, coin: str) -> str:
        """What an account may use of a coin."""
        return f"{self.exchange.balance(account, coin).free.normalize():f}"

    def locked(self, account: str, coin: str) -> str:
        """What its resting orders hold back."""
        return f"{self.exchange.balance(account, coin).locked.normalize():f}"

    def held(self, account: str, side: PositionSide = PositionSide.BOTH) -> str:
        """Signed contracts."""
        return f"{self.exchange.holdings.held(account, SYMBOL, side).normalize():f}"


def spot(**changes: Any) -> Room:
    """Spot: 1000 USDT and 10 ETH each."""
    return Room(is_contract=False, **changes)


def perp(**changes: Any) -> Room:
    """A perpetual: 1000 USDT each."""
    return Room(is_contract=True, **changes)
