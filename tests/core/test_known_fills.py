"""What has been booked is known: the newest half always, whoever's it was; no more is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core import known_fills
from daemon.core.known_fills import FillKey, KnownFill, KnownFills
from daemon.core.terms import Account, ExecId, Symbol, Venue, VenueOrderId

LIMIT = 8
KEYS = st.builds(
    lambda symbol, exec_id, order_id: (
        Account("main"),
        Venue("kalshi"),
        Symbol(symbol),
        ExecId(exec_id),
        None if order_id is None else VenueOrderId(order_id),
    ),
    st.sampled_from("ST"),
    st.integers(0, 30).map(str),
    st.sampled_from([None, "a", "b"]),
)


@contextmanager
def limited(limit: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_fills, "FILL_KEYS_LIMIT", limit)
        yield


def noted(keys: list[FillKey]) -> KnownFills:
    known = KnownFills()
    for number, key in enumerate(keys):
        known.add(key, f"{number + 1} 0.55 0 0 0")
    return known


@given(st.lists(KEYS, unique=True, max_size=60))
def test_the_newest_half_is_known_and_the_oldest_forgotten(keys: list[FillKey]) -> None:
    with limited(LIMIT):
        known = noted(keys)
    kept = keys[len(keys) - len(known) :]
    assert sorted(known, key=str) == sorted(kept, key=str)
    assert len(known) >= min(len(keys), LIMIT // 2)
    assert len(known) < LIMIT
    assert known.forgotten == len(keys) - len(known)
    for number, key in enumerate(keys):
        said = KnownFill(Decimal(number + 1), Decimal("0.55")) if key in kept else None
        assert known.said(key) == said
        assert (key in known) == (key in kept)


@given(st.lists(KEYS, unique=True, max_size=40), st.lists(KEYS, unique=True, max_size=20))
def test_made_again_of_its_tables_it_goes_on_alike(
    first: list[FillKey], later: list[FillKey]
) -> None:
    with limited(LIMIT):
        known = noted(first)
        again = KnownFills(known.symbols(), known.forgotten)
        assert len(again) == len(known)
        news = [key for key in later if key not in known]
        alone = noted([*first, *news])
        for key in news:
            again.add(key, alone.get(key) or "")
    assert set(again) == set(alone)
    assert again.forgotten == alone.forgotten


def test_an_execution_of_two_orders_is_two_fills() -> None:
    """Kalshi gives both sides of a trade with oneself one trade id."""
    where = (Account("main"), Venue("kalshi"), Symbol("S"), ExecId("t1"))
    known = noted([(*where, VenueOrderId("a")), (*where, VenueOrderId("b"))])
    assert len(known) == 2
    assert known.said((*where, VenueOrderId("b"))) == KnownFill(Decimal(2), Decimal("0.55"))
    assert (*where, None) not in known
