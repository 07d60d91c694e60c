"""filld init and config-schema, and the way from an empty folder to a daemon that guards."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

from tests.acceptance.play import ACCOUNT
from tests.acceptance.stage import Stage as Live
from tests.acceptance.stage import staged
from tests.cli.stage import Stage, invoke


def test_a_file_of_mode_0600_that_is_never_overwritten_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    said = invoke("init", "--venue", "kalshi", "--venue", "binance_spot", str(file))
    assert (said.code, said.err) == (0, "")
    assert f"filld check-config --config {file}" in said.out
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    again = invoke("init", str(file))
    assert again.code == 2
    assert again.err == f"filld: {file} is there already; --force overwrites it\n"
    assert file.read_text() == before
    assert invoke("init", "--force", str(file)).code == 0
    assert file.read_text() != before
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_as_json_and_wrong_names(tmp_path: Path) -> None:
    said = invoke("init", "--json", "--venue", "phemex_spot", str(tmp_path / "a.toml"))
    assert said.json == {"file": str(tmp_path / "a.toml"), "venues": ["phemex-spot"]}
    wrong = invoke("init", "--venue", "binance", str(tmp_path / "b.toml"))
    assert wrong.code == 2
    assert "unknown venue" in wrong.err
    nowhere = invoke("init", str(tmp_path / "nowhere" / "b.toml"))
    assert (nowhere.code, nowhere.out) == (1, "")


def test_the_schema_is_printed(stage: Stage) -> None:
    schema = invoke("config-schema").json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert stage.filld("config-schema").code == 2


async def test_the_first_file_runs_against_the_paper_exchange(tmp_path: Path) -> None:
    async with staged(tmp_path / "stage") as stage:
        first = tmp_path / "filld.toml"
        assert invoke("init", str(first)).code == 0
        stage.config.unlink()
        text = first.read_text().replace("~/.local/state/filld", str(stage.folder))
        text = text.replace("KXNFLGAME-*", "*")
        begun, rules = text.split("one level in each.\n")
        rules = "\n".join(line.removeprefix("# ") for line in rules.splitlines())
        stage.config.write_text(
            begun.removesuffix("# Rules: the first matching one of each kind counts; ") + rules
        )
        words = ("--config", str(stage.config), "--env-file", str(stage.folder / f"{ACCOUNT}.env"))
        checked = await asyncio.to_thread(invoke, "check-config", *words)
        assert (checked.code, checked.err) == (0, "")
        seen = await asyncio.to_thread(invoke, "doctor", *words)
        assert seen.code == 0
        assert "the key reads it" in seen.out
        await stage.start()
        await stage.until("the position to be guarded", functools.partial(guarded, stage), 10)
        said = await asyncio.to_thread(invoke, "tail", "--no-follow", "--json", *words)
        assert '"event":"filld_started"' in said.out
        assert stage.process is not None
        again = await asyncio.to_thread(invoke, "doctor", *words)
        assert f"one runs (process {stage.process.pid})" in again.out


async def guarded(stage: Live) -> bool:
    rows = (await stage.ask("/positions"))["positions"]
    assert isinstance(rows, list)
    return any(row["guard"] == "ARMED" for row in rows)
