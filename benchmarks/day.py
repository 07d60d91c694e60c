"""`python -m benchmarks.day`: a trading day in a few minutes, two real processes over sockets.

The daemon against the paper exchange: strangers move a few hundred books, stops fire, markets
settle, trading pauses, answers get lost, the daemon is ended once politely and once not. Then the
same report as `filld simulate --day`, against the exchange's own truth. Ends with 1 if they differ.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

from benchmarks.day_stage import (
    ACCOUNT,
    FAULTS,
    SETTLING,
    Deed,
    draw,
    filld_toml,
    paper_toml,
    schedule,
)
from benchmarks.day_watch import SAMPLED, Rows, Watch, log_lines, notices, truth_of, truths
from daemon.analytics.day_report import DayReport
from daemon.analytics.exit_report import exit_lines, unseen_fills
from daemon.analytics.tape import Day, judged
from daemon.cli.day_view import show_day
from daemon.cli.demo_world import Json, World
from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION
from daemon.core.position import Position
from daemon.core.terms import USD, ZERO, PositionKey, Symbol, proper
from daemon.journal.sqlite import read_only
from daemon.runtime.recovery import recover
from daemon.simulation.verdict import cash_of

LOOK_S = 1.0
REST_S = 60.0
TICK = Decimal("0.01")
SPREAD = 2 * TICK
JUDGED = frozenset({"ARMED", "EXITING", "UNCONFIRMED"})


class Run:
    """One day: `play` it, then `report`."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.options = options
        self.markets = draw(options.seed, options.markets)
        self.world = World(
            folder,
            paper_toml(options.seed, self.markets, options.tier),
            filld_toml(self.markets, str(folder)),
        )
        self.downs: list[tuple[float, float]] = []
        self.pauses: list[tuple[float, float]] = []
        self.stop_codes: list[int] = []
        self.watch = Watch(self.world, 0)
        self.moves = 0
        self.armed_s = 0.0
        self.judged: set[str] = set()

    def play(self) -> None:
        """Start, live through the day, come to rest, stop."""
        for fault in FAULTS:
            self.world.admin("POST", "/faults", {**fault, "count": None})
        self.watch.began_ns = time.time_ns()
        self.world.start_daemon()
        deeds = schedule(self.markets)
        until_s = float(self.options.seconds)
        while self.watch.now_s < until_s:
            while deeds and self.watch.now_s >= deeds[0].share * until_s:
                self._do(deeds.pop(0))
            self._look()
        self._come_to_rest()
        self.stop_codes.append(self.world.stop_daemon())

    def _look(self) -> None:
        began = time.monotonic()
        self.watch.look_at_prices()
        self.watch.look_at_processes()
        if not self.armed_s and self._all_guarded():
            self.armed_s = self.watch.now_s
        time.sleep(max(LOOK_S - (time.monotonic() - began), 0.0))

    def _all_guarded(self) -> bool:
        """Whether every position but those that settle has been priced and judged once."""
        rows = cast("Rows", self.world.ask("/positions?every=true")["positions"])
        self.judged |= {str(row["symbol"]) for row in rows if row["guard"] in JUDGED}
        return len(self.judged) >= len(self.markets) - SETTLING

    def _do(self, deed: Deed) -> None:
        began_s = self.watch.now_s
        match deed.what:
            case "settle":
                self._settle(deed)
            case "pause":
                self.world.admin("PUT", "/exchange", {"trading_active": False})
                self.pauses.append((began_s, float("inf")))
            case "resume":
                self.world.admin("PUT", "/exchange", {"trading_active": True})
                self.pauses[-1] = (self.pauses[-1][0], began_s)
            case "disconnect":
                self.world.admin("POST", "/disconnect")
            case "terminate":
                self.stop_codes.append(self.world.stop_daemon())
                self._start_again(began_s)
            case _:
                self.world.kill_daemon()
                self._start_again(began_s)

    def _start_again(self, began_s: float) -> None:
        self.world.start_daemon()
        self.downs.append((began_s, self.watch.now_s))

    def _settle(self, deed: Deed) -> None:
        place = f"/markets/{deed.symbol}"
        self.world.admin("POST", f"{place}/close", {"in_s": 0})
        body: Json = {"result": deed.result}
        if deed.result == "scalar":
            body["settlement_value"] = "0.37"
        self.world.admin("POST", f"{place}/determine", body)

    def _come_to_rest(self) -> None:
        """No more strangers and faults; open exits find a buyer where the price stands."""
        self.moves = self.watch.script_moves()
        for held in self.markets:
            self.world.admin("DELETE", f"/scripts/{held.symbol}")
        self.world.admin("DELETE", "/faults")
        self.world.until("exits and doubts to end", self._rested, REST_S)

    def _rested(self) -> bool:
        self._look()
        status = self.world.ask("/status")
        exits = cast("Rows", self.world.ask("/exits")["exits"])
        for row in exits:
            if row["open"]:
                self._fill_up(str(row["symbol"]))
        return not status["exits_at_work"] and not status["orders_in_doubt"]

    def _fill_up(self, symbol: str) -> None:
        """Let there be enough on both sides, where the market stands or two cents from there."""
        yes, no = (self.watch.tapes[symbol, side].last for side in ("yes", "no"))
        ask = None if no is None else 1 - no
        if yes is None and ask is None:
            return
        bid = yes or max((ask or SPREAD) - SPREAD, TICK)
        ask = ask or min(bid + SPREAD, 1 - TICK)
        body: Json = {"bids": [(f"{bid}", "5000")], "asks": [(f"{ask}", "5000")]}
        self.world.admin("PUT", f"/markets/{symbol}/book", body)

    def report(self) -> DayReport:
        """What the day came to, out of the journal, the log and the exchange's truth."""
        reader = read_only(self.world.folder / "journal.db", ENGINE_VERSION)
        book = recover(reader)[0].book
        lines = list(log_lines(self.world.folder / "daemon.log"))
        fills = truths(self.world)
        day = Day(
            began_ns=self.watch.began_ns,
            now_s=self.watch.now_s,
            downs=self.downs,
            pauses=self.pauses,
        )
        report = DayReport(title=self._title(), sampled=SAMPLED, samples=self.watch.samples)
        for line in exit_lines(book):
            tape = self.watch.tapes[line.symbol, line.side or "yes"]
            truth = truth_of(fills, line.order_ids, line.side)
            report.exits.append(judged(line, tape, day, truth))
        report.unseen = list(unseen_fills(record.event for record in reader.replay()))
        report.notices = notices(lines, self.watch.began_ns)
        report.failures = [*self._differences(book), *_log_failures(lines)]
        if any(self.stop_codes):
            report.failures.append(f"the daemon ended with {self.stop_codes}")
        kinds = Counter(type(record.event).__name__ for record in reader.replay())
        report.facts = self._facts(lines) | {"journalled": dict(kinds.most_common())}
        reader.close()
        return report

    def _title(self) -> str:
        given = self.options
        return (
            f"day over sockets: seed {given.seed}, {given.markets} markets, {given.seconds} s,"
            f" tier {given.tier}"
        )

    def _facts(self, lines: list[dict[str, object]]) -> dict[str, object]:
        applied = cast("Json", self.world.admin("GET", "/faults")["applied"])
        levels = Counter(str(line.get("level")) for line in lines)
        return {
            "others_moves": self.moves,
            "first_guarded_s": round(self.armed_s, 1),
            "down_s": [round(end - begin, 1) for begin, end in self.downs],
            "log_lines": len(lines),
            "log_levels": dict(levels),
            "log_events": dict(Counter(str(line["event"]) for line in lines).most_common()),
            "faults": applied,
        }

    def _differences(self, book: Book) -> Iterator[str]:
        oracle = self.world.admin("GET", f"/oracle/{ACCOUNT}")
        for row in cast("Rows", oracle["positions"]):
            symbol = Symbol(str(row["ticker"]))
            found = [p for key, p in book.positions.items() if key.symbol == symbol]
            if found:
                yield from _position_differs(found[0], row)
            elif not row["is_settled"]:  # else it was over before anybody could look
                yield f"{symbol} is not in the book"


def _position_differs(position: Position, row: dict[str, object]) -> Iterator[str]:
    key: PositionKey = position.key
    qty, cost, realized, fees = (
        Decimal(str(row[name])) for name in ("qty", "cost", "realized_pnl", "fees")
    )
    if position.qty != qty:
        yield f"{key.symbol}: book {proper(position.qty)}, exchange {proper(qty)}"
    paid = position.fees.get(USD, ZERO)
    if paid != fees:
        yield f"{key.symbol}: fees in the book {proper(paid)}, exchange {proper(fees)}"
    # An open NO is a short of YES in the book and costs its complement at the exchange.
    cash = cash_of(position) + min(position.qty, ZERO)
    if position.qty == qty and abs(cash - (realized - cost - fees)) > Decimal("1e-6"):
        yield f"{key.symbol}: cash in the book {proper(cash)}, exchange {realized - cost - fees}"
    if row["crossings"]:
        yield f"{key.symbol}: went through zero: {row['crossings']}"


def _log_failures(lines: list[dict[str, object]]) -> Iterator[str]:
    for line in lines:
        if line["event"] in {"not_json", "observer_failed"}:
            yield f"log: {line}"


def play(options: argparse.Namespace, tell: Callable[[str], None]) -> DayReport:
    """One whole day in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="filld-day-", dir=options.dir) as name:
        run = Run(Path(name), options)
        with run.world.running():
            tell(f"{options.markets} markets for {options.seconds} s ...")
            run.play()
            return run.report()


def main() -> None:
    """Play, print, end with 0 only if all agrees."""
    options = parse(sys.argv[1:])
    report = play(options, lambda text: print(text, file=sys.stderr, flush=True))
    show_day(report)
    if options.json:
        options.json.write_text(json.dumps(report.view(), indent=2), encoding="utf-8")
    raise SystemExit(0 if report.ok else 1)


def parse(words: list[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markets", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--tier", default="basic", help="the account's rate limits")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the report")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="where journal and logs lie")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
