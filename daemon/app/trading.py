"""Trades over the running loop: one task each, attempt after attempt until full or given up.

An attempt is asked for as a fact, so every one and its reason is journalled, and the engine makes
none before the last is proven dead. Nothing here sends, and nothing here remembers: what a trade
has come to is read out of the book. `timeout_s` is for all of it: at its end no attempt begins,
what rests is canceled, and who asked is told when its end is proven.
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
    wait_exponential,
    wait_random,
)

from daemon.analytics.trade_views import find_trade
from daemon.app.market_looks import MarketLooks, Where
from daemon.core.book import Book
from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import Quote
from daemon.core.order import Order
from daemon.core.requests import TradeRequested
from daemon.core.terms import NANOS, OrdStatus, RejectReason, TimeInForce
from daemon.core.trade import Trade, TradeAttempt
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

_Against = tuple[RejectReason, str]


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
    looks: MarketLooks
    clock: Clock
    settings: TradeSettings
    _group: asyncio.TaskGroup | None = field(default=None, init=False)
    _running: dict[str, TradeRequested] = field(default_factory=dict, init=False)

    @property
    def running(self) -> frozenset[str]:
        """The tokens of the trades that somebody here still follows."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Own the trades' tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    def begin(self, wanted: TradeRequested) -> TradeRequested:
        """Follow a trade to its end; one that runs already goes on as it is.

        Returns what is followed under the token, which may be another trade than is wanted: until
        its first attempt is journalled, nothing else knows of it.
        """
        running = self._running.get(wanted.token)
        if running is not None:
            return running
        if self._group is None:
            raise RuntimeError("no trade runs yet")
        limited = replace(wanted, timeout_s=wanted.timeout_s or self.settings.timeout_s)
        self._running[wanted.token] = limited
        self._group.create_task(self._follow(limited), name=f"trade {wanted.token}")
        return limited

    async def _follow(self, wanted: TradeRequested) -> None:
        try:
            await self.execute_trade(wanted)
        except OutcomeUnknownError:
            pass  # the engine looks on; whoever asks is told which order it is
        finally:
            del self._running[wanted.token]

    async def execute_trade(self, wanted: TradeRequested) -> None:
        """Trade until full, until the reason may not pass, or until all attempts are used up.

        None begins after `timeout_s`, nor one whose wait would end after it. A trade that was known
        before is only followed to its proven end, within the time that it was first asked for with:
        who asks again may wait for less, and changes nothing of it. Raises OutcomeUnknownError,
        naming the order, when an end cannot be proven in time.
        """
        known = await self.driver.look(lambda book: find_trade(book, wanted.token))
        if known is not None:
            await self._prove_last(wanted, self._end_ns(known[1]))
            return
        timeout_s = wanted.timeout_s or self.settings.timeout_s
        until_ns = self.clock.mono_ns() + int(timeout_s * NANOS)

        def stop(state: RetryCallState) -> bool:
            next_ns = self.clock.mono_ns() + int(state.upcoming_sleep * NANOS)
            return state.attempt_number > self.settings.max_retries or next_ns >= until_ns

        attempts = AsyncRetrying(
            stop=stop,
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
                    reason = await self._attempt(asked, until_ns)
                    if RETRY_WORDS.get(reason or RejectReason.OPERATOR) in self._retryable:
                        raise _TryAgain
        except RetryError:
            return

    def _end_ns(self, known: Trade) -> int:
        """When (monotonic) the time of a trade is up that was asked for before."""
        spent_ns = max(self.clock.wall_ns() - known.attempts[0].asked_time_ns, 0)
        timeout_s = known.terms.timeout_s or self.settings.timeout_s
        return self.clock.mono_ns() + int(timeout_s * NANOS) - spent_ns

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

    async def _attempt(self, asked: TradeRequested, until_ns: int) -> RejectReason | None:
        """One attempt to its proven end; why it left something, None when nothing is left."""
        quote, against = await self._priced(asked, until_ns)
        refusal, text = against or (None, "")
        if refusal is RejectReason.TIMEOUT and asked.attempt > 1:
            return None  # the time is up: why something is left, the attempts before have said
        stamped = replace(
            asked,
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            quote=quote,
            refusal=refusal,
            text=text,
        )
        await self.driver.act(lambda _book: stamped)
        return await self._prove_last(asked, until_ns)

    async def _prove_last(self, wanted: TradeRequested, until_ns: int) -> RejectReason | None:
        last = await self.driver.look(lambda book: _last_attempt(book, wanted.token))
        if last is None:
            return None
        if last.client_order_id is None:
            return last.refusal
        limit_s = max(until_ns - self.clock.mono_ns(), 0) / NANOS
        proof_s = await self.driver.look(lambda book: _proof_s(book, wanted))
        await self.waiter.wait_for_fill_or_cancel(
            self.driver, last.client_order_id, limit_s, proof_s=proof_s
        )
        order_id = last.client_order_id
        return _why_left(await self.driver.look(lambda book: book.order(order_id)))

    async def _priced(
        self, asked: TradeRequested, until_ns: int
    ) -> tuple[Quote | None, _Against | None]:
        """The market's terms in the book, the account read once, and a price from now, or None;
        and what stands against an order that the engine cannot know.

        What else stays unknown is the engine's to refuse.
        """
        where = account, venue, symbol = (asked.account, asked.venue, asked.symbol)
        asked_ns = self.clock.mono_ns()
        patient_ns = asked_ns + int(_KNOWN_WITHIN_S * NANOS)
        self.outbox.ask(QueryMarket(account=account, venue=venue, symbol=symbol))
        self.outbox.ask(QueryQuote(account=account, venue=venue, symbol=symbol))
        while True:
            quote = self.inbox.quotes().get(where)
            fresh = quote if quote is not None and quote.mono_ns >= asked_ns else None
            listed = await self.driver.look(lambda book: (venue, symbol) in book.markets)
            agreed = await self.driver.look(lambda book: _is_agreed(book, asked))
            compared = agreed and (account, venue) in self.freshness.compared
            unlisted = None if listed else self.looks.unlisted(where, asked_ns)
            if unlisted is not None:
                text = f"symbol = {symbol!r}: {venue} knows no such market ({unlisted})"
                return None, (RejectReason.NOT_FOUND, text)
            now_ns = self.clock.mono_ns()
            if now_ns >= until_ns:
                missing = "its terms" if not listed else "a price" if compared else "the position"
                text = f"the time was up before {venue} had told {missing} of {symbol}"
                return fresh, (RejectReason.TIMEOUT, text)
            if fresh is not None and listed and compared:
                return fresh, None
            if now_ns >= patient_ns:
                return fresh, None if listed else self._termless(where, asked_ns)
            await self.clock.sleep(_LOOK_S)

    def _termless(self, where: Where, since_ns: int) -> _Against:
        reason, text = self.looks.why(where, since_ns)
        return reason, f"{where[1]} has not told the terms of {where[2]}: {text}"


def _last_attempt(book: Book, token: str) -> TradeAttempt | None:
    """The newest attempt; None where many trades after it made the book forget it."""
    found = find_trade(book, token)
    return None if found is None else found[1].attempts[-1]


def _proof_s(book: Book, wanted: TradeRequested) -> float:
    policy = book.policy(wanted.account, wanted.venue)
    return float(policy.in_flight_bound_s) + _PROOF_MARGIN_S


def _is_agreed(book: Book, asked: TradeRequested) -> bool:
    """What is held of the market agrees with what was read."""
    held = book.positions_on(asked.account, asked.venue, asked.symbol)
    return all(p.mismatch is None and (p.verified or not p.qty) for p in held)


def _why_left(order: Order) -> RejectReason | None:
    if order.cum_qty + order.inferred_qty >= order.order_qty:
        return None
    if order.status is OrdStatus.REJECTED or order.reason is RejectReason.OPERATOR:
        return order.reason or RejectReason.VENUE_ERROR
    rested = order.time_in_force is TimeInForce.GTC
    return RejectReason.TIMEOUT if rested else RejectReason.NO_LIQUIDITY
