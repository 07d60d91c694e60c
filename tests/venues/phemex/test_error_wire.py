"""What each of Phemex's refusals proves, and codes beside the fact sheet's (see test_sheet)."""

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
        ((11022,), RejectReason.AUTH, True),
        ((11081, 11031, 11036), RejectReason.INVALID_ORDER, True),
        ((11107, 77777), RejectReason.VENUE_ERROR, False),
    ],
)
def test_codes_beside_the_sheets(
    codes: tuple[int, ...], reason: RejectReason, definitive: bool
) -> None:
    for code in codes:
        assert (refusal(200, code).reason, refusal(200, code).definitive) == (reason, definitive)


def test_a_code_speaks_before_a_cancel_reason() -> None:
    assert reason_of_code(11011, 100) is RejectReason.NO_POSITION


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
