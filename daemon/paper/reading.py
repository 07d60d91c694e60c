"""What readers see of any venue, and when: lags, and how things looked before. Decides nothing."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class ReadRules:
    """How late a write becomes readable, ms. `private_frames`: before_ack, after_ack or race."""

    order_lag_ms: tuple[int, int] = (0, 0)
    fill_lag_ms: tuple[int, int] = (0, 0)
    position_lag_ms: tuple[int, int] = (0, 0)
    private_frames: str = "race"
    after_ack_ms: int = 30


@dataclass(slots=True)
class Received:
    """A client_order_id as it came in: how often, with how many different bodies, and when."""

    times: int = 0
    bodies: set[str] = field(default_factory=set)
    first_ns: int = 0
    answers: Counter[str] = field(default_factory=Counter)


class History(Generic[T]):
    """What a thing looked like, and from when on a reader may see it."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, T]] = []

    def record(self, value: T, visible_ns: int) -> None:
        """Keep a copy, readable from visible_ns on."""
        self._entries.append((visible_ns, copy.copy(value)))

    def at(self, now_ns: int) -> T | None:
        """The newest state that is readable at now_ns."""
        for visible_ns, value in reversed(self._entries):
            if visible_ns <= now_ns:
                return value
        return None
