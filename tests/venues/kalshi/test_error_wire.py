"""Every shape of refusal, and every row of the tables: code -> reason -> what a POST proves."""

from __future__ import annotations

import pytest

from daemon.core.events import CancelRejected, OrderCanceled, OrderInDoubt, OrderRejected
from daemon.core.terms import RejectReason
from daemon.venues.errors import (
    ERRORS,
    AnswerTimeoutError,
    ClockSkewError,
    ExchangePausedError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
    UnknownOutcomeError,
    VenueError,
)
from daemon.venues.kalshi.error_wire import (
    PREFIXES,
    REASONS,
    STATUSES,
    Refusal,
    decode_refusal,
    definitive,
    error_of,
    reason_of,
)
from daemon.venues.kalshi.order_wire import decode_canceled, decode_created
from tests.venues.kalshi.builders import ORDER_ID, STAMP, cancel_order, frame, place_order

R = RejectReason
NOT_REDUCED = f'{{"order_id":"{ORDER_ID}"}}'.encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"error":{"code":"invalid_order","message":"invalid order","details":"post only"}}',
            ("invalid_order", "invalid order", "post only", True),
        ),
        (
            b'{"error":{"code":"not_found","message":"not found","service":"gw"}}',
            ("not_found", "not found", "", True),
        ),
        (
            b'{"code":"bad_request","message":"bad request","details":"json: number"}',
            ("bad_request", "bad request", "json: number", True),
        ),
        (b'{"msg":"Parameter validation failed"}', ("", "Parameter validation failed", "", True)),
        (b'{"error":"too many requests"}', ("", "too many requests", "", True)),
        (
            b'{"code":"token_authentication_failure"}',
            ("token_authentication_failure", "", "", True),
        ),
        (b"{}", ("", "", "", False)),
        (b"[]", ("", "[]", "", False)),
        (b"<html>502 Bad Gateway</html>", ("", "<html>502 Bad Gateway</html>", "", False)),
        (b"", ("", "", "", False)),
        (b'{"error":{"code":7,"details":{"a":1}}}', ("7", "", "{'a': 1}", True)),
    ],
)
def test_the_shapes_of_a_refusal(body: bytes, expected: tuple[str, str, str, bool]) -> None:
    refusal = decode_refusal(400, body)
    shown = (refusal.code, refusal.message, refusal.details, refusal.readable)
    assert shown == expected


@pytest.mark.parametrize(
    ("status", "code", "reason", "outcome"),
    [
        (409, "order_already_exists", R.DUPLICATE_ID, OrderInDoubt),
        (409, "fill_or_kill_insufficient_resting_volume", R.NO_LIQUIDITY, OrderRejected),
        (409, "trading_is_paused", R.EXCHANGE_PAUSED, OrderRejected),
        (409, "exchange_is_paused", R.EXCHANGE_PAUSED, OrderRejected),
        (400, "insufficient_balance", R.INSUFFICIENT_FUNDS, OrderRejected),
        (400, "available_balance_too_low", R.INSUFFICIENT_FUNDS, OrderRejected),
        (400, "invalid_price", R.INVALID_ORDER, OrderRejected),
        (400, "invalid_order", R.INVALID_ORDER, OrderRejected),
        (400, "invalid_order_size", R.INVALID_ORDER, OrderRejected),
        (400, "order_side_mismatch", R.INVALID_ORDER, OrderRejected),
        (400, "order_ticker_mismatch", R.INVALID_ORDER, OrderRejected),
        (400, "order_id_and_client_order_id_mismatch", R.INVALID_ORDER, OrderRejected),
        (400, "missing_parameters", R.INVALID_ORDER, OrderRejected),
        (400, "invalid_parameters", R.INVALID_ORDER, OrderRejected),
        (400, "bad_request", R.INVALID_ORDER, OrderRejected),
        (400, "invalid_content_type", R.INVALID_ORDER, OrderRejected),
        (400, "self_cross_attempt", R.INVALID_ORDER, OrderRejected),
        (400, "order_group_not_found", R.INVALID_ORDER, OrderRejected),
        (400, "exceeded_per_market_risk_limit", R.INVALID_ORDER, OrderRejected),
        (400, "exceeded_order_group_risk_limit", R.INVALID_ORDER, OrderRejected),
        (400, "exceeded_sell_position_floor", R.NO_POSITION, OrderRejected),
        (400, "market_inactive", R.MARKET_INACTIVE, OrderRejected),
        (400, "MARKET_INACTIVE", R.MARKET_INACTIVE, OrderRejected),
        (400, "MARKET_ALREADY_CLOSED", R.MARKET_INACTIVE, OrderRejected),
        (404, "not_found", R.NOT_FOUND, OrderRejected),
        (404, "market_not_found", R.NOT_FOUND, OrderRejected),
        (401, "authentication_error", R.AUTH, OrderRejected),
        (401, "signature_is_missing_from_headers", R.AUTH, OrderRejected),
        (401, "token_authentication_failure", R.AUTH, OrderRejected),
        (401, "header_timestamp_expired", R.CLOCK_SKEW, OrderRejected),
        (403, "", R.AUTH, OrderRejected),
        (410, "deprecated_v1_order_endpoint", R.INVALID_ORDER, OrderRejected),
        (429, "too_many_requests", R.RATE_LIMIT, OrderRejected),
        (429, "", R.RATE_LIMIT, OrderRejected),
        (400, "user_not_found:_0a1b", R.AUTH, OrderRejected),
        (400, "invalid_something_new", R.INVALID_ORDER, OrderRejected),
        (400, "missing_something_new", R.INVALID_ORDER, OrderRejected),
        (400, "insufficient_balance_on_shard_2", R.INSUFFICIENT_FUNDS, OrderRejected),
        (422, "novelty", R.VENUE_ERROR, OrderRejected),
        (408, "request_timeout", R.TIMEOUT, OrderInDoubt),
        (503, "service_unavailable", R.VENUE_ERROR, OrderInDoubt),
        (500, "", R.VENUE_ERROR, OrderInDoubt),
        (502, "", R.VENUE_ERROR, OrderInDoubt),
        (504, "", R.TIMEOUT, OrderInDoubt),
        (301, "", R.VENUE_ERROR, OrderInDoubt),
        (400, "", R.INVALID_ORDER, OrderInDoubt),
        (404, "", R.NOT_FOUND, OrderInDoubt),
    ],
)
def test_a_refusal_of_a_create(
    status: int, code: str, reason: RejectReason, outcome: type[OrderRejected | OrderInDoubt]
) -> None:
    body = f'{{"error":{{"code":"{code}","message":"m"}}}}'.encode() if code else b"<html>"
    (event,) = decode_created(STAMP, place_order(), status, body)
    assert isinstance(event, outcome)
    assert event.reason is reason
    assert str(status) in event.text
    cancel = decode_canceled(STAMP, cancel_order(), None, (status, body))
    assert [type(e) for e in cancel] == [CancelRejected]
    assert isinstance(cancel[0], CancelRejected)
    assert cancel[0].reason is reason


def test_every_code_of_the_table_was_tried_above() -> None:
    marks = test_a_refusal_of_a_create.pytestmark  # type: ignore[attr-defined]
    tried = {row[1].lower() for row in marks[0].args[1]}
    assert REASONS.keys() <= tried
    assert all(any(code.startswith(prefix) for code in tried) for prefix, _reason in PREFIXES)
    assert STATUSES.keys() <= {row[0] for row in marks[0].args[1]}


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (404, "not_found", NotFoundError, False),
        (429, "too_many_requests", RateLimitError, True),
        (401, "header_timestamp_expired", ClockSkewError, True),
        (503, "service_unavailable", ServerFaultError, True),
        (504, "", AnswerTimeoutError, True),
        (503, "exchange_is_paused", ExchangePausedError, False),
        (418, "teapot", UnknownOutcomeError, False),
    ],
)
def test_a_refused_look_up_has_a_class_of_its_own(
    status: int, code: str, kind: type[VenueError], retryable: bool
) -> None:
    error = error_of(Refusal(status=status, code=code))
    assert type(error) is kind
    assert (error.code, error.venue) == (code or "answer_timeout", "kalshi")
    assert error.retryable is retryable


def test_each_reason_has_one_class() -> None:
    assert all(kind.reason is reason for reason, kind in ERRORS.items())
    assert definitive(Refusal(status=403, readable=False))
    assert reason_of(Refusal(status=429, code="not_found")) is R.RATE_LIMIT


def test_a_cancel_tells_what_had_filled_if_we_know_what_was_asked() -> None:
    order_qty = place_order().order_qty
    (event,) = decode_canceled(STAMP, cancel_order(), order_qty, (200, frame("cancel")))
    assert isinstance(event, OrderCanceled)
    assert str(event.cum_qty) == "3.50"
    (event,) = decode_canceled(STAMP, cancel_order(), None, (200, frame("cancel")))
    assert isinstance(event, OrderCanceled)
    assert event.cum_qty is None


@pytest.mark.parametrize(
    "body", [b"{}", b"", b'{"order_id":"another","reduced_by":"1.00"}', NOT_REDUCED]
)
def test_a_cancel_answered_with_another_order_is_done_all_the_same(body: bytes) -> None:
    unread, event = decode_canceled(STAMP, cancel_order(), place_order().order_qty, (200, body))
    assert isinstance(event, OrderCanceled)
    assert event.cum_qty is None
    assert type(unread).__name__ == "Undecodable"
