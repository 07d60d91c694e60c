"""The public websockets of one market: best prices, the top of the book, tickers.

A subscription is shown what is; changes of one turn of the loop are told together.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from daemon.paper.bitget.market_reads import levels_view, ticker_view, uta_ticker_view
from daemon.paper.bitget.sessions import Arg, Session
from daemon.paper.bitget.words import Json, ms
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.happenings import Happening, LevelChanged
from daemon.paper.crypto.model import Instrument
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.model import Side
from daemon.paper.units import millis

_DEPTHS = {"books1": 1, "books5": 5, "books15": 15, "books50": 50}


class PublicHub:
    """Every public connection of one dialect."""

    def __init__(self, venue: CoinVenue, market: str, *, is_unified: bool) -> None:
        self._venue = venue
        self._market = market
        self._is_unified = is_unified
        self._sessions: list[Session] = []
        self._changed: set[str] = set()
        self._shown: dict[tuple[Session, Arg], object] = {}
        venue.exchange.observers.append(self._hear)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """/v2/ws/public or /v3/ws/public"""
        refused = self._venue.exchange.faults.take(FaultKind.WS_REFUSE, Where(channel="market"))
        if refused:
            return web.Response(status=refused.status)
        connection = Connection(self._venue, request, pings=False)
        session = Session(self._venue, connection, False, self._check, self._begin)  # noqa: FBT003
        self._sessions.append(session)
        try:
            return await connection.talk(session.obey)
        finally:
            self._sessions.remove(session)
            self._shown = {k: rows for k, rows in self._shown.items() if k[0] is not session}

    def strike(self, fault: Fault) -> int:
        """Cut all connections, where the fault means no account."""
        if fault.kind is not FaultKind.WS_DISCONNECT or fault.account:
            return 0
        for session in self._sessions:
            session.connection.cut()
        return len(self._sessions)

    def _check(self, _session: Session, arg: Arg) -> bool:
        is_known = arg.symbol in self._venue.exchange.instruments
        return is_known and arg.market == self._market and arg.channel in {*_DEPTHS, "ticker"}

    def _begin(self, session: Session, arg: Arg) -> None:
        self._shown.pop((session, arg), None)
        self._show(session, arg)

    def _hear(self, happening: Happening) -> None:
        if not isinstance(happening, LevelChanged) or not self._sessions:
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell)
        self._changed.add(happening.symbol)

    def _tell(self) -> None:
        changed, self._changed = self._changed, set()
        for session in self._sessions:
            for arg in session.args:
                if arg.symbol in changed:
                    self._show(session, arg)

    def _show(self, session: Session, arg: Arg) -> None:
        """Tell a channel's row if it says something new."""
        instrument = self._venue.exchange.instruments[arg.symbol]
        make = self._ticker if arg.channel == "ticker" else self._book
        row, ts = make(instrument, arg), ms(self._venue.door_ns())
        if self._shown.get((session, arg)) == row:
            return
        self._shown[session, arg] = row
        stamp: Json = {"ts": ts}
        if arg.channel != "ticker":
            stamp |= {"checksum": 0, "seq": instrument.changes}
        frame: Json = {
            "action": "snapshot",
            "arg": arg.echo,
            "data": [row | stamp],
            "ts": millis(self._venue.door_ns()),
        }
        session.connection.tell(frame, f"market {arg.channel}", arg.symbol)

    def _ticker(self, instrument: Instrument, _arg: Arg) -> Json:
        if self._is_unified:
            row = uta_ticker_view(self._venue, instrument)
        else:
            row = ticker_view(self._venue, instrument)
            row["instId"] = row.pop("symbol")
        del row["ts"]
        return row

    def _book(self, instrument: Instrument, arg: Arg) -> Json:
        rows = _DEPTHS[arg.channel]
        asks, bids = ("a", "b") if self._is_unified else ("asks", "bids")
        return {
            asks: levels_view(self._venue, instrument, Side.ASK)[:rows],
            bids: levels_view(self._venue, instrument, Side.BID)[:rows],
        }
