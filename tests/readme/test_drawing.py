"""The drawn state machines are the code's."""

from __future__ import annotations

import re
from typing import Final

from daemon.analytics.guards import GuardState
from daemon.core.order import TRANSITIONS, OrderInput
from daemon.core.terms import OrdStatus
from tests.readme.pages import README, blocks

_EDGE: Final = re.compile(r"^ +(\S+) --> (\S+): (.+)$", re.MULTILINE)
_BEGIN: Final = "[*]"


def drawn(words: set[str]) -> list[tuple[str, str, str]]:
    """The edges of the drawing that knows these words."""
    for block in blocks(README, "mermaid"):
        edges = [(edge[1], edge[2], edge[3]) for edge in _EDGE.finditer(block.text)]
        if {end for edge in edges for end in edge[:2]} - {_BEGIN} <= words:
            return edges
    raise AssertionError("there is no such drawing")


def edges_of_orders() -> set[tuple[OrdStatus, OrderInput, OrdStatus]]:
    return {
        (OrdStatus[before], OrderInput(what.replace(" ", "_")), OrdStatus[after])
        for before, after, said in drawn({status.name for status in OrdStatus})
        if before != _BEGIN
        for what in said.split(", ")
    }


def test_what_is_drawn_of_orders_is_in_the_table() -> None:
    table = {(before, what, after) for (before, what), after in TRANSITIONS.items()}
    assert edges_of_orders() <= table


def test_what_is_not_drawn_of_orders_is_what_the_text_below_says() -> None:
    changes = {(b, what, a) for (b, what), a in TRANSITIONS.items() if b is not a}
    for before, what, after in changes - edges_of_orders():
        completed = after is OrdStatus.FILLED and what is OrderInput.FULL_FILL
        as_canceled = after is OrdStatus.EXPIRED or what is OrderInput.RESOLVED
        contradicts = after is OrdStatus.IN_DOUBT or before is OrdStatus.REJECTED
        assert completed or as_canceled or contradicts, (before, what, after)


def test_every_change_to_expired_has_its_twin_to_canceled() -> None:
    twins = [before for (before, _), after in TRANSITIONS.items() if after is OrdStatus.EXPIRED]
    for before in set(twins) - {OrdStatus.EXPIRED}:
        assert TRANSITIONS[before, OrderInput.CANCELED] is OrdStatus.CANCELED


def test_a_position_is_drawn_in_the_words_of_its_guard() -> None:
    ends = {end for edge in drawn({state.value for state in GuardState}) for end in edge[:2]}
    assert {"UNSEEN", "ARMED", "UNCONFIRMED", "EXITING", "FLAT"} == ends - {_BEGIN}
