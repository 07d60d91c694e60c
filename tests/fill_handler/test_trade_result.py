"""A daemon's view of a trade in the seed's words, and the class of what went wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.analytics.scene import Scene, View
from daemon.analytics.trade_views import trade_view
from daemon.core.terms import RejectReason, Side
from daemon.fill_handler.errors import (
    ExchangeError,
    InsufficientFundsError,
    NetworkError,
    NoLiquidityError,
    RateLimitError,
)
from daemon.fill_handler.trade_result import result_of
from tests import builders as make
from tests.core.play import Play
from tests.core.test_trading import flat, trade

D = Decimal


def view(play: Play) -> View:
    found = trade_view(Scene(book=play.engine.book, now_ns=0), "one")
    assert found is not None
    return found


def test_all_of_it_is_filled() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.accepted(order_id=play.order_id))
    play.tell(make.fill(side=Side.BUY, last_qty="40", last_px="0.5", commission="0.7"))
    result = result_of(view(play))
    assert (result.success, result.error) == (True, None)
    assert (result.total_filled, result.average_price) == (D(40), D("0.5"))
    assert result.total_fee == {"USD": D("0.7")}
    assert (result.order_ids, result.client_order_ids) == (("v1",), (play.order_id,))
    (fill,) = result.partial_fills
    assert (fill.amount, fill.price, fill.fee, fill.order_id) == (D(40), D("0.5"), D("0.7"), "v1")


@pytest.mark.parametrize(
    ("reason", "kind", "retryable"),
    [
        (RejectReason.NETWORK, NetworkError, True),
        (RejectReason.RATE_LIMIT, RateLimitError, True),
        (RejectReason.INSUFFICIENT_FUNDS, InsufficientFundsError, False),
    ],
)
def test_an_error_is_of_the_class_of_its_reason(
    reason: RejectReason, kind: type[ExchangeError], *, retryable: bool
) -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.rejected(order_id=play.order_id, reason=reason))
    result = result_of(view(play))
    assert (result.success, result.average_price, result.total_filled) == (False, None, D(0))
    assert type(result.error) is kind
    assert isinstance(result.error, ExchangeError)
    assert (result.error.venue, result.error.code) == ("kalshi", reason.value)
    assert result.error.retryable is retryable
    assert result.error.tried == (f"attempt 1: {play.order_id} rejected",)


def test_what_is_filled_in_part_is_not_to_be_asked_for_again_as_it_was() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.accepted(order_id=play.order_id))
    play.tell(make.fill(side=Side.BUY, last_qty="4", last_px="0.5", order_id=play.order_id))
    play.tell(make.canceled(order_id=play.order_id, cum_qty="4"))
    error = result_of(view(play)).error
    assert isinstance(error, NoLiquidityError)
    assert (type(error).retryable, error.retryable) == (True, False)


def test_why_a_further_attempt_was_made() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(trade(side=Side.BUY, attempt=2, reason=RejectReason.TIMEOUT))
    play.tell(make.canceled(order_id=play.order_id, venue_order_id="v2"))
    result = result_of(view(play))
    assert [(retry.attempt, retry.reason) for retry in result.retries] == [(2, "timeout")]
    assert isinstance(result.error, NoLiquidityError)
    assert (str(result.error), result.error.code) == (
        "0 filled; nobody traded the rest in time",
        "no_liquidity",
    )
