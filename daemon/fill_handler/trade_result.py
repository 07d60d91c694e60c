"""What a trade has come to, in the seed's words, read from the daemon's view of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from daemon.analytics.scene import View
from daemon.core.terms import RejectReason
from daemon.fill_handler.errors import ExchangeError, UnknownOutcomeError, exchange_error


class _Fill(msgspec.Struct):
    exec_id: str
    client_order_id: str
    qty: Decimal
    px: Decimal
    commission: Decimal
    commission_currency: str
    order_id: str | None = None
    liquidity: str | None = None
    time: str | None = None


class _Attempt(msgspec.Struct):
    attempt: int
    retry_reason: str | None = None
    client_order_id: str | None = None
    order_id: str | None = None
    order_qty: Decimal | None = None
    cum_qty: Decimal | None = None
    status: str | None = None
    refusal: str | None = None
    text: str = ""


class _Trade(msgspec.Struct):
    venue: str
    token: str
    status: str
    done: bool
    filled_qty: Decimal
    fees: dict[str, Decimal]
    fills: list[_Fill]
    attempts: list[_Attempt]
    in_doubt: list[str]
    avg_px: Decimal | None = None
    reason: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFill:
    """One execution: `amount` > 0 at `price`; `fee` + = paid, in `fee_currency`."""

    exec_id: str
    order_id: str | None
    client_order_id: str
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: str | None
    time: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRetry:
    """An attempt after the first, and why it was made; `text` is what the venue said to it."""

    attempt: int
    reason: str
    client_order_id: str | None
    status: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeResult:
    """What is proven of a trade: nothing of it is in doubt.

    `success`: all of it is filled. `average_price` is None before a fill, `total_fee` by currency
    (+ = paid). `order_ids` are the venue's, `client_order_ids` ours. `error`: why not all of it;
    retryable only while nothing is filled, and under a new token: the old one tells this again.
    """

    success: bool
    status: str
    token: str
    total_filled: Decimal
    average_price: Decimal | None
    total_fee: Mapping[str, Decimal]
    partial_fills: tuple[TradeFill, ...]
    order_ids: tuple[str, ...]
    client_order_ids: tuple[str, ...]
    retries: tuple[TradeRetry, ...]
    error: ExchangeError | None


def result_of(view: View) -> TradeResult:
    """The result of a trade that is done.

    Raises UnknownOutcomeError where an order of it may still fill for all we know.
    """
    trade = msgspec.convert(view, _Trade, strict=False)
    if trade.in_doubt:
        raise _unknown(trade)
    success = trade.status == "filled"
    orders = [one for one in trade.attempts if one.client_order_id is not None]
    return TradeResult(
        success=success,
        status=trade.status,
        token=trade.token,
        total_filled=trade.filled_qty,
        average_price=trade.avg_px,
        total_fee=trade.fees,
        partial_fills=tuple(_fill(fill) for fill in trade.fills),
        order_ids=tuple(one.order_id for one in orders if one.order_id is not None),
        client_order_ids=tuple(str(one.client_order_id) for one in orders),
        retries=tuple(_retry(one) for one in trade.attempts if one.retry_reason is not None),
        error=None if success else _error(trade),
    )


def _fill(fill: _Fill) -> TradeFill:
    return TradeFill(
        exec_id=fill.exec_id,
        order_id=fill.order_id,
        client_order_id=fill.client_order_id,
        amount=fill.qty,
        price=fill.px,
        fee=fill.commission,
        fee_currency=fill.commission_currency,
        liquidity=fill.liquidity,
        time=fill.time,
    )


def _retry(one: _Attempt) -> TradeRetry:
    return TradeRetry(
        attempt=one.attempt,
        reason=one.retry_reason or "",
        client_order_id=one.client_order_id,
        status=one.status,
        text=one.text,
    )


def _error(trade: _Trade) -> ExchangeError:
    """The class of the last reason; without one, its orders met nobody while they worked."""
    reason = RejectReason(trade.reason or RejectReason.NO_LIQUIDITY.value)
    text = trade.text or f"{trade.filled_qty} filled; nobody traded the rest in time"
    error = exchange_error(reason, text, venue=trade.venue, code=reason.value, tried=_tried(trade))
    error.retryable = error.retryable and not trade.filled_qty  # else all of it would be too much
    return error


def _unknown(trade: _Trade) -> UnknownOutcomeError:
    first, names = trade.in_doubt[0], ", ".join(trade.in_doubt)
    return UnknownOutcomeError(
        f"nobody knows the outcome of {names} ({trade.filled_qty} filled so far): filld looks on;"
        f" see filld order {first}, or ask for token {trade.token} again",
        venue=trade.venue,
        tried=_tried(trade),
    )


def _tried(trade: _Trade) -> tuple[str, ...]:
    return tuple(
        f"attempt {one.attempt}: {one.client_order_id or 'no order'}"
        f" {one.status or one.refusal or ''}".rstrip()
        for one in trade.attempts
    )
