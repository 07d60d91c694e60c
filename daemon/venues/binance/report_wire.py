"""One report of one order, as both private streams send it: spot's `executionReport` and the `o`
of USD-M's ORDER_TRADE_UPDATE have the same letters. Pure.

Rules (Binance docs: user data streams): only some execution types trade, and only with `l > 0`;
on a spot cancel `c` is the cancel request's id and the order's own client id stands in `C`.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import field

from daemon.core.events import Fill, OrderAccepted, VenueEvent
from daemon.core.terms import ZERO, ClientOrderId, FillCause
from daemon.venues.binance.imposed_wire import cause_of, is_forced
from daemon.venues.binance.wire import (
    SPOT,
    TIMES_IN_FORCE,
    Execution,
    Heard,
    OrderFacts,
    client_id_of,
    fill_of,
    limit_px_of,
    order_id_of,
    position_side_of,
    side_of,
    status_event,
    status_of,
    symbol_of,
)
from daemon.venues.decoding import Stamp, UnreadableError, millis_ns, undecodable, unsigned

SPOT_FILLS: Final = frozenset({"TRADE"})
USDM_FILLS: Final = frozenset({"TRADE", "CALCULATED"})
"""CALCULATED is a liquidation or an ADL: the exchange's order, our position."""

SPOT_TYPES: Final = SPOT_FILLS | {
    "NEW",
    "CANCELED",
    "REPLACED",
    "REJECTED",
    "EXPIRED",
    "TRADE_PREVENTION",
}
USDM_TYPES: Final = USDM_FILLS | {"NEW", "CANCELED", "EXPIRED", "AMENDMENT"}

USDM_EXPIRY: Final = {
    "1": "self-trade prevention",
    "2": "what an IOC could not fill",
    "3": "what an IOC could not fill for self-trade prevention",
    "4": "knocked out by another reduce-only order, or it would have reversed the position",
    "5": "the account was liquidated",
    "6": "its GTE condition was not met",
    "7": "the symbol was delisted",
    "8": "its stop was triggered",
    "9": "what a market order could not fill",
}
"""`er` of an expired order (Binance docs: event order update)."""


class OrderReport(msgspec.Struct, kw_only=True):
    """The fields that say what became of an order; what one market lacks has a default."""

    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    orig_client_order_id: str = field(name="C", default="")
    side: str = field(name="S")
    time_in_force: str = field(name="f", default="")
    order_qty: str = field(name="q")
    limit_px: str = field(name="p")
    exec_type: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    last_qty: str = field(name="l")
    last_px: str = field(name="L")
    cum_qty: str = field(name="z")
    fee: str | None = field(name="n", default=None)
    fee_currency: str | None = field(name="N", default=None)
    trade_id: int = field(name="t", default=0)
    transact_ms: int = field(name="T")
    maker: bool | None = field(name="m", default=None)
    position_side: str | None = field(name="ps", default=None)
    working: bool | None = field(name="w", default=None)
    reject_reason: str = field(name="r", default="NONE")
    spot_expiry: str = field(name="eR", default="")
    usdm_expiry: str = field(name="er", default="0")


def report_events(stamp: Stamp, kind: str, report: OrderReport, raw: bytes | msgspec.Raw) -> Heard:
    """What a report says, its fill first: that is money, whatever the rest of it says.

    A fill that cannot be read has its symbol's trades read again (`Heard.reread`). Raises
    `UnreadableError` where not even the symbol or the quantity can be told.
    """
    spot = stamp["venue"] == SPOT
    events: list[VenueEvent] = []
    problems: list[str] = []
    symbol = symbol_of(report.symbol)
    traded = unsigned(report.last_qty, "l") > ZERO
    if report.exec_type in (SPOT_FILLS if spot else USDM_FILLS) and traded:
        try:
            events.append(_fill(stamp, report))
        except UnreadableError as error:
            problems.append(str(error))
    reread = symbol if problems else None
    try:
        if report.exec_type not in (SPOT_TYPES if spot else USDM_TYPES):
            problems.append(f"execution type {report.exec_type[:40]!r} is unknown")
            reread = symbol if traded else reread
        events += _order_events(stamp, report)
    except UnreadableError as error:
        problems.append(str(error))
    if problems:
        text = "; ".join(dict.fromkeys(problems))
        events.append(undecodable(stamp, f"{stamp['venue']} {kind}", bytes(raw), text))
    return Heard(kind=kind, events=tuple(events), reread=reread)


def _fill(stamp: Stamp, report: OrderReport) -> Fill:
    traded = Execution(
        exec_id=report.trade_id,
        qty=report.last_qty,
        px=report.last_px,
        fee=report.fee,
        fee_currency=report.fee_currency,
        maker=report.maker,
        time_ns=millis_ns(report.transact_ms, "T"),
        position_side=position_side_of(report.position_side),
        cause=_cause(stamp, report),
    )
    ids = (order_id_of(report.order_id), _client_id(report))
    return fill_of(stamp, symbol_of(report.symbol), ids, side_of(report.side), traded)


def _cause(stamp: Stamp, report: OrderReport) -> FillCause:
    """Spot knows no forced orders: any client id may stand there."""
    if stamp["venue"] == SPOT:
        return FillCause.TRADE
    return cause_of(report.client_order_id, report.exec_type)


def _client_id(report: OrderReport) -> ClientOrderId | None:
    return client_id_of(report.orig_client_order_id or report.client_order_id)


def _order_events(stamp: Stamp, report: OrderReport) -> list[VenueEvent]:
    time_ns = millis_ns(report.transact_ms, "T")
    facts = OrderFacts(
        symbol=symbol_of(report.symbol),
        client_order_id=_client_id(report),
        venue_order_id=order_id_of(report.order_id),
        side=side_of(report.side),
        position_side=position_side_of(report.position_side),
        status=status_of(report.status, working=report.working),
        order_qty=unsigned(report.order_qty, "q"),
        cum_qty=unsigned(report.cum_qty, "z"),
        limit_px=limit_px_of(report.limit_px),
        time_in_force=TIMES_IN_FORCE.get(report.time_in_force),
        time_ns=time_ns,
        text=_text(report),
    )
    told = status_event(stamp, facts, time_ns)
    if report.exec_type != "NEW":
        return [told]
    accepted = OrderAccepted(
        **stamp,
        symbol=facts.symbol,
        client_order_id=facts.client_order_id,
        venue_order_id=facts.venue_order_id,
        transact_time_ns=time_ns,
        cum_qty=facts.cum_qty,
    )
    return [accepted, told]


def _text(report: OrderReport) -> str:
    """Why an order ended, in the venue's word where it has one."""
    if is_forced(report.client_order_id):
        return "placed by the exchange"
    if report.reject_reason not in {"NONE", ""}:
        return report.reject_reason[:200]
    return report.spot_expiry[:200] or USDM_EXPIRY.get(report.usdm_expiry, "")
