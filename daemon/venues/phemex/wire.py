"""What all Phemex messages have in common: numbers, times, sides, statuses. Pure.

The topics stand beside it: `product_wire` (terms and scales), `perp_wire` and `spot_wire` (the
rows of the two markets), `order_wire` (placing and canceling), `error_wire`, `book_wire` and
`stream_wire`. None does I/O, and none raises on bad input but `UnreadableError`, which stays
inside these modules.

Names that end in `Rp`, `Rv`, `Rq`, and the plain quantities of a perpetual's frames, are decimal
strings; `Ep`, `Ev` are integers scaled by the product's or the currency's own power of ten
(Phemex docs: price, ratio, value scales). Integers are read as integers: nanoseconds and scaled
values pass 2^53.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from daemon.core.terms import Currency, Liquidity, OrdStatus, PositionSide, Side, TimeInForce, Venue
from daemon.venues.decoding import UnreadableError, number

SPOT: Final = Venue("phemex-spot")
PERP: Final = Venue("phemex-usdt-perp")
USDT: Final = Currency("USDT")
PT: Final = Currency("PT")
"""Phemex's own token: fees may be paid in it (`ptFeeRv`)."""

Wire = str | int
"""A number as it may come: decimal text, or an integer. A float is refused by its type."""

Word = str | int
"""An enumeration's member, by name or, under `/exchange/order`, by number."""

SCALE_LIMIT: Final = 18
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_NO_ID: Final = re.compile(r"[0-]*", re.ASCII)
_LAST_NS: Final = 9_000_000_000 * 10**9


def decimal(value: Wire, what: str) -> Decimal:
    """A number that is not scaled."""
    return number(str(value), what)


def scaled(value: Wire, scale: int, what: str) -> Decimal:
    """An `Ep` or `Ev` as the number that it means: exactly `value / 10 ** scale`."""
    text = str(value)
    if _INTEGER.fullmatch(text) is None:
        raise UnreadableError(f"{what} {text[:40]!r} is not an integer")
    return Decimal(text).scaleb(-scale)


def time_ns(value: Wire, what: str) -> int:
    """UTC ns, as an integer or its text (`transactTimeNs` comes as both); 0: not said."""
    text = str(value)
    if _INTEGER.fullmatch(text) is None or not 0 <= int(text) <= _LAST_NS:
        raise UnreadableError(f"{what} {text[:40]!r} is not a time in unix nanoseconds")
    return int(text)


_IDS: Final = {"order_id": "orderID", "cl_ord_id": "clOrdID", "exec_id": "execID"}


def wire_name(field: str) -> str:
    """Phemex's name of a field: camel case, but for its ids."""
    head, *rest = field.split("_")
    return _IDS.get(field) or head + "".join(part.capitalize() for part in rest)


def is_execution(exec_id: str | None) -> bool:
    """False for no id and for the all-zero one: such a row is no fill."""
    return exec_id is not None and _NO_ID.fullmatch(exec_id) is None


SIDES: Final[dict[Word, Side]] = {
    "Buy": Side.BUY,
    "Sell": Side.SELL,
    1: Side.BUY,
    2: Side.SELL,
}


def side(value: Word, what: str = "side") -> Side:
    """The trade's own direction, by word or by number."""
    if value not in SIDES:
        raise UnreadableError(f"{what} {str(value)[:40]!r} is unknown")
    return SIDES[value]


POSITION_SIDES: Final[dict[Word, PositionSide]] = {
    "Merged": PositionSide.NET,
    "Long": PositionSide.LONG,
    "Short": PositionSide.SHORT,
    1: PositionSide.LONG,
    2: PositionSide.SHORT,
    3: PositionSide.NET,
}


def position_side(value: Word) -> PositionSide:
    """The position that an order or fill belongs to: one-way `Merged`, hedged `Long`, `Short`."""
    if value not in POSITION_SIDES:
        raise UnreadableError(f"posSide {str(value)[:40]!r} is unknown")
    return POSITION_SIDES[value]


ORD_STATUSES: Final[dict[Word, OrdStatus]] = {
    "Created": OrdStatus.PENDING_NEW,
    "Init": OrdStatus.PENDING_NEW,
    "Untriggered": OrdStatus.PENDING_NEW,
    "Triggered": OrdStatus.PENDING_NEW,
    "New": OrdStatus.NEW,
    "PartiallyFilled": OrdStatus.PARTIALLY_FILLED,
    "Filled": OrdStatus.FILLED,
    "Canceled": OrdStatus.CANCELED,
    "Deactivated": OrdStatus.CANCELED,
    "Rejected": OrdStatus.REJECTED,
    0: OrdStatus.PENDING_NEW,
    1: OrdStatus.PENDING_NEW,
    2: OrdStatus.CANCELED,
    3: OrdStatus.PENDING_NEW,
    4: OrdStatus.REJECTED,
    5: OrdStatus.NEW,
    6: OrdStatus.PARTIALLY_FILLED,
    7: OrdStatus.FILLED,
    8: OrdStatus.CANCELED,
}
"""By word, and by the numbers of `/exchange/order`. Conditional orders that wait are pending."""

EXPIRED: Final[frozenset[Word]] = frozenset({"Expired", 8})
FILLS: Final[dict[str, Liquidity]] = {
    "MakerFill": Liquidity.MAKER,
    "TakerFill": Liquidity.TAKER,
}
"""The execStatus of a fill, and on which side of the book it traded."""

NO_FILLS: Final = frozenset(
    {
        *("Init", "PendingNew", "New", "Created", "Untriggered", "Triggered", "Deactivated"),
        *("PendingReplace", "Replaced", "PendingCancel", "Canceled", "Aborted", "Expired"),
        *("CreateRejected", "NewRejected"),
    }
)
"""The execStatus of everything else that we know. An unknown one may be a fill: unreadable."""


def status(ord_status: Word, exec_status: Word | None = None) -> OrdStatus:
    """Ours for theirs: what was canceled by `Expired` is EXPIRED, since no status says so."""
    if ord_status not in ORD_STATUSES:
        raise UnreadableError(f"ordStatus {str(ord_status)[:40]!r} is unknown")
    found = ORD_STATUSES[ord_status]
    if found is OrdStatus.CANCELED and exec_status in EXPIRED:
        return OrdStatus.EXPIRED
    return found


TIME_IN_FORCE: Final = {
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
    TimeInForce.GTC: "GoodTillCancel",
}
_TIMES: Final = {word: ours for ours, word in TIME_IN_FORCE.items()}


def time_in_force(word: Word | None) -> TimeInForce | None:
    """Ours for theirs; post-only rests as GTC does, others are not known to us: None."""
    return TimeInForce.GTC if word == "PostOnly" else _TIMES.get(str(word))


CANCEL_REASONS: Final = {
    100: "CE_NO_ENOUGH_QTY",
    101: "CE_WILLCROSS",
    116: "CE_NO_ENOUGH_BASE_QTY",
    117: "CE_NO_ENOUGH_QUOTE_QTY",
}
"""`cxlRejReason` (Phemex docs: error codes)."""
