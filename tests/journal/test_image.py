"""The image of a book: the codec's own bytes, in slices that are none of them long."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from daemon.core.book import Book, BookState
from daemon.core.position import ClosedGeneration
from daemon.core.terms import Account, Symbol, Venue
from daemon.journal.codec import encode_state
from daemon.journal.image import Image, encoded
from tests.builders import KEY
from tests.journal.test_codec import strategy


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(state=strategy(BookState))
def test_the_slices_are_the_bytes_of_the_state(state: BookState) -> None:
    assert b"".join(Image.of(state).slices()) == encode_state(state)
    assert b"".join(encoded(state)) == encode_state(state)


@pytest.mark.parametrize("count", [0, 15, 16, 200, 201, 65_536])
def test_what_is_still_is_cut_without_a_copy(count: int) -> None:
    value = {str(number): [(number, "x")] for number in range(count)}
    slices = list(encoded(value))
    assert b"".join(slices) == msgspec.msgpack.encode(value)
    assert max(map(len, slices)) < 10_000


def generation(number: int) -> ClosedGeneration:
    return ClosedGeneration(generation=number, pnl=Decimal(1), entry_known=True, time_ns=1)


@pytest.mark.parametrize("count", [0, 15, 16, 199, 200, 201, 65_535, 65_536])
def test_long_lists_are_cut(count: int) -> None:
    book = Book()
    book.position(KEY).closed += [generation(number) for number in range(count)]
    for number in range(count):
        book.symbol_fills_as_of[Account("a"), Venue("v"), Symbol(f"s{number}")] = number
    state = book.state()
    slices = list(Image.of(state).slices())
    assert b"".join(slices) == encode_state(state)
    assert max(map(len, slices)) < 30_000
