"""One private Bitget connection after the other: login, subscriptions, facts of the account.

Nothing is replayed after a loss, so `StreamRestored` is said when orders and fills are subscribed
again, and the engine asks for what was missed. A connection may answer pings and deliver nothing:
a fill that REST shows and that the stream should have brought long ago ends it. Bitget's
documentation has the login in milliseconds and its clients in seconds: whichever is refused, the
next connection tries the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from daemon.core.events import Fill, StreamLost, StreamRestored, Undecodable, VenueEvent
from daemon.core.terms import NANOS, ExecId, Symbol
from daemon.venues.bitget.heart import Heart
from daemon.venues.bitget.push_wire import Rows, Told
from daemon.venues.bitget.session import BitgetSession
from daemon.venues.bitget.stream_wire import (
    LoggedIn,
    ServerError,
    Subscribed,
    confirming,
    decode_frame,
    encode_login,
    encode_subscribe,
    private_args,
)

SEEN_LIMIT: Final = 4_096
LOGIN_REFUSED: Final = frozenset({"30005", "30013", "30014"})


class PrivateFeed:
    """The user of the private socket."""

    def __init__(
        self,
        session: BitgetSession,
        emit: Callable[[VenueEvent], None],
        reread: Callable[[Iterable[Symbol]], None],
    ) -> None:
        self._session = session
        self._emit = emit
        self._reread = reread
        self._seconds = True
        self._login = b""
        self._send: Callable[[bytes], None] | None = None
        self._heart: Heart | None = None
        self._opened_ns = 0
        self._subscribed: set[str] = set()
        self._confirmed_ns: int | None = None
        self._seen: dict[ExecId, None] = {}
        self._broken: str | None = None
        self._lost = False
        self.errors = 0

    @property
    def confirmed(self) -> bool:
        """True while fills and orders are subscribed."""
        return self._confirmed_ns is not None

    async def headers(self) -> Mapping[str, str]:
        """No headers; the login is signed here, off the loop where that takes long."""
        timestamp, passphrase, sign = await self._session.login(seconds=self._seconds)
        key_id = self._session.config.signer.key_id
        self._login = encode_login(key_id, passphrase, timestamp, sign)
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew: log in."""
        now_ns = self._session.clock.mono_ns()
        self._send, self._opened_ns = send, now_ns
        self._heart = Heart(send, self._session.config.ping_s, now_ns)
        self._subscribed.clear()
        self._seen.clear()
        self._confirmed_ns, self._broken = None, None
        send(self._login)

    def received(self, raw: bytes) -> None:
        """Decode a frame and act on it."""
        stamp, modes = self._session.stamp(), self._session.modes
        if self._heart is not None:
            self._heart.heard(stamp["mono_ns"])
        told = Told(stamp, self._session.market, modes.hedged)
        frame = decode_frame(told, modes.dialect, raw)
        body = frame.body
        if isinstance(body, Rows):
            self._take(body)
        elif isinstance(body, LoggedIn):
            self._subscribe()
        elif isinstance(body, Subscribed):
            self._confirm(body)
        elif isinstance(body, ServerError):
            self._refused(body, frame.channel)
        elif isinstance(body, Undecodable):
            self._emit(body)

    def _subscribe(self) -> None:
        if self._send is not None:
            args = private_args(self._session.market, self._session.modes.dialect)
            for message in encode_subscribe(args):
                self._send(message)

    def _confirm(self, body: Subscribed) -> None:
        self._subscribed.add(body.channel)
        needed = confirming(self._session.modes.dialect)
        if self._confirmed_ns is None and self._subscribed >= needed:
            self._confirmed_ns = self._session.venue_ns()
            self._lost = False
            self._emit(StreamRestored(**self._session.stamp()))

    def _refused(self, error: ServerError, channel: str) -> None:
        """Only a channel that we can do without may be refused."""
        self.errors += 1
        if error.code in LOGIN_REFUSED:
            self._seconds = not self._seconds
        if not channel or channel in confirming(self._session.modes.dialect):
            self._broken = f"Bitget refused: {error.code} {error.text}"

    def _take(self, rows: Rows) -> None:
        modes = self._session.modes
        if rows.hedged is not None:
            modes.hedged = rows.hedged
        for held in rows.held:
            modes.note(held)
        for event in rows.events:
            if isinstance(event, Fill):
                self._seen[event.exec_id] = None
            self._emit(event)
        while len(self._seen) > SEEN_LIMIT:
            del self._seen[next(iter(self._seen))]
        if rows.reread:
            self._reread(rows.reread)

    def compare(self, fills: Iterable[Fill]) -> None:
        """REST showed these: the stream should have brought those since it was confirmed."""
        if self._confirmed_ns is None:
            return
        config = self._session.config
        late_ns = self._session.venue_ns() - int(config.missed_fill_s * NANOS)
        for fill in fills:
            due = self._confirmed_ns + NANOS < fill.transact_time_ns < late_ns
            if due and fill.exec_id not in self._seen:
                self._broken = f"the stream did not deliver fill {fill.exec_id}"

    def pinged(self) -> None:
        """Bitget sends no ping frames; one would only show that somebody is there."""
        if self._heart is not None:
            self._heart.heard(self._session.clock.mono_ns())

    def tick(self) -> None:
        """Ping."""
        if self._heart is not None:
            self._heart.tick(self._session.clock.mono_ns())

    def overdue(self) -> str | None:
        """Refused, silent for too long, not confirmed in time, or proven to miss facts."""
        now_ns = self._session.clock.mono_ns()
        if self._heart is None:
            return None
        if self._broken is not None:
            return self._broken
        if self._heart.silent(now_ns):
            return "the websocket is silent"
        late = now_ns - self._opened_ns > self._session.config.confirm_s * NANOS
        return "subscriptions were not confirmed" if late and not self.confirmed else None

    def closed(self, text: str) -> None:
        """Tell of the loss, once."""
        self._send, self._heart, self._confirmed_ns = None, None, None
        if not self._lost:
            self._lost = True
            self._emit(StreamLost(**self._session.stamp(), text=self._broken or text))
