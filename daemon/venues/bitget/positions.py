"""What a Bitget account holds: futures positions as they are, spot balances as positions.

Futures positions also tell the account's modes, which its orders have to name. Spot balances
become positions by `SpotHoldings`. What cannot be read sets its own symbol aside and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from daemon.core.events import PositionRow, PositionSnapshot, QueryFailed, Undecodable, VenueEvent
from daemon.core.terms import NANOS, ZERO, Currency, PositionSide, Symbol
from daemon.venues.bitget.account_wire import (
    decode_balances,
    decode_held,
    decode_page,
    decode_uta_hedged,
)
from daemon.venues.bitget.error_wire import Success
from daemon.venues.bitget.holdings import SpotHoldings
from daemon.venues.bitget.markets import BitgetMarkets
from daemon.venues.bitget.routes import UTA_SETTINGS
from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.bitget.wire import Dialect, Market, symbol
from daemon.venues.decoding import UnreadableError, decode_as
from daemon.venues.errors import UnreadableAnswerError, VenueError


class _Named(msgspec.Struct):
    symbol: str


_NAMED: Final = msgspec.json.Decoder(_Named)


class BitgetPositions:
    """Reads what one account holds on one market."""

    def __init__(self, session: BitgetSession, markets: BitgetMarkets) -> None:
        self._session = session
        self._markets = markets
        self._holdings = SpotHoldings(session.config.holdings)

    def note(self, symbols: Iterable[Symbol]) -> None:
        """On spot these are positions from now on."""
        if self._session.market is Market.SPOT:
            self._holdings.note(symbols)

    async def read(self) -> Sequence[VenueEvent]:
        """PositionSnapshot and what of it could not be read, or QueryFailed."""
        asked_ns = self._session.clock.mono_ns()
        try:
            answer = await self.ask()
            rows, bad = await self._rows(answer)
        except VenueError as error:
            stamp = self._session.stamp()
            failed = QueryFailed(**stamp, query="positions", reason=error.reason, text=error.text)
            return (failed,)
        snapshot = PositionSnapshot(
            **self._session.stamp(),
            rows=tuple(rows),
            as_of_ns=answer.time_ns - int(self._session.config.read_lag_s * NANOS),
            asked_mono_ns=asked_ns,
        )
        return (*bad, snapshot)

    async def ask(self) -> Success:
        """The answer itself, which also proves that the key may read; raises `VenueError`."""
        routes = self._session.routes
        timeout_s = self._session.config.query_timeout_s
        call = Call(path=routes.holdings, query=routes.holdings_named, timeout_s=timeout_s)
        return await self._session.get(call)

    async def know_mode(self) -> None:
        """Ask a unified account's position mode, once: its fills do not say it.

        Raises `VenueError`. The venue is asked before it is opened, too, while others are.
        """
        modes = self._session.modes
        if modes.dialect is Dialect.CLASSIC or modes.hedged is not None:
            return
        answer = await self._session.get(Call(path=UTA_SETTINGS))
        try:
            modes.hedged = decode_uta_hedged(answer.data)
        except UnreadableError as error:
            text = f"{UTA_SETTINGS}: {error}"
            raise UnreadableAnswerError(text, venue=self._session.market.venue) from None

    async def _rows(self, answer: Success) -> tuple[Sequence[PositionRow], Sequence[Undecodable]]:
        """The positions in an answer; raises `VenueError`."""
        try:
            if self._session.market is Market.SPOT:
                return await self._spot_rows(answer), ()
            return self._futures_rows(answer)
        except UnreadableError as error:
            text = f"{self._session.routes.holdings}: {error}"
            raise UnreadableAnswerError(text, venue=self._session.market.venue) from None

    def _futures_rows(self, answer: Success) -> tuple[Sequence[PositionRow], Sequence[Undecodable]]:
        aside: list[PositionRow] = []
        rows: list[PositionRow] = []
        bad: list[Undecodable] = []
        for raw in decode_page(answer.data).rows:
            held = decode_held(self._session.stamp(), raw)
            if isinstance(held, Undecodable):
                bad.append(held)
                aside += _aside(_symbol_of(raw), held.text)
            else:
                self._session.modes.note(held)
                rows += [held.row] if held.row.position_qty != ZERO else []
        return (*aside, *rows), bad

    async def _spot_rows(self, answer: Success) -> Sequence[PositionRow]:
        balances = decode_balances(answer.data)
        bases: dict[Symbol, Currency] = {}
        aside: list[PositionRow] = []
        for wanted in self._holdings.symbols:
            try:
                base = (await self._markets.terms(wanted)).base_currency
            except VenueError as error:
                aside.append(PositionRow(symbol=wanted, position_qty=None, text=error.text))
                continue
            if base is not None:
                bases[wanted] = base
        return (*aside, *self._holdings.rows(balances, bases))


def _symbol_of(raw: msgspec.Raw) -> Symbol:
    """The symbol of a row that is otherwise unreadable; raises `UnreadableError` without one."""
    return symbol(decode_as(_NAMED, raw).symbol)


def _aside(wanted: Symbol, text: str) -> Iterator[PositionRow]:
    """No position of this symbol can be told: neither side of it, nor the net one."""
    for side in PositionSide:
        yield PositionRow(symbol=wanted, position_qty=None, position_side=side, text=text)
