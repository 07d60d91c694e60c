"""Numbers exact within limits that keep products exact; names and times that can be true."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.terms import EXACT, Account, Venue
from daemon.venues.decoding import (
    RAW_LIMIT,
    Stamp,
    UnreadableError,
    decode_as,
    millis_ns,
    name,
    number,
    positive,
    undecodable,
    unsigned,
)

STAMP = Stamp(receive_time_ns=1, mono_ns=2, account=Account("a"), venue=Venue("v"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.00000000", "0"),
        ("-8.90000000E-8", "-0.000000089"),
        ("1E+3", "1000"),
        ("123456789012345.123456789", "123456789012345.123456789"),
        ("0.000000000000000001", "1e-18"),
    ],
)
def test_a_number_is_exact(text: str, value: str) -> None:
    assert number(text, "n") == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "1.", ".5", "NaN", "inf", "0x1", "1e999", "1E-19", "1e15", "\u0661",
     "1234567890123456", "123456789012345.12345678901234", "1_000"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(UnreadableError):
        number(text, "n")


@given(st.text(alphabet="0123456789.eE-", max_size=40), st.text(alphabet="123.", max_size=30))
def test_what_is_read_has_exact_products(left: str, right: str) -> None:
    try:
        values = number(left, "left"), number(right, "right")
    except UnreadableError:
        return
    EXACT.multiply(*values)


def test_signs() -> None:
    assert unsigned("0", "q") == 0
    for text, read in (("-1", unsigned), ("0", positive), ("-1", positive)):
        with pytest.raises(UnreadableError):
            read(text, "q")


def test_names_and_times() -> None:
    assert name("SOLUSDT", "symbol") == "SOLUSDT"
    assert millis_ns(1_790_000_000_000, "T") == 1_790_000_000 * 10**9
    for bad in ("", "x" * 201):
        with pytest.raises(UnreadableError):
            name(bad, "symbol")
    for late in (-1, 10**16):
        with pytest.raises(UnreadableError):
            millis_ns(late, "T")


def test_an_undecodable_message_is_cut() -> None:
    event = undecodable(STAMP, "stream", b"\xff" * 9_000, "t" * 9_000)
    assert (len(event.raw), len(event.text)) == (RAW_LIMIT, RAW_LIMIT)
    assert undecodable(STAMP, "stream", "raw", "text").raw == "raw"


def test_decoding_raises_one_error() -> None:
    decoder = msgspec.json.Decoder(int)
    for raw in (b"{}", b"\xff", b"[" * 100_000):
        with pytest.raises(UnreadableError):
            decode_as(decoder, raw)
