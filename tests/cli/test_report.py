"""Charts and the report: files that open, of any journal, and nothing in them but our own words."""

from __future__ import annotations

import asyncio
import html.parser
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from typing_extensions import override

from daemon.analytics.pnl_trail import POINTS_LIMIT, PnlTrail
from daemon.cli import charts
from daemon.cli.exits import ExitCode
from daemon.core.terms import USD
from tests.analytics.journals import journal_of
from tests.analytics.test_costs import KALSHI, USDT
from tests.analytics.test_lessons import HIT, MISS, Desk, estimate, story
from tests.app.test_figures import BAD, keep
from tests.cli.stage import Stage
from tests.cli.stage import story as played

EVIL = "<script>alert('$1$')</script>"
PNG = b"\x89PNG\r\n\x1a\n"
VERBS = ["performance", "fee-analysis", "slippage"]


class Elements(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.said = ""
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        links = {name: value or "" for name, value in attrs if name.endswith(("href", "src"))}
        self.fetched += [value for value in links.values() if not value.startswith("#")]

    @override
    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    desk = Desk()
    desk.write(BAD)
    desk.write(replace(BAD, symbol=EVIL))
    desk.estimated(story(7, MISS, HIT), estimate())
    asyncio.run(keep(made.journal, desk.records))
    return made


@pytest.fixture
def empty(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    asyncio.run(keep(made.journal, []))
    return made


def page_of(stage: Stage, folder: Path) -> str:
    file = folder / "report.html"
    said = stage.filld("report", str(file))
    assert said.code == ExitCode.OK, said.err
    return file.read_text("utf-8")


def test_a_report_is_whole_in_itself(stage: Stage, tmp_path: Path) -> None:
    page = page_of(stage, tmp_path)
    elements = Elements(page)
    assert elements.fetched == []
    assert not re.search(r"https?:|//\w+\.|@import|url\((?!#)", page)
    assert elements.tags.count("svg") == 7
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(elements.tags)


def test_what_a_venue_says_is_escaped_and_still_there(stage: Stage, tmp_path: Path) -> None:
    page = page_of(stage, tmp_path)
    assert "<script" not in page
    assert EVIL in Elements(page).said


def test_its_tables_hold_what_the_verbs_say(stage: Stage, tmp_path: Path) -> None:
    said = Elements(page_of(stage, tmp_path)).said
    for words in ("stop loss", "-3.74", "unfilled", "trigger", "2026-09-21"):
        assert words in said, words


def test_exits_of_two_currencies_say_of_each_what_its_money_is_in(tmp_path: Path) -> None:
    several: set[str] = {"venue", "currency"}
    for told, columns in (([KALSHI], set()), ([KALSHI, USDT], several)):
        folder = tmp_path / str(len(told))
        folder.mkdir()
        made = Stage(folder)
        asyncio.run(keep(made.journal, list(journal_of(told))))
        page = page_of(made, folder)
        head = page[page.index("Exits, newest first") :].partition("</tr>")[0]
        assert set(re.findall(r"<th>(\w+)</th>", head)) & several == columns
        for verb in ("exits", "positions --all"):
            out = made.filld(*verb.split()).out
            assert ("currency" in out, "USDT" in out) == (bool(columns), bool(columns))


def test_an_empty_journal_has_a_report_too(empty: Stage, tmp_path: Path) -> None:
    elements = Elements(page_of(empty, tmp_path))
    assert elements.tags.count("svg") == 6
    assert "none" in elements.said


def test_a_report_of_a_played_journal(tmp_path: Path) -> None:
    made = Stage(tmp_path)
    made.keep(played())
    assert "NFL-1" in Elements(page_of(made, tmp_path)).said


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_chart_is_written_as_its_name_says(
    stage: Stage, tmp_path: Path, verb: str, kind: str
) -> None:
    file = tmp_path / f"chart.{kind}"
    said = stage.filld(verb, "--plot", str(file))
    assert said.code == ExitCode.OK, said.err
    assert f"chart: {file}" in said.out
    data = file.read_bytes()
    if kind == "png":
        assert data.startswith(PNG)
    else:
        assert ET.fromstring(data).tag.endswith("svg")


@pytest.mark.parametrize("verb", VERBS)
def test_a_chart_of_nothing_says_so(empty: Stage, tmp_path: Path, verb: str) -> None:
    file = tmp_path / "chart.png"
    assert empty.filld(verb, "--plot", str(file)).code == ExitCode.OK
    assert file.read_bytes().startswith(PNG)


def test_another_name_is_a_usage_error(stage: Stage, tmp_path: Path) -> None:
    said = stage.filld("slippage", "--plot", str(tmp_path / "chart.pdf"))
    assert said.code == ExitCode.BAD_INPUT
    assert ".png or .svg" in said.err


@pytest.mark.parametrize(
    "words", [("report", "r.html"), *((verb, "--plot", "c.png") for verb in VERBS)]
)
def test_without_matplotlib_it_says_what_to_install(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    verb, *others = words
    others[-1] = str(tmp_path / others[-1])
    said = stage.filld(verb, *others)
    assert said.code == ExitCode.FAILED
    assert 'pip install "filld[analysis]"' in said.err
    assert not Path(others[-1]).exists()
    assert stage.filld("slippage").code == ExitCode.OK, "everything else works without it"


def test_how_good_expected_slippage_is_can_be_seen(stage: Stage) -> None:
    said = stage.filld("slippage", "--model")
    assert said.code == ExitCode.OK
    assert "naive mae" in said.out.replace("\n", " ")
    assert "2026-09-21" in said.out


def test_a_label_is_plain_and_short() -> None:
    assert charts.plain_label("a$b$c") == r"a\$b\$c"
    assert charts.plain_label("Füße\x1b[31m") == "F??e\\x1b[31m"
    assert len(charts.plain_label("x" * 100)) == 26


def test_a_trail_has_a_limit_and_keeps_its_ends() -> None:
    trail = PnlTrail()
    moves = 3 * POINTS_LIMIT
    for number in range(moves):
        trail._add(("trades", USD), number, Decimal(1))
    (line,) = trail.lines.values()
    assert len(line) <= POINTS_LIMIT
    assert (line[0], line[-1]) == ((0, Decimal(1)), (moves - 1, Decimal(moves)))
    assert trail.total == {("trades", USD): moves}
