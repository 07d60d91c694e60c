"""process-fill, export, import, --from and `filld fill`: real files, a real journal.

Covers daemon.cli.filling and daemon.cli.fill_group.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.cli.fill_records import Record, read_records
from daemon.cli.fill_views import show_status
from daemon.fill_handler import UnknownFormatError
from daemon.journal.frames import is_framed
from daemon.journal.sealing import Key
from tests.cli.stage import Stage, invoke, story
from tests.cli.test_positions_file import SEED
from tests.control.doors import inner, rows
from tests.fill_handler.samples import BINANCE, BITGET, PHEMEX

SEEDS = [BINANCE, BITGET, PHEMEX]


@pytest.fixture
def fills(tmp_path: Path) -> Path:
    return tmp_path / "fills.db"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def lines(*records: object) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


@pytest.mark.parametrize(
    "text",
    [
        lines(*SEEDS),
        json.dumps(SEEDS),
        json.dumps(SEEDS, indent=2),
        lines(SEEDS[:2], SEEDS[2]),
        f"\n\n{lines(*SEEDS)}\n",
    ],
    ids=["lines", "array", "pretty array", "arrays in lines", "blank lines"],
)
def test_fills_are_taken_from_any_layout(
    stage: Stage, tmp_path: Path, fills: Path, text: str
) -> None:
    said = stage.filld(
        "process-fill", write(tmp_path / "f", text), "--journal", str(fills), "--json"
    )
    assert said.code == 0
    assert said.json == {
        "journal": str(fills),
        "records": 3,
        "fills": 3,
        "duplicates": 0,
        "bad": 0,
    }
    again = stage.filld("process-fill", str(tmp_path / "f"), "--journal", str(fills), "--json")
    assert (again.code, again.json["duplicates"]) == (0, 3)
    view = stage.filld("status", "--from", str(fills), "--json").json
    assert view["total_fills_processed"] == 3


def test_one_object_over_many_lines(stage: Stage, tmp_path: Path) -> None:
    file = write(tmp_path / "f.json", json.dumps(BINANCE, indent=4))
    said = stage.filld("process-fill", file)
    assert said.code == 0
    assert said.out == (
        "1 fills (0 known already) in 1 records, 0 bad; nothing is kept: name a --journal\n"
    )


def test_bad_records_are_told_by_line_and_good_ones_kept(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    text = lines(BINANCE) + "{\n" + lines({"x": 1}, {**BITGET, "fillFee": 1.5}, PHEMEX, 7)
    said = stage.filld("process-fill", write(tmp_path / "f", text), "--journal", str(fills))
    assert said.code == 5
    told = said.err.splitlines()
    assert [line.split(":")[1].strip() for line in told] == ["line 2", "line 3", "line 4", "line 6"]
    assert "no fill of any venue" in told[1]
    assert "2 fills (0 known already) in 6 records, 4 bad" in said.out
    orders = stage.filld("orders", "--from", str(fills), "--json").json["orders"]
    assert isinstance(orders, list)
    assert {row["order_id"] for row in orders} == {"123456789", "789123456"}


def test_a_record_of_a_long_array_is_told_by_its_own_line(stage: Stage, tmp_path: Path) -> None:
    text = json.dumps([BINANCE, {"x": 1}], indent=1)
    line = text[: text.index('"x"')].count("\n")
    said = stage.filld("process-fill", write(tmp_path / "f", text))
    assert said.code == 5
    assert f"line {line}: no fill of any venue" in said.err


def test_nothing_good_is_bad_input(stage: Stage, tmp_path: Path, fills: Path) -> None:
    bad = write(tmp_path / "f", '{"x": 1}')
    said = stage.filld("process-fill", bad, "--journal", str(fills))
    assert (said.code, said.out.partition("; ")[2]) == (2, "nothing to keep\n")
    assert stage.filld("process-fill", str(tmp_path / "none")).code == 1
    assert stage.filld("process-fill", write(tmp_path / "f", "")).code == 0


def test_standard_input(stage: Stage, fills: Path) -> None:
    words = ["process-fill", "-", "--journal", str(fills), "--config", str(stage.config)]
    ended = subprocess.run(
        [sys.executable, "-m", "daemon", *words],
        input=lines(*SEEDS).encode(),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0
    assert b"3 fills (0 known already) in 3 records" in ended.stdout


def test_the_daemons_journal_takes_no_fill_of_a_file(stage: Stage, tmp_path: Path) -> None:
    file = write(tmp_path / "f", lines(*SEEDS))
    said = stage.filld("process-fill", file, "--journal", str(stage.journal))
    assert said.code == 2
    assert "reads its fills from the venue itself" in said.err
    assert not stage.journal.exists()
    stage.keep(story())
    moved = stage.journal.rename(tmp_path / "elsewhere.db")
    size = moved.stat().st_size
    said = stage.filld("process-fill", file, "--journal", str(moved))
    assert said.code == 2
    assert "is the journal of a daemon" in said.err
    assert moved.stat().st_size == size


def test_a_daemon_takes_no_fills_journal_for_its_own(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    stage.filld("process-fill", write(tmp_path / "f", lines(*SEEDS)), "--journal", str(fills))
    positions = write(tmp_path / "p.json", SEED.decode())
    for _ in range(2):  # the refusal has let go of its lock
        said = stage.filld("import-positions", positions, "--set", f"journal.path={fills}")
        assert said.code == 1
        assert "holds fills out of files" in said.err
        assert "name another file as journal.path" in said.err


def test_an_export_comes_back_the_same(stage: Stage, tmp_path: Path, fills: Path) -> None:
    stage.filld("process-fill", write(tmp_path / "f", lines(*SEEDS)), "--journal", str(fills))
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    other = tmp_path / "other.db"
    said = stage.filld("export", str(first), "--journal", str(fills), "--json")
    assert said.json == {"file": str(first), "steps": 3, "fills": 3, "sealed": False}
    dry = stage.filld("import", str(first), "--journal", str(other), "--dry-run", "--json")
    assert (dry.json["new_fills"], dry.json["imported"]) == (3, False)
    assert stage.filld("import", str(first), "--journal", str(other)).code == 0
    stage.filld("export", str(second), "--journal", str(other))
    assert first.read_bytes() == second.read_bytes()
    again = stage.filld("import", str(first), "--journal", str(other), "--json")
    assert (again.json["new_fills"], again.json["known_fills"]) == (0, 3)


def test_an_import_that_contradicts_is_refused_with_the_place(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    other, file = tmp_path / "other.db", tmp_path / "e.json"
    wrong = {**BITGET, "fillPrice": "1"}
    stage.filld(
        "process-fill", write(tmp_path / "f", lines(wrong, PHEMEX)), "--journal", str(other)
    )
    stage.filld("export", str(file), "--journal", str(other))
    stage.filld("process-fill", write(tmp_path / "f", lines(BITGET)), "--journal", str(fills))
    for words in (["--dry-run"], []):
        said = stage.filld("import", str(file), "--journal", str(fills), *words)
        assert said.code == 4
        assert "order 456789123: fill 321654987: last_px: known 51000.00, now 1" in said.err
        assert stage.filld("status", "--from", str(fills), "--json").json["total_orders"] == 1
    said = stage.filld("import", str(file), "--journal", str(fills), "--replace")
    assert said.code == 0
    assert stage.filld("status", "--from", str(fills), "--json").json["total_orders"] == 2
    assert list(tmp_path.glob("fills.db.replaced-*"))


def test_an_import_that_takes_nothing_leaves_nothing(
    stage: Stage, tmp_path: Path, fills: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = Key.generate().reveal(), Key.generate().reveal()
    monkeypatch.setenv("FILLD_JOURNAL__KEY", key)
    file, cut = tmp_path / "e.sealed", tmp_path / "cut"
    stage.filld("process-fill", write(tmp_path / "f", lines(*SEEDS)), "--journal", str(fills))
    stage.filld("export", str(file), "--journal", str(fills))
    cut.write_bytes(file.read_bytes()[:-9])
    there = set(tmp_path.iterdir())
    new = ("--journal", str(tmp_path / "new.db"))
    for source, words in ((cut, ()), (tmp_path / "nowhere", ()), (file, ("--dry-run",))):
        stage.filld("import", str(source), *new, *words)
        assert set(tmp_path.iterdir()) == there
    monkeypatch.setenv("FILLD_JOURNAL__KEY", other)
    said = stage.filld("import", str(file), *new)
    assert said.code != 0
    assert "key" in said.err
    assert set(tmp_path.iterdir()) == there
    stage.filld("process-fill", write(tmp_path / "bad", "{}"), *new)
    assert set(tmp_path.iterdir()) == {*there, tmp_path / "bad"}
    monkeypatch.setenv("FILLD_JOURNAL__KEY", key)
    assert stage.filld("import", str(file), *new).code == 0
    assert stage.filld("import", str(file), *new, "--dry-run").code == 0
    assert (tmp_path / "new.db").exists()


def test_an_import_wants_a_journal_and_a_whole_file(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    file = write(tmp_path / "e.json", "{}")
    assert stage.filld("import", file).code == 2
    said = stage.filld("import", file, "--journal", str(fills))
    assert said.code == 2
    assert "no export of fills" in said.err


def test_the_daemons_journal_is_exported_running_or_not(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    assert stage.filld("export", str(file)).code == 3
    play = story()
    stage.keep(play)
    assert stage.filld("export", str(file)).code == 0
    assert stage.filld("export", str(file)).code == 2  # never over an older file unasked
    assert stage.filld("export", str(file), "--force").code == 0
    view = stage.filld("order", "order_12345", "--from", str(file), "--json").json
    assert (view["status"], view["original_amount"], view["filled_amount"]) == (
        "canceled",
        "100",
        "50",
    )
    assert (view["expected_price"], view["slippage"], view["attempt"]) == ("0.58", "0", 1)
    retried = stage.filld("order", play.order_id, "--from", str(file), "--json").json
    assert (retried["attempt"], retried["retry_count"]) == (2, 1)
    (retry,) = rows(retried, "retry_history")
    assert (retry["attempt"], retry["reason"]) == (2, "partially_filled")
    shown = stage.filld("order", play.order_id, "--from", str(file))
    for text in ("retries", "partially_filled", "expected_price", "no fills", "fill_seconds"):
        assert text in shown.out
    assert stage.filld("order", "nobody", "--from", str(file)).code == 1


def test_two_orders_of_one_id_are_told_apart(stage: Stage, tmp_path: Path, fills: Path) -> None:
    other = {**BITGET, "symbol": "ETHUSDT"}
    stage.filld(
        "process-fill", write(tmp_path / "f", lines(BITGET, other)), "--journal", str(fills)
    )
    words = ("order", "456789123", "--from", str(fills))
    said = stage.filld(*words)
    assert said.code == 1
    assert "of BTCUSDT on bitget-spot, ETHUSDT on bitget-spot: say venue and symbol" in said.err
    view = stage.filld(*words, "--symbol", "ETHUSDT", "--venue", "bitget", "--json").json
    assert view["symbol"] == "ETHUSDT"
    assert stage.filld(*words, "--symbol", "SOLUSDT").code == 1


def test_an_order_of_the_daemons_shows_retries_slippage_and_times(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    view = stage.filld("order", "order_12345", "--json").json
    assert (view["slippage_price"], view["slippage_bps"], view["retries"]) == ("0", "0", [])
    assert set(inner(view, "timings")) == {"triggered", "sent", "first_fill", "last_fill", "fill_s"}
    retried = stage.filld("order", play.order_id, "--json").json
    (retry,) = rows(retried, "retries")
    assert (retry["attempt"], retry["reason"]) == (2, "partially_filled")
    assert "slippage and times" in stage.filld("order", "order_12345").out


def test_with_a_key_files_are_sealed(
    stage: Stage, tmp_path: Path, fills: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILLD_JOURNAL__KEY", Key.generate().reveal())
    file = tmp_path / "e.sealed"
    stage.filld("process-fill", write(tmp_path / "f", lines(*SEEDS)), "--journal", str(fills))
    assert stage.filld("export", str(file), "--journal", str(fills), "--json").json["sealed"]
    assert is_framed(file.read_bytes())
    assert stage.filld("status", "--from", str(file), "--json").json["total_fills_processed"] == 3
    monkeypatch.setenv("FILLD_JOURNAL__KEY", Key.generate().reveal())
    said = stage.filld("status", "--from", str(file))
    assert said.code == 1
    assert "which is not configured" in said.err


def test_the_group_has_the_verbs_of_filld(stage: Stage, tmp_path: Path, fills: Path) -> None:
    said = stage.filld
    help_text = invoke("fill", "--help").out
    words = ("status", "orders", "order", "process-fill", "export", "import")
    for verb in (*words, "performance", "fee-analysis", "slippage"):
        assert verb in help_text
    file = write(tmp_path / "f", lines(*SEEDS))
    options = ("--config", str(stage.config))
    assert invoke("fill", "process-fill", file, "--journal", str(fills), *options).code == 0
    ours = invoke("fill", "status", "--from", str(fills), "--json", *options)
    assert ours.json == said("status", "--from", str(fills), "--json").json
    assert callable(show_status)


def test_no_symbol_reaches_a_terminal_as_an_escape(
    stage: Stage, tmp_path: Path, fills: Path
) -> None:
    """JSON let C1 controls and marks of direction through, CSV everything."""
    wild = {**BITGET, "symbol": "\x1b[2J\u009b31m\u202eX", "orderId": "\x1b]0;a\x07"}
    stage.filld("process-fill", write(tmp_path / "f", lines(wild)), "--journal", str(fills))
    verbs = (["orders"], ["orders", "--json"], ["fee-analysis", "--by", "symbol"])
    for verb in (*verbs, ["fee-analysis", "--by", "symbol", "--json"], ["export-csv", "fills"]):
        said = stage.filld(*verb, "--from", str(fills))
        assert said.code == 0
        assert not set("\x1b\x07\u009b\u202e") & set(said.out + said.err), verb
    view = stage.filld("orders", "--json", "--from", str(fills)).json
    assert rows(view, "orders")[0]["order_id"] == "\x1b]0;a\x07"


def test_the_shell_completes_verbs() -> None:
    asked = {"_FILLD_COMPLETE": "complete_bash", "COMP_WORDS": "filld fill pro", "COMP_CWORD": "2"}
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv=['filld']; from daemon.cli.main import main; main()",
        ],
        env={**os.environ, **asked},
        capture_output=True,
        check=False,
        text=True,
    )
    assert found.stdout.split() == ["process-fill"]


def test_a_lone_broken_document_is_told_by_its_lines() -> None:
    found = list(read_records(io.BytesIO(b'{\n"a": 1')))
    assert [record.line for record in found] == [1, 2]
    assert all(isinstance(record.data, UnknownFormatError) for record in found)
    assert list(read_records(io.BytesIO(b"[\n]"))) == []
    assert list(read_records(io.BytesIO(b'{"a": 1}'))) == [Record(1, {"a": 1})]


@pytest.mark.parametrize("text", [b'{"a": 1, "a": 2}', b'[\n{"b": {"a": 1, "a": 2}}\n]'])
def test_a_name_that_stands_twice_is_refused(text: bytes) -> None:
    (record,) = read_records(io.BytesIO(text))
    assert isinstance(record.data, UnknownFormatError)
    assert "'a' stands twice" in str(record.data)


def test_a_byte_order_mark_is_no_content() -> None:
    marked = codecs.BOM_UTF8 + b'{"a": 1}'
    assert list(read_records(io.BytesIO(marked))) == [Record(1, {"a": 1})]
