"""What may be learnt while the daemon runs: expected slippage, and delays that serve.

It reads quotes and outcomes beside the loop, and hands what it makes of them in as facts like any
other: the loop journals them and the core bounds them. Where it dies or errs, the caps count.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from daemon.analytics.lessons import DelayLesson, Lesson, Outcome
from daemon.app import extras
from daemon.app.slippage_model import SlippageModel
from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Quote
from daemon.core.instrument import Instrument
from daemon.core.rules import ExitPolicy
from daemon.core.terms import NANOS, ONE, ZERO, Account, PositionKey, Symbol, Venue, quotient
from daemon.ports import Clock
from daemon.settings import Settings, SettingsError, account_policies, stop_rules

_LOOK_S: Final = 1.0
# The same number is said again when it is so old, and another one not sooner than this.
_AGAIN_NS: Final = 20 * NANOS
_SOONEST_NS: Final = 5 * NANOS
_WEIGHT: Final = Decimal("0.1")
_PRICED_NS: Final = 15 * NANOS

Where = tuple[Account, Venue, Symbol]
HandIn = Callable[[Event], None]


class Look(Protocol):
    """Reads the committed book."""

    def __call__(self, read: Callable[[Book], list[Held]], /) -> Awaitable[list[Held]]: ...


def policies(settings: Settings) -> list[ExitPolicy]:
    """Every way of getting out that these settings know."""
    return [
        *(rule.exits for rule in stop_rules(settings)),
        *(account.exits for account in account_policies(settings)),
    ]


def wants_model(settings: Settings) -> bool:
    """Whether anything here asks for an expected slippage."""
    asked = any(policy.bound_by_estimate for policy in policies(settings))
    return asked or settings.analytics.estimate_slippage


def model_problems(settings: Settings) -> list[str]:
    """What is asked of a model that this installation cannot give."""
    problem = extras.missing("river") if wants_model(settings) else None
    if problem is None:
        return []
    key = "exits.max_slippage_px = model"
    if not any(policy.bound_by_estimate for policy in policies(settings)):
        key = "analytics.estimate_slippage = true"
    return [f"{key}: {problem}"]


def make_model(settings: Settings) -> SlippageModel | None:
    """The model where one is asked for. Raises SettingsError where it cannot be had."""
    problems = model_problems(settings)
    if problems:
        raise SettingsError(problems)
    return SlippageModel() if wants_model(settings) else None


@dataclass(slots=True)
class _Seen:
    """The newest quote of a symbol, and how far its mid moves: an average that forgets."""

    quote: Quote
    volatility_px: Decimal = ZERO

    def take(self, quote: Quote) -> None:
        """A newer quote."""
        before, now = _mid(self.quote), _mid(quote)
        if before is not None and now is not None:
            moved = abs(now - before)
            change = (moved - self.volatility_px) * _WEIGHT
            self.volatility_px = quotient(self.volatility_px + change, ONE)
        self.quote = quote


class Held(NamedTuple):
    """A position: signed quantity, and the terms of its market."""

    key: PositionKey
    qty: Decimal
    instrument: Instrument

    @property
    def where(self) -> Where:
        """What prices it."""
        return (self.key.account, self.key.venue, self.key.symbol)


class Estimator:
    """Observes prices, learns from outcomes, and says every second what an exit would slip."""

    def __init__(
        self, settings: Settings, model: SlippageModel | None, hand_in: HandIn, clock: Clock
    ) -> None:
        self._model, self._hand_in, self._clock = model, hand_in, clock
        self._delays = False
        self.follow(settings)
        self._seen: dict[Where, _Seen] = {}
        self._told: dict[tuple[Where, str], SlippageEstimated] = {}

    def follow(self, settings: Settings) -> None:
        """Go by these settings; raises SettingsError where they ask for a model and none runs."""
        if self._model is None and wants_model(settings):
            problems = model_problems(settings)
            raise SettingsError(problems or ["the slippage model is loaded at the start: restart"])
        self._delays = any(policy.learn_retry_delay for policy in policies(settings))

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002 - the port's
        """Keep the newest price."""
        if self._model is None or not isinstance(event, Quote):
            return
        where = (event.account, event.venue, event.symbol)
        seen = self._seen.get(where)
        if seen is None:
            self._seen[where] = _Seen(event)
        else:
            seen.take(event)

    def learn(self, lesson: Lesson, news: bool) -> None:  # noqa: FBT001 - as `figures.Learner`
        """Take what the figures have found; `news` that the engine may use is handed in."""
        match lesson:
            case Outcome():
                if self._model is not None:
                    self._model.learn(lesson)
            case DelayLesson() if news and self._delays:
                self._hand_in(
                    RetryDelayLearned(
                        receive_time_ns=self._clock.wall_ns(),
                        mono_ns=self._clock.mono_ns(),
                        account=lesson.account,
                        venue=lesson.venue,
                        reason=lesson.reason,
                        delay_s=lesson.delay_s,
                    )
                )
            case _:
                return

    async def run(self, look: Look) -> None:
        """Estimate until cancelled; `look` reads the committed book."""
        while True:
            await self._clock.sleep(_LOOK_S)
            if self._model is not None and self._seen:
                self._estimate(self._model, await look(self._held))

    def _held(self, book: Book) -> list[Held]:
        """What is held of what is priced here."""
        found = []
        for where in self._seen:
            market = book.markets.get(where[1:])
            if market is not None:
                positions = book.positions_on(*where)
                found += [Held(p.key, p.qty, market.instrument) for p in positions if p.qty]
        return found

    def _estimate(self, model: SlippageModel, held: Sequence[Held]) -> None:
        now_ns = self._clock.mono_ns()
        names = {one.where for one in held}
        self._seen = {where: seen for where, seen in self._seen.items() if where in names}
        self._told = {name: one for name, one in self._told.items() if name[0] in names}
        for one in held:
            seen = self._seen.get(one.where)
            if seen is None or now_ns - seen.quote.mono_ns > _PRICED_NS:
                continue
            found = estimate(one, seen.quote, seen.volatility_px)
            if found is not None:
                self._tell(one, _judged(model, self._dated(found)))

    def _dated(self, found: SlippageEstimated) -> SlippageEstimated:
        now = (self._clock.wall_ns(), self._clock.mono_ns())
        return replace(found, receive_time_ns=now[0], mono_ns=now[1])

    def _tell(self, one: Held, found: SlippageEstimated) -> None:
        name = (one.where, one.key.name)
        told = self._told.get(name)
        if told is not None:
            age_ns = found.mono_ns - told.mono_ns
            tick = one.instrument.tick_at(found.held_px)
            if age_ns < _SOONEST_NS or (age_ns < _AGAIN_NS and not _differs(found, told, tick)):
                return
        self._told[name] = found
        self._hand_in(found)


def _differs(found: SlippageEstimated, told: SlippageEstimated, tick: Decimal) -> bool:
    """Whether an order would be sent otherwise."""
    if found.qty != told.qty or (found.bound_px is None) is not (told.bound_px is None):
        return True
    moved = abs((found.bound_px or ZERO) - (told.bound_px or ZERO))
    return max(moved, abs(found.expected_px - told.expected_px)) >= tick


def _judged(model: SlippageModel, found: SlippageEstimated) -> SlippageEstimated:
    """With what the model says: its bound, and its middle where less is shown than is held."""
    guess = model.predict(found)
    if guess is None:
        return found
    middle, bound = guess
    if found.source is EstimateSource.SHOWN:
        return replace(found, bound_px=bound)
    return replace(found, expected_px=middle, bound_px=bound)


def estimate(held: Held, quote: Quote, volatility_px: Decimal) -> SlippageEstimated | None:
    """What the quote alone says of an exit now: nothing slips as far as enough is shown.

    Beyond that, until more has been learnt, half the spread. None for a one-sided quote.
    """
    if quote.bid_px is None or quote.ask_px is None or quote.ask_px < quote.bid_px:
        return None
    long, qty = held.qty > ZERO, abs(held.qty)
    px, shown = (quote.bid_px, quote.bid_qty) if long else (quote.ask_px, quote.ask_qty)
    held_px, spread = held.instrument.held_px(px, held.qty), quote.ask_px - quote.bid_px
    if held_px <= ZERO:
        return None
    enough = shown >= qty
    return SlippageEstimated(
        receive_time_ns=quote.receive_time_ns,
        mono_ns=quote.mono_ns,
        account=quote.account,
        venue=quote.venue,
        symbol=quote.symbol,
        position_side=held.key.position_side,
        source=EstimateSource.SHOWN if enough else EstimateSource.MODEL,
        qty=qty,
        shown_qty=shown,
        held_px=held_px,
        spread_px=spread,
        volatility_px=volatility_px,
        expected_px=ZERO if enough else quotient(spread, Decimal(2)),
    )


def _mid(quote: Quote) -> Decimal | None:
    if quote.bid_px is None or quote.ask_px is None:
        return None
    return quotient(quote.bid_px + quote.ask_px, Decimal(2))
