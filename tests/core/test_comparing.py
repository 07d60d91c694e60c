"""A read of the positions compared ahead, in slices: it leads to what it would lead to at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core import comparing
from daemon.core.comparing import Comparison
from daemon.core.decisions import NoteMismatch
from daemon.core.events import PositionRow, PositionSnapshot
from daemon.core.terms import PositionSide, Side, Symbol
from tests import builders as make
from tests.core.play import Play, only

SYMBOLS = [f"KX-{number}" for number in range(7)]


def holding(*symbols: str) -> Play:
    """Ten of each, which the venue confirms."""
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()))
    for symbol in symbols:
        play.tell(make.fill(symbol=symbol, side=Side.BUY, last_qty="10", exec_id=symbol))
    return play


def read(**held: str) -> PositionSnapshot:
    """A row of each, with `_` for `-` in its name."""
    rows = (
        PositionRow(symbol=Symbol(name.replace("_", "-")), position_qty=Decimal(qty))
        for name, qty in held.items()
    )
    return replace(make.positions(), rows=tuple(rows))


def asked(play: Play, **held: str) -> PositionSnapshot:
    """A read that is newer than all that was told."""
    play.now_ns += 1_000_000_000
    event = play.stamped(read(**held))
    assert isinstance(event, PositionSnapshot)
    return event


def doubts(play: Play, event: PositionSnapshot) -> dict[str, PositionRow | None]:
    comparison = Comparison(event)
    assert list(comparison.slices(play.engine.book))
    return {key.symbol: row for key, row in comparison.doubted}


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_what_agrees_is_not_doubted_and_all_else_is(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "SLICE", size)
    play = holding(*SYMBOLS)
    event = read(KX_0="10", KX_1="9", KX_2="10", KX_4="10", KX_5="10", KX_6="10", KX_9="3")
    assert set(doubts(play, event)) == {"KX-1", "KX-3", "KX-9"}
    assert doubts(play, event)["KX-3"] is None, "the venue shows nothing of it"
    long = replace(event.rows[0], position_side=PositionSide.LONG)
    assert set(doubts(play, replace(event, rows=(long, *event.rows[1:])))) >= {"KX-0", "KX-1"}


def test_of_a_read_that_was_compared_ahead_the_doubts_alone_are_looked_at() -> None:
    play = holding("KX-0", "KX-1")
    event = asked(play, KX_0="10", KX_1="4")
    ahead = Comparison(event)
    for _ in ahead.slices(play.engine.book):
        pass
    play.engine.compared = ahead
    told = list(play.engine.handle(event))
    assert [command.key.symbol for command in only(told, NoteMismatch)] == ["KX-1"]
    assert play.engine.compared is None


def test_what_was_found_out_about_another_read_counts_for_nothing() -> None:
    play = holding("KX-0", "KX-1")
    event = asked(play, KX_0="10", KX_1="4")
    play.engine.compared = Comparison(replace(event))
    assert only(list(play.engine.handle(event)), NoteMismatch)


def test_what_moved_after_its_slice_is_newer_than_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the position that agreed before nor the one that was doubted is acted on."""
    monkeypatch.setattr(comparing, "SLICE", 1)
    play = holding("KX-0", "KX-1")
    event = asked(play, KX_0="10", KX_1="4")
    ahead = Comparison(event)
    for number, _ in enumerate(ahead.slices(play.engine.book)):
        if number == 1:
            play.tell(make.fill(symbol="KX-0", side=Side.BUY, last_qty="1", exec_id="late-0"))
            play.tell(make.fill(symbol="KX-1", side=Side.BUY, last_qty="1", exec_id="late-1"))
    play.engine.compared = ahead
    assert not only(list(play.engine.handle(event)), NoteMismatch)
