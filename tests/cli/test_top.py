"""`filld top`: one frame for a pipe, and a screen that lives on while the daemon comes and goes."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from daemon.cli.top import REFRESH_S
from daemon.telemetry.logs import LineSink, LineWriter, LogObserver
from tests import builders as make
from tests.cli.stage import Stage
from tests.control.doors import FakeDoor, rows
from tests.control.test_health import Standing
from tests.core.play import guarded

ROOT = Path(__file__).resolve().parents[2]


def test_one_frame(stage: Stage) -> None:
    with stage.running(FakeDoor(guarded()), Standing()):
        for words in (("--once",), ()):
            said = stage.filld("top", *words)
            assert said.code == 0
            lines = said.out.splitlines()
            assert lines[0].startswith("filld ")
            assert lines[1].startswith("ready: 1 positions held")
            assert any(line.startswith("NFL-1") for line in lines)
            assert max(map(len, lines)) <= 80
            assert "\x1b" not in said.out
        view = stage.filld("top", "--json").json
        assert set(view) == {"status", "positions", "exits", "health", "fills"}


def test_fills_of_trades_and_strangers_come_out_of_the_log(stage: Stage) -> None:
    sink = LineSink(io.BytesIO())
    log = LogObserver(LineWriter(sink, lambda: 0, "debug"))
    for number in range(1_500):  # the first fill is not among the lines that come at once
        log.observe(0, make.quote(), ())
        if number == 5:
            log.observe(9, make.fill(venue_order_id="theirs", exec_id="t1", last_qty="3"), ())
    log.observe(0, make.fill(venue_order_id="theirs", exec_id="t1", last_qty="3"), ())
    with stage.running(FakeDoor(guarded()), Standing(), sink):
        view = stage.filld("top", "--json").json
        said = stage.filld("top", "--once").out
    assert [fill["exec_id"] for fill in rows(view, "fills")] == ["t1"]
    (shown,) = [line for line in said.splitlines() if "stranger" in line]
    assert shown.split()[0] == "NFL-1"


def test_without_a_daemon_one_frame_is_an_error(stage: Stage) -> None:
    said = stage.filld("top", "--once")
    assert said.code == 3
    assert "no daemon answers" in said.err


class Screen:
    """`filld top` on a terminal of 80 by 24."""

    def __init__(self, stage: Stage) -> None:
        self.terminal, theirs = pty.openpty()
        words = [sys.executable, "-m", "daemon", "top", "--config", str(stage.config)]
        size = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
        self.process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env={**os.environ, **size}
        )
        os.close(theirs)
        self.shown = b""

    def until(self, words: str) -> None:
        """Wait until the words come; what came before is forgotten."""
        self._read(lambda: words.encode() in self.shown, words)
        self.shown = self.shown.partition(words.encode())[2]

    def _read(self, found: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not found():
            assert time.monotonic() < deadline, f"{what} is not in {self.shown[-2000:]!r}"
            if select.select([self.terminal], [], [], REFRESH_S)[0]:
                self.shown += os.read(self.terminal, 65_536)

    def ended(self) -> int:
        """The exit code, the terminal being as it was."""
        code = self.process.wait(60)
        self._read(lambda: b"\x1b[?1049l" in self.shown, "the screen as it was")
        os.close(self.terminal)
        return code


def test_it_lives_on_while_the_daemon_comes_and_goes_and_q_ends_it(stage: Stage) -> None:
    screen = Screen(stage)
    with stage.running(FakeDoor(guarded()), Standing()):
        screen.until("ready: 1 positions held")
        screen.until("NFL-1")
    screen.until("filld: no daemon")
    screen.until("what it said last")
    screen.until("NFL-1")
    with stage.running(FakeDoor(guarded()), Standing()):
        screen.until("ready: 1 positions held")
        os.write(screen.terminal, b"q")
        assert screen.ended() == 0


def test_an_interrupt_ends_it_in_order(stage: Stage) -> None:
    screen = Screen(stage)
    screen.until("filld: no daemon")
    screen.process.send_signal(signal.SIGINT)
    assert screen.ended() == 0
