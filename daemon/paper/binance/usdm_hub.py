"""USD-M's private stream: which connection listens by which key, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from daemon.paper.binance.calls import Json
from daemon.paper.binance.listen_keys import ListenKey, ListenKeys
from daemon.paper.binance.usdm_views import (
    account_event,
    amended_event,
    end_event,
    fill_event,
    lite_event,
    order_event,
)
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Cause,
    Happening,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderFilled,
    SettingsChanged,
)
from daemon.paper.crypto.model import Origin
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.units import millis

_EVEN_CHANCE = 500_000
# A strict filter of events leaves these out.
_UNFILTERED = frozenset({"listenKeyExpired", "MARGIN_CALL"})


@dataclass(slots=True)
class _Listener:
    """A connection that gave a key. `events`: its filter, empty for everything."""

    connection: Connection
    listen_key: str
    is_combined: bool
    events: frozenset[str]

    def tell(self, event: Json, symbol: str) -> None:
        kind = str(event["e"])
        if self.events and (kind not in self.events or kind in _UNFILTERED):
            return
        whole = {"stream": self.listen_key, "data": event} if self.is_combined else event
        self.connection.tell_private(whole, kind, symbol)


class PrivateStream:
    """Every listener on /private. `account_frames`: before, after or race."""

    def __init__(self, venue: CoinVenue, keys: ListenKeys, account_frames: str) -> None:
        self._venue = venue
        self._keys = keys
        self._account_frames = account_frames
        self._listeners: list[_Listener] = []
        self._held: Callable[[], None] | None = None
        venue.exchange.observers.append(self._hear)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """/private/ws/KEY, /private/ws?listenKey=KEY, /private/stream?listenKey=KEY

        A key that nobody has is taken without a word, and nothing is ever sent on it.
        """
        text = request.match_info.get("key") or request.query.get("listenKey", "")
        account = self._keys.owner(text) or ""
        where = Where(channel="private", account=account)
        refused = self._venue.exchange.faults.take(FaultKind.WS_REFUSE, where)
        if refused:
            return web.Response(status=refused.status)
        connection = Connection(self._venue, request, account)
        is_combined = request.path.rstrip("/").endswith("/stream")
        chosen = request.query.get("events", "")
        events = frozenset(name for name in chosen.split("/") if name)
        listener = _Listener(connection, text, is_combined, events)
        self._listeners.append(listener)
        try:
            return await connection.talk(_ignore)
        finally:
            self._listeners.remove(listener)

    def strike(self, fault: Fault) -> int:
        """Cut the connections of an account, or of all."""
        chosen = [s for s in self._listeners if fault.account in ("", s.connection.account)]
        for listener in chosen:
            listener.connection.cut()
        return len(chosen)

    def expired(self, key: ListenKey) -> None:
        """Tell a key's listeners that it ended; their sockets stay open, and silent."""
        event: Json = {
            "e": "listenKeyExpired",
            # A text, unlike every other event's.
            "E": str(millis(self._venue.door_ns())),
            "listenKey": key.text,
        }
        for listener in self._listeners:
            if listener.listen_key == key.text:
                listener.tell(event, "")

    # Happenings

    def _hear(self, happening: Happening) -> None:
        event_ns = self._venue.door_ns()
        match happening:
            case OrderAccepted(order=order):
                event = order_event(order, event_ns, happening.time_ns)
                self._tell(order.account, event, order.symbol)
            case OrderFilled():
                self._tell_fill(happening, event_ns)
            case OrderEnded(order=order):
                self._tell(order.account, end_event(happening, event_ns), order.symbol)
            case OrderAmended(order=order):
                self._tell(order.account, amended_event(order, event_ns), order.symbol)
            case AccountMoved():
                self._tell_moved(happening, event_ns)
            case SettingsChanged():
                self._tell_settings(happening, event_ns)
            case _:
                pass

    def _tell_fill(self, filled: OrderFilled, event_ns: int) -> None:
        order, fill = filled.order, filled.fill
        if fill.origin is Origin.MEMBER:
            self._tell(order.account, lite_event(order, fill, event_ns), order.symbol)
        event = fill_event(order, fill, event_ns)

        def tell() -> None:
            self._tell(order.account, event, order.symbol)

        # The exchange books the account next: its frame may go first.
        if self._is_account_first():
            self._held = tell
        else:
            tell()

    def _is_account_first(self) -> bool:
        if self._account_frames == "race":
            return self._venue.exchange.chance.happens(_EVEN_CHANCE)
        return self._account_frames == "before"

    def _tell_moved(self, moved: AccountMoved, event_ns: int) -> None:
        exchange = self._venue.exchange
        unrealized = [exchange.unrealized(position) for position in moved.positions]
        totals = exchange.holdings.totals[moved.account]
        event = account_event(moved, totals, unrealized, event_ns)
        self._tell(moved.account, event, moved.positions[0].symbol if moved.positions else "")
        held, self._held = self._held, None
        if held is not None and moved.cause is Cause.ORDER:
            held()

    def _tell_settings(self, changed: SettingsChanged, event_ns: int) -> None:
        event: Json = {
            "e": "ACCOUNT_CONFIG_UPDATE",
            "E": millis(event_ns),
            "T": millis(changed.time_ns),
            "ac": {"s": changed.symbol, "l": changed.leverage},
        }
        self._tell(changed.account, event, changed.symbol)

    def _tell(self, account: str, event: Json, symbol: str) -> None:
        for listener in self._listeners:
            if self._keys.owner(listener.listen_key) == account:
                listener.tell(event, symbol)


async def _ignore(_text: str) -> None:
    """Nothing that is said on the private stream changes it."""
