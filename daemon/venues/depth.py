"""An order book beyond its best prices, of any venue. Knows none, and sends nothing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal

from daemon.core.events import QuoteSource, Undecodable
from daemon.core.terms import ZERO, Symbol
from daemon.ports import Depth
from daemon.venues.decoding import Stamp, UnreadableError, undecodable
from daemon.venues.errors import VenueError

Sides = tuple[Iterable[tuple[Decimal, Decimal]], Iterable[tuple[Decimal, Decimal]]]
"""Bids, asks: (price, quantity), in any order; a quantity of 0 is no level."""


def depth_of(stamp: Stamp, symbol: Symbol, sides: Sides, source: QuoteSource) -> Depth:
    """The levels in order; raises `UnreadableError` where they cross."""
    bids, asks = (sorted(level for level in side if level[1] > ZERO) for side in sides)
    bids.reverse()
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise UnreadableError(f"bid {bids[0][0]} is not below ask {asks[0][0]}")
    return Depth(
        symbol=symbol,
        bids=tuple(bids),
        asks=tuple(asks),
        source=source,
        mono_ns=stamp["mono_ns"],
    )


async def read_depth(
    stamp: Stamp,
    symbol: Symbol,
    ask: Callable[[], Awaitable[bytes]],
    decode: Callable[[bytes], Sides],
) -> Depth | Undecodable | None:
    """What `ask` answers, as old as its question; None where it raises its `VenueError`."""
    try:
        body = await ask()
    except VenueError:
        return None
    try:
        return depth_of(stamp, symbol, decode(body), QuoteSource.REST)
    except UnreadableError as error:
        return undecodable(stamp, "order book", body, str(error))
