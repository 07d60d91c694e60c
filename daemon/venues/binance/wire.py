"""What all Binance messages have in common: names, statuses, one order's facts, one execution.

The topics stand beside it: `spot_wire` and `usdm_wire` (private streams), `order_wire` (order and
trade rows of REST), `placing_wire` (place and cancel), `account_wire`, `market_wire`,
`error_wire`. None does I/O and none raises on bad input: what cannot be read is `Undecodable`.

A trade id is unique per symbol and market (Binance docs: account trade list), so the market is in
the venue's name and the fill key carries the symbol. Fees are + = paid on every channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSnapshot,
    VenueEvent,
)
from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    Liquidity,
    OrdStatus,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    millis_ns,
    name,
    number,
    positive,
    unsigned,
)

SPOT: Final = Venue("binance-spot")
USDM: Final = Venue("binance-usdm")

NO_FEE_CURRENCY: Final = Currency("USDT")
"""Names a fee of zero that came without a currency; a fee that is not zero must name its own."""

STATUSES: Final = {
    "PENDING_NEW": OrdStatus.PENDING_NEW,
    "NEW": OrdStatus.NEW,
    "NEW_INSURANCE": OrdStatus.NEW,
    "NEW_ADL": OrdStatus.NEW,
    "PARTIALLY_FILLED": OrdStatus.PARTIALLY_FILLED,
    "FILLED": OrdStatus.FILLED,
    "PENDING_CANCEL": OrdStatus.PENDING_CANCEL,
    "CANCELED": OrdStatus.CANCELED,
    "REJECTED": OrdStatus.REJECTED,
    "EXPIRED": OrdStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrdStatus.EXPIRED,
}
"""Both markets' order statuses; the synthetic rows of a liquidation begin NEW_INSURANCE or NEW_ADL
(Binance docs: order status), and EXPIRED_IN_MATCH is self-trade prevention."""

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
POSITION_SIDES: Final = {
    "BOTH": PositionSide.NET,
    "LONG": PositionSide.LONG,
    "SHORT": PositionSide.SHORT,
}
TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
}
"""Ours; strangers' GTX, GTD and RPI have no word in the core and read as None."""

_STREAM_REASONS: Final = {"INSUFFICIENT_BALANCES": RejectReason.INSUFFICIENT_FUNDS}
_LIQUIDITY: Final = {True: Liquidity.MAKER, False: Liquidity.TAKER, None: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What one message says of one order; `time_ns` is the venue's time of it, 0 if it has none."""

    symbol: Symbol
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    side: Side
    position_side: PositionSide
    status: OrdStatus
    order_qty: Decimal
    cum_qty: Decimal
    limit_px: Decimal | None = None
    time_in_force: TimeInForce | None = None
    time_ns: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A trade's fields as they came, on whichever channel."""

    exec_id: int | str
    qty: str
    px: str
    fee: str | None
    fee_currency: str | None
    maker: bool | None
    time_ns: int
    position_side: PositionSide = PositionSide.NET
    cause: FillCause = FillCause.TRADE


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one of our own websocket requests; `code` "" when it was granted.

    `wait_s` is how long the venue says to stay away, 0 where it says nothing.
    """

    request_id: str
    status: int
    code: str = ""
    text: str = ""
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one private frame says: facts for the engine, and what it makes the adapter do.

    `kind` is the message's own name. `hint` names a trade whose full row has yet to come;
    `reread` a symbol whose trades must be read, since one of them could not be; `moved` says that
    balances or positions changed without saying by which trade; `funded` that funding was paid
    without saying for what; `ended` why no more will come.
    """

    kind: str
    events: tuple[VenueEvent, ...] = ()
    hint: tuple[Symbol, ExecId] | None = None
    reread: Symbol | None = None
    moved: bool = False
    funded: bool = False
    ended: str = ""
    answer: Answer | None = None


def symbol_of(text: str) -> Symbol:
    """A symbol, as the venue spells it."""
    return Symbol(name(text, "symbol"))


def order_id_of(value: int | str) -> VenueOrderId:
    """An order id (int64) as text."""
    return VenueOrderId(name(str(value), "orderId"))


def client_id_of(text: str | None) -> ClientOrderId | None:
    """A client order id, None where there is none."""
    return ClientOrderId(name(text, "clientOrderId")) if text else None


def side_of(text: str) -> Side:
    """BUY or SELL."""
    if text not in SIDES:
        raise UnreadableError(f"side {text[:40]!r} is unknown")
    return SIDES[text]


def status_of(text: str, *, working: bool | None = None) -> OrdStatus:
    """An order's status; an unknown one is not guessed at.

    A stop order of spot is NEW before it fires, but not `working`: it waits on no book.
    """
    if text not in STATUSES:
        raise UnreadableError(f"status {text[:40]!r} is unknown")
    return OrdStatus.PENDING_NEW if text == "NEW" and working is False else STATUSES[text]


def position_side_of(text: str | None) -> PositionSide:
    """BOTH (or nothing, on spot) is NET."""
    if text is None:
        return PositionSide.NET
    if text not in POSITION_SIDES:
        raise UnreadableError(f"position side {text[:40]!r} is unknown")
    return POSITION_SIDES[text]


def limit_px_of(text: str | None) -> Decimal | None:
    """An order's price; 0 is how a market order says that it has none."""
    value = ZERO if text is None else unsigned(text, "price")
    return None if value == ZERO else value


def time_of(value: int | None, what: str) -> int:
    """Unix milliseconds as ns; 0 where the message has no such time."""
    return 0 if value is None else millis_ns(value, what)


def snapshot_of(stamp: Stamp, facts: OrderFacts, as_of_ns: int) -> OrderSnapshot:
    """An order's facts as of `as_of_ns` in the venue's clock."""
    leaves = ZERO if facts.status.terminal else max(facts.order_qty - facts.cum_qty, ZERO)
    return OrderSnapshot(
        **stamp,
        symbol=facts.symbol,
        client_order_id=facts.client_order_id,
        venue_order_id=facts.venue_order_id,
        transact_time_ns=facts.time_ns,
        side=facts.side,
        position_side=facts.position_side,
        status=facts.status,
        order_qty=facts.order_qty,
        cum_qty=facts.cum_qty,
        leaves_qty=leaves,
        limit_px=facts.limit_px,
        time_in_force=facts.time_in_force,
        as_of_ns=as_of_ns,
        text=facts.text,
    )


def status_event(stamp: Stamp, facts: OrderFacts, as_of_ns: int) -> VenueEvent:
    """What an order's status proves: its end, with what had filled by then, or how it stands."""
    if facts.status is OrdStatus.REJECTED:
        return OrderRejected(
            **stamp,
            symbol=facts.symbol,
            client_order_id=facts.client_order_id,
            venue_order_id=facts.venue_order_id,
            transact_time_ns=facts.time_ns,
            reason=_STREAM_REASONS.get(facts.text, RejectReason.INVALID_ORDER),
            text=facts.text,
        )
    if facts.status is OrdStatus.CANCELED:
        return OrderCanceled(
            **stamp,
            symbol=facts.symbol,
            client_order_id=facts.client_order_id,
            venue_order_id=facts.venue_order_id,
            transact_time_ns=facts.time_ns,
            cum_qty=facts.cum_qty,
            text=facts.text,
        )
    if facts.status is OrdStatus.EXPIRED:
        return OrderExpired(
            **stamp,
            symbol=facts.symbol,
            client_order_id=facts.client_order_id,
            venue_order_id=facts.venue_order_id,
            transact_time_ns=facts.time_ns,
            cum_qty=facts.cum_qty,
        )
    return snapshot_of(stamp, facts, as_of_ns)


def fill_of(
    stamp: Stamp,
    symbol: Symbol,
    order: tuple[VenueOrderId, ClientOrderId | None],
    side: Side,
    traded: Execution,
) -> Fill:
    """One execution of `order` (the venue's id and ours, if known); raises `UnreadableError`.

    A trade without an id could be booked twice, and one at price 0 would be booked as a loss of
    everything: neither is read, the trades are asked for instead.
    """
    exec_id = str(traded.exec_id)
    if not exec_id.isdecimal() or not exec_id.strip("0"):
        raise UnreadableError(f"trade id {exec_id[:40]!r} names no trade")
    fee, currency = _fee(traded.fee, traded.fee_currency)
    return Fill(
        **stamp,
        symbol=symbol,
        client_order_id=order[1],
        venue_order_id=order[0],
        exec_id=ExecId(exec_id),
        side=side,
        last_qty=positive(traded.qty, "last quantity"),
        last_px=positive(traded.px, "last price"),
        commission=fee,
        commission_currency=currency,
        transact_time_ns=traded.time_ns,
        liquidity=_LIQUIDITY[traded.maker],
        position_side=traded.position_side,
        cause=traded.cause,
    )


def _fee(text: str | None, currency: str | None) -> tuple[Decimal, Currency]:
    fee = ZERO if text is None else number(text, "commission")
    if currency:
        return fee, Currency(name(currency, "commission asset"))
    if fee != ZERO:
        raise UnreadableError(f"commission {fee} names no asset")
    return ZERO, NO_FEE_CURRENCY
