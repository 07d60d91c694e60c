"""import-positions, replay, rebuild: through the daemon, into the journal, and what goes wrong."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import msgspec
import pytest

from daemon.app import rebuilding
from daemon.app.launch import Launch
from daemon.core.requests import PositionsImported
from daemon.settings import Settings
from tests.cli.stage import Stage, story
from tests.cli.test_positions_file import SEED
from tests.control.doors import FakeDoor, rows
from tests.core.play import guarded


def test_import_through_the_running_daemon(stage: Stage) -> None:
    file = stage.config.with_name("positions.json")
    file.write_bytes(SEED)
    with stage.running(FakeDoor(guarded())) as door:
        said = stage.filld("import-positions", str(file))
        assert said.code == 0
        assert said.out.startswith("1 positions taken by the running daemon;")
        view = stage.filld("import-positions", str(file), "--json").json
    assert (view["source"], view["rows"], view["positions_held"]) == ("daemon", 1, 2)
    assert isinstance(door.events[0], PositionsImported)
    assert not stage.journal.exists()


def test_import_into_the_journal_and_again(stage: Stage) -> None:
    file = stage.config.with_name("positions.json")
    file.write_bytes(SEED)
    said = stage.filld("import-positions", str(file))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("1 positions taken into the journal;")
    said = stage.filld("import-positions", str(file))
    assert "nothing changed" in said.out
    (row,) = rows(stage.filld("positions", "--json").json, "positions")
    assert (row["stake"], row["entry_price"], row["estimated"]) == ("50", "0.65", True)


def test_remarks_go_to_standard_error(stage: Stage) -> None:
    file = stage.config.with_name("positions.json")
    (one,) = msgspec.json.decode(SEED)
    file.write_bytes(msgspec.json.encode([{**one, "mood": 1}]))
    said = stage.filld("import-positions", str(file), "--json")
    assert said.err == "filld: row 1 (NFL-TEAMWINS-20250101-Y): not used: mood\n"
    assert said.json["positions_taken"] == 1


def test_a_bad_file(stage: Stage) -> None:
    file = stage.config.with_name("positions.json")
    file.write_text('[{"ticker": "A", "side": "up", "entry_price": 0.5, "stake": 1}]')
    said = stage.filld("import-positions", str(file))
    assert (said.code, said.out) == (2, "")
    assert said.err == f"filld: {file}: row 1: side = 'up': accepted: yes or no\n"
    file.write_text("[]")
    said = stage.filld("import-positions", str(file))
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert not stage.journal.exists()


MEASURE = "at most 12 digits before the point and 20 after it"


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (
            [
                {"ticker": f"A{n}", "side": "yes", "entry_price": 0.5, "stake": 1}
                for n in range(5_001)
            ],
            "rows: 5001 of them; accepted: at most 5000",
        ),
        (
            [{"ticker": "A" * 129, "side": "yes", "entry_price": 0.5, "stake": 1}],
            "{file}: row 1: symbol: 129 characters; accepted: at most 128",
        ),
        (
            [{"ticker": "A", "side": "yes", "entry_price": 0.5, "stake": 999_999_999_999}] * 2,
            "{file}: row 2: position_qty = 1999999999998: accepted: " + MEASURE,
        ),
    ],
)
def test_a_file_meets_the_same_limits_with_and_without_a_daemon(
    stage: Stage, rows: list[dict[str, object]], line: str, *, online: bool
) -> None:
    file = stage.config.with_name("positions.json")
    file.write_bytes(msgspec.json.encode(rows))
    with stage.running(FakeDoor(guarded())) if online else contextlib.nullcontext():
        said = stage.filld("import-positions", str(file))
    assert (said.code, said.out) == (2, "")
    assert said.err == f"filld: {line.format(file=file)}\n"


def test_replay_folds_the_journal(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    said = stage.filld("replay")
    records = len(play.records)
    wanted = f"{records} records: 1 positions held, 1 exits at work, 1 orders in doubt\n"
    assert (said.code, said.out) == (0, wanted)
    assert stage.filld("replay", "--json").json["positions_held"] == 1


def test_verify_agrees(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    said = stage.filld("replay", "--verify")
    wanted = f"{len(play.records)} records: every decision comes out the same\n"
    assert (said.code, said.out) == (0, wanted)
    view = stage.filld("replay", "--verify", "--json").json
    assert view == {"records": len(play.records), "skipped": 0, "divergence": None}


def test_verify_disagrees(stage: Stage) -> None:
    play = story()
    last = max(place for place, record in enumerate(play.records) if record.commands)
    play.records[last:] = [replace(play.records[last], commands=())]
    stage.keep(play)
    said = stage.filld("replay", "--verify")
    assert said.code == 4
    assert said.err.count("\n") == 1
    assert stage.filld("replay", "--verify", "--json").code == 4


@pytest.mark.parametrize("words", [[], ["--verify"]])
def test_replay_without_a_journal(stage: Stage, words: list[str]) -> None:
    said = stage.filld("replay", *words)
    assert (said.code, said.err) == (3, f"filld: there is no journal at {stage.journal}\n")


def test_rebuild_starts_halted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def rebuild(launch: Launch) -> int:
        assert isinstance(launch.settings, Settings)
        assert launch.reload() == launch.settings
        return 3

    monkeypatch.setattr(rebuilding, "rebuild", rebuild)
    assert stage.filld("rebuild").out.startswith("3 positions as the venue says, halted")
    assert stage.filld("rebuild", "--json").json == {"positions_held": 3, "halted": True}


def test_rebuild_without_a_key(stage: Stage) -> None:
    said = stage.filld("rebuild")
    assert said.code == 2
    assert "kalshi.key_id is not set" in said.err


def test_positions_of_the_files_form_are_kalshis_alone(stage: Stage) -> None:
    file = stage.config.with_name("positions.json")
    file.write_bytes(SEED)
    said = stage.filld("import-positions", str(file), "--set", "phemex_spot.api_key=k")
    assert said.code == 2
    assert "kalshi.key_id is not set" in said.err
    assert not stage.journal.exists()
