"""What the library hands out: views of the core's fills and orders, in the seed's words.

`amount` is a quantity (contracts or coins, > 0) and `price` the instrument's: on Kalshi that is
the YES price in dollars, and buying NO is selling YES. Fees are signed, + = paid. Times are UTC ns;
0 is not known. All are frozen, and their numbers are exact and as short as can be: no padding, no
exponent. `as_dict` makes plain JSON of any, numbers as text.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from daemon.core.events import Fill
from daemon.core.terms import EXACT, NANOS, ZERO, OrdStatus, proper, quotient
from daemon.fill_handler import accept
from daemon.fill_handler.life import Life
from daemon.fill_handler.tally import Retry, filling_ns, neat

_STEP = Decimal("1e-6")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Neat:
    """A view whose numbers are short, whoever made them."""

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            object.__setattr__(self, one.name, neat(getattr(self, one.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FillEvent(_Neat):
    """One execution. `duplicate`: it was known already and has changed nothing now.

    `trade_id` is the venue's id of it. `notes` say what was told beside it and is not booked.
    """

    order_id: str
    trade_id: str
    exchange: str
    account: str
    symbol: str
    side: str
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: str | None
    timestamp_ns: int
    received_ns: int
    client_order_id: str | None = None
    position_side: str = "net"
    duplicate: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState(_Neat):
    """All that is known of one order.

    `status`: FIX's words, in lower case (`partially_filled`, `filled`, `canceled`, ...).
    `original_amount` and `remaining_amount` are None while only fills have told of the order.
    `expected_price`: its trigger, else its limit. `slippage`: how much worse than that the
    average is, as a fraction of it (below 0: better); `within_tolerance` compares it with the
    configured one. `fill_seconds`: from the first that is known of it to its last fill.
    `retry_history`: every earlier attempt of the same exit or trade, and every second sending.
    """

    order_id: str
    client_order_id: str | None
    exchange: str
    account: str
    symbol: str
    side: str
    status: str
    original_amount: Decimal | None
    filled_amount: Decimal
    remaining_amount: Decimal | None
    average_price: Decimal | None
    limit_price: Decimal | None
    expected_price: Decimal | None
    slippage: Decimal | None
    within_tolerance: bool | None
    total_fees: dict[str, Decimal]
    fills: tuple[FillEvent, ...]
    attempt: int
    retry_count: int
    retry_history: tuple[Retry, ...]
    created_ns: int
    updated_ns: int
    fill_seconds: Decimal | None
    reason: str | None = None

    @property
    def is_complete(self) -> bool:
        """All that was ordered is filled."""
        return self.status == OrdStatus.FILLED.value

    @property
    def is_over(self) -> bool:
        """The venue will add nothing to it."""
        return OrdStatus(self.status).terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmission(_Neat):
    """What an order left over: the order that would still be needed."""

    exchange: str
    symbol: str
    side: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialFillResult(_Neat):
    """Where an order stands after a fill.

    `resubmit` is None while the order may still fill, when nothing is left, and when nobody has
    said how much was ordered (`remaining` is None then): what may still fill is never ordered
    again.
    """

    order: OrderState
    filled: Decimal
    remaining: Decimal | None
    average_price: Decimal | None
    fees: dict[str, Decimal]
    is_complete: bool
    duplicate: bool
    resubmit: Resubmission | None


def fill_view(fill: Fill, *, duplicate: bool = False, notes: tuple[str, ...] = ()) -> FillEvent:
    """A core fill as the library shows it."""
    return FillEvent(
        order_id=fill.venue_order_id or "",
        trade_id=fill.exec_id,
        exchange=fill.venue,
        account=fill.account,
        symbol=fill.symbol,
        side=fill.side.value,
        amount=fill.last_qty,
        price=fill.last_px,
        fee=fill.commission,
        fee_currency=fill.commission_currency,
        liquidity=None if fill.liquidity is None else fill.liquidity.value,
        timestamp_ns=fill.transact_time_ns,
        received_ns=fill.receive_time_ns,
        client_order_id=fill.client_order_id,
        position_side=fill.position_side.value,
        duplicate=duplicate,
        notes=notes,
    )


def order_state(life: Life, tolerance: Decimal) -> OrderState:
    """An order's life as the library shows it; `tolerance` is a fraction."""
    order = life.order
    said = order.order_qty.is_finite()
    over = life.status.terminal
    left = max(EXACT.subtract(order.order_qty, order.cum_qty), ZERO) if said else None
    slippage = slippage_of(life)
    return OrderState(
        order_id=order.venue_order_id or order.client_order_id,
        client_order_id=order.client_order_id if life.ours else life.said_id,
        exchange=order.key.venue,
        account=order.key.account,
        symbol=order.key.symbol,
        side=order.side.value,
        status=life.status.value,
        original_amount=order.order_qty if said else None,
        filled_amount=order.cum_qty,
        remaining_amount=ZERO if over and life.status is OrdStatus.FILLED else left,
        average_price=order.avg_px,
        limit_price=order.limit_px,
        expected_price=life.expected_px,
        slippage=slippage,
        within_tolerance=None if slippage is None else slippage <= tolerance,
        total_fees={str(currency): paid for currency, paid in order.fees.items()},
        fills=tuple(fill_view(fill) for fill in life.fills),
        attempt=order.attempt,
        retry_count=len(life.retries),
        retry_history=tuple(life.retries),
        created_ns=life.born_ns,
        updated_ns=life.touched_ns,
        fill_seconds=quotient(Decimal(filling_ns(life)), Decimal(NANOS)) if life.fills else None,
        reason=None if order.reason is None else order.reason.value,
    )


def slippage_of(life: Life) -> Decimal | None:
    """The average price against the expected one, + = worse, as a fraction (to 1e-6)."""
    average, expected = life.order.avg_px, life.expected_px
    if average is None or not expected:
        return None
    worse = EXACT.multiply(life.order.side.sign, EXACT.subtract(average, expected))
    return quotient(worse, expected, _STEP)


def partial_fill_result(state: OrderState, *, duplicate: bool) -> PartialFillResult:
    """What a fill has left of its order."""
    left = state.remaining_amount
    resubmit = None
    if left and state.is_over:
        resubmit = Resubmission(
            exchange=state.exchange, symbol=state.symbol, side=state.side, amount=left
        )
    return PartialFillResult(
        order=state,
        filled=state.filled_amount,
        remaining=left,
        average_price=state.average_price,
        fees=state.total_fees,
        is_complete=state.is_complete,
        duplicate=duplicate,
        resubmit=resubmit,
    )


def as_dict(view: object) -> dict[str, object]:
    """A view as plain JSON values: numbers as their shortest plain text; raises `BadInputError`."""
    if isinstance(view, dict) or (dataclasses.is_dataclass(view) and not isinstance(view, type)):
        with contextlib.suppress(TypeError, ValueError, ArithmeticError, RecursionError):
            plain: dict[str, object] = msgspec.to_builtins(_shown(view), builtin_types=(int,))
            return plain
    raise accept.refused("view", view, "what this library hands out")


def _shown(value: object) -> object:
    if isinstance(value, Decimal):
        return proper(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _shown(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    return value
