"""Whether a websocket connection can be believed now (semantics ruling 12). Pure.

Alive means heard from within `alive_ns` (a frame, or the server's ping) and not lagging: the
newest frame that says when it was sent was at most `lag_ns` old when it came. A quiet market is
alive as long as its connection is.
"""

from __future__ import annotations


class Liveness:
    """What was heard on one connection, and when."""

    def __init__(self, alive_ns: int, lag_ns: int, mono_ns: int) -> None:
        self._alive_ns = alive_ns
        self._lag_limit_ns = lag_ns
        self._heard_ns = mono_ns
        self._spoken = False
        self.lag_ns = 0

    def heard(self, mono_ns: int, lag_ns: int | None = None) -> None:
        """Something came; `lag_ns` is its age at arrival where it says so."""
        self._heard_ns = mono_ns
        self._spoken = True
        if lag_ns is not None:
            self.lag_ns = lag_ns

    def alive(self, mono_ns: int) -> bool:
        """Whether the connection can be believed at `mono_ns`."""
        on_time = self.lag_ns <= self._lag_limit_ns
        return self._spoken and on_time and self.silent_ns(mono_ns) <= self._alive_ns

    def silent_ns(self, mono_ns: int) -> int:
        """For how long nothing was heard."""
        return mono_ns - self._heard_ns
