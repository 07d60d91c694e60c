"""The heartbeat of one Bitget connection: our text `ping`, their text `pong`. Does no I/O.

Bitget closes a connection that has not pinged for two minutes, and one that says more than ten
things a second (Bitget docs: websocket). A pong only shows that somebody is there; whether facts
still come is judged by the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.core.terms import NANOS
from daemon.venues.bitget.stream_wire import PING

DEAD_PINGS: Final = 3
"""A connection on which nothing was heard for three pings is given up."""


class Heart:
    """Pings now and then, and knows for how long nothing was heard."""

    def __init__(self, send: Callable[[bytes], None], ping_s: float, mono_ns: int) -> None:
        self._send = send
        self._every_ns = int(ping_s * NANOS)
        self._pinged_ns = mono_ns
        self._heard_ns = mono_ns

    def heard(self, mono_ns: int) -> None:
        """Anything came."""
        self._heard_ns = mono_ns

    def tick(self, mono_ns: int) -> None:
        """Ping if it is time."""
        if mono_ns - self._pinged_ns >= self._every_ns:
            self._pinged_ns = mono_ns
            self._send(PING)

    def silent(self, mono_ns: int) -> bool:
        """True when nothing, not even a pong, was heard for too long."""
        return mono_ns - self._heard_ns > DEAD_PINGS * self._every_ns
