"""What each refusal proves, and codes beside the fact sheet's classes (see test_sheet)."""

from __future__ import annotations

import json

import pytest

from daemon.core.terms import RejectReason
from daemon.venues.binance.error_wire import (
    Refusal,
    decode_refusal,
    definitive,
    error_of,
    reason_of,
)
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.errors import (
    AnswerTimeoutError,
    AuthError,
    InvalidOrderError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
)

R = RejectReason
FUNDS = "Account has insufficient balance for requested action."
WEIGHT = "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."
UNKNOWN_503 = "Unknown error, please check your request or try again later."


def refused(status: int, code: int = 0, msg: str = "") -> Refusal:
    if code == 0:
        return decode_refusal(status, msg.encode())
    return decode_refusal(status, json.dumps({"code": code, "msg": msg}).encode())


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (R.NOT_FOUND, (400, -1125, "This listenKey does not exist.")),
        (R.RATE_LIMIT, (429, -2010, "Duplicate order sent.")),
        (R.AUTH, (403, 0, "<html>")),
        (R.AUTH, (400, -1109)),
        (R.INVALID_ORDER, (400, -4120)),
        (R.INVALID_ORDER, (400, -2021)),
        (R.NO_LIQUIDITY, (400, -4131)),
        (R.NO_LIQUIDITY, (400, -5021)),
        (R.NO_LIQUIDITY, (400, -2020)),
    ],
)
def test_a_refusal_beside_the_sheets(reason: R, refusal: tuple[int, int, str]) -> None:
    assert reason_of(refused(*refusal)) is reason
    assert definitive(refused(*refusal), SPOT)


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (R.TIMEOUT, refused(400, -1006)),
        (R.TIMEOUT, refused(400, -1007)),
        (R.TIMEOUT, refused(504, -1007, "Timeout waiting for response from backend server.")),
        (R.TIMEOUT, refused(408)),
        (R.VENUE_ERROR, refused(503, 0, UNKNOWN_503)),
        (R.VENUE_ERROR, refused(503, -1000, UNKNOWN_503)),
        (R.VENUE_ERROR, refused(502, 0, "bad gateway")),
        (R.VENUE_ERROR, refused(500)),
        (R.VENUE_ERROR, refused(400, -1001)),
        (R.VENUE_ERROR, refused(404, 0, "not found")),
    ],
)
def test_an_answer_that_leaves_the_outcome_open(reason: R, refusal: Refusal) -> None:
    assert reason_of(refusal) is reason
    assert not definitive(refusal, USDM)
    assert not definitive(refusal, SPOT)


def test_a_503_that_says_that_nothing_was_done() -> None:
    assert definitive(refused(503, 0, "Service Unavailable."), USDM)
    assert definitive(refused(503, -1000, "Service Unavailable."), USDM)


def test_a_code_that_nobody_knows_is_an_order_refused() -> None:
    assert reason_of(refused(400, -9999, "news")) is R.INVALID_ORDER
    assert definitive(refused(400, -9999, "news"), SPOT)


def test_a_cancel_refused_for_another_cause_did_not_find_the_order_gone() -> None:
    text = "Order was not canceled due to cancel restrictions."
    assert reason_of(refused(400, -2011, text)) is R.VENUE_ERROR


@pytest.mark.parametrize(
    ("refusal", "kind", "again"),
    [
        (refused(400, -2013), NotFoundError, False),
        (refused(429), RateLimitError, True),
        (refused(401, -2015), AuthError, False),
        (refused(502), ServerFaultError, True),
        (refused(504, -1007), AnswerTimeoutError, True),
        (refused(400, -1102), InvalidOrderError, False),
    ],
)
def test_a_refused_look_up(refusal: Refusal, kind: type[Exception], again: bool) -> None:
    error = error_of(refusal, SPOT)
    assert type(error) is kind
    assert error.retryable is again
    assert error.venue == SPOT


def test_what_people_read() -> None:
    assert refused(400, -1013, "Filter failure: NOTIONAL").text == (
        "HTTP 400 · -1013 · Filter failure: NOTIONAL"
    )
    assert refused(502, 0, "bad gateway").text == "HTTP 502 · bad gateway"
