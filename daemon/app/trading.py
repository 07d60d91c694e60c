"""Trades over the running loop: one task each, attempt after attempt until full or given up.

An attempt is asked for as a fact, so every one and its reason is journalled, and the engine makes
none before the last is proven dead. Nothing here sends, and nothing here remembers: what a trade
has come to is read out of the book.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from daemon.analytics.trade_views import find_trade
from daemon.core.book import Book
from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import Quote
from daemon.core.order import Order
from daemon.core.requests import TradeRequested
from daemon.core.terms import NANOS, OrdStatus, RejectReason, TimeInForce
from daemon.core.trade import TradeAttempt
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.runtime.outbox import Outbox
from daemon.runtime.waiting import OrderWaiter, OutcomeUnknownError
from daemon.settings import TradeSettings

# The settings' words for what may pass. An order that ended before it was full, be it at once,
# is `timeout` to them. What never arrived was lost on the way.
RETRY_WORDS: Final[Mapping[RejectReason, str]] = {
    RejectReason.NETWORK: "network_error",
    RejectReason.ABSENT: "network_error",
    RejectReason.RATE_LIMIT: "rate_limit",
    RejectReason.TIMEOUT: "timeout",
    RejectReason.NO_LIQUIDITY: "timeout",
    RejectReason.VENUE_ERROR: "exchange_error",
    RejectReason.CLOCK_SKEW: "exchange_error",
}
_LOOK_S: Final = 0.05
_KNOWN_WITHIN_S: Final = 10.0
# Beyond the time in which a request of ours may still be taken by a venue.
_PROOF_MARGIN_S: Final = 30.0


class _TryAgain(Exception):  # noqa: N818 - no error: what tenacity is told
    """An attempt ended without filling all of it, for a reason that may pass."""


@dataclass(slots=True, kw_only=True)
class Trader:
    """All trades of one run."""

    driver: Driver
    outbox: Outbox
    inbox: Inbox
    waiter: OrderWaiter
    freshness: Freshness
    clock: Clock
    settings: TradeSettings
    _group: asyncio.TaskGroup | None = field(default=None, init=False)
    _running: set[str] = field(default_factory=set, init=False)

    @property
    def running(self) -> frozenset[str]:
        """The tokens of the trades that somebody here still follows."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Own the trades' tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    def begin(self, wanted: TradeRequested) -> None:
        """Follow a trade to its end; one that runs already goes on as it is."""
        if wanted.token in self._running:
            return
        if self._group is None:
            raise RuntimeError("no trade runs yet")
        limited = replace(wanted, timeout_s=wanted.timeout_s or self.settings.timeout_s)
        self._running.add(wanted.token)
        self._group.create_task(self._follow(limited), name=f"trade {wanted.token}")

    async def _follow(self, wanted: TradeRequested) -> None:
        try:
            await self.execute_trade(wanted)
        except OutcomeUnknownError:
            pass  # the engine looks on; whoever asks is told which order it is
        finally:
            self._running.discard(wanted.token)

    async def execute_trade(self, wanted: TradeRequested) -> None:
        """Trade until full, until the reason may not pass, or until all attempts are used up.

        A trade that was known before is only followed to its proven end. Raises
        OutcomeUnknownError, naming the order, when an end cannot be proven in time.
        """
        known = await self.driver.look(lambda book: find_trade(book, wanted.token))
        if known is not None:
            await self._prove_last(wanted)
            return
        attempts = AsyncRetrying(
            stop=stop_after_attempt(self.settings.max_retries + 1),
            wait=self._wait_s,
            retry=retry_if_exception_type(_TryAgain),
            sleep=self.clock.sleep,
        )
        reason: RejectReason | None = None
        try:
            async for attempt in attempts:
                with attempt:
                    number = attempt.retry_state.attempt_number
                    asked = replace(wanted, attempt=number, reason=reason)
                    reason = await self._attempt(asked)
                    if RETRY_WORDS.get(reason or RejectReason.OPERATOR) in self._retryable:
                        raise _TryAgain
        except RetryError:
            return

    @property
    def _retryable(self) -> tuple[str, ...]:
        return self.settings.retryable_errors

    def _wait_s(self, state: RetryCallState) -> float:
        """Seconds before the next attempt: growing, and longer by a chance share of itself."""
        settings = self.settings
        grown_s = wait_exponential(
            multiplier=float(settings.base_delay),
            max=float(settings.max_delay),
            exp_base=float(settings.exponential_base),
        )(state)
        return grown_s + wait_random(0, grown_s * float(settings.jitter_factor))(state)

    async def _attempt(self, asked: TradeRequested) -> RejectReason | None:
        """One attempt to its proven end; why it left something, None when nothing is left."""
        quote = await self._priced(asked)
        stamped = replace(
            asked,
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            quote=quote,
        )
        await self.driver.act(lambda _book: stamped)
        return await self._prove_last(asked)

    async def _prove_last(self, wanted: TradeRequested) -> RejectReason | None:
        last = await self.driver.look(lambda book: _last_attempt(book, wanted.token))
        if last is None:
            return None
        if last.client_order_id is None:
            return last.refusal
        limit_s = float(wanted.timeout_s or self.settings.timeout_s)
        proof_s = await self.driver.look(lambda book: _proof_s(book, wanted))
        await self.waiter.wait_for_fill_or_cancel(
            self.driver, last.client_order_id, limit_s, proof_s=proof_s
        )
        order_id = last.client_order_id
        return _why_left(await self.driver.look(lambda book: book.order(order_id)))

    async def _priced(self, asked: TradeRequested) -> Quote | None:
        """The market's terms in the book, the account read once, and a price from now, or None.

        What stays unknown is the engine's to refuse.
        """
        owner = (asked.account, asked.venue)
        where = (*owner, asked.symbol)
        asked_ns = self.clock.mono_ns()
        terms = QueryMarket(account=asked.account, venue=asked.venue, symbol=asked.symbol)
        price = QueryQuote(account=asked.account, venue=asked.venue, symbol=asked.symbol)
        self.outbox.ask(terms)
        self.outbox.ask(price)
        while True:
            quote = self.inbox.quotes().get(where)
            fresh = quote if quote is not None and quote.mono_ns >= asked_ns else None
            read = await self.driver.look(lambda book: _is_read(book, asked))
            if fresh is not None and read and owner in self.freshness.compared:
                return fresh
            if self.clock.mono_ns() - asked_ns > _KNOWN_WITHIN_S * NANOS:
                return fresh
            await self.clock.sleep(_LOOK_S)


def _last_attempt(book: Book, token: str) -> TradeAttempt | None:
    """The newest attempt; None where many trades after it made the book forget it."""
    found = find_trade(book, token)
    return None if found is None else found[1].attempts[-1]


def _proof_s(book: Book, wanted: TradeRequested) -> float:
    policy = book.policy(wanted.account, wanted.venue)
    return float(policy.in_flight_bound_s) + _PROOF_MARGIN_S


def _is_read(book: Book, asked: TradeRequested) -> bool:
    """The market's terms are known, and what is held of it agrees with what was read."""
    held = book.positions_on(asked.account, asked.venue, asked.symbol)
    known = (asked.venue, asked.symbol) in book.markets
    agreed = (p.mismatch is None and (p.verified or not p.qty) for p in held)
    return known and all(agreed)


def _why_left(order: Order) -> RejectReason | None:
    if order.cum_qty + order.inferred_qty >= order.order_qty:
        return None
    if order.status is OrdStatus.REJECTED or order.reason is RejectReason.OPERATOR:
        return order.reason or RejectReason.VENUE_ERROR
    rested = order.time_in_force is TimeInForce.GTC
    return RejectReason.TIMEOUT if rested else RejectReason.NO_LIQUIDITY
