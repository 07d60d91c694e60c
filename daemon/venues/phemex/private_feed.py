"""Phemex's private websocket: login, subscription, facts, and whether it still tells any.

A connection that answers pings and tells nothing is the worst one: after an order that REST has
accepted, the stream has to speak within `echo_s`, or the connection is given up. Every
subscription begins with a snapshot of old rows; fills in it from before this process are left to
the back-fill, which knows from where on to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from daemon.core.events import Fill, StreamLost, StreamRestored, Undecodable, VenueEvent
from daemon.core.terms import NANOS
from daemon.venues.decoding import Stamp
from daemon.venues.phemex.link import Link
from daemon.venues.phemex.session import PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.stream_wire import (
    Private,
    Reply,
    Unscaled,
    decode_frame,
    encode_auth,
    encode_private,
)

PARKED_LIMIT: Final = 256


class PrivateFeed:
    """The user of the private socket, over all its connections."""

    def __init__(
        self, session: PhemexSession, shelf: Shelf, emit: Callable[[VenueEvent], None]
    ) -> None:
        self._session = session
        self._shelf = shelf
        self._emit = emit
        self._link: Link | None = None
        self._asked: dict[int, str] = {}
        self._broken: str | None = None
        self._confirmed = False
        self._lost = False
        self._began_ns: int | None = None
        self._expected_ns: int | None = None
        self._spoke_ns = 0
        self._parked: list[tuple[Stamp, bytes]] = []

    @property
    def waits_for_products(self) -> bool:
        """True while frames of unknown products are parked."""
        return bool(self._parked)

    def expect(self, mono_ns: int) -> None:
        """An order sent at `mono_ns` was accepted: this stream has to tell of it."""
        if self._expected_ns is None or self._spoke_ns >= self._expected_ns:
            self._expected_ns = mono_ns

    async def headers(self) -> Mapping[str, str]:
        """The handshake has no signature: we log in afterwards."""
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Log in."""
        session = self._session
        if self._began_ns is None:
            self._began_ns = session.now_ns()
        self._link = Link(session.config, send, session.clock.mono_ns())
        self._broken, self._confirmed, self._expected_ns = None, False, None
        config, expiry_s = session.config, session.expiry_s()
        signature = config.signer.login(config.key_id, expiry_s)
        auth = partial(encode_auth, key_id=config.key_id, signature=signature, expiry_s=expiry_s)
        self._asked = {self._link.ask(auth): "user.auth"}

    def received(self, raw: bytes) -> None:
        """Take in one frame."""
        if self._link is None:
            return
        stamp = self._session.stamp()
        self._link.life.heard(stamp["mono_ns"])
        body = decode_frame(stamp, raw, self._shelf.products)
        if isinstance(body, Private):
            self._take(body, stamp["mono_ns"])
        elif isinstance(body, Unscaled) and len(self._parked) < PARKED_LIMIT:
            self._parked.append((stamp, raw))
        elif isinstance(body, Unscaled):
            self._take_as_it_is(stamp, raw)
        elif isinstance(body, Reply):
            self._answered(self._link, body)
        elif isinstance(body, Undecodable):
            self._emit(body)

    def _take(self, body: Private, mono_ns: int) -> None:
        self._spoke_ns = mono_ns
        self._shelf.note(row.symbol for row in body.positions if row.position_qty)
        for event in body.events:
            old = isinstance(event, Fill) and event.transact_time_ns < (self._began_ns or 0)
            if body.whole and old:
                continue
            if isinstance(event, Fill):
                self._shelf.note((event.symbol,))
            self._emit(event)

    def unpark(self) -> None:
        """The products were read again: what is still unknown now is told."""
        parked, self._parked = self._parked, []
        for stamp, raw in parked:
            self._take_as_it_is(stamp, raw)

    def _take_as_it_is(self, stamp: Stamp, raw: bytes) -> None:
        body = decode_frame(stamp, raw, self._shelf.products, parks_unknown=False)
        if isinstance(body, Private):
            self._take(body, stamp["mono_ns"])
        elif isinstance(body, Undecodable):
            self._emit(body)

    def _answered(self, link: Link, reply: Reply) -> None:
        what = self._asked.pop(reply.request_id, None)
        if what is None:
            return
        if reply.error:
            self._broken = f"{what} was refused: {reply.error}"
        elif what == "user.auth":
            subscribe = partial(encode_private, venue=self._session.config.venue)
            self._asked[link.ask(subscribe)] = "the subscription"
        else:
            self._confirmed, self._lost = True, False
            self._emit(StreamRestored(**self._session.stamp()))

    def beat(self) -> None:
        """Called all the time: keep the connection."""
        if self._link is not None:
            self._link.beat(self._session.clock.mono_ns())

    def pinged(self) -> None:
        """A ping of the server's is a sign of life of the connection, not of its data."""
        if self._link is not None:
            self._link.life.heard(self._session.clock.mono_ns())

    def overdue(self) -> str | None:
        """Refused, silent, not confirmed in time, or dumb about an order of ours."""
        if self._link is None:
            return None
        now_ns = self._session.clock.mono_ns()
        if self._broken is not None:
            return self._broken
        if not self._confirmed and self._link.late(now_ns):
            return "the subscription was not confirmed"
        return self._link.silence(now_ns) or self._dumb(now_ns)

    def _dumb(self, now_ns: int) -> str | None:
        expected_ns = self._expected_ns
        if expected_ns is None or self._spoke_ns >= expected_ns:
            return None
        waited = now_ns - expected_ns > self._session.config.echo_s * NANOS
        return "the private stream says nothing of an accepted order" if waited else None

    def closed(self, text: str) -> None:
        """Tell of the loss, once."""
        self._link = None
        if not self._lost:
            self._lost = True
            self._emit(StreamLost(**self._session.stamp(), text=text))
