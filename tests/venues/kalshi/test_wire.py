"""Numbers, times and directions, and what happens to those that are not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.terms import Side
from daemon.venues.decoding import RAW_LIMIT, UnreadableError, millis_ns, name, undecodable
from daemon.venues.kalshi.wire import instant_ns, number, price, qty, seconds_ns, side
from tests.venues.kalshi.builders import AT_NS, STAMP


@pytest.mark.parametrize("text", ["0.4200", "-12.50", "0", "999999999999999.999999999999"])
def test_a_decimal_string_is_exact(text: str) -> None:
    assert number(text, "n") == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1e5", "+1", " 1", "1.", ".5", "1_0", "\u0661", "0x1", "1" * 40]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        number(text, "n")


def test_a_price_lies_between_0_and_1_and_a_quantity_is_not_negative() -> None:
    assert price("1.0000", "p") == 1
    for text in ("1.0001", "-0.0001"):
        with pytest.raises(UnreadableError):
            price(text, "p")
    with pytest.raises(UnreadableError):
        qty("-0.01", "q")


@pytest.mark.parametrize(
    ("outcome", "book", "expected"),
    [
        ("yes", "bid", Side.BUY),
        ("no", "ask", Side.SELL),
        ("yes", None, Side.BUY),
        (None, "ask", Side.SELL),
        (None, None, None),
        ("yes", "ask", None),
        ("no", "bid", None),
        ("maybe", None, None),
        (None, "buy", None),
    ],
)
def test_direction(outcome: str | None, book: str | None, expected: Side | None) -> None:
    if expected is not None:
        assert side(outcome, book) is expected
        return
    with pytest.raises(UnreadableError):
        side(outcome, book)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-12-01T08:30:00Z", AT_NS),
        ("2026-12-01T08:30:00.250123Z", AT_NS + 250_123_000),
        ("2026-12-01T08:30:00.000000001Z", AT_NS + 1),
        ("2026-12-01T09:30:00+01:00", AT_NS),
        ("2026-12-01T03:30:00.5-05:00", AT_NS + 500_000_000),
    ],
)
def test_an_instant_is_exact_to_its_last_digit(text: str, ns: int) -> None:
    assert instant_ns(text, "t") == ns


@pytest.mark.parametrize(
    "text",
    ["", "2026-12-01", "2026-13-01T00:00:00Z", "2026-12-01T25:00:00Z", "2026-12-01T08:30:00",
     "1969-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"],
)  # fmt: skip
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(UnreadableError):
        instant_ns(text, "t")


def test_times_are_bounded_and_names_are_not_empty() -> None:
    assert millis_ns(1796113800250, "t") == AT_NS + 250_000_000
    assert seconds_ns(1796113800, "t") == AT_NS
    for value in (-1, 10**13):
        with pytest.raises(UnreadableError):
            seconds_ns(value, "t")
        with pytest.raises(UnreadableError):
            millis_ns(value * 1000, "t")
    for text in ("", "x" * 201):
        with pytest.raises(UnreadableError):
            name(text, "n")


def test_an_unreadable_message_is_kept_up_to_a_limit() -> None:
    event = undecodable(STAMP, "here", b"\xff" * 9_000, "why")
    assert len(event.raw) == RAW_LIMIT
    assert (event.source, event.text) == ("here", "why")


@given(st.text())
def test_no_text_makes_a_reader_raise_anything_else(text: str) -> None:
    for reader in (number, price, qty, name, instant_ns):
        try:
            reader(text, "x")
        except UnreadableError:
            continue
