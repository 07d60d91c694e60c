"""One running coin venue without its doors: the exchange, its desks, its members' keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.paper.clock import SECOND_NS, Chance, Clock
from daemon.paper.crypto.config import (
    CoinAccountConfig,
    CoinConfig,
    InstrumentConfig,
    account_from,
    instrument_from,
    seed_from,
)
from daemon.paper.crypto.desk import OrderDesk
from daemon.paper.crypto.exchange import Exchange, Rules
from daemon.paper.crypto.keys import ApiKey, make_key
from daemon.paper.crypto.model import Order
from daemon.paper.crypto.pit import other_traders
from daemon.paper.crypto.upkeep import Upkeep
from daemon.paper.faults import FaultKind
from daemon.paper.refusal import OperatorError
from daemon.paper.traders import OtherTraders
from daemon.paper.units import decimal_of, levels_of


@dataclass(slots=True, kw_only=True)
class CoinVenue:
    """A market of a venue, e.g. `binance_spot`: the name of its table in the configuration."""

    name: str
    is_contract: bool
    needs_passphrase: bool
    config: CoinConfig
    exchange: Exchange
    orders: OrderDesk
    upkeep: Upkeep
    traders: OtherTraders[Order]
    keys: dict[str, ApiKey] = field(default_factory=dict)
    key_owner: dict[str, str] = field(default_factory=dict)

    def now_ns(self) -> int:
        """The exchange's own time."""
        return self.exchange.clock.wall_ns()

    def door_ns(self) -> int:
        """The time that clients are told and measured by: it may be skewed on purpose."""
        fault = self.exchange.faults.standing(FaultKind.CLOCK_SKEW)
        return self.now_ns() + (int(fault.seconds * SECOND_NS) if fault else 0)

    def tick(self) -> None:
        """Everything that only the clock causes."""
        self.traders.tick()

    def populate(self) -> None:
        """Do what the configuration says: instruments, accounts with positions, scripts."""
        try:
            for instrument in self.config.instruments:
                self.add_instrument(instrument)
            for account in self.config.accounts:
                self.add_account(account)
            for script in self.config.scripts:
                self.traders.start(script)
        except ValueError as error:
            raise OperatorError(f"{self.name}: {error}") from error

    def add_instrument(self, spec: InstrumentConfig) -> None:
        """List an instrument and set its first book."""
        self.exchange.list_instrument(instrument_from(spec, is_contract=self.is_contract))
        if spec.bids or spec.asks:
            bids, asks = levels_of("bids", spec.bids), levels_of("asks", spec.asks)
            self.traders.set_book(spec.symbol, bids, asks)

    def add_account(self, spec: CoinAccountConfig) -> ApiKey:
        """Admit a member with coins, a key and starting positions."""
        self.exchange.add_account(account_from(spec))
        key = self.keys.get(spec.name)
        if key is None:
            key = make_key(spec.name, spec.key_type, passphrase=self.needs_passphrase)
            self.keys[spec.name] = key
        self.key_owner[key.api_key] = spec.name
        for coin, text in spec.balances.items():
            self.upkeep.deposit(spec.name, coin, decimal_of(f"balances.{coin}", text))
        for seed in spec.positions:
            self.upkeep.seed(seed_from(spec.name, seed))
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What sort of venue it is."""

    name: str
    is_contract: bool
    rules: Rules
    needs_passphrase: bool = False


def make_venue(nature: Nature, config: CoinConfig, clock: Clock, seed: int) -> CoinVenue:
    """All parts of a venue, not yet populated and not yet listening."""
    rules = nature.rules
    exchange = Exchange(
        clock, Chance(seed, clock.wall_ns()), rules, decimal_of("fee_coin_px", config.fee_coin_px)
    )
    exchange.reads = config.read_rules()
    desk = OrderDesk(exchange)
    return CoinVenue(
        name=nature.name,
        is_contract=nature.is_contract,
        needs_passphrase=nature.needs_passphrase,
        config=config,
        exchange=exchange,
        orders=desk,
        upkeep=Upkeep(exchange),
        traders=other_traders(exchange, desk),
    )
