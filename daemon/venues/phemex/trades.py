"""Phemex's trade lists, read to the end. Knows rows, not what they mean.

`start` and `end` (ms) are always given: without them the list has two days only. Whether `offset`
counts rows or pages is not documented, nor the order of the rows: a full page is followed by a
narrower span instead, up to its oldest or from its newest trade, and trades seen twice count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.core.events import Fill, Funding, Undecodable
from daemon.core.terms import ExecId, Symbol, VenueOrderId
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import UnreadableAnswerError, VenueError
from daemon.venues.phemex.dialect import Dialect
from daemon.venues.phemex.list_wire import decode_rows
from daemon.venues.phemex.session import READ_PATIENCE_S, Call, PhemexSession, Query
from daemon.venues.phemex.shelf import Shelf

PAGE_ROWS: Final = 200
PAGES_LIMIT: Final = 100
OPENED_MS: Final = 1_574_640_000_000
"""2019-11-25: the venue opened, so nothing was traded before."""

_MS: Final = 1_000_000


@dataclass(slots=True)
class TradeList:
    """What was read: fills and fundings, each once; rows that are none; why it ended early."""

    fills: dict[tuple[Symbol, ExecId, VenueOrderId | None], Fill] = field(default_factory=dict)
    fundings: dict[tuple[Symbol, ExecId], Funding] = field(default_factory=dict)
    bad: list[Undecodable] = field(default_factory=list)
    error: VenueError | None = None

    @property
    def rows(self) -> list[Fill]:
        """The fills, oldest first."""
        return sorted(self.fills.values(), key=lambda fill: fill.transact_time_ns)

    def take(self, other: TradeList) -> None:
        """Add another list; the first error stands."""
        self.fills.update(other.fills)
        self.fundings.update(other.fundings)
        self.bad.extend(other.bad)
        self.error = self.error or other.error

    def problem(self) -> VenueError | None:
        """Why this list is not complete, or None when it is."""
        if self.error is None and self.bad:
            text = f"{len(self.bad)} trades cannot be read: {self.bad[0].text}"
            return UnreadableAnswerError(text, venue=self.bad[0].venue)
        return self.error


class PhemexTrades:
    """Reads trades; never raises a `VenueError`."""

    def __init__(self, session: PhemexSession, dialect: Dialect, shelf: Shelf) -> None:
        self._session = session
        self._dialect = dialect
        self._shelf = shelf

    async def since(self, filters: Query, since_ns: int, *, urgent: bool) -> TradeList:
        """All trades that pass `filters` since `since_ns`, UTC ns; 0: since the venue opened."""
        found = TradeList()
        start_ms = max(since_ns // _MS, OPENED_MS)
        # A little ahead: a trade of this moment is not cut off by clocks that differ.
        end_ms = self._session.now_ns() // _MS + 60_000
        span: tuple[int, int] | None = (start_ms, end_ms)
        for _page in range(PAGES_LIMIT):
            if span is None:
                return found
            span = await self._page(found, filters, span, urgent=urgent)
        if span is not None:
            self._fail(found, "the trades have no end")
        return found

    async def _page(
        self, found: TradeList, filters: Query, span: tuple[int, int], *, urgent: bool
    ) -> tuple[int, int] | None:
        """One page; the span of the next, or None at the end or with the reason in `found`."""
        bounds = (("start", str(span[0])), ("end", str(span[1])))
        call = Call(
            method="GET",
            path=self._dialect.trades_path,
            query=(*filters, *bounds, ("offset", "0"), ("limit", str(PAGE_ROWS))),
            urgent=urgent,
            patience_s=READ_PATIENCE_S,
        )
        try:
            rows = decode_rows(await self._session.get(call))
        except VenueError as error:
            found.error = error
            return None
        except UnreadableError as error:
            self._fail(found, str(error))
            return None
        times: list[int] = []
        for raw in rows:
            for one in self._dialect.read_trade(self._session.stamp(), raw, self._shelf.products):
                if isinstance(one, Undecodable):
                    found.bad.append(one)
                    continue
                times.append(one.transact_time_ns // _MS)
                if isinstance(one, Fill):
                    found.fills[one.symbol, one.exec_id, one.venue_order_id] = one
                else:
                    found.fundings[one.symbol, one.exec_id] = one
        if len(rows) < PAGE_ROWS:
            return None
        return self._narrowed(found, times, span)

    def _narrowed(
        self, found: TradeList, times: Sequence[int], span: tuple[int, int]
    ) -> tuple[int, int] | None:
        """What a full page left out: what is older than its oldest, or newer than its newest."""
        if times:
            newest_first = times[0] >= times[-1]
            rest = (span[0], min(times) + 1) if newest_first else (max(times), span[1])
            if rest != span and rest[0] < rest[1]:
                return rest
        self._fail(found, f"{PAGE_ROWS} rows of one page do not lead to the next")
        return None

    def _fail(self, found: TradeList, text: str) -> None:
        path, venue = self._dialect.trades_path, self._session.config.venue
        found.error = UnreadableAnswerError(f"{path}: {text}", venue=venue)
