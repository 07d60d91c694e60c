"""Lets committed commands out and brings their answers back. Decides nothing.

Exits and their look-ups never wait behind other reads: each venue has a gate of its own for
either. Nor does the one look at the whole account: before it agrees nothing is sold. A look that
is asked for while the same look is under way runs once more when that ends, however often it was
asked for, so the number of waiting commands is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from daemon.core.commands import (
    CancelOrder,
    Command,
    OfferQuote,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
    StartTimer,
    WatchSymbols,
)
from daemon.core.events import Event
from daemon.core.terms import Account, ClientOrderId, Venue
from daemon.ports import Venue as VenuePort
from daemon.runtime.inbox import Inbox
from daemon.runtime.timers import Timers

EXIT_GATE = 32
READ_GATE = 8
# Turns of the loop in which a request gets from its command to the socket.
SENDING_TURNS = 3

Owner = tuple[Account, Venue]
Question = QueryOrder | QueryFills | QueryBook | QueryQuote | QueryMarket


class Outbox:
    """One task per command on its way, owned by one group; a failure in one ends the process."""

    def __init__(
        self,
        venues: Mapping[Owner, VenuePort],
        inbox: Inbox,
        timers: Timers,
        shut: Container[Owner] = (),
    ) -> None:
        self._venues = venues
        self._shut = shut
        self._inbox = inbox
        self._timers = timers
        self._exit_gates = {owner: asyncio.Semaphore(EXIT_GATE) for owner in venues}
        self._read_gates = {owner: asyncio.Semaphore(READ_GATE) for owner in venues}
        self._asked: dict[tuple[object, ...], bool] = {}
        self._group: asyncio.TaskGroup | None = None
        self._ready: dict[ClientOrderId, Callable[[], None]] = {}
        self._orders_out = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._closing = False

    async def run(self) -> None:
        """Own the tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    def prepare(self, orders: Sequence[PlaceOrder]) -> None:
        """Encode and sign orders while their commit is in flight."""
        for order in () if self._closing else orders:
            let_go = self._venue((order.key.account, order.key.venue)).prepare(order)
            if let_go is not None:
                self._ready[order.client_order_id] = let_go

    def release(self, command: Command) -> None:
        """Let one committed command out."""
        match command:
            case PlaceOrder() | CancelOrder():
                self._send(command)
            case StartTimer():
                self._timers.start(command.timer, command.delay_s)
            case OfferQuote():
                self._inbox.offer((command.account, command.venue, command.symbol))
            case WatchSymbols():
                owner = (command.account, command.venue)
                self._inbox.keep_only(command.account, command.venue, command.symbols)
                if owner in self._venues:
                    self._venue(owner).watch(command.symbols)
            case QueryOrder() | QueryFills() | QueryBook() | QueryQuote() | QueryMarket():
                self.ask(command)
            case _:
                return

    def ask(self, question: Question) -> None:
        """Look something up, or once more after the look of the same kind that is under way."""
        owner = _owner(question)
        if owner not in self._venues or owner in self._shut or self._closing:
            return  # what a venue says before it has opened agrees with nothing
        name = _name(question)
        if name in self._asked:
            self._asked[name] = True
            return
        self._asked[name] = False
        self._start(self._look(owner, question, name), f"look {name[0]}")

    async def close(self, grace_s: float) -> int:
        """Send nothing more; wait for answers to orders; returns how many stay unanswered."""
        self._closing = True
        try:
            async with asyncio.timeout(grace_s):
                await self._settled.wait()
        except TimeoutError:
            return self._orders_out
        return 0

    def _venue(self, owner: Owner) -> VenuePort:
        return self._venues[owner]

    def _start(self, work: Coroutine[object, object, None], name: str) -> None:
        if self._group is None:
            raise RuntimeError("the outbox is not running")
        self._group.create_task(work, name=name)

    def _send(self, command: PlaceOrder | CancelOrder) -> None:
        if self._closing:
            return
        let_go = self._ready.pop(command.client_order_id, None)
        self._start(self._deliver(command), f"send {command.client_order_id}")
        self._orders_out += 1
        self._settled.clear()
        if let_go is not None and isinstance(command, PlaceOrder):
            let_go()  # at once: a task begins with the next turn of the loop

    async def _deliver(self, command: PlaceOrder | CancelOrder) -> None:
        owner = (command.key.account, command.key.venue)
        try:
            async with self._exit_gates[owner]:
                venue = self._venue(owner)
                if isinstance(command, PlaceOrder):
                    answers = await venue.place(command)
                else:
                    answers = await venue.cancel(command)
            self._answer(answers)
        finally:
            self._orders_out -= 1
            if not self._orders_out:
                self._settled.set()

    async def _look(self, owner: Owner, question: Question, name: tuple[object, ...]) -> None:
        gate = self._gate(owner, question)
        venue = self._venue(owner)
        for _ in range(SENDING_TURNS if self._orders_out else 0):
            await asyncio.sleep(0)  # an order on its way is written first
        again = True
        while again:
            self._asked[name] = False
            async with gate:
                self._answer(await _asked(venue, question)())
            again = self._asked[name] and not self._closing
        del self._asked[name]

    def _gate(self, owner: Owner, question: Question) -> AbstractAsyncContextManager[None]:
        match question:
            case QueryOrder() | QueryQuote():
                return self._exit_gates[owner]
            case QueryBook():
                return nullcontext()  # there is only ever one of each account
            case _:
                return self._read_gates[owner]

    def _answer(self, answers: Sequence[Event]) -> None:
        for event in answers:
            self._inbox.put_answer(event)


def _asked(venue: VenuePort, question: Question) -> Callable[[], Awaitable[Sequence[Event]]]:
    match question:
        case QueryOrder():
            return lambda: venue.order(question)
        case QueryFills():
            return lambda: venue.fills(question)
        case QueryBook():
            return lambda: venue.book(question)
        case QueryQuote():
            return lambda: venue.quote(question)
        case QueryMarket():
            return lambda: venue.market(question)


def _owner(question: Question) -> Owner:
    if isinstance(question, QueryOrder):
        return (question.key.account, question.key.venue)
    return (question.account, question.venue)


def _name(question: Question) -> tuple[object, ...]:
    """What makes two questions the same one: a look back further is another question."""
    kind = type(question).__name__
    match question:
        case QueryOrder():
            return (kind, question.client_order_id)
        case QueryFills():
            return (kind, question.account, question.venue, question.symbol, question.since_ns)
        case QueryBook():
            return (kind, question.account, question.venue)
        case QueryQuote() | QueryMarket():
            return (kind, question.account, question.venue, question.symbol)
