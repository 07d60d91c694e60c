"""Signed requests to Phemex for one key: tokens by group, clock, signature, questions asked again.

`send` sends once and returns what happened; `get` asks until it has an answer and raises a
`VenueError` otherwise. Every answer tells what is left of its group's minute in
`x-ratelimit-remaining-<group>` and `-capacity-<group>`, and a 429 how long to wait in
`x-ratelimit-retry-after-<group>` (Phemex docs: rate limits); the group "others" has no suffix.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from daemon.core.terms import NANOS
from daemon.ports import Clock
from daemon.venues.breaker import Breaker
from daemon.venues.decoding import Stamp
from daemon.venues.errors import AnswerTimeoutError, NetworkError, RateLimitError
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.error_wire import TOO_MANY_REQUESTS, decode_refusal, error_of
from daemon.venues.rest import LostAnswer, NotSent, Outcome, Reply, Request, RestTransport, repeat
from daemon.venues.skew import SkewGauge
from daemon.venues.tokens import TokenBucket

CONTRACT: Final = "-contract"
SPOT_ORDER: Final = "-spotorder"
OTHERS: Final = ""
PUBLIC: Final = "public"
"""Unsigned requests: nobody's minute, but the address may ask 5000 times in five."""

CAPACITIES: Final = {CONTRACT: 500.0, SPOT_ORDER: 500.0, OTHERS: 100.0, PUBLIC: 1_000.0}
"""Requests a minute, until an answer says otherwise."""

MINUTE_S: Final = 60.0
LONGEST_SHUT_S: Final = 300
"""A blocked address is free again after five minutes."""

READ_PATIENCE_S: Final = 30.0
Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, unsigned yet. `urgent` may use the reserved share of its group's tokens.

    One of the PUBLIC group is sent as it is.
    """

    method: str
    path: str
    query: Query = ()
    body: bytes | None = None
    group: str = OTHERS
    cost: int = 1
    urgent: bool = False
    timeout_s: float | None = None
    patience_s: float = 2.0

    @property
    def target(self) -> str:
        """Path and query as they are signed and sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class NoTokens:
    """The request was not sent: our own count, or a wait that the venue named, forbids it."""

    text: str


class PhemexSession:
    """Requests for one key. Owns the transport and the token buckets."""

    def __init__(
        self, config: PhemexConfig, transport: RestTransport, clock: Clock, rng: random.Random
    ) -> None:
        self.config = config
        self.clock = clock
        self._transport = transport
        self._rng = rng
        self.skew = SkewGauge()
        self._breaker = Breaker(clock, config.venue, config.reads_shut)
        self.buckets = {
            group: TokenBucket(clock, capacity, capacity / MINUTE_S)
            for group, capacity in CAPACITIES.items()
        }

    def stamp(self) -> Stamp:
        """The stamp of a fact received now."""
        return Stamp(
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            account=self.config.account,
            venue=self.config.venue,
        )

    def now_ns(self) -> int:
        """Phemex's clock as far as we can tell, UTC ns."""
        return self.clock.wall_ns() - self.skew.skew_ns

    def as_of_ns(self) -> int:
        """As of when an account read that is asked for now is certainly true, venue's clock."""
        return self.now_ns() - int(self.config.read_lag_s * NANOS)

    def expiry_s(self) -> int:
        """When a request that is signed now shall expire, unix seconds."""
        return self.now_ns() // NANOS + self.config.expiry_s

    async def send(self, call: Call) -> Outcome | NoTokens:
        """Send once, signed at the moment of sending."""
        bucket = self.buckets[call.group]
        granted = await bucket.acquire(call.cost, urgent=call.urgent, patience_s=call.patience_s)
        if not granted:
            return NoTokens("our own rate limit, or the venue's, leaves no room for this request")
        config, body = self.config, call.body or b""
        target = self._transport.root_path + call.target
        headers: dict[str, str] = {}
        if call.group != PUBLIC:
            headers = config.signer.headers(config.key_id, self.expiry_s(), target, body)
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        outcome = await self._transport.send(
            Request(
                method=call.method,
                target=target,
                headers=headers,
                body=call.body,
                timeout_s=call.timeout_s or config.query_timeout_s,
            )
        )
        if isinstance(outcome, Reply):
            self._note(outcome, call.group)
        return outcome

    def _note(self, reply: Reply, group: str) -> None:
        """Take over what the answer says of limits and time."""
        headers, bucket = reply.headers, self.buckets[group]
        if group != PUBLIC:
            _recount(bucket, headers, group)
        if "Date" in headers:
            self.skew.observe(headers["Date"], reply.sent_wall_ns, reply.received_wall_ns)
        if reply.status == TOO_MANY_REQUESTS:
            bucket.refused()
            waits = (f"x-ratelimit-retry-after{group}", "Retry-After")
            bucket.shut(min(max(_count(headers, name) or 0 for name in waits), LONGEST_SHUT_S))
        else:
            bucket.granted()

    async def get(self, call: Call) -> bytes:
        """The body of a success; raises a `VenueError` after the policy's attempts."""

        async def asked() -> bytes:
            again = self.config.repeat
            return await repeat(lambda: self.get_once(call), again, self.clock, self._rng)

        return await self._breaker.ask(asked, urgent=call.urgent)

    async def get_once(self, call: Call) -> bytes:
        """As `get`, with one attempt. A body without a code (`/md`, bare lists) is a success."""
        outcome, venue = await self.send(call), self.config.venue
        if isinstance(outcome, NoTokens):
            raise RateLimitError(outcome.text, venue=venue)
        if isinstance(outcome, NotSent):
            raise NetworkError(outcome.text, venue=venue)
        if isinstance(outcome, LostAnswer):
            kind = AnswerTimeoutError if outcome.timed_out else NetworkError
            raise kind(outcome.text, venue=venue)
        refusal = decode_refusal(outcome.status, outcome.body)
        if outcome.status != HTTPStatus.OK or refusal.code:
            raise error_of(refusal)
        return outcome.body

    async def get_spare(self, call: Call) -> bytes:
        """As `get_once`, at once or not at all: no tokens to spare, or reads shut, is an error."""
        spare = replace(call, patience_s=0.0)
        return await self._breaker.ask(lambda: self.get_once(spare), urgent=False)

    async def close(self) -> None:
        """Let go of connections."""
        await self._transport.close()


def _recount(bucket: TokenBucket, headers: Mapping[str, str], group: str) -> None:
    """What the venue says of a group's minute: its size, and what is left of it."""
    capacity = _count(headers, f"x-ratelimit-capacity{group}")
    remaining = _count(headers, f"x-ratelimit-remaining{group}")
    if capacity and capacity != bucket.capacity:
        bucket.resize(capacity, capacity / MINUTE_S)
    if remaining is not None:
        bucket.spent(bucket.capacity - remaining)


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() else None
