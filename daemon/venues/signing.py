"""Signatures begun ahead of a request, off the event loop where a key is slow. Knows no venue.

RSA takes 0.7 ms, which the loop is not stopped for; HMAC and Ed25519 take microseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, ParamSpec, TypeVar

from daemon.core.commands import PlaceOrder
from daemon.core.terms import NANOS, ClientOrderId
from daemon.ports import Clock

FRESH_NS: Final = NANOS
"""A signature older than this at release is made again (semantics ruling 9)."""

PREPARED_LIMIT: Final = 64

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Presigned(Generic[T]):
    """What was signed, or the promise of it, and our monotonic clock when that was begun."""

    made: T | Future[T]
    mono_ns: int


class SigningDesk:
    """Signs for one key; a slow one in a thread of its own."""

    def __init__(self, clock: Clock, *, slow: bool) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign") if slow else None

    def begin(self, sign: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Presigned[T]:
        """Begin to sign now; `sign` is given what to sign."""
        at_ns = self._clock.mono_ns()
        if self._thread is None:
            return Presigned(sign(*args, **kwargs), at_ns)
        return Presigned(self._thread.submit(sign, *args, **kwargs), at_ns)

    async def made(self, signed: Presigned[T]) -> T:
        """What was signed, when it is ready."""
        if isinstance(signed.made, Future):
            return await asyncio.wrap_future(signed.made)
        return signed.made

    def is_fresh(self, signed: Presigned[T]) -> bool:
        """Whether it may still be sent."""
        return self._clock.mono_ns() - signed.mono_ns <= FRESH_NS

    def close(self) -> None:
        """Let go of the thread."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


class Prepared(Generic[T]):
    """What was made of orders ahead of their release, of as many as there is room for."""

    def __init__(self) -> None:
        self._made: dict[ClientOrderId, tuple[PlaceOrder, T]] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more is kept."""
        return len(self._made) < PREPARED_LIMIT

    def keep(self, command: PlaceOrder, made: T) -> None:
        """Keep it until the order is released, if there is room: what is kept may have begun."""
        if self.has_room:
            self._made[command.client_order_id] = (command, made)

    def take(self, command: PlaceOrder) -> T | None:
        """What was made of this very order."""
        known, made = self._made.pop(command.client_order_id, (None, None))
        return made if known == command else None
