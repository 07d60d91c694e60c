"""Binance's private stream: one connection's facts, and what it makes us ask by REST.

Binance numbers nothing and replays nothing, and a USD-M socket may ping for ever without
delivering, so pings only say that a socket stands. Whether it delivers is judged by its data: an
order that REST has accepted has to show up within `echo_s`, else the connection is made anew, and
`StreamRestored` has the engine look up what was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from daemon.core.events import Fill, OrderEvent, StreamLost, StreamRestored, VenueEvent
from daemon.core.terms import NANOS, ExecId, Symbol
from daemon.ports import Deliver
from daemon.venues.binance.logins import Login
from daemon.venues.binance.reader import BinanceReader
from daemon.venues.binance.session import BinanceSession
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT, Heard

K = TypeVar("K")

ERRAND_S: Final = 0.25
BACK_NS: Final = 600 * NANOS
SEEN_LIMIT: Final = 2_000
ERRANDS_LIMIT: Final = 200


class PrivateStream:
    """The user of the private socket."""

    def __init__(self, session: BinanceSession, reader: BinanceReader, login: Login) -> None:
        self._session = session
        self._reader = reader
        self._login = login
        self._decode = decode_spot_frame if session.config.venue == SPOT else decode_usdm_frame
        self._deliver: Deliver | None = None
        self._opened_ns: int | None = None
        self._heard_ns = 0
        self._order_heard_ns = 0
        self._owed_ns: int | None = None
        self._ended = ""
        self._lost = False
        self._told = False
        self._seen: dict[tuple[Symbol, ExecId], None] = {}
        self._hints: dict[tuple[Symbol, ExecId], int] = {}
        self._reread: dict[Symbol, None] = {}
        self._moved = False
        self._funded = False

    def begin(self, deliver: Deliver) -> None:
        """Deliver to this from now on."""
        self._deliver = deliver

    def owed(self, asked_ns: int) -> None:
        """What was asked for at `asked_ns` (monotonic) is done: this stream has to tell of it.

        It may have done so already: the stream and the answer come in either order.
        """
        if self._told and self._owed_ns is None and self._order_heard_ns < asked_ns:
            self._owed_ns = self._session.clock.mono_ns()

    async def headers(self) -> Mapping[str, str]:
        """None: who we are is said afterwards, or in the address."""
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew."""
        self._opened_ns = self._heard_ns = self._session.clock.mono_ns()
        self._owed_ns, self._ended, self._told = None, "", False
        self._login.begin(send)
        self._tell_restored()

    def _tell_restored(self) -> None:
        if self._login.confirmed and not self._told:
            self._told, self._lost = True, False
            self._emit((StreamRestored(**self._session.stamp()),))

    def received(self, raw: bytes) -> None:
        """Decode a frame, hand its facts on, and note what it makes us ask."""
        self._heard_ns = self._session.clock.mono_ns()
        heard = self._decode(self._session.stamp(), raw)
        if heard.answer is not None:
            self._login.answered(heard.answer)
            self._tell_restored()
        self._ended = self._ended or heard.ended
        self._note(heard)
        self._emit(heard.events)

    def _note(self, heard: Heard) -> None:
        if heard.hint or any(isinstance(event, OrderEvent) for event in heard.events):
            self._owed_ns, self._order_heard_ns = None, self._heard_ns
        for event in heard.events:
            if isinstance(event, Fill):
                self._reader.know(event)
                self._hints.pop((event.symbol, event.exec_id), None)
                _keep(self._seen, (event.symbol, event.exec_id), SEEN_LIMIT)
        if heard.hint is not None and heard.hint not in self._seen:
            due_ns = self._heard_ns + int(self._session.config.hint_s * NANOS)
            if len(self._hints) < ERRANDS_LIMIT:
                self._hints.setdefault(heard.hint, due_ns)
        if heard.reread is not None:
            _keep(self._reread, heard.reread, ERRANDS_LIMIT)
        self._moved = self._moved or heard.moved
        self._funded = self._funded or heard.funded

    def pinged(self) -> None:
        """The socket stands; that it delivers is not said by it."""
        self._heard_ns = self._session.clock.mono_ns()

    def overdue(self) -> str | None:
        """Why this connection is of no more use, or None."""
        opened_ns = self._opened_ns
        if opened_ns is None:
            return None
        config, now_ns = self._session.config, self._session.clock.mono_ns()
        ended = self._ended or self._login.broken or ""
        unconfirmed_ns = 0 if self._told else now_ns - opened_ns
        owed_ns = 0 if self._owed_ns is None else now_ns - self._owed_ns
        reasons = (
            (bool(ended), ended),
            (unconfirmed_ns > config.confirm_s * NANOS, "the user stream was not confirmed"),
            (owed_ns > config.echo_s * NANOS, "it does not tell of our own orders: it is dead"),
            (now_ns - self._heard_ns > config.api.silence_s * NANOS, "the socket is silent"),
            (now_ns - opened_ns > config.longest_life_s * NANOS, "it is about to reach its age"),
        )
        return next((text for true, text in reasons if true), None)

    def closed(self, text: str) -> None:
        """Tell of the loss, once."""
        self._opened_ns, self._told = None, False
        if not self._lost:
            self._lost = True
            self._emit((StreamLost(**self._session.stamp(), text=text),))

    def _emit(self, events: Sequence[VenueEvent]) -> None:
        if self._deliver is not None:
            for event in events:
                self._deliver(event)

    async def run_errands(self) -> None:
        """Ask by REST for what the stream only hinted at, until cancelled."""
        while True:
            await self._session.clock.sleep(ERRAND_S)
            now_ns = self._session.clock.mono_ns()
            due = [hint for hint, due_ns in self._hints.items() if due_ns <= now_ns]
            symbols = dict.fromkeys([*self._reread, *(symbol for symbol, _exec_id in due)])
            self._reread.clear()
            for hint in due:
                del self._hints[hint]
            for symbol in symbols:
                since_ns = max(self._session.now_ns() - BACK_NS, 1)
                self._emit(await self._reader.recent_fills(symbol, since_ns))
            if self._moved:
                self._moved = False
                self._emit(await self._reader.positions())
            if self._funded:
                self._funded = False
                self._emit(await self._reader.recent_funding(self._session.now_ns() - BACK_NS))


def _keep(store: dict[K, None], key: K, limit: int) -> None:
    store[key] = None
    while len(store) > limit:
        del store[next(iter(store))]
