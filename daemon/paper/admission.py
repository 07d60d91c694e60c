"""Who and what is let onto the exchange: venues, markets, members, starting positions.

Both the configuration at the start and the admin door later come through here.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.clock import Chance, Clock
from daemon.paper.config import AccountConfig, PaperConfig, SeedConfig
from daemon.paper.credentials import Credential, make_credential
from daemon.paper.desk import OrderDesk
from daemon.paper.exchange import Exchange, Shard
from daemon.paper.kalshi.auth import Keyring
from daemon.paper.kalshi.context import Venue
from daemon.paper.kalshi.limits import Limits
from daemon.paper.lifecycle import MarketDesk
from daemon.paper.listing import MarketSpec, market_from
from daemon.paper.market import other_traders
from daemon.paper.model import Owner
from daemon.paper.refusal import OperatorError
from daemon.paper.seeding import Seed, seed_position
from daemon.paper.units import decimal_of, levels_of

_DAY_S = 86_400


def make_venue(config: PaperConfig, clock: Clock) -> Venue:
    """All parts of an exchange, not yet populated and not yet listening."""
    exchange = Exchange(clock, Chance(config.seed, clock.wall_ns()), config.fee_rules())
    exchange.reads = config.read_rules()
    for shard in config.shards:
        exchange.shards[shard.index] = Shard(description=shard.description or f"S{shard.index}")
    orders = OrderDesk(exchange, flat_reduce_refused=config.flat_reduce_only == "refuse")
    return Venue(
        config=config,
        exchange=exchange,
        orders=orders,
        markets=MarketDesk(exchange, close_cancel_delay_s=config.close_cancel_delay_s),
        traders=other_traders(exchange, orders),
        keyring=Keyring(config.auth_skew_s),
        limits=Limits(),
        credentials={},
    )


def populate(venue: Venue) -> None:
    """Do what the configuration says: markets, accounts with positions, scripts."""
    try:
        for market in venue.config.markets:
            add_market(venue, market)
        for account in venue.config.accounts:
            add_account(venue, account)
        for script in venue.config.scripts:
            venue.traders.start(script)
    except ValueError as error:
        raise OperatorError(str(error)) from error


def add_market(venue: Venue, spec: MarketSpec) -> None:
    """List a market and set its first book."""
    market = market_from(spec, venue.now_ns(), venue.exchange.chance.new_id())
    venue.markets.list_market(market)
    if spec.bids or spec.asks:
        bids, asks = levels_of("bids", spec.bids), levels_of("asks", spec.asks)
        venue.traders.set_book(spec.ticker, bids, asks)


def add_account(venue: Venue, config: AccountConfig) -> Credential:
    """Admit a member with cash, a key and starting positions."""
    exchange = venue.exchange
    exchange.add_account(config.name, tier=config.tier)
    venue.limits.set_tier(config.name, config.tier)
    known = venue.credentials.get(config.name)
    if known is None:
        key_id = exchange.chance.new_id()
        known = make_credential(config.name, key_id, config.key_type)
        venue.credentials[config.name] = known
    venue.keyring.add(config.name, known.key_id, known.public_key)
    for shard in exchange.shards:
        exchange.ledger.deposit(Owner(config.name), shard, decimal_of("cash", config.cash))
    for seed in config.positions:
        seed_position(exchange, seed_from(venue, config.name, seed))
    return known


def seed_from(venue: Venue, account: str, config: SeedConfig) -> Seed:
    """A starting position as numbers; an archived one is made older than the archive's cutoff."""
    age_s = config.age_s
    if config.archived:
        age_s = max(age_s, venue.config.reads.fills_archive_s + _DAY_S)
    sign = -1 if config.count.startswith("-") else 1
    qty = decimal_of("count", config.count.removeprefix("-"))
    return Seed(
        owner=Owner(account, config.subaccount),
        ticker=config.ticker,
        qty=Decimal(sign) * qty,
        price=decimal_of("price", config.price),
        age_s=age_s,
        historical=config.historical,
    )
