"""Builders for the Binance tests: stamps, frames, commands. Times count from `AT_NS`."""

from __future__ import annotations

import json
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
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.decoding import Stamp

ACCOUNT = Account("alpha")
SOL = Symbol("SOLUSDT")
SUI = Symbol("SUIUSDT")
SPOT_ORDER = VenueOrderId("9007199254740995")
USDM_ORDER = VenueOrderId("8389766012345678901")
CLIENT_ID = ClientOrderId("fdabcdefghijklmnopqrstuvwxyz2345")
AT_NS = 1_790_000_000_000 * 10**6
SPOT_STAMP = Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=SPOT)
USDM_STAMP = Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=USDM)


def ms(later: int) -> int:
    """`AT_NS` and so many milliseconds."""
    return AT_NS + later * 10**6


def frame(name: str) -> bytes:
    """A message as the venue would send it."""
    return (Path(__file__).parent / "frames" / f"{name}.json").read_bytes()


def changed(name: str, *path: str, **fields: object) -> bytes:
    """A message with some fields of the object at `path` set anew; `...` takes one out."""
    message = json.loads(frame(name))
    inside = message
    for step in path:
        inside = inside[step]
    for key, value in fields.items():
        if value is ...:
            del inside[key]
        else:
            inside[key] = value
    return json.dumps(message).encode()


def key(
    venue: Venue = SPOT, symbol: Symbol = SOL, side: PositionSide = PositionSide.NET
) -> PositionKey:
    return PositionKey(account=ACCOUNT, venue=venue, symbol=symbol, position_side=side)


def place_order(
    of: PositionKey | None = None,
    *,
    side: Side = Side.SELL,
    order_qty: str = "7.5",
    limit_px: str = "141.2",
    time_in_force: TimeInForce = TimeInForce.IOC,
    reduce_only: bool = True,
    cancel_own_crossing: bool = True,
    client_order_id: ClientOrderId = CLIENT_ID,
) -> PlaceOrder:
    return PlaceOrder(
        key=of or key(),
        client_order_id=client_order_id,
        exit_no=1,
        attempt=1,
        side=side,
        order_qty=Decimal(order_qty),
        limit_px=Decimal(limit_px),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        cancel_own_crossing=cancel_own_crossing,
    )


def cancel_order(of: PositionKey | None = None, order: VenueOrderId = SPOT_ORDER) -> CancelOrder:
    return CancelOrder(key=of or key(), client_order_id=CLIENT_ID, venue_order_id=order)
