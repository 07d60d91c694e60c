"""What proves that nothing was done, and what proves nothing (the classes: see test_sheet)."""

from __future__ import annotations

import json

import pytest

from daemon.core.terms import RejectReason
from daemon.venues.bitget.error_wire import (
    Refusal,
    Success,
    decode_answer,
    definitive,
    error_of,
    reason_of,
)
from daemon.venues.bitget.wire import Market
from daemon.venues.errors import (
    AnswerTimeoutError,
    InsufficientFundsError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
    UnknownOutcomeError,
)
from tests.venues.bitget.builders import AT_NS, MS, frame

VENUE = Market.SPOT.venue


def refusal(code: str, status: int = 400) -> Refusal:
    body = {"code": code, "msg": "why", "requestTime": 1, "data": None}
    got = decode_answer(status, json.dumps(body).encode())
    assert isinstance(got, Refusal)
    return got


@pytest.mark.parametrize("code", ["40010", "40725", "45001", "40015", "40808"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_unknown_outcome_proves_nothing(code: str, status: int) -> None:
    got = refusal(code, status)
    assert reason_of(got) is RejectReason.VENUE_ERROR
    assert not definitive(got)
    assert isinstance(error_of(got, VENUE), ServerFaultError)


@pytest.mark.parametrize(
    ("status", "body", "reason", "proof"),
    [
        (500, b"", RejectReason.VENUE_ERROR, False),
        (503, b'{"code":"43012","msg":"","requestTime":1}', RejectReason.INSUFFICIENT_FUNDS, False),
        (504, b"<html>", RejectReason.TIMEOUT, False),
        (408, b'{"code":"1","msg":""}', RejectReason.TIMEOUT, False),
        (400, b"<html>", RejectReason.INVALID_ORDER, False),
        (302, b"", RejectReason.VENUE_ERROR, False),
        (200, b"{}", RejectReason.VENUE_ERROR, False),
        (200, b'{"code":"00000","data":{}}', RejectReason.VENUE_ERROR, False),
        (400, b'{"code":"00000","requestTime":1,"data":{}}', RejectReason.INVALID_ORDER, False),
        (429, b"", RejectReason.RATE_LIMIT, True),
        (429, b'{"code":"429","msg":"Too many requests"}', RejectReason.RATE_LIMIT, True),
        (403, b"<html>", RejectReason.AUTH, True),
        (400, b'{"code":"40018","msg":"Invalid IP","data":[]}', RejectReason.AUTH, True),
        (400, b'{"code":"99999","msg":"new"}', RejectReason.INVALID_ORDER, True),
    ],
)
def test_what_an_answer_proves(
    status: int, body: bytes, reason: RejectReason, *, proof: bool
) -> None:
    got = decode_answer(status, body)
    assert isinstance(got, Refusal)
    assert (reason_of(got), definitive(got)) == (reason, proof)


def test_a_success_and_a_refusal() -> None:
    got = decode_answer(200, frame("place"))
    assert isinstance(got, Success)
    assert got.time_ns == AT_NS + 500 * MS
    assert b"orderId" in bytes(got.data)
    refused = decode_answer(400, frame("refused"))
    assert isinstance(refused, Refusal)
    assert refused.text == "HTTP 400 · 43012 · Insufficient balance"


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (refusal("43012"), InsufficientFundsError),
        (refusal("40109"), NotFoundError),
        (refusal("1", 429), RateLimitError),
        (refusal("1", 504), AnswerTimeoutError),
        (refusal("43012", 503), ServerFaultError),
        (refusal("77", 200), UnknownOutcomeError),
    ],
)
def test_the_error_of_a_refused_look(got: Refusal, kind: type[Exception]) -> None:
    error = error_of(got, VENUE)
    assert type(error) is kind
    assert (error.venue, error.code) == (VENUE, got.code)
