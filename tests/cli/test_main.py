"""The command as a process: quick to start, usage errors, no traceback, no forged output."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from daemon import __main__
from daemon.cli import main, output
from daemon.cli.exits import ExitCode
from tests.cli.stage import Stage, invoke

VERBS = (
    *("run", "paper", "demo", "check-config", "status", "positions", "orders", "order"),
    *("exits", "halt", "resume", "exit", "confirm", "unguard", "resolve", "reload"),
    *("import-positions", "replay", "rebuild", "health"),
)


def process(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "daemon", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(Path.cwd())},
    )


def test_both_ways_in_are_one() -> None:
    assert __main__.main is main.main


def test_every_verb_has_help_and_is_listed() -> None:
    said = invoke("--help")
    assert said.code == 0
    for verb in VERBS:
        assert f"\n  {verb} " in said.out
        shown = invoke(verb, "--help")
        assert shown.code == 0
        assert "--json" in shown.out


def test_each_verb_is_in_the_module_that_is_said_to_have_it() -> None:
    for family, verbs in main.FAMILIES.items():
        app = typer.Typer()
        importlib.import_module(f"daemon.cli.{family}").add_verbs(app)
        groups = [group.typer_instance for group in app.registered_groups]
        named = [command.name for command in app.registered_commands]
        assert (*named, *(g.info.name for g in groups if g is not None)) == verbs


@pytest.mark.parametrize("verb", ["health", "halt", "tail", "top"])
def test_what_only_asks_the_daemon_imports_no_venue_and_no_service(verb: str) -> None:
    code = (
        "import sys\n"
        "from daemon.cli.main import application\n"
        f"application({verb!r})\n"
        "print([m for m in sys.modules if m in {'apprise', 'daemon.app', 'daemon.venues.rest'}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout == "[]\n"


def test_the_version_is_the_packages() -> None:
    said = invoke("--version")
    assert (said.code, said.out, said.err) == (0, f"filld {version('filld')}\n", "")


def test_nothing_asked_shows_the_help() -> None:
    said = invoke()
    assert said.code == 2
    assert "Usage: filld" in said.out + said.err


def test_the_exit_codes_are_written_down() -> None:
    said = " ".join(invoke("--help").out.split())
    assert "0 done, 1 refused or failed, 2 bad usage or input, 3 no daemon" in said
    assert "4 a comparison disagrees, 5 done in part, 6 an order whose outcome nobody" in said
    assert list(ExitCode) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "words", [["nothing"], ["order"], ["exit"], ["resolve", "x"], ["status", "--wrong"]]
)
def test_usage_errors_end_with_2(words: list[str]) -> None:
    said = invoke(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err


def test_a_process_without_anything(tmp_path: Path) -> None:
    done = process("status", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("filld: no daemon answers at ")


def test_a_process_with_bad_input(tmp_path: Path) -> None:
    done = process("check-config", "--set", "exits.ordr=ioc", folder=tmp_path)
    assert done.returncode == 2
    line = "filld: --set exits.ordr: unknown key; did you mean exits.order?\n"
    assert done.stderr.startswith(line)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    line = f"{sys.executable} -m daemon check-config --json | head -c 1"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
    )
    assert "Traceback" not in done.stderr


def test_what_a_venue_says_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    output.table("t[bold]", ["a"], [["\x1b[2J[red]x\n"]])
    output.tell("\x1b[2J")
    output.tell_error("one\x07\ntwo")
    said = capsys.readouterr()
    assert "\x1b" not in said.out
    assert "\\x1b[2J[red]x\\n" in said.out
    assert said.err == "filld: one\\x07\nfilld: two\n"


def test_a_table_that_does_not_fit_is_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ["symbol", "original stake on exit", "closing in progress", "fee"]
    row = ["KXNFLGAME-26NOV22", "100", None, "0.0175"]
    shown = []
    for width in (250, 60, 44):
        monkeypatch.setattr(output, "_PIPE_COLUMNS", width)
        output.table("exits", columns, [row])
        shown.append(capsys.readouterr().out.splitlines())
        assert max(len(line) for line in shown[-1]) <= width
    flat, stacked, paragraph = shown
    assert len(flat) < len(stacked)
    assert all(any("KXNFLGAME-26NOV22" in line for line in lines) for lines in shown)
    assert paragraph[2] == "  original stake on exit 100   fee 0.0175"


def test_cells() -> None:
    values = [None, "", True, False, [], ["a", 1], {}, {"USD": "1.5"}]
    shown = ["-", "-", "yes", "no", "-", "a, 1", "-", "1.5 USD"]
    assert [output.cell(value) for value in values] == shown


def test_overrides_reach_the_settings(stage: Stage) -> None:
    said = stage.filld("check-config", "--json", "--set", "refresh_idle=77")
    assert '"value": "77"' in said.out
