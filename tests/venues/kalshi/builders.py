"""Builders for the Kalshi tests: commands, stamps, recorded frames, a clock, a signer."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from math import ceil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import override

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import Quote, QuoteSource
from daemon.core.terms import (
    Account,
    ClientOrderId,
    PositionKey,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.decoding import Stamp
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.rest import RepeatPolicy

ACCOUNT = Account("alpha")
TICKER = Symbol("KXRAINSEA-26DEC05-T1.25")
OTHER = Symbol("KXSNOWDEN-26DEC05")
ORDER_ID = VenueOrderId("7f1c2a90-51c4-4d0e-9d58-2b1d0f6a7c11")
CLIENT_ID = ClientOrderId("fdabcdefghijklmnopqrstuvwxyz2345")
KEY = PositionKey(account=ACCOUNT, venue=VENUE, symbol=TICKER)
AT_NS = 1_796_113_800 * 10**9
"""2026-12-01T08:30:00Z."""

STAMP = Stamp(receive_time_ns=AT_NS, mono_ns=77, account=ACCOUNT, venue=VENUE)
SIGNER = KalshiSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def frame(name: str) -> bytes:
    """A recorded body or frame."""
    return (Path(__file__).parent / "frames" / f"{name}.json").read_bytes()


class TestClock:
    """The machine's clocks: a wall clock that may be wrong, a monotonic one that can jump.

    Sleeps take their time, or pass it at once where it is `quick`.
    """

    __test__ = False

    def __init__(self, ahead_s: float = 0.0, *, quick: bool = False) -> None:
        self.ahead_s = ahead_s
        self.quick = quick
        self.slept: list[float] = []
        self._passed_ns = 0

    def wall_ns(self) -> int:
        return time.time_ns() + int(self.ahead_s * 1e9)

    def mono_ns(self) -> int:
        return time.monotonic_ns() + self._passed_ns

    def pass_s(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._passed_ns += ceil(seconds * 1e9)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.quick:
            self.pass_s(seconds)
        await asyncio.sleep(0 if self.quick else seconds)


class StandingClock(TestClock):
    """Both clocks stand but for `pass_s` and what passes at once."""

    def __init__(self, *, quick: bool = False) -> None:
        super().__init__(quick=quick)
        self._began_ns = (time.time_ns(), time.monotonic_ns())

    @override
    def wall_ns(self) -> int:
        return self._began_ns[0] + self._passed_ns

    @override
    def mono_ns(self) -> int:
        return self._began_ns[1] + self._passed_ns


class ManualClock:
    """Clocks that stand still until they are told, and sleeps that pass at once."""

    def __init__(self) -> None:
        self.now_ns = 10**12
        self.slept: list[float] = []

    def wall_ns(self) -> int:
        return AT_NS + self.now_ns

    def mono_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ns += int(seconds * 1e9)


def config(rest_url: str = "http://127.0.0.1:1/trade-api/v2", ws_url: str = "") -> KalshiConfig:
    return KalshiConfig(
        account=ACCOUNT,
        key_id="9d2d1d5e-0000-4000-8000-0123456789ab",
        signer=SIGNER,
        rest_url=rest_url,
        ws_url=ws_url or rest_url.replace("http", "ws").replace("/trade-api/", "/trade-api/ws/"),
        refresh_active_s=0.2,
        order_timeout_s=30.0,
        query_timeout_s=30.0,
        first_reconnect_s=0.02,
        longest_reconnect_s=0.1,
        status_poll_s=0.1,
        seed=7,
        repeat=RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05, total_s=60.0),
    )


def place_order(
    *,
    order_qty: str = "9.75",
    limit_px: str = "0.39",
    side: Side = Side.SELL,
    time_in_force: TimeInForce = TimeInForce.IOC,
    reduce_only: bool = True,
    cancel_own_crossing: bool = True,
    shard: int | None = 2,
    client_order_id: ClientOrderId = CLIENT_ID,
    symbol: Symbol = TICKER,
) -> PlaceOrder:
    return PlaceOrder(
        key=PositionKey(account=ACCOUNT, venue=VENUE, symbol=symbol),
        client_order_id=client_order_id,
        exit_no=1,
        attempt=1,
        side=side,
        order_qty=Decimal(order_qty),
        limit_px=Decimal(limit_px),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        cancel_own_crossing=cancel_own_crossing,
        shard=shard,
    )


def cancel_order(order_id: VenueOrderId = ORDER_ID, symbol: Symbol = TICKER) -> CancelOrder:
    return CancelOrder(
        key=PositionKey(account=ACCOUNT, venue=VENUE, symbol=symbol),
        client_order_id=CLIENT_ID,
        venue_order_id=order_id,
        shard=2,
    )


def quote(**changes: object) -> Quote:
    """The best prices of the recorded book."""
    fields: dict[str, object] = {
        "bid_px": Decimal("0.41"),
        "bid_qty": Decimal(21),
        "ask_px": Decimal("0.44"),
        "ask_qty": Decimal("8.5"),
        "source": QuoteSource.REST,
        "venue_time_ns": 0,
        **changes,
    }
    return Quote(**STAMP, symbol=TICKER, **fields)  # type: ignore[arg-type]
