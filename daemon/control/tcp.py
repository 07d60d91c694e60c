"""The door on the loopback interface: a token for every request, and no web page's requests.

Any program on the machine can connect there, a browser as well: the token says who asks, and the
Host and Origin headers that no page of another site made its browser ask.
"""

from __future__ import annotations

import hmac
import socket
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.control.door import DoorError, Refusal
from daemon.control.table import refuse

_BACKLOG: Final = 64
_SCHEME: Final = "bearer"
# What a browser says of a request that no page made.
_NO_PAGE: Final = frozenset({None, "none"})


@dataclass(frozen=True, slots=True)
class TcpDoor:
    """Where it listens, a loopback address, and the token that every request must bring."""

    host: str
    port: int
    token: str = field(repr=False)

    @property
    def addresses(self) -> tuple[str, str]:
        """What a Host header may say."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}", f"localhost:{self.port}"


def listen_tcp(tcp: TcpDoor) -> socket.socket:
    """A listening socket there; DoorError where there can be none."""
    family = socket.AF_INET6 if ":" in tcp.host else socket.AF_INET
    try:
        listener = socket.create_server((tcp.host, tcp.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        text = f"control.tcp = {tcp.addresses[0]}: cannot be opened ({error.strerror})"
        raise DoorError(f"{text}; set another port") from error
    listener.setblocking(False)  # noqa: FBT003 - positional in the standard library
    return listener


def token_only(tcp: TcpDoor) -> Middleware:
    """Let in who brings the token, from no web page."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        if headers.get("Host", "").lower() not in tcp.addresses:
            accepted = " or ".join(tcp.addresses)
            return refuse(Refusal(403, f"Host: accepted: {accepted}"))
        if "Origin" in headers or headers.get("Sec-Fetch-Site") not in _NO_PAGE:
            return refuse(Refusal(403, "requests of web pages are refused"))
        if not _holds(headers.get("Authorization", ""), tcp.token):
            refused = refuse(Refusal(401, "accepted: Authorization: Bearer and the control token"))
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        return await handler(request)

    return gate


def _holds(said: str, token: str) -> bool:
    scheme, _, given = said.partition(" ")
    # In constant time: how far a guess is right must not show in how long it takes.
    same = hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
    return same and scheme.lower() == _SCHEME
