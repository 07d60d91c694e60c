"""Phemex's refusals: the class table of the fact sheet row by row, and what each one proves."""

from __future__ import annotations

import json

import pytest

from daemon.core.terms import RejectReason
from daemon.venues.errors import (
    AnswerTimeoutError,
    AuthError,
    ClockSkewError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
    UnknownOutcomeError,
    VenueError,
)
from daemon.venues.phemex.error_wire import (
    Refusal,
    decode_refusal,
    error_of,
    opened,
    reason_of_code,
)

FUNDS = RejectReason.INSUFFICIENT_FUNDS


def refusal(status: int, code: int = 0, message: str = "") -> Refusal:
    return decode_refusal(status, json.dumps({"code": code, "msg": message, "data": None}).encode())


@pytest.mark.parametrize(
    ("codes", "reason", "definitive"),
    [
        ((11001, 11003, 11005, 11010, 11082, 11100, 11105, 11106), FUNDS, True),
        ((10002, 11062, 11063, 10003, 10004, 10005, 11061), RejectReason.NOT_FOUND, True),
        ((11085, 10001, 11033, 19999), RejectReason.DUPLICATE_ID, False),
        ((11053, 11055, 11056, 11058, 11114, 11115, 412, 30000), RejectReason.INVALID_ORDER, True),
        ((11011, 11057), RejectReason.NO_POSITION, True),
        ((11150, 11081, 11031, 11036), RejectReason.INVALID_ORDER, True),
        ((11023, 11024), RejectReason.VENUE_ERROR, True),
        ((11027, 11070), RejectReason.MARKET_INACTIVE, True),
        ((11107, 77777), RejectReason.VENUE_ERROR, False),
    ],
)
def test_the_class_table(codes: tuple[int, ...], reason: RejectReason, definitive: bool) -> None:
    for code in codes:
        assert (refusal(200, code).reason, refusal(200, code).definitive) == (reason, definitive)


@pytest.mark.parametrize(
    ("cancel_reason", "reason"),
    [(100, FUNDS), (116, FUNDS), (117, FUNDS), (101, RejectReason.NO_LIQUIDITY)],
)
def test_cancel_reasons_speak_where_no_code_does(cancel_reason: int, reason: RejectReason) -> None:
    assert reason_of_code(0, cancel_reason) is reason
    assert reason_of_code(11011, cancel_reason) is RejectReason.NO_POSITION


@pytest.mark.parametrize(
    ("status", "code", "message", "reason", "definitive"),
    [
        (401, 0, "", RejectReason.AUTH, True),
        (401, 401, "Request expired", RejectReason.CLOCK_SKEW, True),
        (403, 0, "", RejectReason.AUTH, True),
        (429, 11001, "", RejectReason.RATE_LIMIT, True),
        (200, 10500, "API Signature verification failed.", RejectReason.AUTH, True),
        (200, 10500, "Missing required parameter", RejectReason.INVALID_ORDER, True),
        (500, 0, "", RejectReason.VENUE_ERROR, False),
        (503, 11001, "", FUNDS, False),
        (504, 0, "", RejectReason.TIMEOUT, False),
        (404, 0, "", RejectReason.NOT_FOUND, False),
        (200, 0, "", RejectReason.VENUE_ERROR, False),
    ],
)
def test_statuses(
    status: int, code: int, message: str, reason: RejectReason, definitive: bool
) -> None:
    found = refusal(status, code, message)
    assert (found.reason, found.definitive) == (reason, definitive)


def test_a_strangers_page_proves_nothing() -> None:
    page = decode_refusal(502, b"<html>bad gateway</html>")
    assert (page.readable, page.definitive) == (False, False)
    assert page.text == "HTTP 502 · <html>bad gateway</html>"
    assert not decode_refusal(200, b'{"code":"soon"}').readable


def test_only_a_2xx_with_code_0_and_data_is_opened() -> None:
    assert bytes(opened(200, b'{"code":0,"msg":"","data":{"a":1}}')) == b'{"a":1}'  # type: ignore[arg-type]
    for status, body in (
        (500, b'{"code":0,"data":{}}'),
        (200, b'{"code":10002,"msg":"OM_ORDER_NOT_FOUND","data":null}'),
        (200, b'{"code":0,"msg":""}'),
        (200, b"[]"),
    ):
        assert isinstance(opened(status, body), Refusal)


@pytest.mark.parametrize(
    ("found", "kind", "retryable"),
    [
        (refusal(200, 10002), NotFoundError, False),
        (refusal(429), RateLimitError, True),
        (refusal(401), AuthError, False),
        (refusal(401, 0, "expiry"), ClockSkewError, True),
        (refusal(503), ServerFaultError, True),
        (refusal(504), AnswerTimeoutError, True),
        (refusal(200, 77777), UnknownOutcomeError, False),
    ],
)
def test_the_error_of_a_look_up(found: Refusal, kind: type[VenueError], retryable: bool) -> None:
    error = error_of(found)
    assert type(error) is kind
    assert error.retryable is retryable
