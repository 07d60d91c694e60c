"""Ways for an alert to leave the machine: a webhook, or a command. None of them retries."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Final

import aiohttp
import msgspec

from daemon.telemetry.alerts import Alert, AlertFailedError

_ERRORS_FROM: Final = 300
# All that a command gets of the daemon's environment, which may hold secrets.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "TZ")


class WebhookSender:
    """Posts alerts as JSON. Follows no redirect; 2xx means taken."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def send(self, alert: Alert) -> None:
        """One POST on a connection of its own: alerts are rare."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(
                    self._url,
                    data=msgspec.json.encode(alert),
                    headers={"Content-Type": "application/json"},
                    allow_redirects=False,
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # From None: the URL in the cause's text is a secret.
            raise AlertFailedError(f"webhook: {type(error).__name__}") from None
        if status >= _ERRORS_FROM:
            raise AlertFailedError(f"webhook: HTTP {status}")


class CommandSender:
    """Runs a command with the alert as JSON on its standard input; exit code 0 means taken.

    Of the environment it sees PATH, HOME, LANG and TZ.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float) -> None:
        self._argv = tuple(argv)
        self._timeout_s = timeout_s

    async def send(self, alert: Alert) -> None:
        """One run, killed after the timeout."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise AlertFailedError(f"command: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout_s):
                await process.communicate(msgspec.json.encode(alert) + b"\n")
        except TimeoutError as error:
            raise AlertFailedError(f"command: no end after {self._timeout_s:g} s") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise AlertFailedError(f"command: exit code {process.returncode}")
