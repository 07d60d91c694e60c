"""A paper exchange in this process and filld as a process of its own, over real sockets.

The exchange's own state is at hand (books, faults, the oracle's truth); filld is seen only as an
operator sees it: its door, its log, its journal, its exit code.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from daemon.control.client import DoorClient
from daemon.control.door import DoorError, NoDaemonError
from daemon.core.commands import Command
from daemon.core.events import Event
from daemon.journal.sqlite import read_only
from daemon.paper.faults import AT_ONCE, Fault, FaultKind
from daemon.paper.oracle import account_truth
from daemon.paper.server import PaperServer, serve
from daemon.paper.units import levels_of
from tests.acceptance.play import ACCOUNT, QUICK, Levels, OtherClock, Play, paper_config, toml

ROOT = Path(__file__).resolve().parents[2]
CREATE = "POST /portfolio/events/orders"
STEP_S = 0.02
# Far beyond what either takes: a machine with much else to do is no failure.
START_S = 90.0
STOP_S = 30.0
ZERO = Decimal(0)

Row = dict[str, Any]
Found = TypeVar("Found")


class Stage:
    """One exchange, one account, one filld. Use `staged`."""

    def __init__(self, folder: Path, paper: PaperServer, play: Play) -> None:
        self.folder, self.paper, self.play = folder, paper, play
        self.config = folder / "filld.toml"
        self.journal = folder / "journal.db"
        self.log = folder / "filld.log"
        self.env_file = folder / f"{ACCOUNT}.env"
        self.process: asyncio.subprocess.Process | None = None
        self._rows: list[Row] = []
        self._log_read = 0
        self.settings: dict[str, object] = {
            **(QUICK if play.quick else {"kalshi.place_live_orders": True}),
            "journal.path": str(self.journal),
            "journal.state_dir": str(folder / "state"),
            "control.socket": str(folder / "filld.sock"),
            **play.settings,
        }
        self.write_config()

    def write_config(self, stops: Sequence[Mapping[str, object]] | None = None) -> None:
        rules = self.play.stops if stops is None else stops
        self.config.write_text(toml(self.settings, rules, self.play.holdings))

    # filld

    async def spawn(
        self, *verb: str, before: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> asyncio.subprocess.Process:
        """Any verb of filld on this stage's settings; its output goes to the log."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FILLD_")}
        options = ("--config", str(self.config), "--env-file", str(self.env_file))
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *before,
                sys.executable,
                "-m",
                "daemon",
                *verb,
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                cwd=ROOT,
                env=clean | dict(env or {}),
            )

    async def begin(self, *, before: Sequence[str] = ()) -> None:
        """Start `filld run`; do not wait."""
        assert self.process is None or self.process.returncode is not None
        self.process = await self.spawn("run", before=before)

    async def start(self) -> None:
        """Start `filld run` and wait until its door answers."""
        await self.begin()
        await self.until("the daemon to answer", self.answers, START_S)

    async def answers(self) -> bool:
        try:
            await self.ask("/status")
        except (NoDaemonError, DoorError):
            return False
        return True

    async def kill(self) -> None:
        """SIGKILL; it does not matter if it ended already."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, limit_s: float) -> int:
        """The exit code, within the limit."""
        assert self.process is not None
        async with asyncio.timeout(limit_s):
            return await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended(STOP_S)

    async def run(self, *verb: str, limit_s: float = 90, **changes: Any) -> tuple[int, str]:
        """A verb to its end: exit code and what it wrote."""
        at = self.log.stat().st_size if self.log.exists() else 0
        process = await self.spawn(*verb, **changes)
        async with asyncio.timeout(limit_s):
            code = await process.wait()
        return code, self.log.read_bytes()[at:].decode()

    async def ask(self, route: str, options: Mapping[str, str] | None = None) -> Row:
        async with DoorClient(self.folder / "filld.sock", timeout_s=5) as door:
            return await door.get(route, options)

    async def act(self, route: str, body: Row) -> Row:
        async with DoorClient(self.folder / "filld.sock", timeout_s=5) as door:
            return await door.post(route, body)

    async def position(self, symbol: str = "NFL-TEAM-Y") -> Row | None:
        rows = (await self.ask("/positions", {"every": "true"}))["positions"]
        return next((row for row in rows if row["symbol"] == symbol), None)

    async def guard(self, symbol: str = "NFL-TEAM-Y") -> str:
        row = await self.position(symbol)
        return "" if row is None else str(row["guard"])

    async def armed(self, *symbols: str) -> None:
        """Wait until every position of the play (or those named) is guarded."""
        wanted = set(symbols or [held.symbol for held in self.play.held])

        async def look() -> bool:
            rows = (await self.ask("/positions", {"every": "true"}))["positions"]
            return wanted <= {row["symbol"] for row in rows if row["guard"] == "ARMED"}

        await self.until(f"{sorted(wanted)} to be armed", look)

    async def started_and_armed(self) -> None:
        await self.start()
        await self.armed()

    # What filld wrote

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def lines(self, event: str = "") -> list[Row]:
        """The log's lines, or those of one event; only what is new is read."""
        if self.log.exists():
            with self.log.open("rb") as log:
                log.seek(self._log_read)
                new, newline, _unfinished = log.read().rpartition(b"\n")
            self._log_read += len(new) + len(newline)
            self._rows += [json.loads(line) for line in new.splitlines() if line[:1] == b"{"]
        return [row for row in self._rows if event in ("", row["event"])]

    def notices(self, name: str) -> list[Row]:
        return [row for row in self.lines() if row.get("notice") == name]

    def decided(self, kind: type[Command]) -> list[Command]:
        """Every journalled decision of a kind."""
        records = read_only(self.journal).replay()
        return [c for record in records for c in record.commands if isinstance(c, kind)]

    def happened(self, kind: type[Event]) -> list[Event]:
        """Every journalled fact of a kind."""
        records = read_only(self.journal).replay()
        return [record.event for record in records if isinstance(record.event, kind)]

    # The exchange

    def book(self, bids: Levels, asks: Levels, symbol: str = "NFL-TEAM-Y") -> None:
        """The other traders' liquidity."""
        self.paper.venue.tick()
        wanted = (levels_of("bids", list(bids)), levels_of("asks", list(asks)))
        self.paper.venue.traders.set_book(symbol, *wanted)

    def arm(self, kind: FaultKind, **terms: Any) -> Fault:
        """Arm a fault; disconnects need `on_frame`."""
        assert kind not in AT_ONCE or terms.get("on_frame")
        return self.paper.exchange.faults.arm(Fault(kind=kind, **terms))

    def cut(self) -> None:
        """Cut every websocket."""
        self.paper._hub.strike(Fault(kind=FaultKind.WS_DISCONNECT))

    def calm(self, kind: FaultKind | None = None) -> None:
        self.paper.exchange.faults.clear(kind)

    def struck(self, kind: FaultKind) -> int:
        return self.paper.exchange.faults.applied[kind]

    def truth(self) -> Row:
        self.paper.venue.tick()
        return account_truth(self.paper.exchange, ACCOUNT)

    def true_position(self, symbol: str = "NFL-TEAM-Y") -> Row:
        rows = self.truth()["positions"]
        return next(row for row in rows if row["ticker"] == symbol)

    def left(self, symbol: str = "NFL-TEAM-Y") -> Decimal:
        """Signed contracts that the account really holds."""
        return Decimal(self.true_position(symbol)["qty"])

    def sent(self) -> list[Row]:
        """filld's orders as the exchange knows them, oldest first."""
        return [o for o in self.truth()["orders"] if o["client_order_id"].startswith("fd")]

    # Waiting and judging

    async def until(
        self, what: str, look: Callable[[], Any], limit_s: float = 60, *, alive: bool = True
    ) -> Any:
        """Look until something is found; fails with the end of the log when time is up."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            found = look()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            gone = self.process is not None and self.process.returncode is not None
            if alive and gone:
                raise AssertionError(f"filld ended while waiting for {what}\n{self.tail()}")
            await asyncio.sleep(STEP_S)
        raise AssertionError(f"waited {limit_s:g} s in vain for {what}\n{self.tail()}")

    def tail(self) -> str:
        lines = "\n".join(line[:400] for line in self.text().splitlines()[-25:])
        return f"{self.folder}\n{lines}"

    async def until_left(self, qty: str, symbol: str = "NFL-TEAM-Y", limit_s: float = 60) -> None:
        """Wait until the account really holds exactly this much."""
        wanted = Decimal(qty)
        await self.until(f"{symbol} at {qty}", lambda: self.left(symbol) == wanted, limit_s)

    async def until_agreed(self, limit_s: float = 60) -> None:
        """Wait until book and truth agree on everything, then assert it for the message's sake."""

        async def agreed() -> bool:
            return not await self.differences()

        try:
            await self.until("book and truth to agree", agreed, limit_s)
        finally:
            assert not (found := await self.differences()), f"{found}\n{self.tail()}"

    async def differences(self) -> list[str]:
        """Where filld's book and the exchange's truth differ, to the contract and the cent."""
        rows = (await self.ask("/positions", {"every": "true"}))["positions"]
        ours = {row["symbol"]: row for row in rows}
        truth = self.truth()
        found = [d for t in truth["positions"] for d in _compared(ours.get(t["ticker"]), t)]
        found += _received_twice(truth)
        status = await self.ask("/status")
        if status["orders_in_doubt"] or status["exits_at_work"]:
            found.append(f"doubt {status['orders_in_doubt']}, exits {status['exits_at_work']}")
        return found


def _compared(ours: Row | None, truth: Row) -> list[str]:
    symbol = truth["ticker"]
    if ours is None:
        return [f"{symbol}: unknown to filld"]
    fees = Decimal(truth["fees"])
    pairs = {
        "qty": (Decimal(ours["position_qty"]), ZERO if truth["is_settled"] else truth["qty"]),
        "fees": (Decimal(ours["fees"].get("USD", "0")), fees),
        "pnl": (Decimal(ours["realized_pnl"]), Decimal(truth["realized_pnl"]) - fees),
    }
    if Decimal(truth["qty"]) and not truth["is_settled"]:
        del pairs["pnl"]  # part of the fees belongs to what is still held
    found = [
        f"{symbol}: {name} {mine} is not {true}"
        for name, (mine, true) in pairs.items()
        if mine != Decimal(true)
    ]
    if ours["estimated"]:
        found.append(f"{symbol}: something is still estimated")
    if truth["crossings"]:
        found.append(f"{symbol}: oversold {truth['crossings']}")
    return found


def _received_twice(truth: Row) -> list[str]:
    return [
        f"{order_id}: received {got['times']} times with different bodies"
        for order_id, got in truth["client_order_ids"].items()
        if not got["identical"]
    ]


@asynccontextmanager
async def staged(folder: Path, play: Play | None = None) -> AsyncIterator[Stage]:
    """A stage with its exchange running; at the end filld is gone and its log is clean."""
    play = play or Play()
    folder.mkdir(exist_ok=True)
    async with await serve(paper_config(play), clock=OtherClock(play.ahead_s)) as paper:
        paper.write_environments(folder)
        stage = Stage(folder, paper, play)
        try:
            yield stage
        finally:
            if stage.process is not None:
                await stage.kill()
            for ballast in folder.rglob("*.ballast"):
                ballast.unlink()  # 64 MB each
        check_log(stage)


def check_log(stage: Stage) -> None:
    """No traceback, no secret, and nothing that is not one line of JSON or a plain message."""
    text = stage.text()
    assert "Traceback" not in text, stage.tail()
    pem = stage.paper.credential(ACCOUNT).private_pem
    for secret in pem.splitlines():
        assert len(secret) < 20 or secret.startswith("---") or secret not in text
