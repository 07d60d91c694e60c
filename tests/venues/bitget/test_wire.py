"""Numbers exact in all their forms, times in all of theirs, and nothing that the core rounds."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from daemon.core.terms import Side
from daemon.venues.bitget.wire import (
    client_id,
    coin,
    exact,
    first_time_ns,
    limit_px,
    millis_ns,
    name,
    number,
    price,
    qty,
    side_word,
    symbol,
    word,
)
from daemon.venues.decoding import RAW_LIMIT, UnreadableError, decode_as, undecodable
from tests.venues.bitget.builders import SPOT


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-8.9E-8", "-0.000000089"),
        ("-8.90000000E-8", "-0.000000089"),
        ("1e3", "1000"),
        ("19.9762500000000000", "19.97625"),
        ("24144.1124161806977798", "24144.1124161806977798"),
        ("0." + "1" * 18, "0." + "1" * 18),
    ],
)
def test_a_number_is_exact(text: str, value: str) -> None:
    assert number(text, "fee") == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [None, "", "NaN", "Infinity", "1_0", "0x1", " 1", "1e400", "1e16", "1e-19", "1" * 29, "--1",
     "0." + "1" * 19, "٣"],
)  # fmt: skip
def test_what_is_no_number_or_cannot_be_reckoned_with(text: str | None) -> None:
    with pytest.raises(UnreadableError, match="fee"):
        number(text, "fee")


def test_a_number_of_the_decoder_is_held_to_the_same() -> None:
    with pytest.raises(UnreadableError, match="not a decimal number"):
        exact(Decimal("NaN"), "px")


def test_bounds() -> None:
    assert qty("0.0", "size") == 0
    with pytest.raises(UnreadableError, match="negative"):
        qty("-1", "size")
    with pytest.raises(UnreadableError, match="is 0"):
        price("0", "price")
    assert limit_px("0") is limit_px("") is limit_px(None) is None
    assert limit_px("1.5") == Decimal("1.5")


@pytest.mark.parametrize(("value", "ms"), [("1796113800123", 1796113800123), (7, 7), ("7", 7)])
def test_times(value: str | int, ms: int) -> None:
    assert millis_ns(value, "ts") == ms * 10**6


@pytest.mark.parametrize("value", [None, "", "1.5", "-1", -1, 10**13, "1" * 17, "soon"])
def test_no_times(value: str | int | None) -> None:
    with pytest.raises(UnreadableError, match="ts"):
        millis_ns(value, "ts")


def test_the_first_time_that_is_there() -> None:
    assert first_time_ns("ts", None, "", "3", 4) == 3 * 10**6


def test_names_and_words() -> None:
    assert symbol(None, "ethusdt") == "ETHUSDT"
    assert coin("usdt", "coin") == "USDT"
    assert client_id(12) == "12"
    assert client_id("") is client_id(None) is None
    assert word("Partial-Fill") == "partial_fill"
    assert side_word("SELL") is Side.SELL
    for bad in ("", None, "x" * 201):
        with pytest.raises(UnreadableError):
            name(bad, "orderId")
    with pytest.raises(UnreadableError, match="side"):
        side_word(None)


def test_what_is_kept_of_an_unreadable_message_has_a_limit() -> None:
    event = undecodable(SPOT, "push", b"\xff" * 100_000, "why" * 10_000)
    assert len(event.raw) == len(event.text) == RAW_LIMIT
    with pytest.raises(UnreadableError):
        decode_as(msgspec.json.Decoder(int), b"\xff")
