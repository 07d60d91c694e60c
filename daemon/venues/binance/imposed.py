"""What Binance USD-M did by itself while nobody listened: funding, and why a fill came about.

A row of the trade list does not say whose order it was. Fills whose order the stream has not
named are looked for among the exchange's own orders, which it lists for seven days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daemon.core.events import Fill, Funding, Undecodable
from daemon.core.terms import NANOS, ExecId, FillCause, VenueOrderId
from daemon.venues.binance.config import HOUR_S, Endpoint
from daemon.venues.binance.imposed_wire import decode_forced_row, decode_income_row
from daemon.venues.binance.order_wire import decode_rows
from daemon.venues.binance.session import BinanceSession, Call
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import UnreadableAnswerError, VenueError

INCOME: Final = Endpoint(path="/fapi/v1/income", weight=30)
FORCE_ORDERS: Final = Endpoint(path="/fapi/v1/forceOrders", weight=50)
INCOME_KEPT_NS: Final = 90 * 24 * HOUR_S * NANOS
FORCED_KEPT_NS: Final = 7 * 24 * HOUR_S * NANOS
INCOME_ROWS: Final = 1_000
FORCED_ROWS: Final = 100
PAGES_LIMIT: Final = 20
ORDERS_LIMIT: Final = 4_000
PATIENCE_S: Final = 20.0
_MS: Final = 1_000_000


@dataclass(slots=True)
class FundingList:
    """Payments, each once; rows that cannot be read; why it ended early, if it did."""

    rows: dict[ExecId, Funding] = field(default_factory=dict)
    bad: list[Undecodable] = field(default_factory=list)
    error: VenueError | None = None

    def problem(self) -> VenueError | None:
        """Why this list is not complete, or None when it is."""
        if self.error is None and self.bad:
            text = f"{len(self.bad)} income rows cannot be read: {self.bad[0].text}"
            return UnreadableAnswerError(text, venue=self.bad[0].venue)
        return self.error


class BinanceImposed:
    """Reads it; never raises a `VenueError`."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session
        self._causes: dict[VenueOrderId, FillCause] = {}
        self._read_ns: int | None = None

    def know(self, fill: Fill) -> None:
        """The stream says why an order traded."""
        if fill.venue_order_id is not None:
            self._keep(fill.venue_order_id, fill.cause)

    def _keep(self, order_id: VenueOrderId, cause: FillCause) -> None:
        self._causes[order_id] = cause
        while len(self._causes) > ORDERS_LIMIT:
            del self._causes[next(iter(self._causes))]

    async def due(self, since_ns: int) -> FundingList:
        """Payments since then, UTC ns, unless they were read a moment ago."""
        now_ns = self._session.clock.mono_ns()
        every_ns = int(self._session.config.funding_s * NANOS)
        if self._read_ns is not None and now_ns - self._read_ns < every_ns:
            return FundingList()
        found = await self.fundings(since_ns)
        if found.problem() is None:
            self._read_ns = now_ns
        return found

    async def fundings(self, since_ns: int) -> FundingList:
        """Payments of all symbols since then, three months at most."""
        found = FundingList()
        now_ns = self._session.now_ns()
        start_ms = max(since_ns, now_ns - INCOME_KEPT_NS) // _MS
        end_ms = now_ns // _MS + 60_000
        for _page in range(PAGES_LIMIT):
            rows = await self._income(found, start_ms, end_ms)
            if rows is None or len(rows) < INCOME_ROWS:
                return found
            newest_ms = max(row.transact_time_ns for row in rows) // _MS
            if newest_ms <= start_ms:
                break
            start_ms = newest_ms
        text = "the income has no end"
        found.error = UnreadableAnswerError(text, venue=self._session.config.venue)
        return found

    async def _income(
        self, found: FundingList, start_ms: int, end_ms: int
    ) -> Sequence[Funding] | None:
        params = {
            "incomeType": "FUNDING_FEE",
            "startTime": str(start_ms),
            "endTime": str(end_ms),
            "limit": str(INCOME_ROWS),
        }
        try:
            raws = decode_rows(await self._session.get(self._call(INCOME, params)))
        except VenueError as error:
            found.error = error
            return None
        except UnreadableError as error:
            found.error = UnreadableAnswerError(str(error), venue=self._session.config.venue)
            return None
        rows = [decode_income_row(self._session.stamp(), raw) for raw in raws]
        found.bad.extend(row for row in rows if isinstance(row, Undecodable))
        page = [row for row in rows if isinstance(row, Funding)]
        found.rows.update((row.exec_id, row) for row in page)
        return page

    async def attributed(self, fills: Sequence[Fill]) -> tuple[list[Fill], VenueError | None]:
        """The fills with their causes, and why some may lack theirs."""
        problem: VenueError | None = None
        oldest_ns = self._session.now_ns() - FORCED_KEPT_NS
        unknown = [
            fill
            for fill in fills
            if fill.transact_time_ns > oldest_ns and fill.venue_order_id not in self._causes
        ]
        if unknown:
            try:
                forced = await self._forced()
                for fill in unknown:
                    if fill.venue_order_id is not None:
                        cause = forced.get(fill.venue_order_id, FillCause.TRADE)
                        self._keep(fill.venue_order_id, cause)
            except VenueError as error:
                problem = error
        return [self._named(fill) for fill in fills], problem

    def _named(self, fill: Fill) -> Fill:
        order_id = fill.venue_order_id
        cause = None if order_id is None else self._causes.get(order_id)
        return fill if cause in {None, FillCause.TRADE} else replace(fill, cause=cause)

    async def _forced(self) -> dict[VenueOrderId, FillCause]:
        """The exchange's own orders of the last days; raises `VenueError`."""
        call = self._call(FORCE_ORDERS, {"limit": str(FORCED_ROWS)})
        try:
            return dict(
                decode_forced_row(raw) for raw in decode_rows(await self._session.get(call))
            )
        except UnreadableError as error:
            text = f"{FORCE_ORDERS.path}: {error}"
            raise UnreadableAnswerError(text, venue=self._session.config.venue) from None

    def _call(self, endpoint: Endpoint, params: dict[str, str]) -> Call:
        return Call(method="GET", endpoint=endpoint, params=params, patience_s=PATIENCE_S)
