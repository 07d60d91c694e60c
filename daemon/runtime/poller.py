"""Looks at the whole account now and then, whatever the streams say. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.book import Book
from daemon.core.commands import QueryBook
from daemon.core.review import OVERLAP_NS
from daemon.core.terms import Account, Venue
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks: while something is exiting, and otherwise."""

    active_s: float
    idle_s: float


class Poller:
    """Asks for orders, fills and positions of every account at its pace, for ever."""

    def __init__(self, driver: Driver, outbox: Outbox, clock: Clock, pace: Pace) -> None:
        self._driver = driver
        self._outbox = outbox
        self._clock = clock
        self._pace = pace

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            exiting = await self._driver.look(_exiting)
            for question in await self._driver.look(account_questions):
                self._outbox.ask(question)
            await self._clock.sleep(self._pace.active_s if exiting else self._pace.idle_s)


def _exiting(book: Book) -> bool:
    return bool(book.exits)


def account_questions(book: Book) -> Sequence[QueryBook]:
    """One look at each account that has a policy."""
    policies = () if book.rules is None else book.rules.accounts
    return [_question(book, policy.account, policy.venue) for policy in policies]


def _question(book: Book, account: Account, venue: Venue) -> QueryBook:
    since_ns = max(book.account(account, venue).fills_as_of_ns - OVERLAP_NS, 0)
    return QueryBook(account=account, venue=venue, since_ns=since_ns)
