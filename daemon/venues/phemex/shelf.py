"""Phemex's products as they were last read, and the symbols that matter to this account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from daemon.core.terms import NANOS, Symbol
from daemon.venues.decoding import Stamp, UnreadableError
from daemon.venues.errors import UnreadableAnswerError
from daemon.venues.phemex.product_wire import Products, decode_products
from daemon.venues.phemex.session import PUBLIC, Call, PhemexSession

PATH: Final = "/public/products"
TRACKED_LIMIT: Final = 100


class Shelf:
    """Reads all products at once and keeps them; remembers which symbols were ever of interest.

    Phemex lists open orders, and on spot trades, by symbol only, so those are asked for `tracked`.
    """

    def __init__(self, session: PhemexSession) -> None:
        self._session = session
        self._read_ns: int | None = None
        self._tracked: dict[Symbol, None] = dict.fromkeys(session.config.kept_qty)
        self.products = Products()
        self.stamp: Stamp = session.stamp()

    @property
    def tracked(self) -> tuple[Symbol, ...]:
        """The symbols that were watched, held or traded; the configured ones first."""
        return tuple(self._tracked)

    def note(self, symbols: Iterable[Symbol]) -> None:
        """These matter, e.g. because something of them is held; the oldest noted one is let go."""
        kept = self._session.config.kept_qty
        for symbol in symbols:
            if symbol not in kept:
                self._tracked.pop(symbol, None)
                self._tracked[symbol] = None
        extra = len(self._tracked) - max(TRACKED_LIMIT, len(kept))
        for symbol in [name for name in self._tracked if name not in kept][: max(extra, 0)]:
            del self._tracked[symbol]

    async def read(self) -> None:
        """Read all products; raises `VenueError` and keeps the old ones then."""
        stamp = self._session.stamp()
        call = Call(method="GET", path=PATH, group=PUBLIC, urgent=True)
        body = await self._session.get(call)
        venue = self._session.config.venue
        try:
            self.products = decode_products(body, venue)
        except UnreadableError as error:
            raise UnreadableAnswerError(f"{PATH}: {error}", venue=venue) from None
        self._read_ns, self.stamp = stamp["mono_ns"], stamp

    async def refresh(self) -> None:
        """Read them again if they are older than `products_s`; raises `VenueError`."""
        age_ns = int(self._session.config.products_s * NANOS)
        now_ns = self._session.clock.mono_ns()
        if self._read_ns is None or now_ns - self._read_ns > age_ns:
            await self.read()
