"""Verbs that act: what the daemon is told, what people read, and how each refusal ends.

Covers daemon.cli.acting and daemon.cli.door.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.cli.acting import seconds
from daemon.control.bodies import BadInputError
from daemon.core.events import MarketPhase, VenueEvent
from daemon.core.requests import ExitRequested, HaltRequested, OrderResolved, UnguardRequested
from daemon.core.terms import Side, Venue
from tests import builders as make
from tests.cli.stage import Stage, story
from tests.control.doors import FakeDoor, rows
from tests.core.play import guarded


def test_halt_and_resume(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded())) as door:
        assert stage.filld("halt", "--reason", "lunch").out.startswith("halted: no new exits")
        assert "was halted already" in stage.filld("halt", "--reason", "lunch").out
        said = stage.filld("status")
        assert said.out.startswith("HALTED")
        assert "allowed again" in stage.filld("resume", "--account", "main").out
    assert isinstance(door.events[0], HaltRequested)
    assert door.events[0].text == "lunch"


def test_exit_tells_what_stands_in_its_way(stage: Stage) -> None:
    play = guarded()
    play.tell(make.market_read(phase=MarketPhase.PAUSED))
    with stage.running(FakeDoor(play)) as door:
        said = stage.filld("exit", "NFL-1", "--qty", "30")
        assert said.code == 0
        assert "exit of NFL-1 requested" in said.out
        assert "NFL-1: waits, the market is paused" in said.out
        view = stage.filld("exit", "NFL-1", "--json").json
    assert rows(view, "positions")[0]["exit_requested_qty"] == "100"
    assert isinstance(door.events[0], ExitRequested)
    assert door.events[0].qty == Decimal(30)


def test_exit_while_halted_is_refused(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded())) as door:
        stage.filld("halt", "--reason", "lunch")
        said = stage.filld("exit", "NFL-1")
    assert (said.code, said.err) == (1, "filld: exits are halted (lunch): filld resume first\n")
    assert len(door.events) == 1


@pytest.mark.parametrize("verb", ["exit", "unguard"])
def test_a_symbol_on_two_venues_needs_the_venue(stage: Stage, verb: str) -> None:
    play = guarded()
    elsewhere = make.fill(exec_id="b", side=Side.BUY, last_qty="3", last_px="0.6")
    play.tell(replace(elsewhere, venue=Venue("bitget-spot")))
    with stage.running(FakeDoor(play)) as door:
        said = stage.filld(verb, "NFL-1")
        assert said.code != 0
        assert "held more than once; say venue, account" in said.err
        assert "bitget-spot" in said.err
        assert not door.events
        said = stage.filld(verb, "NFL-1", "--venue", "bitget-spot")
        assert said.code == 0
        assert "NFL-1: 3 held" in said.out
        assert "100 held" not in said.out, "the other venue's"
    (event,) = door.events
    assert isinstance(event, VenueEvent)
    assert event.venue == "bitget-spot"


def test_exit_where_live_orders_are_off(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded(live=False))):
        said = stage.filld("exit", "NFL-1")
    assert "live orders are off, so an exit is only recorded" in said.out


def test_confirm(stage: Stage) -> None:
    play = guarded(seen=False)
    play.tell(make.quote(bid="0.50", ask="0.52"))
    with stage.running(FakeDoor(play)):
        said = stage.filld("confirm", "NFL-1")
    assert said.out == "the stop of NFL-1 is confirmed\nNFL-1: 100 held, ARMED\n"


def test_unguard_for_an_hour_and_again(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded())) as door:
        said = stage.filld("unguard", "NFL-1", "--for", "1h")
        assert "NFL-1 is out of guard\nNFL-1: 100 held, UNGUARDED (by the operator" in said.out
        said = stage.filld("unguard", "NFL-1", "--again")
        assert said.out == "NFL-1 is guarded again\nNFL-1: 100 held, ARMED\n"
    first = door.events[0]
    assert isinstance(first, UnguardRequested)
    assert first.for_s == Decimal(3600)


def test_resolve(stage: Stage) -> None:
    play = story()
    with stage.running(FakeDoor(play)) as door:
        said = stage.filld("resolve", play.order_id, "--filled", "20", "--reason", "asked them")
    assert said.out == f"order {play.order_id} is resolved: 20 filled\n"
    (event,) = door.events
    assert isinstance(event, OrderResolved)
    assert (event.cum_qty, event.text) == (Decimal(20), "asked them")


def test_reload(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded())) as door:
        assert stage.filld("reload").out == "the rules were read again and are in force\n"
        door.problems = ("stops[0]: bad", "x: unknown key")
        said = stage.filld("reload")
    assert (said.code, said.err) == (2, "filld: stops[0]: bad\nfilld: x: unknown key\n")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (
            "exit nfl-1",
            2,
            "symbol = 'nfl-1': no such position is known; did you mean NFL-1?",
        ),
        (
            "exit NFL-1 --qty 500",
            2,
            "qty = 500: accepted: above 0 and at most 100, the stake",
        ),
        ("exit NFL-1 --qty much", 2, "qty = 'much': accepted: a decimal number"),
        ("exit NFL-1 --qty -1", 2, "qty = -1: accepted: above 0"),
        (
            "unguard NFL-1 --for 9999d",
            2,
            "for_s = 863913600: accepted: seconds above 0, at most ten years",
        ),
        (
            "confirm NFL-1",
            1,
            "NFL-1 is ARMED, not UNCONFIRMED: nothing to confirm",
        ),
        (
            "unguard NFL-1 --for soon",
            2,
            "--for = 'soon': accepted: 90s, 30m, 1h, 2d, or seconds, above 0",
        ),
        ("resolve fdx --filled 1", 2, "order = 'fdx': no order of that id is in the book"),
        ("halt --account x", 2, "account = 'x': no such account; known: main"),
    ],
)
def test_each_refusal_is_one_line(stage: Stage, words: str, code: int, line: str) -> None:
    verb, *rest = words.split()
    with stage.running(FakeDoor(guarded())) as door:
        said = stage.filld(verb, *rest)
    assert (said.code, said.out, said.err) == (code, "", f"filld: {line}\n")
    assert door.events == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("exit X --qty -1", "qty = -1: accepted: above 0"),
        ("exit X --qty abc", "qty = 'abc': accepted: a decimal number"),
        ("halt --reason " + "x" * 501, "reason: 501 characters; accepted: at most 500"),
        ("resolve X --filled lots", "filled = 'lots': accepted: a decimal number"),
        (
            "resolve X --filled 1 --reason " + "x" * 501,
            "reason: 501 characters; accepted: at most 500",
        ),
    ],
)
def test_bad_input_is_told_before_anybody_is_asked(stage: Stage, words: str, line: str) -> None:
    said = stage.filld(*words.split())
    assert (said.code, said.out, said.err) == (2, "", f"filld: {line}\n")


@pytest.mark.parametrize(
    "words",
    ["halt", "resume", "exit X", "confirm X", "unguard X", "resolve X --filled 1", "reload"],
)
def test_no_daemon(stage: Stage, words: str) -> None:
    verb, *rest = words.split()
    said = stage.filld(verb, *rest)
    assert (said.code, said.out) == (3, "")
    where = f"no daemon answers at {stage.socket}: is filld running, with the same --config?"
    assert said.err == f"filld: {where}\n"


EMERGENCY = ["halt", "resume", "exit NFL-1", "unguard NFL-1", "status", "positions"]


@pytest.mark.parametrize("words", EMERGENCY)
def test_broken_toml_does_not_hide_the_daemon(stage: Stage, words: str) -> None:
    stage.config.write_text("[exits\norder = 'ioc'\n" + stage.config.read_text())
    with stage.running(FakeDoor(guarded())):
        said = stage.filld(*words.split(), "--json")
    assert said.code == 0
    first, last = said.err.splitlines()
    assert first.startswith(f"filld: warning: {stage.config}: is not TOML (")
    assert last == f"filld: warning: the daemon is looked for at {stage.socket}"


def test_a_lost_file_does_not_hide_the_daemon_whose_socket_is_said(stage: Stage) -> None:
    stage.config.unlink()
    with stage.running(FakeDoor(guarded())):
        said = stage.filld("halt")
        assert said.code == 2
        assert "say --set control.socket=PATH" in said.err
        said = stage.filld("halt", "--set", f"control.socket={stage.socket}")
    assert (said.code, said.out) == (0, "halted: no new exits until filld resume\n")


@pytest.mark.parametrize(
    ("span", "wanted"),
    [("90s", 90), ("30m", 1_800), ("1h", 3_600), ("2d", 172_800), ("45", 45), ("1.5h", 5_400)],
)
def test_spans(span: str, wanted: int) -> None:
    assert seconds(span) == wanted


@pytest.mark.parametrize("span", ["", "h", "0", "0m", "-1h", "1w", "1h30m", "٣h"])
def test_what_is_no_span(span: str) -> None:
    with pytest.raises(BadInputError, match="accepted: 90s"):
        seconds(span)
