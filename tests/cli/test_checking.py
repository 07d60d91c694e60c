"""check-config: every setting with its source, secrets hidden, and a line for each problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.test_launch import key_file as make_key_file
from tests.cli.stage import Stage
from tests.control.doors import rows


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return make_key_file(tmp_path)


def with_key(path: Path) -> list[str]:
    return ["--set", "kalshi.key_id=abc", "--set", f"kalshi.private_key_file={path}"]


def add(stage: Stage, text: str) -> None:
    stage.config.write_text(stage.config.read_text() + text)


STOP = '[[stops]]\nsymbol = "NFL-*"\nstop_px = "0.60"\n'


def test_usable(stage: Stage, key_file: Path) -> None:
    add(stage, STOP)
    said = stage.filld("check-config", *with_key(key_file))
    assert (said.code, said.err) == (0, "")
    for text in ("kalshi.key_id", "--set", "stops[0].stop_px", str(stage.config), "default"):
        assert text in said.out
    assert said.out.endswith("usable; live orders are off: exits are only recorded (kalshi)\n")
    view = stage.filld("check-config", "--json", *with_key(key_file)).json
    assert (view["problems"], view["warnings"]) == ([], [])
    row = next(row for row in rows(view, "settings") if row["key"] == "journal.path")
    assert row == {"key": "journal.path", "value": str(stage.journal), "source": str(stage.config)}


def test_live_is_said_aloud(stage: Stage, key_file: Path) -> None:
    add(stage, STOP)
    live = ["--set", "kalshi.place_live_orders=true"]
    assert stage.filld("check-config", *with_key(key_file), *live).out.endswith("are ON (kalshi)\n")


def test_secrets_are_never_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILLD_ALERTS__WEBHOOK_URL", "https://hooks.example/s3cr3t")
    monkeypatch.setenv("FILLD_KALSHI__PRIVATE_KEY", "s3cr3t")
    for words in ([], ["--json"]):
        said = stage.filld("check-config", *words)
        assert "s3cr3t" not in said.out + said.err
        assert "(hidden)" in said.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "kalshi.key_id is not set"),
        (["--set", "kalshi.key_id=a"], "kalshi.private_key_file is not set"),
        (with_key(Path("/nowhere/key.pem")), "/nowhere/key.pem"),
    ],
)
def test_missing_keys(stage: Stage, words: list[str], line: str) -> None:
    said = stage.filld("check-config", *words)
    assert said.code == 2
    assert any(line in one for one in said.err.splitlines())
    assert "usable" not in said.out


def test_a_malformed_key(stage: Stage, key_file: Path) -> None:
    key_file.write_text("-----BEGIN NONSENSE-----")
    said = stage.filld("check-config", *with_key(key_file))
    assert said.code == 2
    assert "unencrypted PEM" in said.err


def test_a_key_that_others_may_read(stage: Stage, key_file: Path) -> None:
    key_file.chmod(0o644)
    said = stage.filld("check-config", *with_key(key_file))
    assert said.code == 0
    assert f"filld: warning: key file {key_file} has mode 0644" in said.err
    assert "filld: warning: there is no [[stops]]: nothing will be guarded" in said.err


def test_rules_that_contradict_each_other(stage: Stage, key_file: Path) -> None:
    add(stage, STOP + '[[stops]]\nsymbol = "NFL-*"\ntake_profit_px = "0.50"\n')
    add(stage, "retry_delay_max_s = 0.5\n")
    levels = "stop_px 0.6, take_profit_px 0.5"
    said = stage.filld("check-config", *with_key(key_file))
    assert said.code == 2
    assert said.err.splitlines() == [
        f"filld: stops for NFL-*: {levels}: accepted: the stop below the profit",
        "filld: stops[1]: retry_delay_max_s = 0.5: accepted: at least retry_delay_s, 1",
    ]


def test_rules_that_are_probably_not_meant(stage: Stage, key_file: Path) -> None:
    add(stage, STOP + STOP + 'max_slippage_px = "off"\n')
    said = stage.filld("check-config", *with_key(key_file))
    assert said.code == 0
    assert said.err.splitlines() == [
        "filld: warning: stops[1]: never used: an earlier one of its kind has the same symbol",
        "filld: warning: stops[1]: exits at any price: max_slippage_px and _bps are both off",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[exit]\norder = 1\n", "exit"),
        ("[exits]\nmax_slippage_px = 0.05\n", "exits.max_slippage_px"),
        ('[limits]\nmax_orders_per_minute = "many"\n', "limits.max_orders_per_minute"),
        ('[[stops]]\nsymbol = "A"\n', "stops[0]"),
        ('[[stops]]\nsymbol = "A"\nstop_px = "1.5"\n', "stops[0]"),
        ("= broken", "is not TOML"),
    ],
)
def test_bad_settings_end_with_2_and_a_line_each(stage: Stage, text: str, line: str) -> None:
    add(stage, text)
    for verb in ("check-config", "run", "rebuild"):
        said = stage.filld(verb)
        assert (said.code, said.out) == (2, "")
        assert line in said.err
        assert all(one.startswith("filld: ") for one in said.err.splitlines())


def test_every_problem_is_told_at_once(stage: Stage) -> None:
    add(stage, '[exits]\nordr = "ioc"\n[limits]\nmax_orders_per_minute = "many"\n')
    add(stage, STOP + '[[stops]]\nsymbol = "NFL-*"\ntake_profit_px = "0.50"\n')
    said = stage.filld("check-config")
    begun = [line.removeprefix("filld: ").split(" ")[0] for line in said.err.splitlines()]
    assert begun == ["exits.ordr", "limits.max_orders_per_minute", "stops", "kalshi.key_id"]
    view = stage.filld("check-config", "--json").json
    assert view["settings"] == []
    problems = view["problems"]
    assert isinstance(problems, list)
    assert len(problems) == 4
