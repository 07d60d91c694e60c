"""The paper exchange and a Kalshi venue for it; shared by the contract tests."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import QueryOrder
from daemon.core.events import Event, OrderAccepted
from daemon.core.terms import Account, ClientOrderId, PositionKey, Symbol, VenueOrderId
from daemon.paper.config import AccountConfig, PaperConfig, SeedConfig, ShardConfig
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.listing import MarketSpec
from daemon.paper.server import PaperServer
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.rest import RepeatPolicy
from tests.venues.kalshi.builders import place_order

RAIN = Symbol("KXRAIN-26DEC31-NYC")
ALPHA = Account("alpha")
CREATE = "POST /portfolio/events/orders"
D = Decimal


def paper_config() -> PaperConfig:
    return PaperConfig(
        tick_ms=20,
        shards=[ShardConfig(index=2, description="Weather")],
        markets=[
            MarketSpec(
                ticker=RAIN,
                exchange_index=2,
                bids=[("0.55", "4"), ("0.54", "3"), ("0.50", "100")],
                asks=[("0.57", "200")],
            )
        ],
        accounts=[
            AccountConfig(
                name="alpha",
                key_type="ed25519",
                tier="prestige",
                positions=[SeedConfig(ticker=RAIN, count="20", price="0.60")],
            )
        ],
    )


def key_of(paper: PaperServer, **changes: object) -> KalshiConfig:
    known = paper.credential("alpha")
    fields: dict[str, object] = {
        "account": ALPHA,
        "key_id": known.key_id,
        "signer": KalshiSigner.from_pem(known.private_pem.encode()),
        "rest_url": paper.rest_url,
        "ws_url": paper.ws_url,
        "refresh_active_s": 0.2,
        "order_timeout_s": 0.5,
        "query_timeout_s": 1.0,
        "first_reconnect_s": 0.02,
        "longest_reconnect_s": 0.1,
        "status_poll_s": 0.1,
        "seed": 3,
        "repeat": RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05),
        **changes,
    }
    return KalshiConfig(**fields)  # type: ignore[arg-type]


def exit_of(number: int, qty: str = "20", limit: str = "0.54", **changes: object) -> object:
    return place_order(
        client_order_id=ClientOrderId(f"fd{number:030d}".replace("0", "a")),
        order_qty=qty,
        limit_px=limit,
        symbol=RAIN,
        shard=2,
        **changes,  # type: ignore[arg-type]
    )


async def place(venue: KalshiVenue, number: int, **changes: object) -> list[Event]:
    command = exit_of(number, **changes)  # type: ignore[arg-type]
    return list(await venue.place(command))  # type: ignore[arg-type]


def key() -> PositionKey:
    return PositionKey(account=ALPHA, venue=VENUE, symbol=RAIN)


def look(number: int, order_id: VenueOrderId | None = None) -> QueryOrder:
    name = ClientOrderId(f"fd{number:030d}".replace("0", "a"))
    return QueryOrder(key=key(), client_order_id=name, venue_order_id=order_id)


def arm(paper: PaperServer, kind: FaultKind, **changes: object) -> None:
    paper.exchange.faults.arm(Fault(kind=kind, **changes))  # type: ignore[arg-type]


def kinds(events: object) -> list[type[Event]]:
    assert isinstance(events, list | tuple)
    return [type(event) for event in events]


def order_id_of(events: list[Event]) -> VenueOrderId:
    (accepted,) = (event for event in events if isinstance(event, OrderAccepted))
    assert accepted.venue_order_id is not None
    return accepted.venue_order_id
