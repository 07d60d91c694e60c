"""Who hears what: private pushes to the subscribers of an account, order books to everybody's.

Changes of one turn of the loop are told together. `sequence` grows from push to push, with holes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import chain

from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.happenings import Happening, LevelChanged
from daemon.paper.model import Side
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.pieces import Piece, Teller
from daemon.paper.phemex.public import Levels, book_frame, top
from daemon.paper.phemex.session import Session
from daemon.paper.units import ZERO

_EVEN_CHANCE = 500_000


class PrivateHub:
    """Turns happenings into pushes of one market."""

    def __init__(self, market: Market, teller: Teller, sessions: list[Session]) -> None:
        self._market = market
        self._teller = teller
        self._sessions = sessions
        self._waiting: defaultdict[str, list[list[Piece]]] = defaultdict(list)
        market.venue.exchange.observers.append(self._hear)

    def begin(self, session: Session) -> None:
        """The snapshot of a new subscription: old rows are told again."""
        for rows in self._teller.snapshots(session.account):
            self._send(session, rows, "snapshot")

    def _hear(self, happening: Happening) -> None:
        rows = self._teller.pieces(happening)
        listening = {s.account for s in self._sessions if s.is_subscribed}
        rows = [piece for piece in rows if piece.account in listening]
        if not rows:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._tell)
        self._waiting[rows[0].account].append(rows)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, defaultdict(list)
        for account, groups in waiting.items():
            way = self._market.config.rows
            chance = self._market.venue.exchange.chance
            is_one = way == "together" or (way == "race" and chance.happens(_EVEN_CHANCE))
            pushes = [list(chain.from_iterable(groups))] if is_one else groups
            for session in self._sessions:
                if session.is_subscribed and session.account == account:
                    for push in pushes:
                        self._send(session, push, "incremental")

    def _send(self, session: Session, rows: list[Piece], kind: str) -> None:
        symbol = next((piece.symbol for piece in rows if piece.symbol), "")
        frame = self._teller.frame(rows) | {
            "sequence": self._market.next_sequence(),
            "timestamp": self._market.venue.door_ns(),
            "type": kind,
        }
        session.connection.tell_private(frame, self._teller.channel, symbol)


class BookHub:
    """Order books: whole at the beginning and every `snapshot_s`, changes in between."""

    def __init__(self, market: Market, sessions: list[Session]) -> None:
        self._market = market
        self._sessions = sessions
        self._changed: set[str] = set()
        self._whole_ns = market.venue.exchange.clock.mono_ns()
        market.venue.exchange.observers.append(self._hear)

    @property
    def channel(self) -> str:
        """The name of the subscription, and of its frames in faults."""
        return "orderbook_p" if self._market.venue.is_contract else "orderbook"

    def begin(self, session: Session, symbol: str) -> None:
        """A whole book."""
        depth = session.books[symbol]
        session.told[symbol] = sides = self._sides(symbol, depth)
        self._send(session, symbol, sides, "snapshot")

    def tick(self) -> None:
        """Whole books again, when it is time."""
        now = self._market.venue.exchange.clock.mono_ns()
        if now - self._whole_ns < self._market.config.snapshot_s * SECOND_NS:
            return
        self._whole_ns = now
        for session in self._sessions:
            for symbol in session.books:
                self.begin(session, symbol)

    def _sides(self, symbol: str, depth: int) -> list[Levels]:
        instrument = self._market.venue.exchange.instruments[symbol]
        return [top(self._market, instrument, side, depth) for side in Side]

    def _hear(self, happening: Happening) -> None:
        if not isinstance(happening, LevelChanged):
            return
        if not any(happening.symbol in session.books for session in self._sessions):
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell)
        self._changed.add(happening.symbol)

    def _tell(self) -> None:
        changed, self._changed = self._changed, set()
        for session in self._sessions:
            for symbol in changed & session.books.keys():
                before, after = session.told[symbol], self._sides(symbol, session.books[symbol])
                changes = [
                    self._changes(symbol, side, *levels)
                    for side, levels in zip(Side, zip(before, after, strict=True), strict=True)
                ]
                session.told[symbol] = after
                if any(changes):
                    self._send(session, symbol, changes, "incremental")

    def _changes(self, symbol: str, side: Side, before: Levels, after: Levels) -> Levels:
        """New quantities, 0 for what is gone; what fell behind the depth is not told of."""
        book = self._market.venue.exchange.books[symbol]
        gone = {px: ZERO for px in before if px not in after and not book.qty_at(side, px)}
        return gone | {px: qty for px, qty in after.items() if before.get(px) != qty}

    def _send(self, session: Session, symbol: str, sides: list[Levels], kind: str) -> None:
        instrument = self._market.venue.exchange.instruments[symbol]
        frame = book_frame(self._market, instrument, sides, session.books[symbol], kind)
        session.connection.tell(frame, self.channel, symbol)
