"""Every status with every input, and what always adds up in an order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import ImpossibleTransitionError
from daemon.core.order import TRANSITIONS, Order, OrderInput
from daemon.core.terms import USD, OrdStatus, Side, TimeInForce, client_order_id
from tests import builders as make

D = Decimal
OURS = client_order_id(make.JOURNAL, make.KEY, 1, 1, 1)
# What we do to an order ourselves may be a bug; what a venue says of it is legal in some way.
OWN_ACTS = {
    OrderInput.CANCEL_SENT,
    OrderInput.RESENT,
    OrderInput.PROVEN_ABSENT,
}


def order(*, status: OrdStatus = OrdStatus.PENDING_NEW, qty: str = "100") -> Order:
    return Order(
        key=make.KEY,
        client_order_id=OURS,
        exit_no=1,
        generation=1,
        attempt=1,
        side=Side.SELL,
        order_qty=D(qty),
        limit_px=D("0.53"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        sent_time_ns=1,
        sent_mono_ns=1,
        status=status,
    )


@pytest.mark.parametrize("status", OrdStatus)
@pytest.mark.parametrize("what", OrderInput)
def test_a_pair_is_in_the_table_or_an_error_that_changes_nothing(
    status: OrdStatus, what: OrderInput
) -> None:
    made, untouched = order(status=status), order(status=status)
    after = TRANSITIONS.get((status, what))
    if after is None:
        with pytest.raises(ImpossibleTransitionError, match=f"{what.value} while {status.value}"):
            made.take(what)
        assert made == untouched
    else:
        made.take(what)
        assert made.status is after


@pytest.mark.parametrize("status", OrdStatus)
def test_whatever_a_venue_says_of_an_order_is_legal(status: OrdStatus) -> None:
    said = set(OrderInput) - OWN_ACTS
    assert {what for what in said if (status, what) not in TRANSITIONS} == set()


def test_an_ended_order_never_works_again_but_where_its_end_was_a_lie() -> None:
    revived = {
        (before, what)
        for (before, what), after in TRANSITIONS.items()
        if before.terminal and not after.terminal
    }
    assert revived == {
        (OrdStatus.REJECTED, OrderInput.ACCEPTED),
        (OrdStatus.REJECTED, OrderInput.PARTIAL_FILL),
        (OrdStatus.REJECTED, OrderInput.FOUND_RESTING),
        (OrdStatus.CANCELED, OrderInput.FOUND_RESTING),
        (OrdStatus.EXPIRED, OrderInput.FOUND_RESTING),
    }


def test_only_a_doubtful_order_is_sent_again_or_proven_absent() -> None:
    for what in (OrderInput.RESENT, OrderInput.PROVEN_ABSENT):
        assert [s for s, i in TRANSITIONS if i is what] == [OrdStatus.IN_DOUBT]


def sound(made: Order) -> None:
    """The invariants of names.md and of a fill that may still come."""
    assert made.possible_qty >= 0
    assert made.cum_qty >= 0
    if made.status.terminal:
        assert made.leaves_qty == 0
    elif not made.overfilled:
        assert made.cum_qty + made.leaves_qty == made.order_qty
    if not made.overfilled and (made.final_qty or 0) <= made.order_qty:
        counted = made.cum_qty + made.inferred_qty
        assert made.possible_qty + counted <= max(made.order_qty, counted)
    assert made.dead <= made.ended


STEPS = st.lists(
    st.one_of(
        st.sampled_from([i for i in OrderInput if "fill" not in i.value]),
        st.tuples(st.just("fill"), st.integers(1, 60)),
        st.tuples(st.just("end"), st.integers(0, 100)),
        st.tuples(st.just("infer"), st.integers(1, 60)),
    ),
    max_size=20,
)


@given(STEPS)
def test_an_order_adds_up_after_any_sequence(
    steps: list[OrderInput | tuple[str, int]],
) -> None:
    made, filled, notional = order(), D(0), D(0)
    for step in steps:
        match step:
            case OrderInput() if (made.status, step) in TRANSITIONS:
                made.take(step)
            case ("fill", qty):
                px = D(qty) / 100
                made.add_fill(D(qty), px, D("0.01"), USD)
                filled, notional = filled + qty, notional + qty * px
            case ("end", qty):
                made.end_at(D(qty))
            case ("infer", qty):
                made.inferred_qty += min(D(qty), made.possible_qty)
            case _:
                pass
        sound(made)
    assert (made.cum_qty, made.notional) == (filled, notional)
    assert (made.avg_px is None) is (filled == 0)


def test_a_refused_order_can_fill_nothing_and_is_dead() -> None:
    refused = order(status=OrdStatus.REJECTED)
    assert (refused.possible_qty, refused.dead) == (D(0), True)


def test_a_canceled_order_of_unknown_count_may_have_filled_all_that_is_left() -> None:
    gone = order(status=OrdStatus.CANCELED)
    gone.end_at(None)
    assert (gone.leaves_qty, gone.possible_qty, gone.dead) == (D(0), D(100), False)
    gone.end_at(D(40))
    assert gone.possible_qty == D(40)
    gone.end_at(D(10))
    assert gone.final_qty == D(40), "a smaller count is an older answer"
    gone.add_fill(D(40), D("0.5"), D(0), USD)
    assert gone.dead


def test_the_average_price_is_exact_to_ten_digits() -> None:
    made = order(qty="3")
    made.add_fill(D(1), D("0.58"), D("0.01"), USD)
    made.add_fill(D(2), D("0.57"), D("0.02"), USD)
    assert made.avg_px == D("0.5733333333")
    assert made.fees == {USD: D("0.03")}
    assert made.status is OrdStatus.FILLED
