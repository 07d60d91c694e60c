"""One event in, commands out. No I/O, no clock, no chance: one `match` and the book.

`handle` folds the event, then decides; each decision is folded as it is made. `replay` folds what
was decided before, without deciding again (semantics.md 5).
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable

from daemon.core import handlers, review
from daemon.core.book import Book, BookState
from daemon.core.calm import disturb, is_calm
from daemon.core.commands import Command
from daemon.core.comparing import Comparison
from daemon.core.decisions import RaiseHighWater
from daemon.core.desk import Desk, Memory
from daemon.core.events import (
    Event,
    FeedLost,
    FeedRestored,
    Fill,
    FillsRead,
    Funding,
    MarginCall,
    MarketChanged,
    MarketRead,
    OrderAbsent,
    OrderEvent,
    OrdersRead,
    PositionSnapshot,
    Quote,
    RulesLoaded,
    Settlement,
    Started,
    StopRequested,
    StreamLost,
    StreamRestored,
    TimerFired,
    Undecodable,
    VenueNotOpened,
    VenuePaused,
    VenueResumed,
)
from daemon.core.fold import apply_command, apply_event
from daemon.core.guarding import on_quote
from daemon.core.imposed import on_funding, on_margin_call
from daemon.core.outages import on_feed, on_venue
from daemon.core.page import Page
from daemon.core.requests import (
    CancelRequested,
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    PositionsImported,
    ResumeRequested,
    TradeRequested,
    UnguardRequested,
)
from daemon.core.tending import on_absent
from daemon.core.terms import EXACT
from daemon.core.timers import on_timer
from daemon.core.trading import on_trade

# Raise when the same facts would be decided otherwise: `replay --verify` then skips older records.
ENGINE_VERSION = 5


class Engine:
    """The book and its rules. `changed` tells whether the last event has to be journalled.

    `compared` may be set before a read of many positions is handled: what was found out ahead.
    """

    def __init__(self, state: BookState | None = None) -> None:
        self.book = Book() if state is None else Book.from_state(state)
        self.memory = Memory()
        self.changed = False
        self.compared: Comparison | None = None

    def handle(self, event: Event) -> tuple[Command, ...]:
        """Fold a fact and decide; raises an OursError on an impossible input."""
        quote = event if isinstance(event, Quote) else None
        if quote is not None and is_calm(self.memory, quote):
            self.changed = False
            return ()
        outside = decimal.getcontext()
        decimal.setcontext(EXACT)  # `localcontext` would make a copy for each quote
        try:
            desk = Desk(self.book, self.memory, event)
            news = quote is None and apply_event(self.book, event)
            if news:
                self._forget(event)
            self._decide(desk, news=news)
            if desk.rewatched:
                review.hand_watched(desk)
            self.changed = news or desk.keep
            if self.changed:
                disturb(self.memory, self.book, event)
            return tuple(desk.commands)
        finally:
            decimal.setcontext(outside)

    def replay(self, event: Event, commands: Iterable[Command]) -> None:
        """Fold a journalled step as it stands."""
        outside = decimal.getcontext()
        decimal.setcontext(EXACT)
        try:
            apply_event(self.book, event)
            for command in commands:
                apply_command(self.book, command, event)
        finally:
            decimal.setcontext(outside)

    def redecide(self, event: Event, commands: Iterable[Command]) -> tuple[Command, ...]:
        """Fold a journalled step while deciding it again; returns the decisions that differ.

        High-water marks are taken as journalled: the quotes that made them are not kept.
        """
        with decimal.localcontext(EXACT):
            if isinstance(event, Started):
                self.memory = Memory()  # a new process remembered nothing
                for page in self.book.pages.values():
                    page.watched = False
            script = list(commands)
            for command in script:
                if isinstance(command, RaiseHighWater):
                    apply_command(self.book, command, event)
                    page = self.book.pages[command.key]
                    generation = page.position.generation
                    self.memory.peaks[command.key, generation] = command.high_water_px
                    page.levels = None
            if isinstance(event, Quote):
                self.memory.one_sided.discard((event.venue, event.symbol))
            news = apply_event(self.book, event)
            if news:
                self._forget(event)
            expected = [c for c in script if not isinstance(c, RaiseHighWater)]
            desk = Desk(self.book, self.memory, event, script=expected)
            self._decide(desk, news=news)
            return (*desk.astray, *expected)

    def _forget(self, event: Event) -> None:
        """Levels are made of rules, entries and terms: what changes those voids them."""
        pages: Iterable[Page] = ()
        match event:
            case Fill() if self.book.at_hand is not None:
                pages = self.book.at_hand[0].beside
            case OrderEvent() | MarketChanged():
                pages = self.book.pages_on(event.account, event.venue, event.symbol)
            case RulesLoaded() | Started() | MarketRead():
                pages = self.book.pages.values()
            case _:
                return
        for page in pages:
            page.levels = None

    def _ahead(self) -> Comparison | None:
        ahead, self.compared = self.compared, None
        return ahead

    def _decide(self, desk: Desk, *, news: bool) -> None:  # noqa: C901, PLR0912, PLR0915 - one match
        event = desk.event
        match event:
            case Quote():
                on_quote(desk, event)
            case Fill():
                handlers.on_fill(desk, event, news=news)
            case OrderAbsent():
                on_absent(desk, event)
            case OrderEvent():
                handlers.on_order(desk, event, news=news)
            case OrderResolved() | CancelRequested():
                handlers.on_word(desk, event)
            case OrdersRead():
                handlers.on_orders_read(desk, event)
            case FillsRead():
                handlers.on_fills_read(desk, event)
            case PositionSnapshot():
                review.on_positions(desk, event, self._ahead())
            case Settlement():
                handlers.on_settlement(desk, event)
            case Funding():
                on_funding(desk, event, news=news)
            case MarginCall():
                on_margin_call(desk, event)
            case MarketRead() | MarketChanged():
                handlers.on_market(desk, event, news=news)
            case TimerFired():
                on_timer(desk, event)
            case Started() | RulesLoaded() | StopRequested():
                handlers.on_start(desk, event)
            case (
                VenueNotOpened() | VenuePaused() | VenueResumed() | StreamLost() | StreamRestored()
            ):
                on_venue(desk, event, news=news)
            case FeedLost() | FeedRestored():
                on_feed(desk, event)
            case HaltRequested() | ResumeRequested():
                handlers.on_halt(desk, event, news=news)
            case ConfirmRequested() | UnguardRequested() | ExitRequested():
                handlers.on_operator(desk, event)
            case TradeRequested():
                on_trade(desk, event, news=news)
            case PositionsImported():
                handlers.on_import(desk, event)
            case Undecodable():
                handlers.on_undecodable(desk, event)
            case _:
                return
