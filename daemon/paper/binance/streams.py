"""Public market streams of both markets: bookTicker, depth differences and partial depth.

Changes of one turn of the loop are told together. Like the venue, it sends nothing on
subscription: the first frame comes with the first change.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from aiohttp import web

from daemon.paper.binance.calls import Json
from daemon.paper.binance.market_reads import best, levels_view, number
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.happenings import Happening, LevelChanged
from daemon.paper.crypto.model import Instrument
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.model import Side
from daemon.paper.units import millis

_STREAM = re.compile(
    r"^(?P<symbol>[a-z0-9_]+)@(?P<kind>bookTicker|depth(?P<rows>5|10|20)?)(@\d+ms)?$"
)


@dataclass(slots=True)
class _Changes:
    """What happened to one book since the last frame."""

    first_id: int
    levels: dict[tuple[bool, Decimal], Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class _Listener:
    """One connection and the streams that it listens to."""

    connection: Connection
    is_combined: bool
    streams: list[str]
    is_silent: bool = False

    async def obey(self, text: str) -> None:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        try:
            message: object = msgspec.json.decode(text)
        except msgspec.DecodeError:
            message = None
        if not isinstance(message, dict):
            self.connection.tell({"error": {"code": 3, "msg": "Invalid JSON"}, "id": None})
            return
        params, number = message.get("params"), message.get("id")
        names = [str(name) for name in params] if isinstance(params, list) else []
        result: object = None
        match message.get("method"):
            case "SUBSCRIBE":
                self.streams = list(dict.fromkeys([*self.streams, *names]))
            case "UNSUBSCRIBE":
                self.streams = [name for name in self.streams if name not in names]
            case "LIST_SUBSCRIPTIONS":
                result = self.streams
            case other:
                text = f"Invalid request: unknown variant `{other}`"
                self.connection.tell({"error": {"code": 2, "msg": text}, "id": number})
                return
        self.connection.tell({"result": result, "id": number})


class MarketStreams:
    """Every listener of one market."""

    def __init__(self, venue: CoinVenue) -> None:
        self._venue = venue
        self._listeners: list[_Listener] = []
        self._changes: dict[str, _Changes] = {}
        self._tops: defaultdict[str, tuple[object, ...]] = defaultdict(tuple)
        venue.exchange.observers.append(self._hear)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """.../ws, .../ws/NAME/NAME, .../stream?streams=NAME/NAME"""
        return await self._listen(request, is_silent=False)

    async def serve_silently(self, request: web.Request) -> web.StreamResponse:
        """A path that the venue has retired: it shakes hands, pings, and never says anything."""
        return await self._listen(request, is_silent=True)

    async def _listen(self, request: web.Request, *, is_silent: bool) -> web.StreamResponse:
        refused = self._venue.exchange.faults.take(FaultKind.WS_REFUSE, Where(channel="market"))
        if refused:
            return web.Response(status=refused.status)
        written = request.match_info.get("streams") or request.query.get("streams", "")
        is_combined = request.path.rstrip("/").endswith("/stream")
        names = [name for name in written.split("/") if name]
        connection = Connection(self._venue, request)
        listener = _Listener(connection, is_combined, names, is_silent)
        self._listeners.append(listener)
        try:
            return await connection.talk(listener.obey if not is_silent else _ignore)
        finally:
            self._listeners.remove(listener)

    def strike(self, fault: Fault) -> int:
        """Cut the connections, where the fault means the market."""
        if fault.kind is not FaultKind.WS_DISCONNECT or fault.account:
            return 0
        for listener in list(self._listeners):
            listener.connection.cut()
        return len(self._listeners)

    def close(self) -> None:
        """Cut every connection."""
        for listener in list(self._listeners):
            listener.connection.cut()

    # Changes

    def _hear(self, happening: Happening) -> None:
        if not isinstance(happening, LevelChanged) or not self._listeners:
            return
        if not self._changes:
            asyncio.get_running_loop().call_soon(self._tell)
        instrument = self._venue.exchange.instruments[happening.symbol]
        changes = self._changes.setdefault(happening.symbol, _Changes(instrument.changes))
        changes.levels[happening.is_bid, happening.price] = happening.qty

    def _tell(self) -> None:
        changed, self._changes = self._changes, {}
        for symbol, changes in changed.items():
            instrument = self._venue.exchange.instruments[symbol]
            top = tuple(best(self._venue, instrument, side) for side in Side)
            is_moved, self._tops[symbol] = self._tops[symbol] != top, top
            for listener in self._listeners:
                for name in listener.streams:
                    found = _STREAM.match(name)
                    if found and found["symbol"] == symbol.lower() and not listener.is_silent:
                        self._send(listener, name, found, instrument, changes, is_moved=is_moved)

    def _send(
        self,
        listener: _Listener,
        name: str,
        found: re.Match[str],
        instrument: Instrument,
        changes: _Changes,
        *,
        is_moved: bool,
    ) -> None:
        if found["kind"] == "bookTicker":
            if not is_moved:
                return
            frame = self._top_frame(instrument)
        elif found["rows"]:
            frame = self._partial_frame(instrument, changes, int(found["rows"]))
        else:
            frame = self._diff_frame(instrument, changes)
        whole = {"stream": name, "data": frame} if listener.is_combined else frame
        listener.connection.tell(whole, f"market {found['kind']}", instrument.symbol)

    def _times(self) -> Json:
        return {"E": millis(self._venue.door_ns()), "T": millis(self._venue.now_ns())}

    def _top_frame(self, instrument: Instrument) -> Json:
        (bid, bid_qty), (ask, ask_qty) = (best(self._venue, instrument, side) for side in Side)
        view: Json = {
            "u": instrument.changes,
            "s": instrument.symbol,
            "b": bid,
            "B": bid_qty,
            "a": ask,
            "A": ask_qty,
        }
        return {"e": "bookTicker", **view, **self._times()} if instrument.is_contract else view

    def _diff_frame(self, instrument: Instrument, changes: _Changes) -> Json:
        return self._depth_head(instrument, changes) | {
            key: [
                (number(instrument, price), number(instrument, qty))
                for (is_bid, price), qty in changes.levels.items()
                if is_bid is wanted
            ]
            for key, wanted in (("b", True), ("a", False))
        }

    def _partial_frame(self, instrument: Instrument, changes: _Changes, rows: int) -> Json:
        bids, asks = (levels_view(self._venue, instrument, side)[:rows] for side in Side)
        if not instrument.is_contract:
            return {"lastUpdateId": instrument.changes, "bids": bids, "asks": asks}
        return self._depth_head(instrument, changes) | {"b": bids, "a": asks}

    def _depth_head(self, instrument: Instrument, changes: _Changes) -> Json:
        view: Json = {"e": "depthUpdate", **self._times(), "s": instrument.symbol}
        view |= {"U": changes.first_id, "u": instrument.changes}
        if instrument.is_contract:
            return view | {"pu": changes.first_id - 1}
        del view["T"]
        return view


async def _ignore(_text: str) -> None:
    """What is said to a retired path is heard by nobody."""
