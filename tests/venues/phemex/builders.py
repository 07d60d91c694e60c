"""Builders for the Phemex tests: stamps, frames, products, commands, clocks, configurations."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.terms import (
    Account,
    ClientOrderId,
    PositionKey,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)
from daemon.ports import Clock
from daemon.venues.decoding import Stamp
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.product_wire import decode_products
from daemon.venues.phemex.session import PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.wire import PERP, SPOT
from daemon.venues.rest import RepeatPolicy, RestTransport
from tests.venues.kalshi.builders import ManualClock

ACCOUNT = Account("alpha")
SOL = Symbol("SOLUSDT")
ETH = Symbol("sETHUSDT")
ORDER_ID = VenueOrderId("1c9f6a30-52b4-4d1e-8f57-0a6b2c3d4e5f")
SPOT_ORDER_ID = VenueOrderId("5e0d7c10-3f4a-4b1b-9a2b-1f2e3d4c5b6a")
CLIENT_ID = ClientOrderId("fdabcdefghijklmnopqrstuvwxyz2345")
AT_NS = 1_790_000_000 * 10**9
"""2026-09-21T15:33:20Z: the frames' time."""

PERP_STAMP = Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=PERP)
SPOT_STAMP = Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=SPOT)


def frame(name: str) -> bytes:
    """A body or frame of `frames/`."""
    return (Path(__file__).parent / "frames" / f"{name}.json").read_bytes()


PERPS = decode_products(frame("products"), PERP)
SPOTS = decode_products(frame("products"), SPOT)


def place_order(
    *,
    symbol: Symbol = SOL,
    venue: Venue = PERP,
    side: Side = Side.SELL,
    order_qty: str = "12",
    limit_px: str = "142",
    time_in_force: TimeInForce = TimeInForce.IOC,
    position_side: PositionSide = PositionSide.NET,
    reduce_only: bool = True,
    cancel_own_crossing: bool = True,
) -> PlaceOrder:
    return PlaceOrder(
        key=PositionKey(account=ACCOUNT, venue=venue, symbol=symbol, position_side=position_side),
        client_order_id=CLIENT_ID,
        exit_no=1,
        attempt=1,
        side=side,
        order_qty=Decimal(order_qty),
        limit_px=Decimal(limit_px),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        cancel_own_crossing=cancel_own_crossing,
    )


def spot_order(**changes: str) -> PlaceOrder:
    fields = {"order_qty": "1.5", "limit_px": "2500", **changes}
    return place_order(symbol=ETH, venue=SPOT, **fields)  # type: ignore[arg-type]


def cancel_order(
    *,
    symbol: Symbol = SOL,
    venue: Venue = PERP,
    order_id: VenueOrderId = ORDER_ID,
    position_side: PositionSide = PositionSide.NET,
) -> CancelOrder:
    return CancelOrder(
        key=PositionKey(account=ACCOUNT, venue=venue, symbol=symbol, position_side=position_side),
        client_order_id=CLIENT_ID,
        venue_order_id=order_id,
    )


def config(venue: Venue, rest_url: str = "http://127.0.0.1:1", **changes: object) -> PhemexConfig:
    """Quick to give up, quick to come back; spot guards the whole ETH wallet."""
    fields: dict[str, object] = {
        "venue": venue,
        "account": ACCOUNT,
        "key_id": "0f5c2a90-7b1d-4e3f-8a6b-phemex-test-key",
        "signer": PhemexSigner("not-a-real-secret"),
        "rest_url": rest_url,
        "ws_url": rest_url.replace("http", "ws") + "/ws",
        "kept_qty": {ETH: Decimal(0)} if venue == SPOT else {},
        "refresh_active_s": 0.2,
        "order_timeout_s": 30.0,
        "query_timeout_s": 30.0,
        "first_reconnect_s": 0.02,
        "longest_reconnect_s": 0.1,
        "seed": 7,
        "repeat": RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05, total_s=60.0),
        **changes,
    }
    return PhemexConfig(**fields)  # type: ignore[arg-type]


class StillClock(ManualClock):
    """A clock that stands at the frames' own time until it is told."""

    def wall_ns(self) -> int:
        return AT_NS + self.now_ns - 10**12

    def pass_s(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def session(clock: Clock, venue: Venue = PERP, **changes: object) -> PhemexSession:
    """A session that reaches nobody."""
    settings = config(venue, **changes)  # type: ignore[arg-type]
    transport = RestTransport(settings.rest_url, clock)
    return PhemexSession(settings, transport, clock, random.Random(7))


def stocked(opened: PhemexSession) -> Shelf:
    """A shelf with the products of the frames, as if they had been read."""
    shelf = Shelf(opened)
    shelf.products = PERPS if opened.config.venue == PERP else SPOTS
    return shelf
