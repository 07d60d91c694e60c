"""Commands: what is journalled and what is asked for again."""

from __future__ import annotations

from daemon.core.commands import Command, Notify, PlaceOrder


def test_decisions_are_journalled_and_notices_are_not() -> None:
    assert Command.durable
    assert PlaceOrder.durable
    assert not Notify.durable
