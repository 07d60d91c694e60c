"""The way between one daemon process and the venue: requests, answers, frames, and their faults.

What is on its way survives the process that sent it: an order may arrive after its sender died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Generic, TypeVar

from daemon.core.terms import RejectReason
from daemon.simulation.faults import Fault, Faults

Answer = TypeVar("Answer")

TIMEOUT_S = 10.0
# No request may arrive later than this; the daemon's in_flight_bound_s (90) relies on it.
LATEST_S = 60.0


class Refused(Generic[Answer]):
    """A call that brought no answer: `reached` says whether the venue may have acted."""

    def __init__(self, reason: RejectReason, *, certain: bool) -> None:
        self.reason = reason
        self.certain = certain


class Wire:
    """Carries calls of one process. `world` is the context in which everything else lives."""

    def __init__(self, faults: Faults, world: Context) -> None:
        self.faults = faults
        self._world = world

    async def call(
        self, serve: Callable[[], Answer], *, order: bool = False
    ) -> Answer | Refused[Answer]:
        """Ask the venue to `serve` and wait for its answer."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer | Refused[Answer]] = loop.create_future()
        if not self.faults.hit(Fault.REQUEST_LOST):
            arrive = partial(self._arrive, answer, serve, order=order)
            loop.call_later(self._delay_s(order=order), arrive, context=self._world)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await answer
        except TimeoutError:
            return Refused(RejectReason.TIMEOUT, certain=False)

    def _arrive(
        self,
        answer: asyncio.Future[Answer | Refused[Answer]],
        serve: Callable[[], Answer],
        *,
        order: bool,
    ) -> None:
        faults = self.faults
        if faults.hit(Fault.RATE_LIMITED):
            self._back(answer, Refused(RejectReason.RATE_LIMIT, certain=True))
            return
        if faults.hit(Fault.ERROR_BEFORE):
            self._back(answer, Refused(RejectReason.VENUE_ERROR, certain=False))
            return
        result = serve()
        if order and faults.hit(Fault.REQUEST_DUPLICATED):
            again = partial(self._again, answer, serve)
            loop = asyncio.get_running_loop()
            loop.call_later(faults.between(0.001, 1.0), again, context=self._world)
        if faults.hit(Fault.ERROR_AFTER):
            self._back(answer, Refused(RejectReason.VENUE_ERROR, certain=False))
        else:
            self._back(answer, result)

    def _again(
        self, answer: asyncio.Future[Answer | Refused[Answer]], serve: Callable[[], Answer]
    ) -> None:
        self._back(answer, serve())

    def _back(
        self,
        answer: asyncio.Future[Answer | Refused[Answer]],
        result: Answer | Refused[Answer],
    ) -> None:
        if not self.faults.hit(Fault.ANSWER_LOST):
            delay_s = self.faults.between(0.005, 0.05)
            loop = asyncio.get_running_loop()
            loop.call_later(delay_s, _give, answer, result, context=self._world)

    def _delay_s(self, *, order: bool) -> float:
        faults = self.faults
        if order and faults.hit(Fault.REQUEST_LATE):
            return faults.between(TIMEOUT_S, LATEST_S)
        if faults.hit(Fault.REQUEST_DELAYED):
            return faults.between(0.2, TIMEOUT_S)
        return faults.between(0.005, 0.05)


def _give(answer: asyncio.Future[Answer], result: Answer) -> None:
    if not answer.done():
        answer.set_result(result)
