"""What repeats itself is said a few times a minute, then counted, then said to be over.

Time comes with the events; this module reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from daemon.core.terms import NANOS

WINDOW_S: Final = 60
_WINDOW_NS: Final = WINDOW_S * NANOS
# Kinds of lines at a time; beyond them a kind is not limited.
_KINDS: Final = 2_000

Kind = tuple[object, ...]


class Ended(NamedTuple):
    """A minute of one kind: how many lines were left out, and whether it is over."""

    kind: Kind
    left_out: int
    over: bool


@dataclass(slots=True)
class _Window:
    began_ns: int
    room: int
    seen: int = 0
    left_out: int = 0


class Repeats:
    """The kinds that were seen in the last minute."""

    def __init__(self) -> None:
        self._windows: dict[Kind, _Window] = {}
        self._next_ns: int | None = None

    def admits(self, kind: Kind, limit: int, mono_ns: int) -> bool:
        """True for the first `limit` (> 0) lines of a kind in a minute.

        With a limit of 1 only the first is said for as long as it goes on.
        """
        window = self._windows.get(kind)
        if window is None:
            if len(self._windows) >= _KINDS:
                return True
            window = self._windows[kind] = _Window(mono_ns, limit)
            self._note_next()
        window.seen += 1
        if window.seen <= window.room:
            return True
        window.left_out += 1
        return False

    def ended(self, mono_ns: int) -> list[Ended]:
        """The minutes that have ended by now and have something to tell."""
        if self._next_ns is None or mono_ns < self._next_ns:
            return []
        told: list[Ended] = []
        for kind, window in list(self._windows.items()):
            if mono_ns - window.began_ns < _WINDOW_NS:
                continue
            over = not window.seen
            if over:
                del self._windows[kind]
            else:
                room = window.room if window.room > 1 else 0
                self._windows[kind] = _Window(mono_ns, room)
            if window.left_out or (over and window.room == 0):
                told.append(Ended(kind, window.left_out, over))
        self._note_next()
        return told

    def _note_next(self) -> None:
        begun = [window.began_ns for window in self._windows.values()]
        self._next_ns = min(begun) + _WINDOW_NS if begun else None
