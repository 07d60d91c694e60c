"""What the documents show is what filld takes: configurations, words in code, links."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml  # type: ignore[import-untyped]  # it brings no types
from typer.core import TyperGroup
from typer.main import get_command

from daemon.cli.main import application
from daemon.settings import load_settings
from daemon.settings.sources import tree_keys
from tests.readme.pages import (
    LANGUAGES,
    PAGES,
    README,
    ROOT,
    Block,
    anchors,
    blocks,
    commands,
    indented_code,
    links,
    prose,
    spans,
)

# What a reader has, and no block may show.
SECRETS: Final = {
    "FILLD_KALSHI__KEY_ID": "his-key-id",
    "FILLD_KALSHI__PRIVATE_KEY": "his-key",
    **{f"FILLD_{table}__API_SECRET": "his-secret" for table in ("BINANCE_SPOT", "BINANCE_USDM")},
    **{f"FILLD_{table}__API_SECRET": "his-secret" for table in ("PHEMEX_SPOT", "PHEMEX_USDT_PERP")},
    **{
        f"FILLD_{table}__{name}": "his-secret"
        for table in ("BITGET_SPOT", "BITGET_USDT_FUTURES")
        for name in ("API_SECRET", "PASSPHRASE")
    },
}
TABLES: Final = ("kalshi", "binance_spot", "binance_usdm", "phemex_spot", "phemex_usdt_perp")
TOML: Final = [block for page in PAGES for block in blocks(page, "toml")]
GROUPS: Final = ("", "fill")
BY_PAGE: Final = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.where)
def test_a_configuration_is_accepted(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "filld.toml"
    file.write_text(block.text)
    load_settings(file, None, (), SECRETS)


def test_a_first_configuration_has_rules_for_its_own_venues_alone() -> None:
    for block in blocks(README, "toml"):
        document = tomllib.loads(block.text)
        rules = [*document.get("stops", ()), *document.get("holdings", ())]
        named = {rule.get("venue", "kalshi").replace("-", "_") for rule in rules}
        assert "your-key" not in block.text or named == document.keys() - {"stops", "holdings"}


def test_there_is_a_first_configuration_for_each_venue_and_kind_of_account() -> None:
    shown = [tomllib.loads(block.text) for block in blocks(README, "toml")]
    keyed = [{t: v for t, v in one.items() if "key_id" in v or "api_key" in v} for one in shown]
    assert set(TABLES) <= {table for one in keyed for table in one}
    kinds = {v.get("dialect") for one in keyed for t, v in one.items() if t.startswith("bitget")}
    assert kinds == {"classic", "uta"}


def test_no_configuration_shows_a_secret_or_begins_with_live_orders() -> None:
    for block in blocks(README, "toml"):
        assert not re.search(r"api_secret|passphrase|private_key =", block.text), block.where
        assert "place_live_orders = true" not in block.text or "paper" in block.text, block.where


@BY_PAGE
def test_every_block_says_what_it_is_in(page: Path) -> None:
    strange = [one.where for one in blocks(page) if one.language not in LANGUAGES]
    assert not strange
    assert not indented_code(page)
    for block in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(block.text), dict), block.where


@BY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@BY_PAGE
def test_every_key_that_is_named_is_a_setting(page: Path) -> None:
    text = page.read_text("utf-8")
    named = re.findall(r"\b(?:FILLD_)?([A-Z][A-Z_]+__[A-Z][A-Z_]+)\b", text)
    settings = tree_keys()
    keys = {name.lower().replace("__", ".", 1) for name in named} - {"section.key"}
    assert not [key for key in keys if key not in settings]


@cache
def verbs() -> dict[str, set[str]]:
    """Every verb with its options; a verb of a group by both its names."""
    found: dict[str, set[str]] = {}
    waiting = [("", get_command(application()))]
    for name, command in waiting:
        if isinstance(command, TyperGroup):
            waiting += [(f"{name} {verb}".strip(), one) for verb, one in command.commands.items()]
        options = [o for one in command.params for o in (*one.opts, *one.secondary_opts)]
        found[name] = {"--help", *options}
    return found


def wrong_in(text: str) -> str | None:
    """What is wrong with words that begin with `filld`, None if nothing: its verb, its options."""
    words = re.findall(r"-{1,2}[a-z][a-z-]*|[^\s\[\]|]+", text.replace("VERB", "status"))[1:]
    verb = ""
    while words and f"{verb} {words[0]}".strip() in verbs():
        verb = f"{verb} {words.pop(0)}".strip()
    options = [word for word in words if re.match("--?[a-z]", word)]
    if verb in GROUPS and words[0] != "..." and not options:
        return "there is no such verb"
    return next((f"there is no {word}" for word in options if word not in verbs()[verb]), None)


def targets() -> set[str]:
    """What the Makefile makes."""
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    found = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert found is not None
    return set(found[1].split())


@BY_PAGE
def test_a_command_in_the_text_can_be_typed(page: Path) -> None:
    typed = [*spans(page), *(command.text for command in commands(page))]
    wrong = [f"{text}: {found}" for text in typed if (found := problem(text)) is not None]
    assert not wrong


def problem(text: str) -> str | None:
    """What is wrong with a text in backticks, if it is a command of ours."""
    match text.split(" ")[:3]:
        case ["filld", _, *_]:
            return wrong_in(text.partition(" > ")[0].removesuffix(" &"))
        case ["make", *_]:
            asked = [word for word in shlex.split(text)[1:] if "=" not in word]
            return None if set(asked) <= targets() else "there is no such target"
        case ["python", "-m", module]:
            return None if importlib.util.find_spec(module) else "there is no such module"
        case _:
            return None


@pytest.mark.parametrize(
    "text",
    ["filld hold", "filld halt --why x", "filld fill why ID", "make coffee", "python -m daemon.no"],
)
def test_a_command_that_is_not_there_is_noticed(text: str) -> None:
    assert problem(text) is not None


def test_the_table_of_contents_has_every_chapter() -> None:
    chapters = re.findall(r"^## (.+)$", README.read_text("utf-8"), re.MULTILINE)
    assert not [chapter for chapter in chapters[1:] if f"[{chapter}](#" not in prose(README)]


def test_the_architecture_has_every_room_and_the_dependencies_every_package() -> None:
    (tree,) = [block.text for block in blocks(README, "") if "daemon/" in block.text]
    rooms = [path.name for path in (ROOT / "daemon").iterdir() if (path / "__init__.py").exists()]
    assert not [room for room in rooms if f"{room}/" not in tree]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"\W*[>=]", one)[0] for one in project["dependencies"]}
    told = README.read_text("utf-8").partition("\n## Dependencies\n")[2]
    assert not [
        name for name in wanted if not re.search(rf"^\| .*\b{name}\b.* \|", told, re.MULTILINE)
    ]


def test_each_story_of_a_failure_is_told_by_a_test() -> None:
    section = README.read_text("utf-8").partition("\n## When things go wrong\n")[2]
    rows = re.findall(r"^\| .+ \|$", section.partition("\n## ")[0], re.MULTILINE)[1:]
    assert len(rows) > 20
    assert not [row for row in rows if "](tests/" not in row]
