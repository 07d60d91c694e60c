"""Asks a running daemon through its unix socket. Used by the command line."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import aiohttp
import msgspec

from daemon.analytics.scene import View
from daemon.control.bodies import Body
from daemon.control.door import (
    DoorBusyError,
    DoorError,
    DoorRefusedError,
    NoDaemonError,
    Refusal,
)

ANSWER_S: Final = 15.0
_ANY_HOST: Final = "http://filld"
_BAD: Final = 400
# Refused before anybody heard it: a head or body that came too late, too many at once.
_BUSY: Final = frozenset({408, 429, 503})
_DECODER: Final = msgspec.json.Decoder(dict[str, object])


class DoorClient:
    """One conversation with the daemon at `path`; an async context manager."""

    def __init__(self, path: Path, timeout_s: float = ANSWER_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._check_owner()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=str(self._path)),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def _check_owner(self) -> None:
        """Another user's socket would hear what is meant for the daemon, and answer as it likes."""
        try:
            owner = self._path.stat().st_uid
        except OSError:
            return  # whoever asks is told what is wrong with it
        if os.geteuid() not in {0, owner}:
            raise DoorError(f"the socket {self._path} is another user's (uid {owner}): not asked")

    async def get(self, route: str, options: Mapping[str, str] | None = None) -> View:
        """A view. Raises NoDaemonError, DoorRefusedError, DoorError."""
        return await self._ask("GET", route, None, options or {})

    async def post(self, route: str, body: View | Body) -> View:
        """An action's outcome, after its commit. Raises as `get`."""
        return await self._ask("POST", route, msgspec.json.encode(body), {})

    async def _ask(
        self, method: str, route: str, body: bytes | None, options: Mapping[str, str]
    ) -> View:
        assert self._session is not None
        url = _ANY_HOST + quote(route)
        sent = None if body is None else io.BytesIO(body)
        try:
            async with self._session.request(method, url, data=sent, params=options) as answer:
                return _read(answer.status, await answer.read())
        except (FileNotFoundError, ConnectionRefusedError, aiohttp.ClientConnectorError) as error:
            raise self._unreachable(error) from None
        except TimeoutError:
            text = f"the daemon at {self._path} did not answer within {self._timeout_s:g} s"
            raise DoorError(text) from None
        except (aiohttp.ClientError, OSError) as error:
            raise DoorError(f"the daemon at {self._path} broke off ({error})") from None

    def _unreachable(self, error: Exception) -> DoorError:
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, FileNotFoundError | ConnectionRefusedError):
            text = f"no daemon answers at {self._path}: is filld running, with the same --config?"
            return NoDaemonError(text)
        return DoorError(f"the socket {self._path} cannot be used ({cause})")


def _read(status: int, raw: bytes) -> View:
    try:
        view = _DECODER.decode(raw)
    except msgspec.DecodeError:
        raise DoorError(f"the daemon answered {status} with what is not JSON") from None
    if status < _BAD or "error" not in view:  # how it stands is an answer, ready or not
        return view
    text, found = str(view["error"]), view.get("near")
    names = tuple(str(name) for name in found) if isinstance(found, list) else ()
    kind = DoorBusyError if status in _BUSY else DoorRefusedError
    raise kind(Refusal(status, text, names).line, status)
