"""A stage for stories: one engine, a clock of its own, a twin that replays, a judge that verifies.

After every event the twin, which folds the journalled steps and decides nothing, must have the
same book, and so must a book made of the state: recovery is tested by whatever is played. The
judge decides the journalled steps again and must find nothing else. An image of the book from
before each event must show nothing of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import fields, replace
from decimal import Decimal
from typing import TypeVar

from daemon.core.book import Book
from daemon.core.commands import Command, NoticeKind, Notify, PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import Event, PositionRow
from daemon.core.exits import Exit
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.rules import AccountPolicy, StopRule
from daemon.core.terms import NANOS, ClientOrderId, Side
from daemon.journal.codec import encode_state
from daemon.journal.image import Image
from tests import builders as make

WALL_NS = 1_700_000_000 * NANOS
Kind = TypeVar("Kind", bound=Command)
_STAMPS = ("transact_time_ns", "as_of_ns")


class Play:
    """Tells an engine events, one second apart unless said otherwise."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine()
        self.twin = Engine()
        self.judge = Engine()
        self.now_ns = 1_000 * NANOS
        self.agrees = True
        self.commands: list[Command] = []
        self.placed: list[PlaceOrder] = []

    def stamped(self, event: Event) -> Event:
        """The event with this clock's readings where it carries none."""
        wall_ns = WALL_NS + self.now_ns
        names = {field.name for field in fields(event)}
        stamps = {n: wall_ns for n in _STAMPS if n in names and not getattr(event, n)}
        if "asked_mono_ns" in names and not getattr(event, "asked_mono_ns", 0):
            stamps["asked_mono_ns"] = self.now_ns
        return replace(event, receive_time_ns=wall_ns, mono_ns=self.now_ns, **stamps)

    def tell(self, *events: Event, after: str = "1") -> list[Command]:
        """Hand events in; returns everything that they led to."""
        told: list[Command] = []
        for event in events:
            self.now_ns += int(Decimal(after) * NANOS)
            told += self._step(self.stamped(event))
            if self.agrees:
                self._verify()
        return told

    def _verify(self) -> None:
        """The venue's own count agrees at once, except where a story speaks of it itself."""
        held = [p for p in self.engine.book.positions.values() if p.qty]
        if any(not position.verified and position.mismatch is None for position in held):
            rows = tuple(
                PositionRow(
                    symbol=position.key.symbol,
                    position_qty=position.qty,
                    position_side=position.key.position_side,
                )
                for position in held
            )
            self._step(self.stamped(replace(make.positions(), rows=rows)))

    def _step(self, event: Event) -> tuple[Command, ...]:
        before = self.engine.book.state()
        image, encoded = Image.of(before), encode_state(before)
        commands = self.engine.handle(event)
        assert b"".join(image.slices()) == encoded, "a snapshot that is being written was torn"
        self.commands += commands
        self.placed += [c for c in commands if isinstance(c, PlaceOrder)]
        if self.engine.changed:
            durable = [c for c in commands if c.durable]
            self.twin.replay(event, durable)
            assert self.judge.redecide(event, durable) == ()
            assert self.judge.book.state() == self.twin.book.state()
        state = self.engine.book.state()
        assert self.twin.book.state() == state
        assert Book.from_state(state).state() == state
        return commands

    def restart(self) -> list[Command]:
        """Go on with a new engine out of the old one's book, as after a crash."""
        rules = self.engine.book.rules
        self.engine = Engine(copy.deepcopy(self.twin.book.state()))
        told = self.tell(make.started())
        return told if rules is None else told + self.tell(rules)

    @property
    def position(self) -> Position:
        """The position on the usual symbol."""
        return self.engine.book.positions[make.KEY]

    @property
    def exit(self) -> Exit | None:
        """The open exit of that position."""
        return self.engine.book.exits.get(make.KEY)

    @property
    def order(self) -> Order:
        """The order that was placed last."""
        return self.engine.book.orders[self.order_id]

    @property
    def order_id(self) -> ClientOrderId:
        """Its id."""
        return self.placed[-1].client_order_id

    @property
    def undead_qty(self) -> Decimal:
        """The largest further fill of all exits not proven dead."""
        orders = self.engine.book.undead(make.KEY)
        return sum((order.possible_qty for order in orders), Decimal(0))


def guarded(
    *rules: StopRule,
    qty: str = "100",
    px: str = "0.65",
    live: bool = True,
    account: AccountPolicy | None = None,
    terms: Instrument | None = None,
    seen: bool = True,
    commission: str = "0",
    ignored: tuple[str, ...] = (),
) -> Play:
    """A position opened by somebody else's hand, guarded and seen on the good side once.

    `qty` < 0 is a NO; `px` is the instrument's price, YES dollars.
    """
    play = Play()
    policy = make.account_policy(live=live) if account is None else account
    loaded = make.rules_loaded(*(rules or (make.rule(),)), account=policy, ignored=ignored)
    play.tell(make.started(), loaded, make.market_read(terms=terms))
    signed = Decimal(qty)
    side = Side.BUY if signed > 0 else Side.SELL
    opening = make.fill(
        exec_id="entry",
        side=side,
        last_qty=str(abs(signed)),
        last_px=px,
        venue_order_id="entry",
        commission=commission,
    )
    play.tell(opening)
    if seen:
        bid, ask = Decimal(px), Decimal(px) + Decimal("0.01")
        play.tell(make.quote(bid=str(bid), ask=str(ask)))
    return play


def only(commands: Iterable[Command], kind: type[Kind]) -> list[Kind]:
    """The commands of one kind."""
    return [command for command in commands if isinstance(command, kind)]


def notices(commands: Iterable[Command]) -> list[NoticeKind]:
    """What the operator was told."""
    return [command.notice for command in only(commands, Notify)]
