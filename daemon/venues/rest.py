"""One HTTP request for all venues, and the policy for asking again. Knows no venue.

`RestTransport.send` sends once and never raises for the network's sake: it returns a `Reply`,
or `NotSent` when provably no byte of the request left (no connection, or none fit for use), or
`LostAnswer` when the request may have arrived. Repeating is the business of `repeat`, for
questions only; an order is never repeated.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

import aiohttp
import tenacity
from aiohttp.connector import Connection
from typing_extensions import override
from yarl import URL

from daemon.core.terms import NANOS
from daemon.ports import Clock
from daemon.venues.errors import VenueError

BODY_LIMIT: Final = 32 * 1024 * 1024
CHUNK: Final = 64 * 1024
CONNECTIONS: Final = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send: `target` is path and query as they go over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer, with our wall clock when the request was sent and the answer complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_wall_ns: int
    received_wall_ns: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of it left: the venue cannot have heard of this request."""

    text: str


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """The request may have arrived; its answer did not, or not whole."""

    text: str
    timed_out: bool = False


Outcome = Reply | NotSent | LostAnswer


@dataclass(slots=True)
class _Way:
    """A request on its way: what its first byte waits for, and whether that may have left."""

    go: asyncio.Future[None] | None
    left: bool = False


_WAY: Final = ContextVar[_Way]("_WAY")


_SEND: Final = aiohttp.ClientRequest.send  # an aiohttp that has it no more must not start filld


class _Request(aiohttp.ClientRequest):
    """Has a connection when `send` is called, and has written nothing to it."""

    @override
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        way = _WAY.get()
        if way.go is not None:
            await way.go
        protocol = conn.protocol
        if protocol is None or not protocol.is_connected() or protocol.should_close:
            # Closed, or something was said that nobody asked: it would be taken for our answer.
            raise aiohttp.ClientConnectionError("the connection went bad before it was used")
        way.left = True
        return await _SEND(self, conn)


class RestTransport:
    """One pooled HTTP session to one host. Follows no redirect, keeps no cookie, uses no proxy."""

    def __init__(self, base_url: str, clock: Clock, connect_timeout_s: float = 5.0) -> None:
        self._base = URL(base_url)
        self._connect_timeout_s = connect_timeout_s
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    @property
    def root_path(self) -> str:
        """The path of the base address, e.g. `/trade-api/v2`: part of what venues sign."""
        return self._base.path.rstrip("/")

    async def send(self, request: Request, go: asyncio.Future[None] | None = None) -> Outcome:
        """Send once, within `request.timeout_s`; with `go` no byte of it before that is done."""
        way = _Way(go)
        _WAY.set(way)
        sent_ns = self._clock.wall_ns()
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._exchange(request, sent_ns)
        except TimeoutError:
            text = f"no answer from {self._base.host} within {request.timeout_s} s"
            return LostAnswer(text, timed_out=True) if way.left else NotSent(text)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            text = f"{self._base.host}: {type(error).__name__}: {error}"
            return LostAnswer(text) if way.left else NotSent(text)

    async def _exchange(self, request: Request, sent_ns: int) -> Outcome:
        async with self._opened().request(
            request.method,
            URL(str(self._base.origin()) + request.target, encoded=True),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
        ) as response:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > BODY_LIMIT:
                    return LostAnswer(f"the answer is longer than {BODY_LIMIT} bytes")
                chunks.append(chunk)
            return Reply(
                status=response.status,
                headers=response.headers,
                body=b"".join(chunks),
                sent_wall_ns=sent_ns,
                received_wall_ns=self._clock.wall_ns(),
            )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
                request_class=_Request,
            )
            # aiohttp sends a DELETE again by itself when a kept-alive connection breaks; a second
            # cancel answers 404 and hides what the first one did.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPolicy:
    """How often a question is asked again: exponential back-off with full jitter."""

    attempts: int = 3
    first_wait_s: float = 0.2
    longest_wait_s: float = 2.0
    total_s: float = 10.0


async def repeat(
    ask: Callable[[], Awaitable[T]], policy: RepeatPolicy, clock: Clock, rng: random.Random
) -> T:
    """`ask` until it answers, fails for good, or the policy is exhausted; raises its last error.

    tenacity costs 30-60 us, so it is entered after a first failure only.
    """
    started_ns = clock.mono_ns()
    try:
        return await ask()
    except VenueError as error:
        if not error.retryable or policy.attempts <= 1:
            raise

    def wait_s(attempt: int) -> float:
        ceiling = policy.first_wait_s * float(2 ** min(attempt - 1, 16))
        return rng.uniform(0.0, min(policy.longest_wait_s, ceiling))

    def stop(state: tenacity.RetryCallState) -> bool:
        late = clock.mono_ns() - started_ns > policy.total_s * NANOS
        return late or state.attempt_number >= policy.attempts - 1

    async def asked() -> T:  # tenacity waits for coroutine functions only
        return await ask()

    await clock.sleep(wait_s(1))
    again = tenacity.AsyncRetrying(
        sleep=clock.sleep,
        wait=lambda state: wait_s(state.attempt_number + 1),
        stop=stop,
        retry=tenacity.retry_if_exception(_retryable),
        reraise=True,
    )
    return await again(asked)


def _retryable(error: BaseException) -> bool:
    return isinstance(error, VenueError) and error.retryable
