"""How much is asked of the door: requests at a time, in a second, and the seconds of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.control.door import Refusal
from daemon.control.table import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`per_s` requests a second for long, `burst` at once after a rest; `request_s` for each."""

    request_s: float = 10.0
    running: int = 32
    per_s: float = 200.0
    burst: float = 400.0


def limited(limits: Limits) -> Middleware:
    """Refuse what is too much, and say of what comes out late that it may still be committed."""
    running, left, filled_s = 0, limits.burst, 0.0

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal running, left, filled_s
        now_s = asyncio.get_running_loop().time()
        left, filled_s = min(limits.burst, left + (now_s - filled_s) * limits.per_s), now_s
        if left < 1:
            return _too_many(limits)
        left -= 1
        if running >= limits.running:
            return refuse(Refusal(503, f"{limits.running} requests are running already: ask again"))
        running += 1
        try:
            async with asyncio.timeout(limits.request_s):
                return await handler(request)
        except TimeoutError:
            text = f"no answer within {limits.request_s:g} s; an action may still be committed"
            return refuse(Refusal(504, f"{text}: see status"))
        finally:
            running -= 1

    return limit


def _too_many(limits: Limits) -> web.Response:
    text = f"more than {limits.per_s:g} requests a second: ask again in a second"
    refused = refuse(Refusal(429, text))
    refused.headers["Retry-After"] = "1"
    return refused
