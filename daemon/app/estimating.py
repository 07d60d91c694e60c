"""What may be learnt while the daemon runs: expected slippage, and delays that serve.

It reads quotes and outcomes beside the loop, and hands what it makes of them in as facts like any
other: the loop journals them and the core bounds them. Where it dies or errs, the caps count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple, Protocol

from daemon.analytics.guards import nearest
from daemon.analytics.lessons import DelayLesson, Lesson, Outcome
from daemon.analytics.scene import Scene
from daemon.app import extras
from daemon.app.depths import Depths, Owner, Where
from daemon.app.slippage_model import SlippageModel
from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Quote
from daemon.core.instrument import Instrument
from daemon.core.position import Position
from daemon.core.rules import ExitPolicy
from daemon.core.terms import NANOS, ONE, ZERO, PositionKey, quotient
from daemon.ports import Clock, Depth, Levels, MarketReader
from daemon.runtime.inbox import Inbox
from daemon.settings import Settings, SettingsError, account_policies, stop_rules

_LOOK_S: Final = 1.0
# The same number is said again when it is so old, and another one not sooner than this.
_AGAIN_NS: Final = 20 * NANOS
_SOONEST_NS: Final = 5 * NANOS
_AT_ONCE: Final = 50
_WEIGHT: Final = Decimal("0.1")
_FAR: Final = Decimal("Infinity")

HandIn = Callable[[Event], None]
Prices = Callable[[], Mapping[Where, Quote]]


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
class _Moves:
    """How far the mid of a symbol moves from quote to quote: an average that forgets."""

    mid_px: Decimal
    volatility_px: Decimal = ZERO

    def take(self, mid_px: Decimal) -> None:
        """A newer one."""
        change = (abs(mid_px - self.mid_px) - self.volatility_px) * _WEIGHT
        self.volatility_px = quotient(self.volatility_px + change, ONE)
        self.mid_px = mid_px


class Held(NamedTuple):
    """A position: signed quantity, the terms and the live price of its market.

    `room` is the share of its price that the price may still go until a rule fires, where asked.
    """

    key: PositionKey
    qty: Decimal
    instrument: Instrument
    quote: Quote
    room: Decimal = _FAR

    @property
    def where(self) -> Where:
        """What prices it."""
        return (self.key.account, self.key.venue, self.key.symbol)

    @property
    def best(self) -> tuple[Decimal | None, Decimal]:
        """The price (instrument's) at which it could be closed, and the quantity shown there."""
        quote = self.quote
        return (quote.bid_px, quote.bid_qty) if self.qty > ZERO else (quote.ask_px, quote.ask_qty)

    def side(self, depth: Depth) -> Levels:
        """The levels that an exit of it would take."""
        return depth.bids if self.qty > ZERO else depth.asks

    @property
    def hidden(self) -> bool:
        """True where the price shows less than all of it."""
        return self.best[1] < abs(self.qty)


def make_estimator(
    settings: Settings, venues: Mapping[Owner, MarketReader], inbox: Inbox, clock: Clock
) -> Estimator:
    """The estimator of a run. Raises SettingsError where its model cannot be had."""
    return Estimator(
        settings,
        make_model(settings),
        inbox.put_answer,
        clock,
        prices=inbox.quotes,
        depths=Depths(venues, inbox.put_answer, clock),
    )


class Estimator:
    """Learns from outcomes, and says every second what an exit at the live prices would slip."""

    def __init__(
        self,
        settings: Settings,
        model: SlippageModel | None,
        hand_in: HandIn,
        clock: Clock,
        *,
        prices: Prices,
        depths: Depths,
    ) -> None:
        self._model, self._hand_in, self._clock = model, hand_in, clock
        self._prices, self._depths = prices, depths
        self._delays = False
        self.follow(settings)
        self._moves: dict[Where, _Moves] = {}
        self._told: dict[tuple[Where, str], SlippageEstimated] = {}

    def follow(self, settings: Settings) -> None:
        """Go by these settings; raises SettingsError where they ask for a model and none runs."""
        if self._model is None and wants_model(settings):
            problems = model_problems(settings)
            raise SettingsError(problems or ["the slippage model is loaded at the start: restart"])
        self._delays = any(policy.learn_retry_delay for policy in policies(settings))

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002 - the port's
        """Follow how far prices move."""
        if self._model is None or not isinstance(event, Quote):
            return
        mid_px = _mid(event)
        if mid_px is not None:
            where = (event.account, event.venue, event.symbol)
            self._moves.setdefault(where, _Moves(mid_px)).take(mid_px)

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
        if self._model is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._depths.run(), name="order books")
            while True:
                await self._clock.sleep(_LOOK_S)
                await self._turn(self._model, look)

    async def _turn(self, model: SlippageModel, look: Look) -> None:
        """All that is held, some of it at a time: an exit of one waits for no estimate of all."""
        prices, held = list(self._prices().items()), list[Held]()
        for start in range(0, len(prices), _AT_ONCE):
            some = await look(partial(held_of, prices[start : start + _AT_ONCE]))
            for one in some:
                self._estimate(model, one)
            held += some
        names = {one.where for one in held}
        self._moves = {where: moves for where, moves in self._moves.items() if where in names}
        self._told = {name: one for name, one in self._told.items() if name[0] in names}
        hidden = sorted((one for one in held if one.hidden), key=lambda one: one.room)
        self._depths.want([one.where for one in hidden])

    def _estimate(self, model: SlippageModel, one: Held) -> None:
        moves, depth = self._moves.get(one.where), self._depths.get(one.where)
        walk = walked(one.side(depth), abs(one.qty)) if one.hidden and depth is not None else None
        found = estimate(one, ZERO if moves is None else moves.volatility_px, walk)
        if found is not None:
            self._tell(one, _judged(model, self._dated(found), walk))

    def _dated(self, found: SlippageEstimated) -> SlippageEstimated:
        now = (self._clock.wall_ns(), self._clock.mono_ns())
        return replace(found, receive_time_ns=now[0], mono_ns=now[1])

    def _tell(self, one: Held, found: SlippageEstimated) -> None:
        name = (one.where, one.key.name)
        told = self._told.get(name)
        if told is None or _is_news(found, told, one.instrument.tick_at(found.held_px)):
            self._told[name] = found
            self._hand_in(found)


def _is_news(found: SlippageEstimated, told: SlippageEstimated, tick: Decimal) -> bool:
    """Whether to say it: at once when a guess gives way to a book, else not with every quote."""
    if told.source is EstimateSource.MODEL and found.source is EstimateSource.SHOWN:
        return True
    age_ns = found.mono_ns - told.mono_ns
    return age_ns >= _AGAIN_NS or (age_ns >= _SOONEST_NS and _differs(found, told, tick))


def _differs(found: SlippageEstimated, told: SlippageEstimated, tick: Decimal) -> bool:
    """Whether an order would be sent otherwise."""
    if found.qty != told.qty or (found.bound_px is None) is not (told.bound_px is None):
        return True
    moved = abs((found.bound_px or ZERO) - (told.bound_px or ZERO))
    return max(moved, abs(found.expected_px - told.expected_px)) >= tick


def _judged(model: SlippageModel, found: SlippageEstimated, walk: Walk | None) -> SlippageEstimated:
    """With what the model says: its bound, and its middle where less is shown than is held.

    A bound is no nearer than the last level that is needed: an order limited by it could not fill.
    """
    guess = model.predict(found)
    if guess is None:
        return found
    middle, bound = guess
    bound = max(bound, ZERO if walk is None else walk.reach_px)
    if found.source is EstimateSource.SHOWN:
        return replace(found, bound_px=bound)
    return replace(found, expected_px=middle, bound_px=bound)


class Walk(NamedTuple):
    """What levels say of a quantity: whether they hold it, and how much worse than the first of
    them it goes: on average, and the last of it.
    """

    whole: bool
    mean_px: Decimal
    reach_px: Decimal


def estimate(
    held: Held, volatility_px: Decimal, walk: Walk | None = None
) -> SlippageEstimated | None:
    """What is shown of an exit now: nothing slips at the best price, the rest as the book says.

    Beyond what is shown, until more has been learnt, half the spread or what the shown part
    slips. None for a one-sided quote.
    """
    quote, (px, shown), qty = held.quote, held.best, abs(held.qty)
    if px is None or quote.bid_px is None or quote.ask_px is None or quote.ask_px < quote.bid_px:
        return None
    held_px, spread = held.instrument.held_px(px, held.qty), quote.ask_px - quote.bid_px
    if held_px <= ZERO:
        return None
    enough, slips_px = not held.hidden, ZERO
    if not enough and walk is not None:
        enough, slips_px = walk.whole, walk.mean_px
    if not enough:
        slips_px = max(slips_px, quotient(spread, Decimal(2)))
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
        expected_px=slips_px,
    )


def walked(levels: Levels, qty: Decimal) -> Walk:
    """`qty` (> 0) taken off the levels, the best first.

    What they do not hold counts at the last of them. They may be a little older than the quote,
    so what they tell is a distance and not a price.
    """
    left, cost, away_px = qty, ZERO, ZERO
    for px, held_qty in levels:
        part, away_px = min(left, held_qty), abs(px - levels[0][0])
        cost += away_px * part
        left -= part
        if not left:
            break
    return Walk(not left, quotient(cost + away_px * left, qty), away_px)


def held_of(prices: Iterable[tuple[Where, Quote]], book: Book) -> list[Held]:
    """What is held of what has these prices."""
    found = []
    for where, quote in prices:
        market = book.markets.get(where[1:])
        for one in () if market is None else book.positions_on(*where):
            if market is not None and one.qty:
                held = Held(one.key, one.qty, market.instrument, quote)
                found.append(held._replace(room=_room(book, one, quote)) if held.hidden else held)
    return found


def _room(book: Book, position: Position, quote: Quote) -> Decimal:
    if position.key in book.exits:
        return ZERO
    where = (quote.account, quote.venue, quote.symbol)
    scene = Scene(book=book, now_ns=0, quotes={where: quote})
    px, distance = scene.executable_px(position), nearest(scene, position)
    return _FAR if not px or distance is None else quotient(distance, px)


def _mid(quote: Quote) -> Decimal | None:
    if quote.bid_px is None or quote.ask_px is None:
        return None
    return quotient(quote.bid_px + quote.ask_px, Decimal(2))
