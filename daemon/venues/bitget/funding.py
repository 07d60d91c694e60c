"""Bitget's funding, read from the account's list of money moves. No push tells it by symbol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from daemon.core.events import Funding, Undecodable
from daemon.core.terms import NANOS
from daemon.venues.bitget.funding_wire import PAID, RECEIVED, decode_bill, decode_record
from daemon.venues.bitget.listing import Listing, Source, read_list
from daemon.venues.bitget.routes import ARCHIVE_S, BILLS, RECORDS, Query
from daemon.venues.bitget.session import BitgetSession
from daemon.venues.bitget.wire import Dialect, Market

WINDOW_NS: Final = 30 * 86_400 * NANOS
_MS: Final = 1_000_000


class BitgetFunding:
    """Reads it; never raises a `VenueError`."""

    def __init__(self, session: BitgetSession) -> None:
        self._session = session
        self._read_ns: int | None = None

    async def due(self, since_ns: int) -> Listing[Funding]:
        """Payments since then, UTC ns, unless there are none here or they were just read."""
        session, found = self._session, Listing[Funding]()
        now_ns = session.clock.mono_ns()
        every_ns = int(session.config.funding_s * NANOS)
        recent = self._read_ns is not None and now_ns - self._read_ns < every_ns
        if session.market is Market.SPOT or recent:
            return found
        for filters in self._filters():
            found.take(await self._list(filters, since_ns))
        if found.problem() is None:
            self._read_ns = now_ns
        return found

    def _filters(self) -> tuple[Query, ...]:
        if self._session.modes.dialect is Dialect.CLASSIC:
            return ((("businessType", "contract_settle_fee"),),)
        return tuple((("type", kind),) for kind in (*RECEIVED, *PAID))

    async def _list(self, filters: Query, since_ns: int) -> Listing[Funding]:
        """In spans of 30 days, the oldest first, as far back as Bitget tells."""
        session, found = self._session, Listing[Funding]()
        uta = session.modes.dialect is Dialect.UTA
        row = decode_record if uta else decode_bill
        decode: Callable[[msgspec.Raw], tuple[Funding | Undecodable, ...]]
        decode = lambda raw: row(session.stamp(), raw)  # noqa: E731
        now_ns = session.venue_ns()
        start_ns = min(max(since_ns, now_ns - ARCHIVE_S * NANOS), now_ns)
        while start_ns <= now_ns and found.error is None:
            end_ns = start_ns + WINDOW_NS
            span = (("startTime", str(start_ns // _MS)), ("endTime", str(end_ns // _MS)))
            source = Source(path=RECORDS if uta else BILLS, filters=(*filters, *span))
            found.take(await read_list(session, source, decode))
            start_ns = end_ns
        return found
