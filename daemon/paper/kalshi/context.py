"""What every request handler is given: the exchange, its desks and the doors' own state."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from aiohttp import web

from daemon.paper.clock import MILLI_NS, SECOND_NS
from daemon.paper.config import PaperConfig
from daemon.paper.credentials import Credential
from daemon.paper.desk import OrderDesk
from daemon.paper.exchange import Exchange
from daemon.paper.faults import FaultKind, Where
from daemon.paper.kalshi.auth import Keyring, Member
from daemon.paper.kalshi.limits import Limits
from daemon.paper.ledger import Position
from daemon.paper.lifecycle import MarketDesk
from daemon.paper.model import Fill, Order, Owner
from daemon.paper.traders import OtherTraders
from daemon.paper.units import ZERO


@dataclass(slots=True, kw_only=True)
class Venue:
    """One running paper Kalshi."""

    config: PaperConfig
    exchange: Exchange
    orders: OrderDesk
    markets: MarketDesk
    traders: OtherTraders[Order]
    keyring: Keyring
    limits: Limits
    credentials: dict[str, Credential]
    cached: dict[str, tuple[int, dict[str, object]]] = field(default_factory=dict)

    def now_ns(self) -> int:
        """The exchange's own time."""
        return self.exchange.clock.wall_ns()

    def door_ns(self) -> int:
        """The time that clients are told and measured by: it may be skewed on purpose."""
        fault = self.exchange.faults.standing(FaultKind.CLOCK_SKEW)
        skew = int(fault.seconds * SECOND_NS) if fault else 0
        return self.now_ns() + skew

    def tick(self) -> None:
        """Everything that only the clock causes."""
        self.markets.tick()
        self.orders.expire()
        self.traders.tick()

    def open_interest(self, ticker: str) -> Decimal:
        """Contracts held by the longs of a market."""
        held = (p.qty for (_, t), p in self.exchange.ledger.positions.items() if t == ticker)
        return sum((qty for qty in held if qty > ZERO), ZERO)


class Reader:
    """Reads as a client gets them: late by the configured lags, or stale by a fault."""

    def __init__(self, venue: Venue, member: Member, endpoint: str) -> None:
        self._exchange = venue.exchange
        self._config = venue.config
        self._account = member.account
        where = Where(endpoint=endpoint, account=member.account)
        fault = venue.exchange.faults.take(FaultKind.STALE_READS, where)
        stale_ns = int(fault.seconds * SECOND_NS) if fault else 0
        self.read_ns = venue.now_ns() - stale_ns

    def orders(self, *, archived: bool = False) -> list[Order]:
        """The account's orders as readable now, newest first."""
        limit_ns = self.read_ns - self._config.reads.orders_archive_s * SECOND_NS
        found = [
            self._exchange.order_history[order.order_id].at(self.read_ns)
            for order in self._exchange.orders.values()
            if order.owner.account == self._account
        ]
        seen = [o for o in found if o is not None]
        kept = [o for o in seen if (not o.is_open and o.updated_ns < limit_ns) is archived]
        return sorted(kept, key=lambda o: o.created_ns, reverse=True)

    def fills(self, *, archived: bool = False) -> list[Fill]:
        """The account's fills as readable now, newest first."""
        limit_ns = self.read_ns - self._config.reads.fills_archive_s * SECOND_NS
        return [
            fill
            for fill in reversed(self._exchange.fills[self._account])
            if not fill.hidden
            and fill.visible_ns <= self.read_ns
            and (fill.time_ns < limit_ns) is archived
        ]

    def positions(self, owner: Owner) -> list[Position]:
        """An owner's positions as readable now."""
        found = [
            history.at(self.read_ns)
            for (key, _), history in self._exchange.position_history.items()
            if key == owner
        ]
        return [position for position in found if position is not None]


def as_of_ns(venue: Venue) -> int:
    """How fresh reads are at worst: the honest answer of user_data_timestamp."""
    reads = venue.exchange.reads
    lag_ms = max(reads.order_lag_ms[1], reads.fill_lag_ms[1], reads.position_lag_ms[1])
    fault = venue.exchange.faults.standing(FaultKind.STALE_READS)
    stale_ns = int(fault.seconds * SECOND_NS) if fault else 0
    return venue.now_ns() - max(lag_ms * MILLI_NS, stale_ns)


VENUE: web.AppKey[Venue] = web.AppKey("venue", Venue)
