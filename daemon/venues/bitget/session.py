"""Signed requests to Bitget for one key and market: tokens, clock, signature, questions again.

`send` sends once and returns what happened; it repeats a request in one case only, once: a refusal
for the request's timestamp, given before it is processed (Bitget docs: signature), after our clock
has been corrected from the answer's own `Date`. `get` asks until it has an answer and raises a
`VenueError` otherwise. What the account says of its modes is kept here, since orders name them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from daemon.core.instrument import Instrument
from daemon.core.terms import NANOS, PositionKey, PositionSide, Symbol
from daemon.ports import Clock
from daemon.venues.bitget.account_wire import Held
from daemon.venues.bitget.config import BitgetConfig
from daemon.venues.bitget.error_wire import Refusal, Success, decode_answer, error_of
from daemon.venues.bitget.request_wire import Terms
from daemon.venues.bitget.routes import ROUTES, Query, Routes
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.breaker import Breaker
from daemon.venues.decoding import Stamp
from daemon.venues.errors import AnswerTimeoutError, NetworkError, RateLimitError
from daemon.venues.rest import LostAnswer, NotSent, Outcome, Reply, Request, RestTransport, repeat
from daemon.venues.signing import Presigned, SigningDesk
from daemon.venues.skew import SkewGauge
from daemon.venues.tokens import TokenBucket

ORDERS_PER_S: Final = 10.0
READS_PER_S: Final = 10.0
MARKETS_PER_S: Final = 20.0
STALE: Final = frozenset({"40008", "40005"})
LEFT_HEADER: Final = "x-mbx-used-remain-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, unsigned. `urgent` may use the reserved share of the tokens.

    `bucket` is the limit that it counts against: `place`, `cancel`, `read` or `market`.
    """

    path: str
    method: str = "GET"
    query: Query = ()
    body: bytes | None = None
    bucket: str = "read"
    urgent: bool = False
    timeout_s: float = 5.0
    patience_s: float = 2.0

    @property
    def target(self) -> str:
        """Path and query as they are signed and sent, the query in the order of its names."""
        return f"{self.path}?{urlencode(sorted(self.query))}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class NoTokens:
    """The request was not sent: our own count says that Bitget would answer 429."""

    text: str


@dataclass(slots=True)
class Modes:
    """What the account said of itself; `hedged` None: not said yet."""

    dialect: Dialect
    hedged: bool | None = None
    margin: dict[tuple[Symbol, PositionSide], str] = field(default_factory=dict)

    def note(self, held: Held) -> None:
        """Learn from a position."""
        self.hedged = held.hedged
        if held.margin_mode:
            self.margin[held.row.symbol, held.row.position_side] = held.margin_mode


class BitgetSession:
    """Requests for one key. Owns the transport, the token buckets and the signing."""

    def __init__(
        self, config: BitgetConfig, transport: RestTransport, clock: Clock, rng: random.Random
    ) -> None:
        self.config = config
        self.clock = clock
        self.skew = SkewGauge()
        self._breaker = Breaker(clock, config.market.venue, config.reads_shut)
        self.modes = Modes(config.dialect or Dialect.CLASSIC)
        self.instruments: dict[Symbol, Instrument] = {}
        self._transport = transport
        self._rng = rng
        self._signing = SigningDesk(clock, slow=config.signer.slow)
        self.buckets = {
            "place": TokenBucket(clock, ORDERS_PER_S, ORDERS_PER_S),
            "cancel": TokenBucket(clock, ORDERS_PER_S, ORDERS_PER_S),
            "read": TokenBucket(clock, READS_PER_S, READS_PER_S),
            "market": TokenBucket(clock, MARKETS_PER_S, MARKETS_PER_S),
        }

    @property
    def market(self) -> Market:
        """The market of this session."""
        return self.config.market

    @property
    def routes(self) -> Routes:
        """Where this market answers in the account's dialect."""
        return ROUTES[self.market, self.modes.dialect]

    def stamp(self) -> Stamp:
        """The stamp of a fact received now."""
        return Stamp(
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            account=self.config.account,
            venue=self.market.venue,
        )

    def venue_ns(self) -> int:
        """Bitget's clock as far as we can tell, UTC ns."""
        return self.clock.wall_ns() - self.skew.skew_ns

    def terms(self, key: PositionKey) -> Terms:
        """What an order on `key` rests on: market, dialect, margin mode, filters."""
        margin = self.modes.margin
        one_way = margin.get((key.symbol, PositionSide.NET), self.config.margin_mode)
        return Terms(
            market=self.market,
            dialect=self.modes.dialect,
            margin_mode=margin.get((key.symbol, key.position_side), one_way),
            instrument=self.instruments.get(key.symbol),
        )

    def presign(self, call: Call) -> Presigned[dict[str, str]]:
        """Begin to sign now for a request that is sent soon."""
        said = (self.venue_ns() // 1_000_000, call.method, call.target, call.body)
        return self._signing.begin(self.config.signer.headers, *said)

    async def login(self, *, seconds: bool) -> tuple[str, str, str]:
        """Timestamp, passphrase and signature of a websocket login, in unix s or ms."""
        timestamp = str(self.venue_ns() // (NANOS if seconds else 1_000_000))
        signed = self._signing.begin(self.config.signer.login, timestamp)
        return timestamp, *await self._signing.made(signed)

    async def send(
        self, call: Call, signed: Presigned[dict[str, str]] | None = None
    ) -> Outcome | NoTokens:
        """Send once; headers that were `signed` ahead are used while they are fresh."""
        bucket = self.buckets[call.bucket]
        if not await bucket.acquire(1, urgent=call.urgent, patience_s=call.patience_s):
            return NoTokens("our own rate limit leaves no tokens for this request")
        outcome = await self._send_signed(call, signed)
        if isinstance(outcome, Reply) and _stale(outcome):
            outcome = await self._send_signed(call, None)
        if isinstance(outcome, Reply):
            _count(bucket, outcome.status, outcome.headers)
        return outcome

    async def _send_signed(self, call: Call, signed: Presigned[dict[str, str]] | None) -> Outcome:
        if signed is None or not self._signing.is_fresh(signed):
            signed = self.presign(call)
        headers = await self._signing.made(signed)
        headers = {**headers, "Content-Type": "application/json", "locale": "en-US"}
        if self.config.demo:
            headers["paptrading"] = "1"
        outcome = await self._transport.send(
            Request(
                method=call.method,
                target=call.target,
                headers=headers,
                body=call.body,
                timeout_s=call.timeout_s,
            )
        )
        if isinstance(outcome, Reply) and "Date" in outcome.headers:
            date = outcome.headers["Date"]
            self.skew.observe(date, outcome.sent_wall_ns, outcome.received_wall_ns)
        return outcome

    async def get(self, call: Call) -> Success:
        """The success; raises a `VenueError` after the policy's attempts."""

        async def asked() -> Success:
            again = self.config.repeat
            return await repeat(lambda: self.get_once(call), again, self.clock, self._rng)

        return await self._breaker.ask(asked, urgent=call.urgent)

    async def get_once(self, call: Call) -> Success:
        """As `get`, with one attempt."""
        outcome = await self.send(call)
        venue = self.market.venue
        if isinstance(outcome, NoTokens):
            raise RateLimitError(outcome.text, venue=venue)
        if isinstance(outcome, NotSent):
            raise NetworkError(outcome.text, venue=venue)
        if isinstance(outcome, LostAnswer):
            kind = AnswerTimeoutError if outcome.timed_out else NetworkError
            raise kind(outcome.text, venue=venue)
        answer = decode_answer(outcome.status, outcome.body)
        if isinstance(answer, Refusal):
            raise error_of(answer, venue)
        return answer

    async def get_spare(self, call: Call) -> Success:
        """As `get_once`, at once or not at all: no tokens to spare, or reads shut, is an error."""
        spare = replace(call, patience_s=0.0)
        return await self._breaker.ask(lambda: self.get_once(spare), urgent=False)

    async def close(self) -> None:
        """Let go of connections and of the signing."""
        await self._transport.close()
        self._signing.close()


def _stale(reply: Reply) -> bool:
    if reply.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        return False
    answer = decode_answer(reply.status, reply.body)
    return isinstance(answer, Refusal) and answer.code in STALE


def _count(bucket: TokenBucket, status: int, headers: Mapping[str, str]) -> None:
    """Take over what the answer says of our limits."""
    left = headers.get(LEFT_HEADER, "")
    if left.isdecimal():
        bucket.spent(bucket.capacity - min(int(left), bucket.capacity))
    if status != HTTPStatus.TOO_MANY_REQUESTS:
        bucket.granted()
        return
    bucket.refused()
    wait = headers.get("Retry-After", "")
    if wait.isdecimal():
        bucket.shut(float(wait))
