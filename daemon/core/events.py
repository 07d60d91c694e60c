"""Facts: what a venue, the clock or the operator told us. They decide nothing.

Each carries two readings of our own clock: `receive_time_ns` (UTC, ns) for people and the journal,
`mono_ns` (monotonic, ns) for deadlines. `transact_time_ns`, `as_of_ns` are the venue's clock.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.instrument import Instrument
from daemon.core.rules import AccountPolicy, StopRule
from daemon.core.terms import (
    Account,
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    JournalId,
    Liquidity,
    OrdStatus,
    PositionKey,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The two clock readings that every fact carries."""

    receive_time_ns: int
    mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueEvent(Event):
    """A fact of one venue and one account."""

    account: Account
    venue: Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(VenueEvent):
    """A fact of one order; one id at least is set. `transact_time_ns` 0: the venue did not say."""

    symbol: Symbol
    client_order_id: ClientOrderId | None = None
    venue_order_id: VenueOrderId | None = None
    transact_time_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderEvent):
    """The venue has the order. Not a fill: `cum_qty` is its claim, used as a check only."""

    cum_qty: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEvent):
    """The venue refused: the order does not exist there and never will under this answer."""

    reason: RejectReason
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInDoubt(OrderEvent):
    """Asked, and no answer that proves anything: the order may or may not exist."""

    reason: RejectReason
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(OrderEvent):
    """The venue ended the order; `cum_qty` is what it says had filled by then, if it says."""

    cum_qty: Decimal | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderEvent):
    """The order's time ran out at the venue."""

    cum_qty: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected(OrderEvent):
    """A cancel was refused or unanswered. NOT_FOUND does not tell canceled from filled."""

    reason: RejectReason
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot(OrderEvent):
    """What the venue says of one order, anybody's, as of `as_of_ns`; it may be an old answer."""

    side: Side
    position_side: PositionSide = PositionSide.NET
    status: OrdStatus
    order_qty: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    limit_px: Decimal | None = None
    time_in_force: TimeInForce | None = None
    as_of_ns: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAbsent(OrderEvent):
    """A complete look did not show the order, as of `as_of_ns` (by our clock, as its sending)."""

    as_of_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(OrderEvent):
    """One execution: money. `last_qty` > 0, `last_px` in the instrument's price.

    `commission` is signed, + = paid, in `commission_currency`. `position_qty` is the venue's
    own net position after this fill where it says so.
    """

    exec_id: ExecId
    side: Side
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    commission_currency: Currency
    liquidity: Liquidity | None = None
    position_side: PositionSide = PositionSide.NET
    position_qty: Decimal | None = None
    cause: FillCause = FillCause.TRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding(VenueEvent):
    """A payment for holding a contract: `funding` is signed as `commission` is, + = paid.

    `exec_id` is the venue's id of it, unique among the fundings of a symbol. NET where the venue
    does not name the position: in hedge mode it may have been either.
    """

    symbol: Symbol
    exec_id: ExecId
    funding: Decimal
    funding_currency: Currency
    transact_time_ns: int
    position_side: PositionSide = PositionSide.NET


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCall(VenueEvent):
    """The venue warns that it may liquidate this position (signed quantity) before long."""

    symbol: Symbol
    position_qty: Decimal
    position_side: PositionSide = PositionSide.NET
    mark_px: Decimal | None = None


def key_of(event: Fill | MarginCall) -> PositionKey:
    """The position that a fact is of."""
    return PositionKey(
        account=event.account,
        venue=event.venue,
        symbol=event.symbol,
        position_side=event.position_side,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FillsRead(VenueEvent):
    """All fills (of `symbol`, or of all) from `since_ns` to `as_of_ns` have been delivered."""

    symbol: Symbol | None
    as_of_ns: int
    asked_mono_ns: int
    since_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersRead(VenueEvent):
    """A complete list of resting orders as of `as_of_ns`: `resting` holds their venue ids."""

    resting: tuple[VenueOrderId, ...]
    as_of_ns: int
    asked_mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One live position, signed (None: unreadable, see `text`); `cost` without fees, if told."""

    symbol: Symbol
    position_qty: Decimal | None
    position_side: PositionSide = PositionSide.NET
    cost: Decimal | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSnapshot(VenueEvent):
    """All live positions as of `as_of_ns` (venue clock), asked for at `asked_mono_ns`."""

    rows: tuple[PositionRow, ...]
    as_of_ns: int
    asked_mono_ns: int


class MarketPhase(enum.Enum):
    """Where a market stands. DETERMINED is provisional until its settlement row."""

    UNOPENED = "unopened"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    DETERMINED = "determined"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRead(VenueEvent):
    """A market's terms and phase; `settl_px` is what one long contract pays, once known."""

    instrument: Instrument
    phase: MarketPhase
    settl_px: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketChanged(VenueEvent):
    """A market moved to another phase, or its close time (UTC ns) changed."""

    symbol: Symbol
    phase: MarketPhase | None = None
    close_time_ns: int | None = None
    settl_px: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(VenueEvent):
    """The venue's own settlement row: it paid `revenue` dollars for `position_qty` held."""

    symbol: Symbol
    settl_px: Decimal
    position_qty: Decimal
    revenue: Decimal
    settl_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuePaused(VenueEvent):
    """Trading on the venue stopped, or will at `pause_time_ns` if that is in the future."""

    pause_time_ns: int = 0
    resume_time_ns: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueResumed(VenueEvent):
    """Trading on the whole venue is possible again."""


class QuoteSource(enum.Enum):
    """Where a quote was read: a seq-checked book, the ticker channel, or a REST order book."""

    BOOK = "book"
    TICKER = "ticker"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(VenueEvent):
    """Best executable prices now; None where a side is empty. Only live feeds make quotes."""

    symbol: Symbol
    bid_px: Decimal | None
    bid_qty: Decimal
    ask_px: Decimal | None
    ask_qty: Decimal
    source: QuoteSource
    venue_time_ns: int = 0
    priced_mono_ns: int = 0  # when it came, where it is handed in again later


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLost(VenueEvent):
    """Nothing live prices these symbols: neither a stream nor the REST order book."""

    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRestored(VenueEvent):
    """These symbols are priced by a live feed again."""

    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLost(VenueEvent):
    """The private stream broke: fills may be missed until the back-fill after `StreamRestored`."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRestored(VenueEvent):
    """The private stream is subscribed again; what it missed has to be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueNotOpened(VenueEvent):
    """The venue could not be opened at the start; `text` says why. It is tried on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFailed(VenueEvent):
    """A look-up got no usable answer: evidence of nothing."""

    query: str
    reason: RejectReason
    text: str = ""
    symbol: Symbol | None = None
    client_order_id: ClientOrderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable(VenueEvent):
    """A message that we could not read: kept (cut to a limit), counted and alerted."""

    source: str
    raw: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """A process took the journal: monotonic deadlines before this one are void."""

    journal_id: JournalId
    engine_version: int
    take_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesLoaded(Event):
    """The rules in force from here on; journalled at start and at each reload."""

    rules: tuple[StopRule, ...]
    accounts: tuple[AccountPolicy, ...]
    ignored: tuple[tuple[Venue, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """This process is about to end: nothing new is sent any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    """A timer that a `StartTimer` set has run out."""

    timer: str
