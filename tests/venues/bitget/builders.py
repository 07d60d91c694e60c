"""Builders for the Bitget tests: stamps, frames written on the venue's shapes, shorthands."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.terms import (
    Account,
    ClientOrderId,
    PositionKey,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.bitget.config import BitgetConfig
from daemon.venues.bitget.error_wire import Success, decode_answer
from daemon.venues.bitget.push_wire import Told
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.wire import Market
from daemon.venues.decoding import Stamp
from daemon.venues.rest import RepeatPolicy

D = Decimal
ACCOUNT = Account("alpha")
SOL = Symbol("SOLUSDT")
ETH = Symbol("ETHUSDT")
CLIENT_ID = ClientOrderId("fdabcdefghijklmnopqrstuvwxyz2345")
SPOT_ORDER = VenueOrderId("1300000000000000001")
MIX_ORDER = VenueOrderId("1400000000000000001")
UTA_ORDER = VenueOrderId("1500000000000000001")
MS = 10**6
AT_MS = 1_796_113_800_000
AT_NS = AT_MS * MS
"""2026-12-01T08:30:00Z."""


def stamp(market: Market) -> Stamp:
    return Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=market.venue)


SPOT = stamp(Market.SPOT)
FUTURES = stamp(Market.FUTURES)
SPOT_TOLD = Told(SPOT, Market.SPOT)
FUTURES_TOLD = Told(FUTURES, Market.FUTURES)
HEDGED_TOLD = Told(FUTURES, Market.FUTURES, hedged=True)


def frame(name: str) -> bytes:
    """A body or frame."""
    return (Path(__file__).parent / "frames" / f"{name}.json").read_bytes()


def data(name: str) -> msgspec.Raw:
    """What a successful body carries."""
    answer = decode_answer(200, frame(name))
    assert isinstance(answer, Success)
    return answer.data


def row(name: str, **changes: object) -> msgspec.Raw:
    """The first row of a push or a list, changed; None takes a field away."""
    body = json.loads(frame(name))["data"]
    if isinstance(body, dict):
        body = body.get("list") or body.get("fillList") or body.get("entrustedList") or body
    fields = {**(body[0] if isinstance(body, list) else body), **changes}
    kept = {key: value for key, value in fields.items() if value is not None}
    return msgspec.Raw(json.dumps(kept).encode())


def config(market: Market, url: str = "http://127.0.0.1:1", **changes: object) -> BitgetConfig:
    known = BitgetConfig(
        account=ACCOUNT,
        market=market,
        signer=BitgetSigner.from_secret("key-1", "words", "fake-secret"),
        rest_url=url,
        ws_url=url.replace("http", "ws"),
        refresh_active_s=0.2,
        order_timeout_s=30.0,
        query_timeout_s=30.0,
        first_reconnect_s=0.02,
        longest_reconnect_s=0.1,
        seed=7,
        repeat=RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05, total_s=60.0),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def place_order(
    market: Market,
    side: Side,
    held: PositionSide = PositionSide.NET,
    *,
    force: TimeInForce = TimeInForce.IOC,
    qty: str = "0.60",
    px: str = "3050.50",
    own: bool = True,
) -> PlaceOrder:
    symbol = SOL if market is Market.SPOT else ETH
    return PlaceOrder(
        key=PositionKey(account=ACCOUNT, venue=market.venue, symbol=symbol, position_side=held),
        client_order_id=CLIENT_ID,
        exit_no=1,
        attempt=1,
        side=side,
        order_qty=Decimal(qty),
        limit_px=Decimal(px),
        time_in_force=force,
        reduce_only=force is not TimeInForce.GTC,
        cancel_own_crossing=own,
    )


def cancel_order(market: Market, order_id: VenueOrderId) -> CancelOrder:
    symbol = SOL if market is Market.SPOT else ETH
    return CancelOrder(
        key=PositionKey(account=ACCOUNT, venue=market.venue, symbol=symbol),
        client_order_id=CLIENT_ID,
        venue_order_id=order_id,
    )
