"""Every command of the documents is typed here, or is named below with the test that has it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.readme.pages import INSTALL, PAGES, README, ROOT, RUNBOOK, Command, blocks, commands
from tests.readme.world import World, tools


class Elsewhere(NamedTuple):
    """Commands that this test cannot type, why, and who does: a function of a test's file."""

    pattern: str
    why: str
    by: str


ELSEWHERE: Final = (
    Elsewhere(
        r"make test",
        "this test is a part of it",
        "tests/test_tidy.py::test_the_readme_names_the_two_commands",
    ),
    Elsewhere(
        r"make demo",
        "half a minute of its own",
        "tests/cli/test_demo.py::test_the_whole_demo_agrees_to_the_last_digit",
    ),
    Elsewhere(
        r"make interop.*",
        "strangers' packages",
        "tests/interop/test_runner.py::test_an_override_is_the_only_python_tried",
    ),
    Elsewhere(
        r"docker compose .*",
        "root and podman are needed: make test-container",
        "tests/container/proof.py::becomes_ready",
    ),
    Elsewhere(
        r"python3 -m venv .*|\S*/pip install .*",
        "a registry is needed: make test-systemd",
        "tests/systemd/machine.py::build",
    ),
)
# What filld.service is told is carried out on one process here, and for real by make test-systemd.
SYSTEMD: Final = ("starts", "stops", "reloads")
RULES: Final = """
[kalshi]
rest_url = "{rest_url}"
ws_url = "{ws_url}"
place_live_orders = true
[[stops]]
symbol = "*"
stop_percent = "90"
"""


def elsewhere(command: Command) -> Elsewhere | None:
    """The row that has it."""
    return next((row for row in ELSEWHERE if re.fullmatch(row.pattern, command.text)), None)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if (lacking := tools()) is not None:
        pytest.skip(f"there is no {lacking} here")
    for name in list(os.environ):
        if name.startswith("FILLD_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path, monkeypatch.setenv)
    try:
        yield world
    finally:
        world.end()


def type_all(world: World, page: Path) -> None:
    for command in commands(page):
        if elsewhere(command) is None:
            said = world.type(command.text)
            told = f"{command.where}: {command.text}\nexit code {said.code}\n{said.out}{said.err}"
            assert said.code == command.code, told


def configuration(page: Path, words: str) -> str:
    """The TOML block of a page that has these words in it."""
    found = [block.text for block in blocks(page, "toml") if words in block.text]
    assert len(found) == 1, words
    return found[0]


def test_the_readme_by_the_letter(world: World) -> None:
    (world.folder / "my.toml").write_text(configuration(README, 'state_dir = "paper"'))
    type_all(world, README)
    for block in blocks(README, "python"):
        code = compile(block.text, block.where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        ending = eval(code, {})
        if inspect.iscoroutine(ending):
            asyncio.run(ending)
    assert world.stop().code == 0
    assert "Traceback" not in world.log() + world.log("background")


def test_the_installation_and_the_runbook_by_the_letter(world: World) -> None:
    paper = next(command for command in commands(README) if command.text.startswith("filld paper"))
    assert world.type(paper.text).code == 0
    urls = {name: world.written(f"KALSHI__{name.upper()}") for name in ("rest_url", "ws_url")}
    text = configuration(INSTALL, "/var/lib/filld/journal.db") + RULES.format(**urls)
    (world.folder / "etc" / "filld" / "filld.toml").write_text(world.here(text))
    shutil.copy(world.written("KALSHI__PRIVATE_KEY_FILE"), world.folder / "kalshi.pem")
    world.words = {"KEY-ID": world.written("KALSHI__KEY_ID"), "SYMBOL": "KXRAIN-26DEC31-NYC"}
    type_all(world, INSTALL)
    type_all(world, RUNBOOK)
    assert world.stop().code == 0
    assert "Traceback" not in world.log() + world.log("background")


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.pattern)
def test_what_is_not_typed_here_is_needed_and_has_its_test(row: Elsewhere) -> None:
    assert any(elsewhere(command) is row for page in PAGES for command in commands(page))
    file, _, name = row.by.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", SYSTEMD)
def test_what_stands_for_systemd_here_is_proven_there(name: str) -> None:
    proof = (ROOT / "tests" / "systemd" / "boot.py").read_text("utf-8")
    assert f"def {name}(" in proof
