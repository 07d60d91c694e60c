"""status, positions, orders, order, exits: from the daemon, from its journal, from nothing.

Covers daemon.cli.looking and daemon.cli.standing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.analytics.scene import View
from daemon.cli.asking import FROM_JOURNAL
from daemon.core.terms import FillCause, RejectReason, Side
from tests import builders as make
from tests.cli.stage import Kept, Stage, story
from tests.control.doors import FakeDoor, inner, rows
from tests.control.test_health import DOWN, Standing
from tests.core.play import guarded
from tests.core.test_trading import trade

VERBS = ["status", "positions", "orders", "exits"]


def without_time(view: View) -> View:
    return {k: v for k, v in view.items() if k not in {"time", "seq", "source", "note"}}


@pytest.mark.parametrize("verb", VERBS)
def test_the_journal_says_what_the_daemon_said(stage: Stage, verb: str) -> None:
    play = story()
    with stage.running(FakeDoor(play)):
        live = stage.filld(verb, "--json")
    stage.keep(play)
    dead = stage.filld(verb, "--json")
    assert (live.code, dead.code) == (0, 0)
    assert (live.json["source"], dead.json["source"]) == ("daemon", "journal")
    assert dead.json["note"] == FROM_JOURNAL
    assert without_time(dead.json) == without_time(live.json)


def test_the_seeds_fields_in_the_json(stage: Stage) -> None:
    stage.keep(story())
    (row,) = rows(stage.filld("positions", "--json").json, "positions")
    names = ("market_ticker", "side", "entry_price", "stake", "original_stake_on_exit")
    assert [row[n] for n in names] == ["NFL-1", "yes", "0.65", "50", "100"]
    assert (row["exit_reason"], row["closing_in_progress"]) == ("stop_loss", True)


def test_tables_for_people(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    said = stage.filld("status")
    assert said.out.startswith(FROM_JOURNAL)
    assert "1 positions held, 1 exits at work, 1 orders in doubt" in said.out
    assert f"IN DOUBT: order {play.order_id}" in said.out
    said = stage.filld("positions")
    for text in ("NFL-1", "EXITING", "stop_loss", "order_12345", "-3.5", "0.58", "levels"):
        assert text in said.out
    said = stage.filld("orders")
    for text in ("order_12345", "in_doubt", "canceled", "no strangers' resting orders"):
        assert text in said.out
    said = stage.filld("exits")
    for text in ("NFL-1", "stop_loss", "partial fills", "0.57"):
        assert text in said.out


def test_what_the_venue_closed_by_itself_has_a_column(stage: Stage) -> None:
    play = story()
    with stage.running(FakeDoor(play)):
        assert "adl pnl" not in stage.filld("positions").out
    sold = make.fill(exec_id="adl", last_qty="10", last_px="0.75", venue_order_id="venue-1")
    play.tell(replace(sold, cause=FillCause.ADL))
    stage.keep(play)
    for verb in ("positions", "status"):
        assert "adl pnl" in stage.filld(verb).out


def test_one_order(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    view = stage.filld("order", "order_12345", "--json").json
    assert inner(view, "order")["status"] == "canceled"
    said = stage.filld("order", "order_12345")
    for text in ("fills", "exit", "other orders of this exit", play.order_id):
        assert text in said.out
    with stage.running(FakeDoor(play)):
        assert stage.filld("order", "order_12345", "--json").json["source"] == "daemon"


def test_one_order_of_a_trade(stage: Stage) -> None:
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(trade(side=Side.BUY))
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(trade(side=Side.BUY, attempt=2, reason=RejectReason.NO_LIQUIDITY))
    stage.keep(play)
    said = stage.filld("order", play.order_id)
    assert "other orders of this trade" in said.out


def test_an_unknown_order_is_one_line(stage: Stage) -> None:
    play = story()
    near = f"did you mean {play.placed[0].client_order_id}?"
    wanted = play.placed[0].client_order_id[:12]
    stage.keep(play)
    for door in (False, True):
        if door:
            with stage.running(FakeDoor(play)):
                said = stage.filld("order", wanted)
        else:
            said = stage.filld("order", wanted)
        assert (said.code, said.out) == (2, "")
        assert said.err == (
            f"filld: order = '{wanted}': no order of that id is in the book; {near}\n"
        )


def test_limits_and_all(stage: Stage) -> None:
    stage.keep(story())
    assert len(rows(stage.filld("orders", "--limit", "0", "--json").json, "orders")) == 1
    assert len(rows(stage.filld("positions", "--all", "--json").json, "positions")) == 1
    said = stage.filld("orders", "--limit", "-1")
    assert said.code == 2
    assert "'--limit': '-1': accepted: whole numbers from 0 to 5000" in said.err


@pytest.mark.parametrize("verb", [*VERBS, "order x"])
def test_neither_daemon_nor_journal(stage: Stage, verb: str) -> None:
    said = stage.filld(*verb.split())
    assert (said.code, said.out) == (3, "")
    assert said.err == (
        f"filld: no daemon answers at {stage.socket}: is filld running, with the same --config?;"
        f" and there is no journal at {stage.journal}\n"
    )


@pytest.mark.parametrize("name", ["", ".", "..", "../status"])
def test_what_is_no_id_asks_no_other_route(stage: Stage, name: str) -> None:
    with stage.running(FakeDoor(story())):
        said = stage.filld("order", name)
    assert (said.code, said.out) == (2, "")
    assert "accepted: an order's id" in said.err


def test_a_slip_in_the_rules_does_not_hide_the_book(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text() + '[[stops]]\nsymbol = "A"\n')
    with stage.running(FakeDoor(story())):
        said = stage.filld("status", "--json")
        assert said.json["source"] == "daemon"
        assert said.err.startswith("filld: warning: stops[0]")
        assert stage.filld("halt").code == 0
        assert stage.filld("halt", "--set", "nonsense=1").code == 2


def test_a_journal_that_is_no_file_is_one_line(stage: Stage) -> None:
    stage.journal.mkdir()
    for words in (["status"], ["replay"], ["replay", "--verify"]):
        said = stage.filld(*words)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
        assert said.err.startswith(f"filld: {stage.journal}")


def test_a_damaged_journal_is_one_line(stage: Stage) -> None:
    stage.journal.write_bytes(b"no database" * 500)
    said = stage.filld("status")
    assert said.code == 1
    assert said.err.startswith(f"filld: {stage.journal} is damaged or no journal")


def test_what_nothing_guards_is_told(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded(make.rule(pattern="X"), live=False))):
        said = stage.filld("status")
        assert "live orders are off: exits are only recorded" in said.out
        assert "NO_RULE: 100 yes NFL-1 on kalshi (no [[stops]] matches)" in said.out
        said = stage.filld("positions")
        (line,) = (line for line in said.out.splitlines() if "NFL-1" in line)
        assert "no [[stops]] matches" in line


def test_nothing_to_show(stage: Stage) -> None:
    play = type(story())()
    stage.keep(play)
    assert "no positions" in stage.filld("positions").out
    assert "no exits" in stage.filld("exits").out


def test_health_is_an_exit_code_and_reasons(stage: Stage) -> None:
    with stage.running(FakeDoor(story()), Standing()):
        said = stage.filld("health")
        assert (said.code, said.out, said.err) == (0, "1 positions held\n", "")
    with stage.running(FakeDoor(story()), Standing((DOWN,))):
        said = stage.filld("health", "--json")
    assert said.code == 1
    assert (said.json["ready"], said.json["not_ready"]) == (False, [DOWN])


def test_health_without_a_daemon_is_not_ready(stage: Stage) -> None:
    stage.keep(story())
    said = stage.filld("health", "--json")
    assert (said.code, said.json["ready"]) == (1, False)
    said = stage.filld("health")
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith(f"NOT READY: no daemon answers at {stage.socket}")
