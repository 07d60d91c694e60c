"""The seed's exchange manager: trades on every venue, through a running filld or one of its own.

Where a daemon holds the journal, the trade goes through its socket; else one runs in here, with
the settings and locks of `filld run`, and guards what is held for as long as this is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from daemon.analytics.scene import View
from daemon.app.embedded import embedded
from daemon.control.bodies import TradeBody, trade_name, typed
from daemon.control.client import DoorClient
from daemon.fill_handler import accept
from daemon.fill_handler.errors import (
    BadInputError,
    DoorBusyError,
    DoorError,
    DoorRefusedError,
    FilldError,
    NoDaemonError,
    TokenReusedError,
    UnknownOutcomeError,
)
from daemon.fill_handler.trade_result import TradeResult, result_of
from daemon.journal.errors import JournalLockedError
from daemon.settings import Settings, load_settings

_LOOK_S: Final = 0.1
_SOCKET_WITHIN_S: Final = 10.0
_TOKEN_BYTES: Final = 12

Progress = Callable[[View], None]
_MISTAKES: Final[Mapping[int, type[FilldError]]] = {
    HTTPStatus.BAD_REQUEST: BadInputError,
    HTTPStatus.NOT_FOUND: BadInputError,
    HTTPStatus.CONFLICT: TokenReusedError,
}
"""What a caller did wrong, by the status with which the daemon refuses to begin a trade."""


class ExchangeType(enum.Enum):
    """The venues, by the names that filld gives them."""

    KALSHI = "kalshi"
    BINANCE = "binance-spot"
    BINANCE_FUTURES = "binance-usdm"
    BITGET = "bitget-spot"
    BITGET_FUTURES = "bitget-usdt-futures"
    PHEMEX = "phemex-spot"
    PHEMEX_FUTURES = "phemex-usdt-perp"


_VENUES: Final = tuple(one.value for one in ExchangeType)


class ExchangeManager:
    """An async context manager; `settings` are those of `filld run`. One for any number of trades.

    Live orders are off until the settings of the venue turn them on; a trade is refused till then.
    """

    def __init__(self, settings: Settings) -> None:
        if not isinstance(settings, Settings):
            raise accept.misplaced("settings", settings, "Settings, or take from_config")
        self._settings = settings
        self._stack = AsyncExitStack()
        self._client: DoorClient | None = None

    @classmethod
    def from_config(
        cls,
        config: Path | str | None = None,
        env_file: Path | str | None = None,
        overrides: Sequence[str] = (),
    ) -> Self:
        """With the settings that `filld --config --env-file --set` would read.

        Raises `SettingsError` for what they say, `BadInputError` for what is no path, or no list.
        """
        files = (accept.path_or_none("config", config), accept.path_or_none("env_file", env_file))
        lines = [accept.line("overrides", one) for one in accept.rows("overrides", overrides)]
        return cls(load_settings(*files, lines, os.environ))

    async def __aenter__(self) -> Self:
        """Find the daemon, or run one; raises what `filld run` raises."""
        async with AsyncExitStack() as stack:
            try:
                await self._answers()
            except NoDaemonError:
                await self._run_or_join(stack)
            self._client = await stack.enter_async_context(DoorClient(self._settings.socket_path))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go; a filld of our own stops as at SIGTERM."""
        self._client = None
        await self._stack.aclose()

    async def _run_or_join(self, stack: AsyncExitStack) -> None:
        """Run a filld in here, or wait for the door of one that somebody is starting just now."""
        try:
            await stack.enter_async_context(embedded(self._settings))
        except JournalLockedError as error:
            try:
                await self._appears()
            except NoDaemonError:
                raise error from None
        else:
            await self._appears()

    async def _answers(self) -> None:
        async with DoorClient(self._settings.socket_path) as client:
            await client.get("/status")

    async def _appears(self) -> None:
        """Wait for the door; raises NoDaemonError where it stays shut."""
        until_s = asyncio.get_running_loop().time() + _SOCKET_WITHIN_S
        while True:
            try:
                return await self._answers()
            except NoDaemonError:
                if asyncio.get_running_loop().time() > until_s:
                    raise
                await asyncio.sleep(_LOOK_S)

    async def execute_trade(  # noqa: PLR0913 - the seed's own signature, and what it lacks by name
        self,
        exchange: ExchangeType | str,
        symbol: str,
        side: str,
        amount: Decimal | float | str,
        order_type: str = "market",
        price: Decimal | float | str | None = None,
        *,
        time_in_force: str = "ioc",
        timeout_s: Decimal | float | str | None = None,
        reduce_only: bool = False,
        position_side: str = "net",
        account: str | None = None,
        token: str | None = None,
        progress: Progress | None = None,
    ) -> TradeResult:
        """Trade, try the rest again as [trades] says, and return when nothing is in doubt.

        `amount` and `price` are the instrument's (contracts or coins; YES dollars on Kalshi).
        `token` names the trade: given again, it is not done again but told again. `timeout_s` is
        for all attempts together ([trades] says the rest); of a trade that was begun before it is
        only how long this call waits. Raises BadInputError for what is no order (TokenReusedError
        among them), UnknownOutcomeError, naming order or token, where its end could not be proven,
        is not there in that time or the daemon was lost on the way, and DoorError where it could
        not be begun.
        """
        accept.function_or_none("progress", progress)
        given = {
            "token": secrets.token_hex(_TOKEN_BYTES) if token is None else token,
            "venue": _venue(exchange),
            "symbol": symbol,
            "side": _lower(side),
            "order_qty": str(accept.exact("amount", amount)),
            "ord_type": _lower(order_type),
            "limit_px": None if price is None else str(accept.exact("price", price)),
            "time_in_force": _lower(time_in_force),
            "timeout_s": None if timeout_s is None else str(accept.exact("timeout_s", timeout_s)),
            "reduce_only": reduce_only,
            "position_side": _lower(position_side),
            "account": account,
        }
        body = typed({name: said for name, said in given.items() if said is not None},
                     TradeBody, "trade")  # fmt: skip
        client = self._open_client()
        again = await _begin(client, body)
        return result_of(await _end(client, body, progress, again=again))

    async def trade(self, token: str) -> TradeResult:
        """What the trade called `token` came to; raises UnknownOutcomeError as `execute_trade`,
        BadInputError for a token that no trade has, DoorError where the daemon cannot be asked."""
        trade_name(accept.text("token", token))
        try:
            return result_of(await _until_done(self._open_client(), token, None))
        except DoorRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise BadInputError(str(error), code=error.code) from None

    def _open_client(self) -> DoorClient:
        if self._client is None:
            text = "enter the exchange manager first: async with ExchangeManager(...)"
            raise NoDaemonError(text)
        return self._client


async def _begin(client: DoorClient, body: TradeBody) -> bool:
    """Hand the trade in; True where it was handed in before. Raises what is known to have begun
    nothing, else UnknownOutcomeError."""
    try:
        return (await client.post("/trade", body)).get("again") is True
    except (DoorBusyError, NoDaemonError):
        raise
    except DoorRefusedError as error:
        if error.status == HTTPStatus.GATEWAY_TIMEOUT:
            raise _lost(body, error) from None
        if error.status not in _MISTAKES:
            raise
        raise _MISTAKES[error.status](str(error), venue=body.venue) from None
    except DoorError as error:
        raise _lost(body, error) from None


async def _end(
    client: DoorClient, body: TradeBody, progress: Progress | None, *, again: bool
) -> View:
    """How the trade ended; who asks for it again waits for no longer than he said."""
    own_s = None if body.timeout_s is None or not again else float(body.timeout_s)
    patience = asyncio.timeout(own_s)
    try:
        async with patience:
            return await _until_done(client, body.token, progress)
    except TimeoutError:
        if not patience.expired():
            raise
        at_work = f"begun before, and still at work after your {body.timeout_s} s"
        raise _unknown(body, at_work) from None
    except DoorError as error:
        raise _lost(body, error) from None


async def _until_done(client: DoorClient, token: str, progress: Progress | None) -> View:
    before: View = {}
    while True:
        with contextlib.suppress(DoorBusyError):
            view = await client.get(f"/trades/{token}")
            if progress is not None and view != before:
                progress(view)
            if view.get("done"):
                return view
            before = view
        await asyncio.sleep(_LOOK_S)


def _lost(body: TradeBody, error: DoorError) -> UnknownOutcomeError:
    """The trade may have begun, and nobody tells how it goes."""
    return _unknown(body, f"{error}; the trade may be at work")


def _unknown(body: TradeBody, why: str) -> UnknownOutcomeError:
    text = f"{why}: ask for token {body.token} again, not for a new one"
    tried = (f"token {body.token} was handed to the daemon", why)
    return UnknownOutcomeError(text, venue=body.venue, tried=tried)


def _lower(word: object) -> object:
    """The word in the spelling that is accepted; what is no text is refused with its name."""
    return word.lower() if isinstance(word, str) else word


def _venue(exchange: ExchangeType | str) -> str:
    if isinstance(exchange, ExchangeType):
        return exchange.value
    if exchange not in _VENUES:
        raise accept.refused("exchange", exchange, ", ".join(_VENUES))
    return exchange
