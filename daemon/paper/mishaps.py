"""Faults of one HTTP exchange, before the request is processed and after. It knows no protocol."""

from __future__ import annotations

import asyncio

from aiohttp import web

from daemon.paper.faults import Fault, FaultKind, Faults, Where
from daemon.paper.outgoing import cut

_ANSWERED = (FaultKind.HTTP_429, FaultKind.HTTP_418, FaultKind.HTTP_ERROR_BEFORE)


class HungUpError(Exception):
    """The connection was cut on purpose: there is nobody to answer."""


async def before(faults: Faults, request: web.Request, where: Where) -> Fault | None:
    """Delay or lose the request; returns the fault to answer with instead of processing it."""
    if delay := faults.take(FaultKind.HTTP_DELAY_BEFORE, where):
        await asyncio.sleep(delay.seconds)
    if faults.take(FaultKind.HTTP_LOSE_BEFORE, where):
        cut(request)
        raise HungUpError
    for kind in _ANSWERED:
        if fault := faults.take(kind, where):
            return fault
    return None


async def after(
    faults: Faults, request: web.Request, where: Where, pause_s: float = 0
) -> Fault | None:
    """Delay (at least `pause_s`) or lose the answer; returns the fault to answer with instead."""
    delay = faults.take(FaultKind.HTTP_DELAY_AFTER, where)
    if delay or pause_s:
        await asyncio.sleep(delay.seconds if delay else pause_s)
    if faults.take(FaultKind.HTTP_LOSE_AFTER, where):
        cut(request)
        raise HungUpError
    return faults.take(FaultKind.HTTP_ERROR_AFTER, where)
