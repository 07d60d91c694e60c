"""Events and values for tests: keyword-only, numbers as text, one market with sensible defaults.

Stamps are left at 0; `tests.core.play.Play` puts its own clock on what carries none.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TypedDict

from daemon.core import events
from daemon.core.events import (
    Fill,
    MarketPhase,
    MarketRead,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    PositionRow,
    PositionSnapshot,
    Quote,
    QuoteSource,
    RulesLoaded,
)
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import (
    Account,
    ClientOrderId,
    Currency,
    ExecId,
    JournalId,
    OrdStatus,
    PositionKey,
    RejectReason,
    RuleKind,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)

ACCOUNT = Account("main")
VENUE = Venue("kalshi")
SYMBOL = Symbol("NFL-1")
KEY = PositionKey(account=ACCOUNT, venue=VENUE, symbol=SYMBOL)
JOURNAL = JournalId("journal-1")


class _Now(TypedDict):
    receive_time_ns: int
    mono_ns: int


class _AtVenue(_Now):
    account: Account
    venue: Venue


class _OnSymbol(_AtVenue):
    symbol: Symbol


NOW: _Now = {"receive_time_ns": 0, "mono_ns": 0}
AT_VENUE: _AtVenue = {**NOW, "account": ACCOUNT, "venue": VENUE}
ON_SYMBOL: _OnSymbol = {**AT_VENUE, "symbol": SYMBOL}


def number(text: str | None) -> Decimal | None:
    """A Decimal out of text, or nothing."""
    return None if text is None else Decimal(text)


def key(*, symbol: str = SYMBOL) -> PositionKey:
    """The position of `symbol` on the usual account."""
    return PositionKey(account=ACCOUNT, venue=VENUE, symbol=Symbol(symbol))


def instrument(
    *,
    symbol: str = SYMBOL,
    step_px: str = "0.01",
    lot_qty: str = "1",
    payout_px: str | None = "1",
    end_px: str = "1",
    min_notional: str = "0",
    close_time_ns: int | None = None,
) -> Instrument:
    """A Kalshi market in whole cents."""
    grid = PriceRange(start_px=Decimal(0), end_px=Decimal(end_px), step_px=Decimal(step_px))
    return Instrument(
        venue=VENUE,
        symbol=Symbol(symbol),
        price_ranges=(grid,),
        lot_qty=Decimal(lot_qty),
        payout_px=number(payout_px),
        min_notional=Decimal(min_notional),
        close_time_ns=close_time_ns,
    )


def exits(
    *,
    order: TimeInForce = TimeInForce.IOC,
    slippage_px: str | None = "0.05",
    slippage_bps: str | None = None,
    floor_px: str | None = None,
    until_flat: bool = False,
    max_attempts: int = 5,
    min_qty: str = "1",
    confirm_ms: int = 0,
    spread_px: str | None = None,
    adopt_fires: bool = False,
) -> ExitPolicy:
    """How to get out: IoC within 5 cents."""
    return ExitPolicy(
        order=order,
        max_slippage_px=number(slippage_px),
        max_slippage_bps=number(slippage_bps),
        floor_px=number(floor_px),
        resubmit_until_flat=until_flat,
        max_attempts=max_attempts,
        trigger_min_qty=Decimal(min_qty),
        trigger_confirm_ms=confirm_ms,
        max_spread_px=number(spread_px),
        adopt_fires=adopt_fires,
    )


def rule(
    *,
    kind: RuleKind = RuleKind.ABSOLUTE,
    level: str = "0.60",
    pattern: str = "NFL-*",
    percent: bool = False,
    policy: ExitPolicy | None = None,
) -> StopRule:
    """A stop at 0.60 of the held side."""
    return StopRule(
        venue=VENUE,
        pattern=pattern,
        kind=kind,
        level=Decimal(level),
        percent=percent,
        exits=exits() if policy is None else policy,
    )


def account_policy(
    *,
    live: bool = True,
    resend: bool = True,
    notional: str | None = None,
    per_minute: int = 60,
) -> AccountPolicy:
    """What the account may do: place live orders."""
    return AccountPolicy(
        account=ACCOUNT,
        venue=VENUE,
        place_live_orders=live,
        resend_same_id=resend,
        max_exit_notional=number(notional),
        max_orders_per_minute=per_minute,
    )


def rules_loaded(
    *rules: StopRule,
    account: AccountPolicy | None = None,
    ignored: tuple[str, ...] = (),
    operator: ExitPolicy | None = None,
) -> RulesLoaded:
    """The rules in force."""
    return RulesLoaded(
        **NOW,
        rules=rules,
        accounts=(
            replace(account or account_policy(), exits=exits() if operator is None else operator),
        ),
        ignored=tuple((VENUE, pattern) for pattern in ignored),
    )


def started(*, journal_id: JournalId = JOURNAL, take_over: bool = False) -> events.Started:
    """A process took the journal."""
    return events.Started(**NOW, journal_id=journal_id, engine_version=1, take_over=take_over)


def timer(name: str) -> events.TimerFired:
    """A wait is over."""
    return events.TimerFired(**NOW, timer=name)


def quote(
    *,
    bid: str | None = "0.66",
    ask: str | None = "0.68",
    bid_qty: str = "500",
    ask_qty: str = "500",
    symbol: str = SYMBOL,
) -> Quote:
    """A live two-sided price."""
    return Quote(
        **AT_VENUE,
        symbol=Symbol(symbol),
        bid_px=number(bid),
        bid_qty=Decimal(bid_qty if bid is not None else 0),
        ask_px=number(ask),
        ask_qty=Decimal(ask_qty if ask is not None else 0),
        source=QuoteSource.BOOK,
    )


def fill(
    *,
    exec_id: str = "t1",
    side: Side = Side.SELL,
    last_qty: str = "50",
    last_px: str = "0.58",
    commission: str = "0",
    currency: str = "USD",
    order_id: ClientOrderId | None = None,
    venue_order_id: str | None = "v1",
    symbol: str = SYMBOL,
    position_qty: str | None = None,
    transact_time_ns: int = 0,
) -> Fill:
    """One execution."""
    return Fill(
        **AT_VENUE,
        symbol=Symbol(symbol),
        client_order_id=order_id,
        venue_order_id=None if venue_order_id is None else VenueOrderId(venue_order_id),
        transact_time_ns=transact_time_ns,
        exec_id=ExecId(exec_id),
        side=side,
        last_qty=Decimal(last_qty),
        last_px=Decimal(last_px),
        commission=Decimal(commission),
        commission_currency=Currency(currency),
        position_qty=number(position_qty),
    )


def _vid(text: str | None) -> VenueOrderId | None:
    return None if text is None else VenueOrderId(text)


def accepted(*, order_id: ClientOrderId | None, venue_order_id: str | None = "v1") -> OrderAccepted:
    """The venue has the order."""
    return OrderAccepted(
        **ON_SYMBOL,
        client_order_id=order_id,
        venue_order_id=_vid(venue_order_id),
    )


def rejected(
    *, order_id: ClientOrderId | None, reason: RejectReason = RejectReason.VENUE_ERROR
) -> OrderRejected:
    """The venue refused the order."""
    return OrderRejected(
        **ON_SYMBOL,
        client_order_id=order_id,
        reason=reason,
    )


def in_doubt(
    *, order_id: ClientOrderId | None, reason: RejectReason = RejectReason.TIMEOUT
) -> OrderInDoubt:
    """No answer that proves anything."""
    return OrderInDoubt(
        **ON_SYMBOL,
        client_order_id=order_id,
        reason=reason,
    )


def canceled(
    *,
    order_id: ClientOrderId | None,
    cum_qty: str | None = "0",
    venue_order_id: str | None = "v1",
) -> OrderCanceled:
    """The venue ended the order."""
    return OrderCanceled(
        **ON_SYMBOL,
        client_order_id=order_id,
        venue_order_id=_vid(venue_order_id),
        cum_qty=number(cum_qty),
    )


def expired(*, order_id: ClientOrderId | None, cum_qty: str | None = "0") -> OrderExpired:
    """The order's time ran out."""
    return OrderExpired(
        **ON_SYMBOL,
        client_order_id=order_id,
        cum_qty=number(cum_qty),
    )


def cancel_rejected(
    *, order_id: ClientOrderId | None, reason: RejectReason = RejectReason.NOT_FOUND
) -> events.CancelRejected:
    """The cancel was refused."""
    return events.CancelRejected(
        **ON_SYMBOL,
        client_order_id=order_id,
        reason=reason,
    )


def snapshot(
    *,
    order_id: ClientOrderId | None,
    venue_order_id: str | None = "v1",
    status: OrdStatus = OrdStatus.NEW,
    side: Side = Side.SELL,
    order_qty: str = "100",
    cum_qty: str = "0",
    leaves_qty: str = "0",
    limit_px: str | None = "0.53",
    tif: TimeInForce | None = None,
) -> OrderSnapshot:
    """What the venue says of one order."""
    return OrderSnapshot(
        **ON_SYMBOL,
        client_order_id=order_id,
        venue_order_id=_vid(venue_order_id),
        side=side,
        status=status,
        order_qty=Decimal(order_qty),
        cum_qty=Decimal(cum_qty),
        leaves_qty=Decimal(leaves_qty),
        limit_px=number(limit_px),
        time_in_force=tif,
    )


def absent(*, order_id: ClientOrderId, as_of_ns: int = 0) -> OrderAbsent:
    """A complete look did not show the order."""
    return OrderAbsent(
        **ON_SYMBOL,
        client_order_id=order_id,
        as_of_ns=as_of_ns,
    )


def positions(
    qty: str | None = None, *, cost: str | None = None, as_of_ns: int = 0, asked_mono_ns: int = 0
) -> PositionSnapshot:
    """All live positions: `qty` of the usual symbol, or none."""
    row = PositionRow(symbol=SYMBOL, position_qty=Decimal(qty or 0), cost=number(cost))
    return PositionSnapshot(
        **AT_VENUE,
        rows=() if qty is None else (row,),
        as_of_ns=as_of_ns,
        asked_mono_ns=asked_mono_ns,
    )


def fills_read(*, symbol: str | None = SYMBOL) -> events.FillsRead:
    """A complete list of fills was delivered."""
    return events.FillsRead(
        **AT_VENUE,
        symbol=None if symbol is None else Symbol(symbol),
        as_of_ns=0,
        asked_mono_ns=0,
    )


def market_read(
    *,
    terms: Instrument | None = None,
    phase: MarketPhase = MarketPhase.ACTIVE,
    settl_px: str | None = None,
) -> MarketRead:
    """A market's terms and phase."""
    return MarketRead(
        **AT_VENUE,
        instrument=instrument() if terms is None else terms,
        phase=phase,
        settl_px=number(settl_px),
    )
