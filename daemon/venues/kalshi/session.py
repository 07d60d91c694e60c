"""Signed requests to Kalshi for one key: tokens, clock, signature, and questions asked again.

`send` sends once and returns what happened; it repeats a request in one case only, once: a 401
`header_timestamp_expired`, given before the request is processed (Kalshi docs: API keys), after
our clock has been corrected from the answer's own `Date`. `get` asks until it has an answer and
raises a `VenueError` otherwise.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from daemon.ports import Clock
from daemon.venues.breaker import Breaker
from daemon.venues.decoding import Stamp
from daemon.venues.errors import AnswerTimeoutError, NetworkError, RateLimitError
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.error_wire import (
    TIMESTAMP_EXPIRED,
    TOO_MANY_REQUESTS,
    decode_refusal,
    error_of,
)
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.rest import LostAnswer, NotSent, Outcome, Reply, Request, RestTransport, repeat
from daemon.venues.signing import Presigned, SigningDesk
from daemon.venues.skew import SkewGauge
from daemon.venues.tokens import TokenBucket

DEFAULT_COST: Final = 10
BASIC_READ: Final = (200.0, 200.0)
BASIC_WRITE: Final = (100.0, 100.0)

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, unsigned. `urgent` may use the reserved share of the tokens.

    `route` is the path's template where it has parts of its own; endpoint costs go by it.
    """

    method: str
    path: str
    query: Query = ()
    body: bytes | None = None
    cost: int = DEFAULT_COST
    urgent: bool = False
    timeout_s: float = 5.0
    patience_s: float = 2.0
    route: str = ""

    @property
    def tail(self) -> str:
        """Path and query below the root."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class NoTokens:
    """The request was not sent: our own count says that Kalshi would answer 429."""

    text: str


class KalshiSession:
    """Requests for one key. Owns the transport, the token buckets and the signing."""

    def __init__(
        self, config: KalshiConfig, transport: RestTransport, clock: Clock, rng: random.Random
    ) -> None:
        self.config = config
        self.clock = clock
        self._transport = transport
        self._rng = rng
        self._signing = SigningDesk(clock, slow=config.signer.slow)
        self.skew = SkewGauge()
        self._breaker = Breaker(clock, VENUE, config.reads_shut)
        self.read_tokens = TokenBucket(clock, *BASIC_READ)
        self.write_tokens = TokenBucket(clock, *BASIC_WRITE)
        self.costs: dict[tuple[str, str], int] = {}

    @property
    def root_path(self) -> str:
        """What stands before every path, e.g. `/trade-api/v2`."""
        return self._transport.root_path

    def stamp(self) -> Stamp:
        """The stamp of a fact received now."""
        return Stamp(
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            account=self.config.account,
            venue=VENUE,
        )

    def now_ms(self) -> int:
        """Kalshi's clock as far as we can tell, unix ms."""
        return (self.clock.wall_ns() - self.skew.skew_ns) // 1_000_000

    async def headers(self, method: str, path: str) -> dict[str, str]:
        """Signed headers for a path from the root."""
        return await self._signing.made(self.presign(method, path))

    def presign(self, method: str, path: str) -> Presigned[dict[str, str]]:
        """Begin to sign now for a request that is sent soon; `path` is from the root."""
        config = self.config
        return self._signing.begin(
            config.signer.headers, config.key_id, self.now_ms(), method, path
        )

    async def send(
        self,
        call: Call,
        signed: Presigned[dict[str, str]] | None = None,
        go: asyncio.Future[None] | None = None,
    ) -> Outcome | NoTokens:
        """Send once; headers that were `signed` ahead are used while they are fresh.

        With `go` everything is made ready, and no byte leaves before that is done.
        """
        bucket = self.read_tokens if call.method == "GET" else self.write_tokens
        if not await bucket.acquire(
            self._cost(call), urgent=call.urgent, patience_s=call.patience_s
        ):
            return NoTokens("our own rate limit leaves no tokens for this request")
        outcome = await self._send_signed(call, signed, go)
        if isinstance(outcome, Reply) and _stale(outcome):
            outcome = await self._send_signed(call, None)
        if isinstance(outcome, Reply):
            if outcome.status == TOO_MANY_REQUESTS:
                bucket.refused()
            else:
                bucket.granted()
        return outcome

    def _cost(self, call: Call) -> int:
        """Tokens by what the venue said of the route, with or without the root, else as known."""
        route = call.route or call.path
        for name in (route, self.root_path + route):
            if (call.method, name) in self.costs:
                return self.costs[call.method, name]
        return call.cost

    async def _send_signed(
        self,
        call: Call,
        signed: Presigned[dict[str, str]] | None,
        go: asyncio.Future[None] | None = None,
    ) -> Outcome:
        root = self._transport.root_path
        if signed is None or not self._signing.is_fresh(signed):
            signed = self.presign(call.method, root + call.path)
        headers = await self._signing.made(signed)
        if call.body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        outcome = await self._transport.send(
            Request(
                method=call.method,
                target=root + call.tail,
                headers=headers,
                body=call.body,
                timeout_s=call.timeout_s,
            ),
            go,
        )
        if isinstance(outcome, Reply) and "Date" in outcome.headers:
            date = outcome.headers["Date"]
            self.skew.observe(date, outcome.sent_wall_ns, outcome.received_wall_ns)
        return outcome

    def is_fresh(self, signed: Presigned[dict[str, str]]) -> bool:
        """Whether it may still be sent."""
        return self._signing.is_fresh(signed)

    async def get(self, call: Call) -> bytes:
        """The body of a 200; raises a `VenueError` after the policy's attempts."""

        async def asked() -> bytes:
            again = self.config.repeat
            return await repeat(lambda: self.get_once(call), again, self.clock, self._rng)

        return await self._breaker.ask(asked, urgent=call.urgent)

    async def get_once(self, call: Call) -> bytes:
        """As `get`, with one attempt."""
        outcome = await self.send(call)
        if isinstance(outcome, NoTokens):
            raise RateLimitError(outcome.text, venue=VENUE)
        if isinstance(outcome, NotSent):
            raise NetworkError(outcome.text, venue=VENUE)
        if isinstance(outcome, LostAnswer):
            kind = AnswerTimeoutError if outcome.timed_out else NetworkError
            raise kind(outcome.text, venue=VENUE)
        if outcome.status != HTTPStatus.OK:
            raise error_of(decode_refusal(outcome.status, outcome.body))
        return outcome.body

    async def get_spare(self, call: Call) -> bytes:
        """As `get_once`, at once or not at all: no tokens to spare, or reads shut, is an error."""
        spare = replace(call, patience_s=0.0)
        return await self._breaker.ask(lambda: self.get_once(spare), urgent=False)

    async def close(self) -> None:
        """Let go of connections and of the signing."""
        await self._transport.close()
        self._signing.close()


def _stale(reply: Reply) -> bool:
    return reply.status == HTTPStatus.UNAUTHORIZED and (
        decode_refusal(reply.status, reply.body).code.lower() == TIMESTAMP_EXPIRED
    )
