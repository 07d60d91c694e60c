"""Numbers, times and words of Phemex, row by row of the fact sheet's tables."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.terms import OrdStatus, PositionSide, Side, TimeInForce
from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex.wire import (
    is_execution,
    position_side,
    scaled,
    side,
    status,
    time_in_force,
    time_ns,
    wire_name,
)


@pytest.mark.parametrize(
    ("word", "number", "exec_status", "ours"),
    [
        ("Created", 0, None, OrdStatus.PENDING_NEW),
        ("Init", 0, None, OrdStatus.PENDING_NEW),
        ("Untriggered", 1, None, OrdStatus.PENDING_NEW),
        ("Triggered", 3, None, OrdStatus.PENDING_NEW),
        ("New", 5, "New", OrdStatus.NEW),
        ("PartiallyFilled", 6, "MakerFill", OrdStatus.PARTIALLY_FILLED),
        ("Filled", 7, "TakerFill", OrdStatus.FILLED),
        ("Canceled", 8, "Canceled", OrdStatus.CANCELED),
        ("Canceled", 8, "Aborted", OrdStatus.CANCELED),
        ("Canceled", 8, None, OrdStatus.CANCELED),
        ("Canceled", 8, "Expired", OrdStatus.EXPIRED),
        ("Canceled", 8, 8, OrdStatus.EXPIRED),
        ("Deactivated", 2, None, OrdStatus.CANCELED),
        ("Rejected", 4, "CreateRejected", OrdStatus.REJECTED),
    ],
)
def test_the_status_map(
    word: str, number: int, exec_status: str | int | None, ours: OrdStatus
) -> None:
    assert status(word, exec_status) is ours
    assert status(number, exec_status) is ours


@pytest.mark.parametrize("unknown", ["new", "Suspended", "", 9, -1])
def test_an_unknown_status_is_not_guessed_at(unknown: str | int) -> None:
    with pytest.raises(UnreadableError, match="ordStatus"):
        status(unknown)


def test_sides() -> None:
    assert (side("Buy"), side(1), side("Sell"), side(2)) == (Side.BUY,) * 2 + (Side.SELL,) * 2
    assert [position_side(word) for word in ("Merged", "Long", "Short", 3, 1, 2)] == [
        PositionSide.NET, PositionSide.LONG, PositionSide.SHORT,
    ] * 2  # fmt: skip
    for read in (side, position_side):
        with pytest.raises(UnreadableError, match="unknown"):
            read("None")


@pytest.mark.parametrize(
    ("value", "scale", "exact"),
    [
        (9_007_199_254_740_993, 8, "90071992.54740993"),
        ("9223372036854775807", 8, "92233720368.54775807"),
        (-5, 8, "-0.00000005"),
        (86_885_000, 4, "8688.5"),
        (0, 0, "0"),
    ],
)
def test_scaled_integers_are_exact(value: int | str, scale: int, exact: str) -> None:
    assert scaled(value, scale, "priceEp") == Decimal(exact)


@pytest.mark.parametrize("value", ["1.5", "1e8", "", "NaN", "9" * 30])
def test_a_scaled_number_is_an_integer(value: str) -> None:
    with pytest.raises(UnreadableError, match="execPriceEp"):
        scaled(value, 8, "execPriceEp")


def test_nanoseconds_come_as_integers_and_as_text() -> None:
    assert time_ns(1_790_000_000_123_456_789, "t") == 1_790_000_000_123_456_789
    assert time_ns("1790000000123456789", "t") == 1_790_000_000_123_456_789
    for wrong in ("soon", -1, 10**20):
        with pytest.raises(UnreadableError, match="nanoseconds"):
            time_ns(wrong, "t")


def test_an_all_zero_id_is_of_no_execution() -> None:
    assert is_execution("0b7e55aa-41c0-5f2e-9d11-1234567890ab")
    assert is_execution("147258369")
    assert not is_execution("00000000-0000-0000-0000-000000000000")
    assert not is_execution("")
    assert not is_execution(None)


def test_times_in_force_and_names() -> None:
    assert time_in_force("ImmediateOrCancel") is TimeInForce.IOC
    assert time_in_force("FillOrKill") is TimeInForce.FOK
    assert time_in_force("GoodTillCancel") is TimeInForce.GTC
    assert time_in_force("PostOnly") is TimeInForce.GTC
    assert time_in_force("RPIPostOnly") is None
    assert time_in_force(None) is None
    assert [wire_name(field) for field in ("exec_id", "cur_pos_size", "cl_ord_id", "symbol")] == [
        "execID", "curPosSize", "clOrdID", "symbol",
    ]  # fmt: skip
