"""Verbs about figures: tables and JSON out of the journal, CSV that no formula hides in."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.analytics.scene import View
from daemon.cli.exits import ExitCode
from tests.analytics.journals import journal_of
from tests.app.test_figures import BAD, keep
from tests.cli.stage import Stage, invoke, story
from tests.control.doors import inner, rows


@pytest.fixture
def kept(tmp_path: Path) -> Stage:
    """A stage whose journal holds one bad exit, of a symbol that looks like a formula."""
    stage = Stage(tmp_path)
    asyncio.run(keep(stage.journal, journal_of([BAD, replace(BAD, symbol="=1+1")])))
    return stage


def json_of(stage: Stage, verb: str, *words: str) -> View:
    said = stage.filld(verb, "--json", *words)
    assert said.code == ExitCode.OK, said.err
    return said.json


def test_performance_counts_orders_fills_and_times(kept: Stage) -> None:
    view = json_of(kept, "performance", "--by", "symbol")
    assert (view["source"], view["behind"]) == ("journal", 0)
    assert (view["total_fills_processed"], view["total_retries"]) == (4, 0)
    assert view["fills_per_order"] == "1"
    assert view["average_fill_time_s"] == "1"
    assert [row["symbol"] for row in rows(view, "rows")] == ["=1+1", "NFL-1"]


def test_fees_in_another_currency_are_shown_beside(kept: Stage) -> None:
    words = ("--set", "analytics.reporting_currency=EUR")
    view = json_of(kept, "fee-analysis", *words)
    assert (view["valued_fees"], inner(view, "unvalued_fees")) == ("0", {"USD": "0.04"})
    view = json_of(kept, "fee-analysis", *words, "--set", 'analytics.rates=["USD=0.9"]')
    assert (view["valued_fees"], inner(view, "unvalued_fees")) == ("0.036", {})


def test_slippage_is_against_trigger_mid_and_limit(kept: Stage) -> None:
    view = json_of(kept, "slippage")
    got = {row["against"]: row["price"] for row in rows(view, "against")}
    assert got == {"trigger": "0.05", "arrival_mid": "0.06", "limit": "-0.05"}
    assert [row["beyond_tolerance"] for row in rows(view, "exits")] == [2]


@pytest.mark.parametrize("verb", ["performance", "fee-analysis", "slippage"])
@pytest.mark.parametrize("by", ["venue", "symbol"])
def test_people_get_tables(kept: Stage, verb: str, by: str) -> None:
    said = kept.filld(verb, "--by", by)
    assert said.code == ExitCode.OK
    assert "from the journal" in said.out
    assert f"by {by}" in said.out
    assert "kalshi" in said.out


def test_what_cannot_be_broken_down_so_is_a_usage_error(kept: Stage) -> None:
    said = kept.filld("slippage", "--by", "hour")
    assert said.code == ExitCode.BAD_INPUT
    assert "accepted: venue, symbol" in said.err


def test_without_daemon_and_journal_there_is_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.filld("performance").code == ExitCode.NOTHING_THERE
    assert stage.filld("export-csv", "fills").code == ExitCode.NOTHING_THERE


def test_csv_of_fills_is_read_by_a_spreadsheet(kept: Stage, tmp_path: Path) -> None:
    file = tmp_path / "fills.csv"
    said = kept.filld("export-csv", "fills", str(file), "--json")
    assert said.json == {"rows": 4, "file": str(file)}
    found = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["symbol"] for row in found] == ["NFL-1", "NFL-1", "'=1+1", "'=1+1"]
    assert found[1]["realized_pnl"] == "-1.02"
    assert found[1]["liquidity"] == "taker"


def test_csv_of_positions_goes_to_standard_output(kept: Stage) -> None:
    said = kept.filld("export-csv", "positions")
    found = list(csv.DictReader(io.StringIO(said.out)))
    got = [(r["direction"], r["qty"], r["entry_price"], r["exit_price"]) for r in found]
    assert got == [("long", "10", "0.65", "0.55")] * 2
    assert [row["realized_pnl"] for row in found] == ["-1.02", "-1.02"]


@pytest.mark.parametrize("verb", ["performance", "fee-analysis", "slippage"])
def test_a_journal_and_its_export_give_the_same_figures(
    kept: Stage, tmp_path: Path, verb: str
) -> None:
    file = tmp_path / "e"
    assert kept.filld("export", str(file)).code == ExitCode.OK
    wanted = json_of(kept, verb, "--by", "symbol")
    del wanted["note"]
    moved = kept.journal.rename(tmp_path / "moved.db")
    for source in (file, moved):
        found = json_of(kept, verb, "--by", "symbol", "--from", str(source))
        assert found == {**wanted, "source": str(source)}
        assert kept.filld(verb, "--from", str(source)).code == ExitCode.OK


@pytest.mark.parametrize("rows_of", ["fills", "positions"])
def test_csv_out_of_an_export_is_that_of_the_journal(
    kept: Stage, tmp_path: Path, rows_of: str
) -> None:
    file = tmp_path / "e"
    kept.filld("export", str(file))
    wanted = kept.filld("export-csv", rows_of).out
    assert kept.filld("export-csv", rows_of, "--from", str(file)).out == wanted
    out = tmp_path / "out.csv"
    out.write_text("older")
    file.write_bytes(file.read_bytes()[:-9])
    said = kept.filld("export-csv", rows_of, str(out), "--from", str(file))
    assert said.code == ExitCode.BAD_INPUT
    assert out.read_text() == "older"


def test_the_verbs_stand_in_the_group_of_fills_too(kept: Stage) -> None:
    said = invoke("fill", "performance", "--json", "--config", str(kept.config))
    assert said.json == json_of(kept, "performance")


def test_a_fills_journal_says_that_it_knows_of_no_exits(tmp_path: Path) -> None:
    stage, file, fills = Stage(tmp_path), str(tmp_path / "e"), str(tmp_path / "fills.db")
    stage.keep(story())
    assert stage.filld("export", file).code == ExitCode.OK
    assert stage.filld("import", file, "--journal", fills).code == ExitCode.OK
    for verb in ("performance", "slippage"):
        assert "note" not in json_of(stage, verb, "--from", file)
        assert "holds no exits" in str(json_of(stage, verb, "--from", fills)["note"])
        shown = stage.filld(verb, "--from", fills).out
        assert "holds no exits" in shown
        assert "exits against the price" not in shown
        assert "exits against the price" in stage.filld(verb, "--from", file).out
    page = tmp_path / "r.html"
    assert stage.filld("report", str(page), "--from", fills).code == ExitCode.OK
    assert "holds no exits" in page.read_text()
