"""Binance's trade lists, read to the end within each market's windows. Knows rows, not meaning.

Trades are asked for one symbol at a time (Binance docs: account trade list): spot by at most 24
hours, or from an id on; USD-M by at most 7 days, for 6 months. A window whose answer is full is
asked for again from its newest trade on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.core.events import Fill, Undecodable
from daemon.core.terms import NANOS, ExecId, Symbol, VenueOrderId
from daemon.venues.binance.order_wire import decode_rows, decode_trade_row
from daemon.venues.binance.session import BinanceSession, Call
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import UnreadableAnswerError, VenueError

PAGE_ROWS: Final = 1_000
PAGES_LIMIT: Final = 500
WINDOWS_LIMIT: Final = 60
"""Beyond so many windows a list is read from its first trade on, where the market can do that."""

PATIENCE_S: Final = 60.0
_MS: Final = 1_000_000

Params = Mapping[str, str]


@dataclass(slots=True)
class TradeList:
    """What was read: fills, oldest first and each once; rows that are none; why it ended early."""

    fills: dict[tuple[ExecId, VenueOrderId | None], Fill] = field(default_factory=dict)
    bad: list[Undecodable] = field(default_factory=list)
    error: VenueError | None = None

    @property
    def rows(self) -> list[Fill]:
        """The fills by time."""
        return sorted(self.fills.values(), key=lambda fill: fill.transact_time_ns)

    def problem(self) -> VenueError | None:
        """Why this list is not complete, or None when it is."""
        if self.error is None and self.bad:
            text = f"{len(self.bad)} trades cannot be read: {self.bad[0].text}"
            return UnreadableAnswerError(text, venue=self.bad[0].venue)
        return self.error


class BinanceTrades:
    """Reads trades; never raises a `VenueError`."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session

    async def since(self, symbol: Symbol, since_ns: int, *, urgent: bool) -> TradeList:
        """All trades of a symbol since `since_ns`, UTC ns; 0: all that the venue still tells."""
        found = TradeList()
        api = self._session.config.api
        old_ns = self._session.now_ns() - WINDOWS_LIMIT * api.trades_window_s * NANOS
        if api.trades_kept_s is None and since_ns < old_ns:
            await self._read(found, {"symbol": str(symbol), "fromId": "0"}, urgent=urgent)
            return found
        for start_ms, end_ms in self._windows(since_ns):
            params = {"symbol": str(symbol), "startTime": str(start_ms), "endTime": str(end_ms)}
            await self._read(found, params, urgent=urgent)
            if found.error is not None:
                break
        return found

    async def of_order(self, symbol: Symbol, order_id: VenueOrderId) -> TradeList:
        """The trades of one order, as far back as the venue finds them by its id."""
        found = TradeList()
        params = {"symbol": str(symbol), "orderId": str(order_id)}
        await self._read(found, params, urgent=True)
        found.fills = {
            k: fill for k, fill in found.fills.items() if fill.venue_order_id == order_id
        }
        return found

    def _windows(self, since_ns: int) -> Iterator[tuple[int, int]]:
        """Spans of unix ms, both ends included, from `since_ns` to now."""
        api, now_ms = self._session.config.api, self._session.now_ns() // _MS
        start_ms = max(since_ns, 0) // _MS
        if api.trades_kept_s is not None:
            start_ms = max(start_ms, now_ms - api.trades_kept_s * 1_000)
        span_ms = api.trades_window_s * 1_000
        while start_ms <= now_ms:
            # The last window ends in the future: a trade of this moment is not cut off.
            yield start_ms, start_ms + span_ms - 1
            start_ms += span_ms

    async def _read(self, found: TradeList, first: Params, *, urgent: bool) -> None:
        """Read until a page is not full."""
        ask: Params | None = first
        for _page in range(PAGES_LIMIT):
            if ask is None:
                return
            ask = await self._page(found, ask, urgent=urgent)
        venue = self._session.config.venue
        found.error = UnreadableAnswerError("the trades have no end", venue=venue)

    async def _page(self, found: TradeList, ask: Params, *, urgent: bool) -> Params | None:
        """One page; what to ask next, or None at the end or with the reason in `found`."""
        call = Call(
            method="GET",
            endpoint=self._session.config.api.trades,
            params={**ask, "limit": str(PAGE_ROWS)},
            urgent=urgent,
            patience_s=PATIENCE_S,
        )
        try:
            rows = decode_rows(await self._session.get(call))
        except VenueError as error:
            found.error = error
            return None
        except UnreadableError as error:
            found.error = UnreadableAnswerError(str(error), venue=self._session.config.venue)
            return None
        page = [decode_trade_row(self._session.stamp(), raw) for raw in rows]
        fills = [row for row in page if isinstance(row, Fill)]
        found.fills.update(((fill.exec_id, fill.venue_order_id), fill) for fill in fills)
        found.bad.extend(row for row in page if isinstance(row, Undecodable))
        return None if len(rows) < PAGE_ROWS or not fills else _behind(ask, fills)


def _behind(ask: Params, fills: Sequence[Fill]) -> Params:
    """The next page of a full one: from its newest time on where that leads on, else by id."""
    newest = max(fills, key=lambda fill: int(fill.exec_id))
    newest_ms = newest.transact_time_ns // _MS
    if newest_ms > int(ask.get("startTime", newest_ms)):
        return {**ask, "startTime": str(newest_ms)}
    kept = {key: ask[key] for key in ("symbol", "orderId") if key in ask}
    return {**kept, "fromId": str(int(newest.exec_id) + 1)}
