"""Journals made by hand out of raw exits, so that a test knows every number that went in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import strategies as st

from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import CloseExit, ExitEnd, OpenExit, RetriggerExit
from daemon.core.events import (
    Event,
    Fill,
    MarketPhase,
    MarketRead,
    OrderCanceled,
    Quote,
    QuoteSource,
)
from daemon.core.terms import (
    NANOS,
    USD,
    Account,
    ClientOrderId,
    Currency,
    ExecId,
    Liquidity,
    PositionKey,
    RuleKind,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)
from daemon.ports import Record
from tests import builders as make

ACCOUNT = Account("main")
WALL_NS = 1_790_000_000 * NANOS
SPREAD_PX = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Part:
    """One execution; `delay_s` after the step before it."""

    qty: int
    px: Decimal
    fee: Decimal
    delay_s: int
    maker: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One order for all that is left: its trigger price, its limit, its executions."""

    trigger_px: Decimal
    limit_px: Decimal
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A position taken in one execution, and its exit; flat if the tries sell all of it.

    `currency` is what a market that was read says of its prices; None: nobody read it.
    """

    venue: str
    symbol: str
    long: bool
    entry: Part
    tries: tuple[Try, ...]
    currency: str | None = None

    @property
    def left(self) -> int:
        return self.entry.qty - sum(part.qty for one in self.tries for part in one.parts)


_PX = st.integers(10, 90).map(lambda cents: Decimal(cents) / 100)
_FEE = st.integers(-300, 300).map(lambda n: Decimal(n) / 10_000)


def _part(draw: st.DrawFn, qty: int) -> Part:
    return Part(qty, draw(_PX), draw(_FEE), draw(st.integers(0, 7_000)), draw(st.booleans()))


@st.composite
def stories(draw: st.DrawFn) -> list[Story]:
    """Some exits, one after the other."""
    found: list[Story] = []
    for _ in range(draw(st.integers(1, 4))):
        entry = _part(draw, draw(st.integers(1, 9)))
        left, tries = entry.qty, []
        for _ in range(draw(st.integers(1, 3))):
            parts = []
            for _ in range(draw(st.integers(0, 3))):
                if left:
                    parts.append(_part(draw, draw(st.integers(1, left))))
                    left -= parts[-1].qty
            tries.append(Try(draw(_PX), draw(_PX), tuple(parts)))
            if not left:
                break
        venue = draw(st.sampled_from(["kalshi", "binance-usdm"]))
        symbol = f"{draw(st.sampled_from('AB'))}{len(found)}"
        coin = draw(st.sampled_from([None, "USDT", "BTC"])) if venue != "kalshi" else None
        found.append(Story(venue, symbol, draw(st.booleans()), entry, tuple(tries), coin))
    return found


class Pen:
    """Writes a journal; every step is a second later unless a part says otherwise."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.now_ns = 1_000 * NANOS
        self._ids = 0
        self._currency = USD

    def write(self, story: Story) -> None:
        """The steps of one story."""
        key = PositionKey(account=ACCOUNT, venue=Venue(story.venue), symbol=Symbol(story.symbol))
        self._currency = Currency(story.currency or USD)
        if story.currency:
            self._step(self._market(key))
        opening, closing = (Side.BUY, Side.SELL) if story.long else (Side.SELL, Side.BUY)
        self._step(self._fill(key, opening, story.entry, self._id("stranger")))
        left = story.entry.qty
        for attempt, one in enumerate(story.tries, 1):
            left = self._try(key, closing, one, left, attempt)
        end = ExitEnd.FLAT if not left else ExitEnd.RECOVERED
        self._add((CloseExit(key=key, exit_no=1, end=end),))

    def _try(self, key: PositionKey, side: Side, one: Try, left: int, attempt: int) -> int:
        order_id = ClientOrderId(self._id("order"))
        quote = self._quote(key, one.trigger_px)
        begun: Command = RetriggerExit(key=key, trigger_px=one.trigger_px)
        if attempt == 1:
            begun = OpenExit(
                key=key,
                exit_no=1,
                reason=RuleKind.PERCENT,
                exit_qty=Decimal(left),
                trigger_px=one.trigger_px,
                level_px=None,
                quote=quote,
            )
        placed = PlaceOrder(
            key=key,
            client_order_id=order_id,
            exit_no=1,
            attempt=attempt,
            side=side,
            order_qty=Decimal(left),
            limit_px=one.limit_px,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
        self._step(quote, begun, placed)
        for part in one.parts:
            left -= part.qty
            self._step(self._fill(key, side, part, order_id, order_id))
        if left:
            filled = sum(part.qty for part in one.parts)
            self._step(self._canceled(key, order_id, filled))
        return left

    def _id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}-{self._ids}"

    def _step(self, event: Event, *commands: Command) -> None:
        self.records.append(Record(len(self.records) + 1, event, commands))
        self.now_ns += NANOS

    def _add(self, commands: tuple[Command, ...]) -> None:
        last = self.records[-1]
        self.records[-1] = Record(last.seq, last.event, (*last.commands, *commands))

    def _market(self, key: PositionKey) -> MarketRead:
        return MarketRead(
            receive_time_ns=WALL_NS + self.now_ns,
            mono_ns=self.now_ns,
            account=key.account,
            venue=key.venue,
            instrument=replace(
                make.instrument(symbol=key.symbol, payout_px=None),
                venue=key.venue,
                quote_currency=self._currency,
            ),
            phase=MarketPhase.ACTIVE,
        )

    def _quote(self, key: PositionKey, px: Decimal) -> Quote:
        return Quote(
            receive_time_ns=WALL_NS + self.now_ns,
            mono_ns=self.now_ns,
            account=key.account,
            venue=key.venue,
            symbol=key.symbol,
            bid_px=px,
            bid_qty=Decimal(9),
            ask_px=px + SPREAD_PX,
            ask_qty=Decimal(9),
            source=QuoteSource.BOOK,
        )

    def _fill(
        self,
        key: PositionKey,
        side: Side,
        part: Part,
        venue_order_id: str,
        order_id: ClientOrderId | None = None,
    ) -> Fill:
        self.now_ns += part.delay_s * NANOS
        now_ns = WALL_NS + self.now_ns
        return Fill(
            receive_time_ns=now_ns,
            mono_ns=self.now_ns,
            account=key.account,
            venue=key.venue,
            symbol=key.symbol,
            client_order_id=order_id,
            venue_order_id=VenueOrderId(venue_order_id),
            transact_time_ns=now_ns,
            exec_id=ExecId(self._id("exec")),
            side=side,
            last_qty=Decimal(part.qty),
            last_px=part.px,
            commission=part.fee,
            commission_currency=self._currency if part.fee >= 0 else Currency("REBATE"),
            liquidity=Liquidity.MAKER if part.maker else Liquidity.TAKER,
        )

    def _canceled(self, key: PositionKey, order_id: ClientOrderId, filled: int) -> OrderCanceled:
        now_ns = WALL_NS + self.now_ns
        return OrderCanceled(
            receive_time_ns=now_ns,
            mono_ns=self.now_ns,
            account=key.account,
            venue=key.venue,
            symbol=key.symbol,
            client_order_id=order_id,
            transact_time_ns=now_ns,
            cum_qty=Decimal(filled),
        )


def journal_of(told: list[Story]) -> list[Record]:
    """The journal of these stories."""
    pen = Pen()
    for story in told:
        pen.write(story)
    return pen.records
