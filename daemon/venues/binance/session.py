"""Requests to one Binance market for one key: weights, clock, signature, questions asked again.

`send` sends once; it repeats a request in one case only, once: -1021, which says that nothing was
done because the timestamp was off; the answer's own `Date` has corrected our clock by then.
Weights are counted by us and corrected by every answer's `X-MBX-USED-WEIGHT-1M`; a `Retry-After`
(429, 418) shuts the door for everything, exits included: each request during it makes it longer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from daemon.core.terms import NANOS
from daemon.ports import Clock
from daemon.venues.binance.config import BinanceConfig, Endpoint
from daemon.venues.binance.error_wire import (
    BANNED,
    STALE_TIMESTAMP,
    TOO_MANY_REQUESTS,
    decode_refusal,
    error_of,
)
from daemon.venues.binance.sign import KEY_HEADER
from daemon.venues.breaker import Breaker
from daemon.venues.decoding import Stamp
from daemon.venues.errors import AnswerTimeoutError, NetworkError, RateLimitError
from daemon.venues.rest import LostAnswer, NotSent, Outcome, Reply, Request, RestTransport, repeat
from daemon.venues.signing import Presigned, SigningDesk
from daemon.venues.skew import SkewGauge
from daemon.venues.tokens import TokenBucket

MINUTE_S: Final = 60
ORDERS_S: Final = 10
BAN_S: Final = 120.0
"""The shortest ban, for an answer 418 that does not say how long it lasts."""

SUCCESS: Final = 200
_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, unsigned. `urgent` may use the reserved share of the weight.

    `keyed` sends the API key, `signed` a timestamp and a signature as well. `is_order` counts
    against the account's order limit.
    """

    method: str
    endpoint: Endpoint
    params: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = True
    signed: bool = True
    urgent: bool = False
    is_order: bool = False
    timeout_s: float | None = None
    patience_s: float = 2.0


@dataclass(frozen=True, slots=True)
class NoTokens:
    """The request was not sent: the venue would refuse it for its rate."""

    text: str


class BinanceSession:
    """Requests for one key. Owns the transport, the token buckets and the signing."""

    def __init__(
        self, config: BinanceConfig, transport: RestTransport, clock: Clock, rng: random.Random
    ) -> None:
        self.config = config
        self.clock = clock
        self._transport = transport
        self._rng = rng
        self._signing = SigningDesk(clock, slow=config.signer.slow)
        self.skew = SkewGauge()
        self._breaker = Breaker(clock, config.venue, config.reads_shut)
        api = config.api
        self.weight = TokenBucket(clock, api.weight_limit, api.weight_limit / MINUTE_S)
        self.orders = TokenBucket(clock, api.orders_limit, api.orders_limit / ORDERS_S)

    def stamp(self) -> Stamp:
        """The stamp of a fact received now."""
        return Stamp(
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            account=self.config.account,
            venue=self.config.venue,
        )

    def now_ns(self) -> int:
        """Binance's clock as far as we can tell, UTC ns."""
        return self.clock.wall_ns() - self.skew.skew_ns

    def as_of_ns(self) -> int:
        """As of when an account read that is asked for now is certainly true, venue's clock."""
        return self.now_ns() - int(self.config.read_lag_s * NANOS)

    def timed(self) -> dict[str, str]:
        """The parameters that date a signed request."""
        window = str(self.config.recv_window_ms)
        return {"recvWindow": window, "timestamp": str(self.now_ns() // _MS)}

    def presign(self, call: Call) -> Presigned[str]:
        """Begin to sign now for a request that is sent soon: its query, as it is sent."""
        return self._signing.begin(self.config.signer.query, {**call.params, **self.timed()})

    async def send(self, call: Call, signed: Presigned[str] | None = None) -> Outcome | NoTokens:
        """Send once, or a second time where the first was refused for its timestamp alone.

        A query that was `signed` ahead is used while it is fresh.
        """
        if not await self._granted(call):
            return NoTokens("our own rate limit, or a ban, leaves no room for this request")
        outcome = await self._send_once(call, signed)
        if call.signed and isinstance(outcome, Reply) and _stale(outcome):
            outcome = await self._send_once(call, None)
        return outcome

    async def _granted(self, call: Call) -> bool:
        """Wait for room, but not longer than the call's patience."""
        urgent, patience_s = call.urgent, call.patience_s
        if call.is_order:
            placed = await self.orders.acquire(1, urgent=urgent, patience_s=patience_s)
            if not placed:
                return False
        weight = call.endpoint.weight
        return await self.weight.acquire(weight, urgent=urgent, patience_s=patience_s)

    async def _send_once(self, call: Call, signed: Presigned[str] | None) -> Outcome:
        outcome = await self._transport.send(
            Request(
                method=call.method,
                target=await self._target(call, signed),
                headers={KEY_HEADER: self.config.api_key} if call.keyed else {},
                timeout_s=call.timeout_s or self.config.query_timeout_s,
            )
        )
        if isinstance(outcome, Reply):
            self._note(outcome)
        return outcome

    async def _target(self, call: Call, signed: Presigned[str] | None) -> str:
        """Everything goes in the query, which is signed exactly as it is sent."""
        root = self._transport.root_path
        query = urlencode(call.params)
        if call.signed:
            if signed is None or not self._signing.is_fresh(signed):
                signed = self.presign(call)
            query = await self._signing.made(signed)
        return root + call.endpoint.path + (f"?{query}" if query else "")

    def _note(self, reply: Reply) -> None:
        """Take over what the answer says of limits and time."""
        headers = reply.headers
        used, placed = headers.get("X-MBX-USED-WEIGHT-1M"), headers.get("X-MBX-ORDER-COUNT-10S")
        if used is not None and used.isdecimal():
            self.weight.spent(int(used))
        if placed is not None and placed.isdecimal():
            self.orders.spent(int(placed))
        if "Date" in headers:
            self.skew.observe(headers["Date"], reply.sent_wall_ns, reply.received_wall_ns)
        if reply.status in {TOO_MANY_REQUESTS, BANNED}:
            self.weight.refused()
            wait = headers.get("Retry-After", "")
            if wait.isdecimal():
                self.weight.shut(int(wait))
            elif reply.status == BANNED:
                self.weight.shut(BAN_S)
        else:
            self.weight.granted()

    def check_door(self) -> None:
        """Raises `RateLimitError` while the venue lets nothing of ours in, sockets included."""
        if self.weight.shut_s > 0:
            text = f"limited or banned for another {self.weight.shut_s:.0f} s"
            raise RateLimitError(text, venue=self.config.venue)

    async def get(self, call: Call) -> bytes:
        """The body of a 200; raises a `VenueError` after the policy's attempts."""

        async def asked() -> bytes:
            again = self.config.repeat
            return await repeat(lambda: self.get_once(call), again, self.clock, self._rng)

        return await self._breaker.ask(asked, urgent=call.urgent)

    async def get_once(self, call: Call) -> bytes:
        """The body of a 200; raises a `VenueError` after one attempt."""
        outcome, venue = await self.send(call), self.config.venue
        if isinstance(outcome, NoTokens):
            raise RateLimitError(outcome.text, venue=venue)
        if isinstance(outcome, NotSent):
            raise NetworkError(outcome.text, venue=venue)
        if isinstance(outcome, LostAnswer):
            kind = AnswerTimeoutError if outcome.timed_out else NetworkError
            raise kind(outcome.text, venue=venue)
        if outcome.status != SUCCESS:
            raise error_of(decode_refusal(outcome.status, outcome.body), venue)
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
    if reply.status == SUCCESS:
        return False
    return decode_refusal(reply.status, reply.body).code == STALE_TIMESTAMP
