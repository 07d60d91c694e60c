"""The seed's exchange manager: trades on every venue, through a running filld or one of its own.

Where a daemon holds the journal, the trade goes through its socket; else one runs in here, with
the settings and locks of `filld run`, and guards what is held for as long as this is open.
"""

from __future__ import annotations

import asyncio
import enum
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from daemon import app
from daemon.analytics.scene import View
from daemon.control.bodies import BadInputError, TradeBody, typed
from daemon.control.client import DoorClient
from daemon.control.door import NoDaemonError
from daemon.fill_handler.errors import UnknownOutcomeError
from daemon.fill_handler.trade_result import TradeResult, result_of
from daemon.journal.errors import JournalLockedError
from daemon.settings import Settings, load_settings

_LOOK_S: Final = 0.1
_SOCKET_WITHIN_S: Final = 10.0
_TOKEN_BYTES: Final = 12

Progress = Callable[[View], None]


class ExchangeType(enum.Enum):
    """The venues, by the names that filld gives them."""

    KALSHI = "kalshi"
    BINANCE = "binance-spot"
    BINANCE_FUTURES = "binance-usdm"
    BITGET = "bitget-spot"
    BITGET_FUTURES = "bitget-usdt-futures"
    PHEMEX = "phemex-spot"
    PHEMEX_FUTURES = "phemex-usdt-perp"


class ExchangeManager:
    """An async context manager; `settings` are those of `filld run`. One for any number of trades.

    Live orders are off until the settings of the venue turn them on; a trade is refused till then.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._client: DoorClient | None = None

    @classmethod
    def from_config(
        cls,
        config: Path | None = None,
        env_file: Path | None = None,
        overrides: Sequence[str] = (),
    ) -> Self:
        """With the settings that `filld --config --env-file --set` would read."""
        return cls(load_settings(config, env_file, overrides, os.environ))

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
            await stack.enter_async_context(app.embedded(self._settings))
        except JournalLockedError as error:
            try:
                await self._appears()
            except TimeoutError:
                raise error from None
        else:
            await self._appears()

    async def _answers(self) -> None:
        async with DoorClient(self._settings.socket_path) as client:
            await client.get("/status")

    async def _appears(self) -> None:
        async with asyncio.timeout(_SOCKET_WITHIN_S):
            while True:
                try:
                    return await self._answers()
                except NoDaemonError:
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
        `token` names the trade: given again, it is not done again but told again. Raises
        UnknownOutcomeError, naming the order, where its end could not be proven in time,
        BadInputError for what is no order, and DoorError where the daemon is gone.
        """
        named = token or secrets.token_hex(_TOKEN_BYTES)
        given = {
            "token": named,
            "venue": _venue(exchange),
            "symbol": symbol,
            "side": side.lower(),
            "order_qty": _exact("amount", amount),
            "ord_type": order_type.lower(),
            "limit_px": None if price is None else _exact("price", price),
            "time_in_force": time_in_force.lower(),
            "timeout_s": None if timeout_s is None else _exact("timeout_s", timeout_s),
            "reduce_only": reduce_only,
            "position_side": position_side.lower(),
            "account": account,
        }
        body = typed({name: said for name, said in given.items() if said is not None},
                     TradeBody, "trade")  # fmt: skip
        client = self._open_client()
        await client.post("/trade", body)
        return _proven(await self._until_done(client, named, progress))

    async def trade(self, token: str) -> TradeResult:
        """What the trade called `token` came to; raises UnknownOutcomeError as `execute_trade`."""
        return _proven(await self._until_done(self._open_client(), token, None))

    def _open_client(self) -> DoorClient:
        if self._client is None:
            raise RuntimeError("enter the exchange manager first: async with ExchangeManager(...)")
        return self._client

    async def _until_done(self, client: DoorClient, token: str, progress: Progress | None) -> View:
        before: View = {}
        while True:
            view = await client.get(f"/trades/{token}")
            if progress is not None and view != before:
                progress(view)
            if view.get("done"):
                return view
            before = view
            await asyncio.sleep(_LOOK_S)


def _venue(exchange: ExchangeType | str) -> str:
    try:
        return ExchangeType(exchange).value
    except ValueError:
        known = ", ".join(one.value for one in ExchangeType)
        raise BadInputError(f"exchange = {exchange!r}: accepted: {known}") from None


def _exact(name: str, value: Decimal | float | str) -> str:
    """A number as its shortest exact text: of a float, what was written in the source."""
    try:
        return str(Decimal(repr(value) if isinstance(value, float) else value))
    except InvalidOperation:
        raise BadInputError(f"{name} = {value!r}: accepted: a decimal number") from None


def _proven(view: View) -> TradeResult:
    """Raises where an order of it may still fill for all we know."""
    in_doubt = view.get("in_doubt")
    if isinstance(in_doubt, list) and in_doubt:
        names = ", ".join(str(name) for name in in_doubt)
        text = f"nobody knows the outcome of {names}: filld looks on; see filld order {in_doubt[0]}"
        raise UnknownOutcomeError(text, venue=str(view.get("venue", "")))
    return result_of(view)
