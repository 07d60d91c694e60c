"""filld tail and log-events. Covers daemon.cli.tailing and daemon.cli.log_lines."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon.cli.log_lines import Wanted, parsed, shown
from daemon.cli.main import application
from daemon.cli.tailing import of_file
from daemon.telemetry.logs import timestamp
from tests.cli.stage import Stage, invoke

KALSHI = {
    "timestamp": "2023-11-14T22:13:20.000001Z",
    "level": "info",
    "seq": 12,
    "cause": 11,
    "account": "main",
    "venue": "kalshi",
    "symbol": "NFL-1",
    "client_order_id": "fdmine",
    "venue_order_id": "theirs",
    "event": "fill",
    "last_qty": "50",
}
BINANCE = {**KALSHI, "venue": "binance-usdm", "symbol": "BTCUSDT", "client_order_id": "fdother"}
LOST = {"timestamp": timestamp(time.time_ns()), "level": "error", "event": "filld_failed"}
LINES = [json.dumps(line) for line in (KALSHI, BINANCE, LOST)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "filld.log"
    path.write_text("\n".join([*LINES, "filld: no line of the log", ""]))
    return path


def test_lines_are_made_readable(log: Path) -> None:
    said = invoke("tail", str(log))
    assert (said.code, said.err) == (0, "")
    first, _, lost, other = said.out.splitlines()
    assert first == (
        "2023-11-14T22:13:20.000001Z info    fill  kalshi NFL-1  account=main"
        " client_order_id=fdmine venue_order_id=theirs last_qty=50  #12 from #11"
    )
    assert lost.endswith("error   filld_failed")
    assert other == "filld: no line of the log"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--venue", "kalshi"], [0]),
        (["--symbol", "BTCUSDT"], [1]),
        (["--order", "fdmine"], [0]),
        (["--order", "theirs"], [0, 1]),
        (["--level", "warning"], [2]),
        (["--since", "10h"], [2]),
        (["--since", "1d", "--venue", "kalshi"], []),
        ([], [0, 1, 2]),
    ],
)
def test_what_is_chosen(log: Path, words: list[str], found: list[int]) -> None:
    said = invoke("tail", "--json", *words, str(log))
    chosen = [line for line in said.out.splitlines() if line.startswith("{")]
    assert chosen == [LINES[number] for number in found]


def test_wrong_words(log: Path, tmp_path: Path) -> None:
    assert "accepted: debug, info" in invoke("tail", "--level", "loud", str(log)).err
    said = invoke("tail", "--since", "soon", str(log))
    assert (said.code, "--since = 'soon'" in said.err) == (2, True)
    assert invoke("tail", str(tmp_path / "none")).code == 1


def test_standard_input() -> None:
    result = CliRunner().invoke(application(), ["tail", "-", "--order", "fdother"], input=LINES[1])
    assert "BTCUSDT" in result.stdout


def test_no_daemon(stage: Stage) -> None:
    assert stage.filld("tail").code == 3


def test_no_colour_or_cursor_gets_through() -> None:
    line = parsed('{"event": "a\\u001b[31m", "text": "\\u001b[2J", "level": "x\\u001b[1m"}')
    assert line is not None
    assert "\x1b" not in shown(line).plain
    assert Wanted().admits(line)
    assert parsed("[1]") is None


def test_a_reader_that_goes_away(log: Path) -> None:
    log.write_text("\n".join(LINES * 20_000))
    words = f"{sys.executable} -m daemon tail {log} | head -1"
    done = subprocess.run(["/bin/sh", "-c", words], capture_output=True, timeout=60, check=True)
    assert done.stdout.count(b"\n") == 1
    assert not done.stderr


def test_following_a_file_that_grows_is_cut_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntw")

    found: list[str] = []

    def after(lines: int) -> None:
        end_s = time.monotonic() + 30
        while len(found) < lines and time.monotonic() < end_s:
            time.sleep(0.01)

    def write() -> None:
        after(1)
        with path.open("a") as file:
            file.write("o\n")
        after(2)
        path.write_text("3\n")
        after(3)
        path.rename(tmp_path / "log.1")
        time.sleep(0.7)
        path.write_text("four\n")

    threading.Thread(target=write).start()
    for line in of_file(path, follow=True):
        found.append(line)
        if line == "four":
            break
    assert found == ["one", "two", "3", "four"]
    assert list(of_file(tmp_path / "log.1", follow=False)) == ["3"]
    path.write_text("whole\nnot")
    assert list(of_file(path, follow=False)) == ["whole", "not"]


def test_the_dictionary() -> None:
    said = invoke("log-events")
    assert "fill (info): " in said.out
    assert "    account, venue, symbol, client_order_id, venue_order_id, exec_id" in said.out
    view = invoke("log-events", "--json").json
    events = view["events"]
    assert isinstance(events, list)
    assert {"event", "level", "fields", "when"} == events[0].keys()
