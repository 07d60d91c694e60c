"""What an account holds, as positions: USD-M's own rows, spot's balances.

Spot knows coins, not positions. A pair is a position when it is configured (`kept_qty`), watched
or traded: the whole balance of its base coin, free and locked, less what is kept out of it. Two
pairs of one base coin cannot both hold it: the first one does, the configured ones before others.
A balance is net of base-coin fees, as a position has to be (semantics ruling 29).
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.core.events import PositionRow, PositionSnapshot, Undecodable
from daemon.core.terms import ZERO, Currency, Symbol
from daemon.venues.binance.account_wire import decode_balances, decode_position_row
from daemon.venues.binance.markets import BinanceMarkets
from daemon.venues.binance.order_wire import decode_rows
from daemon.venues.binance.session import BinanceSession, Call
from daemon.venues.binance.wire import SPOT
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError


class BinanceHoldings:
    """Reads all live positions of one account on one market."""

    def __init__(self, session: BinanceSession, markets: BinanceMarkets) -> None:
        self._session = session
        self._markets = markets

    async def read(self, symbols: Iterable[Symbol]) -> PositionSnapshot:
        """All positions; on spot those of `symbols`. Raises `VenueError`."""
        config = self._session.config
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        params = {"omitZeroBalances": "true"} if config.venue == SPOT else {}
        call = Call(method="GET", endpoint=config.api.account, params=params)
        body = await self._session.get(call)
        try:
            rows = await self._spot(body, symbols) if config.venue == SPOT else self._usdm(body)
        except UnreadableError as error:
            text = f"{config.api.account.path}: {error}"
            raise UnreadableAnswerError(text, venue=config.venue) from None
        return PositionSnapshot(
            **self._session.stamp(),
            rows=tuple(row for row in rows if row.position_qty != ZERO),
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
        )

    def _usdm(self, body: bytes) -> list[PositionRow]:
        rows = [decode_position_row(self._session.stamp(), raw) for raw in decode_rows(body)]
        bad = [row for row in rows if isinstance(row, Undecodable)]
        if bad:
            raise UnreadableError(f"{len(bad)} rows cannot be read: {bad[0].text}")
        return [row for row in rows if isinstance(row, PositionRow)]

    async def _spot(self, body: bytes, symbols: Iterable[Symbol]) -> list[PositionRow]:
        held, kept = decode_balances(body), self._session.config.kept_qty
        claimed: dict[Currency, PositionRow] = {}
        for symbol in dict.fromkeys((*kept, *symbols)):
            base = await self._base_of(symbol)
            if base is None or base in claimed:
                continue
            qty = held.get(base, ZERO) - kept.get(symbol, ZERO)
            claimed[base] = PositionRow(symbol=symbol, position_qty=max(qty, ZERO))
        return list(claimed.values())

    async def _base_of(self, symbol: Symbol) -> Currency | None:
        """None for a pair that is not listed any more; raises `VenueError` where nobody can say."""
        try:
            return (await self._markets.terms(symbol)).base_currency
        except NotFoundError:
            return None

    async def check(self) -> str | None:
        """What is wrong with the configured pairs, or None; raises `VenueError`."""
        bases: dict[Currency, Symbol] = {}
        for symbol, kept in self._session.config.kept_qty.items():
            if kept < ZERO:
                return f"kept_qty of {symbol} is {kept}, below 0"
            try:
                base = (await self._markets.terms(symbol)).base_currency
            except (NotFoundError, UnreadableAnswerError) as error:
                return f"kept_qty names {symbol}: {error.text}"
            if base is not None and bases.setdefault(base, symbol) != symbol:
                return f"kept_qty names {bases[base]} and {symbol}: both hold the same {base}"
        return None
