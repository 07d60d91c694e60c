"""One market of the paper Phemex without its doors: ids, scales, numbers of accounts and coins."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from daemon.paper.crypto.model import Fill, Instrument, Order
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.phemex.config import PhemexConfig

NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
FEE_COIN = "PT"
_SCALE = 8
_NUMBER_BITS = 62


@dataclass(slots=True)
class Market:
    """The venue and how it writes ids and scaled numbers."""

    venue: CoinVenue
    config: PhemexConfig
    sequence: int = 0
    _salt: int = 0
    _coins: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = f"{self.venue.name}/{self.venue.exchange.first_id}".encode()
        self._salt = int.from_bytes(hashlib.sha256(text).digest()[:8]) << 64
        self.sequence = self.venue.exchange.first_id

    def next_sequence(self) -> int:
        """Greater than the last one; with holes, as theirs."""
        self.sequence += 1 + (self.sequence % 3 == 0)
        return self.sequence

    # Ids

    def order_id(self, number: int) -> str:
        """An order's UUID; the number stands in its last 62 bits."""
        return str(uuid.UUID(int=self._salt | number, version=4))

    def order_number(self, text: str) -> int:
        """The number of an order's UUID, 0 for any other text."""
        try:
            number = uuid.UUID(text).int & ((1 << _NUMBER_BITS) - 1)
        except ValueError:
            return 0
        return number if self.order_id(number) == text else 0

    def exec_id(self, fill: Fill) -> str:
        """A fill's UUID: no two orders share one, nor two symbols."""
        text = f"{fill.symbol}/{fill.trade_id}/{fill.order_id}"
        return self._made(text)

    def funding_id(self, account: str, time_ns: int) -> str:
        """The execID of a funding row."""
        return self._made(f"funding/{account}/{time_ns}")

    def _made(self, text: str) -> str:
        return str(uuid.uuid5(uuid.UUID(int=self._salt), text))

    def user_id(self, account: str) -> int:
        """The member's number."""
        return 731_000 + list(self.venue.exchange.accounts).index(account)

    def account_id(self, account: str) -> int:
        """The number of the member's account in USDT perpetuals."""
        return self.user_id(account) * 10_000 + 3

    # Scales

    def coins(self) -> dict[str, int]:
        """Every coin there is and its number, by which some lists call it."""
        known = self.venue.exchange
        for instrument in known.instruments.values():
            self._number(instrument.quote, instrument.base)
        for member in known.accounts.values():
            self._number(member.fee_coin, *known.holdings.totals[member.name])
        return self._coins

    def _number(self, *coins: str) -> None:
        for coin in filter(None, coins):
            self._coins.setdefault(coin, len(self._coins) + 1)

    def value_scale(self, coin: str) -> int:
        """The power of ten of the coin's `Ev` numbers."""
        return self.config.value_scales.get(coin, _SCALE)

    def price_scale(self, instrument: Instrument) -> int:
        """The power of ten of the symbol's `Ep` numbers."""
        default = self.value_scale(instrument.quote)
        return self.config.price_scales.get(instrument.symbol, default)

    def ev(self, value: Decimal, coin: str) -> int:
        """A quantity of a coin, scaled; what is below the scale is cut."""
        return _scaled(value, self.value_scale(coin))

    def ep(self, value: Decimal, instrument: Instrument) -> int:
        """A price, scaled."""
        return _scaled(value, self.price_scale(instrument))

    def rate(self, fill: Fill) -> Decimal:
        """The fee rate of a fill."""
        instrument = self.venue.exchange.instruments[fill.symbol]
        return instrument.maker_rate if fill.is_maker else instrument.taker_rate

    def instrument_of(self, order: Order) -> Instrument:
        """What an order is in."""
        return self.venue.exchange.instruments[order.symbol]


def _scaled(value: Decimal, scale: int) -> int:
    return int(value.scaleb(scale).to_integral_value(ROUND_DOWN))
