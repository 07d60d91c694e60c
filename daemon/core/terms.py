"""The words: ids, enumerations, exact numbers. Knows no venue, no event, no state.

Money and quantities are `Decimal` made from strings. Quantities are signed where they are
positions (+ long, - short) and positive where they belong to an order or a fill. Prices are in
the instrument's quote currency; on Kalshi that is always the YES price in dollars.
"""

from __future__ import annotations

import base64
import decimal
import enum
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import NewType

Account = NewType("Account", str)
Venue = NewType("Venue", str)
Symbol = NewType("Symbol", str)
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
ExecId = NewType("ExecId", str)
Currency = NewType("Currency", str)
JournalId = NewType("JournalId", str)

USD = Currency("USD")
NO_JOURNAL = JournalId("")

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
NANOS = 1_000_000_000

# Products and sums of money are exact or they are a bug: 60 digits hold any product of two
# 18-digit numbers with room for sums, and a rounding raises instead of passing unseen.
EXACT = decimal.Context(
    prec=60,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[
        decimal.Inexact,
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
    ],
)
_ROUNDED = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
_divide, _quantize = _ROUNDED.divide, _ROUNDED.quantize
SHARE_STEP = Decimal("1e-10")

ORDER_PREFIX = "fd"
_ID_DIGITS = 30


class Word(enum.Enum):
    """An enumeration whose members are keys of hot tables: they hash by identity, in C.

    On Python 3.11 `Side.SELL` is a call of the metaclass that takes as long as two sums. What is
    asked with each fill or quote is named once, as a constant of its module.
    """

    __hash__ = object.__hash__


class Side(Word):
    """Direction of an order or fill in the instrument: BUY raises the signed position.

    `sign` is +1 for BUY, -1 for SELL.
    """

    BUY = "buy"
    SELL = "sell"

    sign: Decimal

    def __init__(self, value: str) -> None:
        """Made once: a property would be a call for each fill."""
        self.sign = ONE if value == "buy" else -ONE

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class PositionSide(Word):
    """NET for one-way accounts; LONG and SHORT are two positions on one symbol (hedge mode)."""

    NET = "net"
    LONG = "long"
    SHORT = "short"


class OrdStatus(Word):
    """FIX OrdStatus (39), plus IN_DOUBT: asked, and nobody knows the answer.

    `terminal` is True where the venue will add nothing to the order.
    """

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"

    terminal: bool

    def __init__(self, value: str) -> None:
        """Made once, as `Side.sign` is."""
        self.terminal = value in {"filled", "canceled", "rejected", "expired"}


class OrdType(enum.Enum):
    """FIX OrdType (40): at a limit or better, or at any price."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(enum.Enum):
    """How long an order works: at once and no longer (IOC), all or nothing (FOK), or GTC."""

    IOC = "ioc"
    FOK = "fok"
    GTC = "gtc"


class Liquidity(enum.Enum):
    """FIX LastLiquidityInd (851)."""

    MAKER = "maker"
    TAKER = "taker"


class FillCause(Word):
    """Why a fill came about: somebody's order, or the venue itself closing a position."""

    TRADE = "trade"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    SETTLEMENT = "settlement"


class RejectReason(enum.Enum):
    """Why a venue refused, or why an outcome is unknown; one word for all venues."""

    NETWORK = "network"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    DUPLICATE_ID = "duplicate_id"
    NOT_FOUND = "not_found"
    MARKET_INACTIVE = "market_inactive"
    EXCHANGE_PAUSED = "exchange_paused"
    AUTH = "auth"
    CLOCK_SKEW = "clock_skew"
    INVALID_ORDER = "invalid_order"
    NO_LIQUIDITY = "no_liquidity"
    NO_POSITION = "no_position"
    VENUE_ERROR = "venue_error"
    ABSENT = "absent"
    OPERATOR = "operator"
    STOPPED = "stopped"
    HALTED = "halted"
    NOT_LIVE = "not_live"
    LIMIT_EXCEEDED = "limit_exceeded"
    IN_DOUBT = "in_doubt"


class RuleKind(Word):
    """Kinds of rule, in the order in which one quote is asked (semantics.md 14)."""

    ABSOLUTE = "absolute"
    DISTANCE = "distance"
    PERCENT = "percent"
    TRAILING = "trailing"
    TIME = "time"
    TAKE_PROFIT = "take_profit"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PositionKey:
    """Names one position: `venue` includes the market, e.g. `kalshi`, `binance-usdm`."""

    account: Account
    venue: Venue
    symbol: Symbol
    position_side: PositionSide = PositionSide.NET

    def __hash__(self) -> int:  # type: ignore[explicit-override] # begins with Python 3.12
        """By the symbol, whose own hash is kept: a key is looked up many times an event."""
        return hash(self.symbol)

    def __eq__(self, other: object) -> bool:  # type: ignore[explicit-override] # as above
        """As generated, but without two tuples: most keys that meet are the same object."""
        if self is other:
            return True
        return (
            isinstance(other, PositionKey)
            and self.symbol == other.symbol
            and self.account == other.account
            and self.venue == other.venue
            and self.position_side is other.position_side
        )

    @property
    def name(self) -> str:
        """The key as one word, for timers, ids and people."""
        side = "" if self.position_side is PositionSide.NET else f"/{self.position_side.value}"
        return f"{self.account}/{self.venue}/{self.symbol}{side}"


def quotient(numerator: Decimal, denominator: Decimal, step: Decimal = SHARE_STEP) -> Decimal:
    """`numerator / denominator`, half-even to a multiple of `step` (default 1e-10)."""
    return _quantize(_divide(numerator, denominator), step)


def proper(number: Decimal) -> str:
    """The shortest plain text of a number: no exponent, no trailing zeros."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def normal(number: Decimal) -> Decimal:
    """The same number with the digits that `proper` shows: no padding, no exponent."""
    return Decimal(proper(number))


def client_order_id(
    journal_id: JournalId, key: PositionKey, generation: int, exit_no: int, attempt: int
) -> ClientOrderId:
    """The id of one attempt: a pure function of its cause, never random (semantics.md 2).

    32 characters of `[a-z2-7]`, which every venue accepts; the same attempt is the same order.
    """
    return _id_of((journal_id, key.name, str(generation), str(exit_no), str(attempt)))


def trade_order_id(
    journal_id: JournalId, key: PositionKey, trade_no: int, attempt: int
) -> ClientOrderId:
    """The id of one attempt of a trade; no exit's, whatever its numbers."""
    return _id_of((journal_id, key.name, "trade", str(trade_no), str(attempt)))


def _id_of(cause: tuple[str, ...]) -> ClientOrderId:
    digest = base64.b32encode(hashlib.sha256("|".join(cause).encode()).digest()).decode().lower()
    return ClientOrderId(ORDER_PREFIX + digest[:_ID_DIGITS])


def is_ours(order_id: str | None) -> bool:
    """True when a client order id has our form: the prefix and 30 base32 digits."""
    return (
        order_id is not None
        and len(order_id) == len(ORDER_PREFIX) + _ID_DIGITS
        and order_id.startswith(ORDER_PREFIX)
        and all(c in "abcdefghijklmnopqrstuvwxyz234567" for c in order_id[2:])
    )
