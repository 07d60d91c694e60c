"""How a private connection becomes ours, on each market. Decides nothing about what comes over it.

Spot asks for its user stream on the WS-API: `userDataStream.subscribe.signature` with any key, or,
with Ed25519, `session.logon` and then `userDataStream.subscribe`. USD-M puts a listen key into the
address; it lives 60 minutes and is renewed every 30, and an account has one, which others of its
processes may end (Binance docs: user data streams). A listen key is a secret: no text shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from daemon.venues.binance.account_wire import decode_listen_key
from daemon.venues.binance.config import BinanceConfig, Endpoint
from daemon.venues.binance.session import SUCCESS, BinanceSession, Call
from daemon.venues.binance.spot_wire import encode_request
from daemon.venues.binance.wire import Answer
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError

LISTEN_KEY: Final = Endpoint(path="/fapi/v1/listenKey", weight=1)
AGAIN_S: Final = 30.0
"""How soon a renewal that failed for the network's sake is tried again."""

LOGON: Final = "session.logon"
SUBSCRIBE: Final = "userDataStream.subscribe"


class Login(Protocol):
    """One market's way in. `broken` says why the connection is of no more use."""

    broken: str | None
    confirmed: bool

    async def address(self) -> str:
        """Where to connect next; raises `VenueError`."""
        ...

    def begin(self, send: Callable[[bytes], None]) -> None:
        """The connection stands."""
        ...

    def answered(self, answer: Answer) -> None:
        """The venue answered a request of ours."""
        ...

    async def keep(self) -> None:
        """Keep it alive until cancelled."""
        ...


class SpotLogin:
    """Requests on the WS-API socket, numbered from 1 on each connection."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session
        self._send: Callable[[bytes], None] | None = None
        self._asked = ""
        self._count = 0
        self.broken: str | None = None
        self.confirmed = False

    async def address(self) -> str:
        """Always the same; raises `RateLimitError` while the venue is shut to us."""
        self._session.check_door()
        return self._session.config.urls.private

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Log on, or subscribe at once."""
        self._send, self._count = send, 0
        self.broken, self.confirmed = None, False
        if self._session.config.signer.may_log_on:
            self._ask(LOGON, signed=True)
        else:
            self._ask(f"{SUBSCRIBE}.signature", signed=True)

    def _ask(self, method: str, *, signed: bool) -> None:
        config: BinanceConfig = self._session.config
        params: dict[str, str | int] = {}
        if signed:
            timed = {key: int(value) for key, value in self._session.timed().items()}
            # Once a connection: even RSA may take its 0.7 ms on the loop here.
            params = config.signer.params({"apiKey": config.api_key, **timed})
        self._count += 1
        self._asked = method
        if self._send is not None:
            self._send(encode_request(str(self._count), method, params))

    def answered(self, answer: Answer) -> None:
        """Go on after a logon; a refusal ends the connection."""
        if answer.request_id != str(self._count) or self.confirmed:
            return
        if answer.wait_s > 0:
            self._session.weight.shut(answer.wait_s)
        if answer.status != SUCCESS:
            self.broken = f"Binance refused {self._asked}: {answer.code} {answer.text}"
        elif self._asked == LOGON:
            self._ask(SUBSCRIBE, signed=False)
        else:
            self.confirmed = True

    async def keep(self) -> None:
        """Nothing to do: the subscription lives as long as its connection."""


class ListenKeyLogin:
    """A listen key in the address; the connection is ours as soon as it stands."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session
        self._has_key = False
        self.broken: str | None = None
        self.confirmed = False

    async def address(self) -> str:
        """A new key, or the account's living one, prolonged; raises `VenueError`."""
        self._has_key = False
        body = await self._session.get(self._call("POST"))
        try:
            key = decode_listen_key(body)
        except UnreadableError as error:
            venue = self._session.config.venue
            raise UnreadableAnswerError(f"listenKey: {error}", venue=venue) from None
        self._has_key = True
        return f"{self._session.config.urls.private}?listenKey={key}"

    def begin(self, send: Callable[[bytes], None]) -> None:  # noqa: ARG002 - nothing to say
        """The key has said it all."""
        self.broken, self.confirmed = None, True

    def answered(self, answer: Answer) -> None:
        """Nothing was asked."""

    async def keep(self) -> None:
        """Renew the key before it ends; one that is gone ends its connection."""
        config, clock = self._session.config, self._session.clock
        wait_s = config.renew_key_s
        while True:
            await clock.sleep(wait_s)
            wait_s = config.renew_key_s
            if not self._has_key:
                continue
            try:
                await self._session.get(self._call("PUT"))
            except NotFoundError:
                self._has_key = False
                self.broken = "the listen key does not exist any more"
            except VenueError:
                wait_s = min(AGAIN_S, config.renew_key_s)

    def _call(self, method: str) -> Call:
        return Call(method=method, endpoint=LISTEN_KEY, signed=False, urgent=True)
