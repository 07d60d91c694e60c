"""The dead man's switch: an address outside is called while all is well, and alarms when it ends.

Knows no book: it is told after each beat how that was, so a loop that hangs pings no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

_TIMEOUT_S: Final = 10.0
_ERRORS_FROM: Final = 300


class Ping:
    """Calls `url` (a secret) after a good beat, once in `every_s` seconds at most.

    `changed` hears why when calls begin to fail, and "" when they are taken again.
    """

    def __init__(
        self,
        url: str,
        every_s: float,
        changed: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._url = url
        self._every_s = every_s
        self._changed = changed
        self._sleep = sleep
        self._good = asyncio.Event()
        self._failing = False

    def beat(self, *, good: bool) -> None:
        """The newest beat: only a good one, and none after a bad one, is passed on."""
        if good:
            self._good.set()
        else:
            self._good.clear()

    async def run(self) -> None:
        """Call until cancelled."""
        while True:
            await self._good.wait()
            if not self._good.is_set():
                continue  # a bad beat came before our turn
            self._good.clear()
            failure = await self._call()
            if bool(failure) is not self._failing:
                self._changed(failure)
            self._failing = bool(failure)
            await self._sleep(self._every_s)

    async def _call(self) -> str:
        """What went wrong, without the address; "" when it was taken."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__
        return f"HTTP {status}" if status >= _ERRORS_FROM else ""
