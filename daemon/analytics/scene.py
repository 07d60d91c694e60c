"""What a view looks at: the committed book, the time, and what is known beside the book.

The words of the edge are made here too: plain numbers, RFC 3339 times, the venue's sides and the
first seed's names of reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from daemon.core.book import Book
from daemon.core.events import Quote
from daemon.core.exits import Exit
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.terms import (
    NANOS,
    ONE,
    USD,
    ZERO,
    Account,
    Currency,
    PositionKey,
    RuleKind,
    Side,
    Symbol,
    Venue,
    proper,
)

View = dict[str, object]

# The first seed's words for why an exit was made; `rule` carries our own kind beside it.
EXIT_REASONS: Final[Mapping[RuleKind, str]] = {
    RuleKind.ABSOLUTE: "stop_loss",
    RuleKind.DISTANCE: "stop_loss",
    RuleKind.PERCENT: "stop_loss",
    RuleKind.TRAILING: "stop_loss",
    RuleKind.TIME: "before_close",
    RuleKind.TAKE_PROFIT: "take_profit",
    RuleKind.OPERATOR: "operator",
}
# What a contract pays where every market of a venue is binary, known before one has been read.
_PAYOUTS: Final[Mapping[Venue, Decimal]] = {Venue("kalshi"): ONE}
_MICRO_NS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The book at a moment when everything in it is committed, as of journal record `seq`.

    `now_ns` is the wall clock (UTC ns), `mono_ns` the monotonic one. `quotes` are the latest live
    quotes, `reconciled_ns` the wall time of the last comparison with the venue and `trading` the
    tokens of the trades under way, all as far as a running daemon knows them.
    """

    book: Book
    now_ns: int
    mono_ns: int = 0
    seq: int = 0
    quotes: Mapping[tuple[Account, Venue, Symbol], Quote] = field(default_factory=dict)
    reconciled_ns: Mapping[tuple[Account, Venue], int] = field(default_factory=dict)
    trading: frozenset[str] = frozenset()

    def terms(self, key: PositionKey) -> Instrument | None:
        """The symbol's terms, None until its market has been read."""
        market = self.book.markets.get((key.venue, key.symbol))
        return None if market is None else market.instrument

    def _payout_px(self, key: PositionKey) -> Decimal | None:
        terms = self.terms(key)
        return _PAYOUTS.get(key.venue) if terms is None else terms.payout_px

    def currency(self, key: PositionKey) -> Currency | None:
        """What prices are in; None where nobody has told, nor so which fees the PnL counts."""
        return currency_of(self.book, key)

    def held_px(self, key: PositionKey, price: Decimal, sign: Decimal) -> Decimal:
        """`price` (instrument's) as the holder of a long (`sign` > 0) or short speaks of it."""
        payout_px = self._payout_px(key)
        return price if payout_px is None or sign >= ZERO else payout_px - price

    def side(self, key: PositionKey, sign: Decimal) -> str | None:
        """The side held: yes or no on a binary market, else long or short; None when flat."""
        if not sign:
            return None
        if self._payout_px(key) is None:
            return "long" if sign > ZERO else "short"
        return "yes" if sign > ZERO else "no"

    def executable_px(self, position: Position) -> Decimal | None:
        """The price (instrument's) at which the position could be closed now, if that is known."""
        key = position.key
        quote = self.quotes.get((key.account, key.venue, key.symbol))
        if quote is None or not position.qty:
            return None
        return quote.bid_px if position.qty > ZERO else quote.ask_px

    def sign(self, work: Exit) -> Decimal:
        """+1 when an exit closes a long, -1 for a short, 0 when nothing tells any more."""
        position = self.book.positions.get(work.key)
        if position is not None and position.qty and position.generation == work.generation:
            return ONE.copy_sign(position.qty)
        for order_id in work.order_ids:
            order = self.book.orders.get(order_id)
            if order is not None:
                return closed_sign(order)
        return ZERO

    def knows_entry(self, work: Exit) -> bool:
        """Whether what an exit sold is known to have cost: without that nobody knows its PnL."""
        position = self.book.positions.get(work.key)
        return position is None or position.knows_entry(work.generation)

    def closing(self, key: PositionKey) -> bool:
        """True while an order of ours on this position can still fill."""
        return any(not order.dead for order in self.book.live_orders.get(key, ()))


def currency_of(book: Book, key: PositionKey) -> Currency | None:
    """What the prices of a symbol are in; None until its market has been read."""
    market = book.markets.get((key.venue, key.symbol))
    if market is None:
        return USD if binary(key.venue) else None
    return market.instrument.quote_currency


def binary(venue: str) -> bool:
    """Whether a venue trades contracts on yes or no alone: those of two markets are alike."""
    return venue in _PAYOUTS


def closed_sign(order: Order) -> Decimal:
    """The sign of the position that an exit order closes: a SELL closes a long."""
    return ONE if order.side is Side.SELL else -ONE


def plain(number: Decimal | None) -> str | None:
    """A number as its shortest plain text."""
    return None if number is None else proper(number)


def utc(time_ns: int | None) -> str | None:
    """UTC ns as RFC 3339, to the microsecond where there is one; None for none (0)."""
    if not time_ns:
        return None
    seconds, rest_ns = divmod(time_ns, NANOS)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // _MICRO_NS)
    return moment.isoformat().replace("+00:00", "Z")


def money_view(sums: Mapping[Currency, Decimal]) -> View:
    """Money by currency, which is never added up over two; of fees, + = paid."""
    return {str(currency): proper(money) for currency, money in sums.items()}


def where(key: PositionKey) -> View:
    """The names of a position: ours, and the first seed's for its symbol."""
    view: View = {
        "account": key.account,
        "venue": key.venue,
        "symbol": key.symbol,
        "market_ticker": key.symbol,
    }
    if key.position_side.value != "net":
        view["position_side"] = key.position_side.value
    return view
