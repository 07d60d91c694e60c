"""What Phemex's two connections have in common: numbered commands and our heartbeat.

The venue drops a connection on which we send no ping for 30 s; it suggests one every 5 s and a new
connection after three without an answer (Phemex docs: heartbeat).
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.core.terms import NANOS
from daemon.venues.liveness import Liveness
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.stream_wire import encode_ping


class Link:
    """One connection's commands and its life."""

    def __init__(self, config: PhemexConfig, send: Callable[[bytes], None], mono_ns: int) -> None:
        self._config = config
        self._send = send
        self._next_id = 1
        self._ping_ns = mono_ns
        self.opened_ns = mono_ns
        self.life = Liveness(
            int(config.feed_alive_s * NANOS), int(config.feed_lag_s * NANOS), mono_ns
        )

    def ask(self, encode: Callable[[int], bytes]) -> int:
        """Send the command that `encode` makes of its number; returns the number."""
        number = self._next_id
        self._next_id += 1
        self._send(encode(number))
        return number

    def beat(self, mono_ns: int) -> None:
        """Send our heartbeat when it is due."""
        if mono_ns - self._ping_ns >= int(self._config.ping_s * NANOS):
            self._ping_ns = mono_ns
            self.ask(encode_ping)

    def silence(self, mono_ns: int) -> str | None:
        """Why this connection is dead, if nothing comes over it any more."""
        silent = self.life.silent_ns(mono_ns) > self._config.silence_s * NANOS
        return "the websocket answers nothing" if silent else None

    def late(self, mono_ns: int) -> bool:
        """True when what was asked for at the beginning should have been confirmed."""
        return mono_ns - self.opened_ns > self._config.confirm_s * NANOS
