"""What is signed ahead: off the loop where a key is slow, fresh for a second, bounded."""

from __future__ import annotations

import threading

import pytest

from daemon.core.terms import NANOS, ClientOrderId
from daemon.venues.signing import FRESH_NS, PREPARED_LIMIT, Prepared, SigningDesk
from tests.venues.kalshi.builders import TestClock, place_order


@pytest.mark.parametrize("slow", [False, True])
async def test_a_slow_key_signs_in_another_thread_and_a_fast_one_at_once(slow: bool) -> None:
    desk = SigningDesk(TestClock(), slow=slow)
    signed = desk.begin(threading.get_ident)
    assert ((await desk.made(signed)) != threading.get_ident()) is slow
    desk.close()


def test_a_signature_is_fresh_for_a_second() -> None:
    clock = TestClock()
    desk = SigningDesk(clock, slow=False)
    signed = desk.begin(str, 1)
    assert FRESH_NS == NANOS
    assert desk.is_fresh(signed)
    clock.mono_ns = lambda: signed.mono_ns + NANOS + 1  # type: ignore[method-assign]
    assert not desk.is_fresh(signed)


def test_few_prepared_orders_are_kept_and_only_the_very_same_is_found() -> None:
    prepared: Prepared[int] = Prepared()
    orders = [
        place_order(client_order_id=ClientOrderId(f"fd{number}"))
        for number in range(PREPARED_LIMIT + 5)
    ]
    for number, order in enumerate(orders):
        prepared.keep(order, number)
    assert not prepared.has_room
    assert [prepared.take(order) for order in orders[-6:]] == [PREPARED_LIMIT - 1] + [None] * 5
    assert prepared.take(orders[-6]) is None, "taken already"
    changed = place_order(client_order_id=orders[6].client_order_id, order_qty="1")
    assert prepared.take(changed) is None
