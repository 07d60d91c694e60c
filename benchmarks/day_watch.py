"""Looks at both processes while the day goes on: prices, memory, descriptors, the journal, lag."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

from benchmarks.day_stage import ACCOUNT
from daemon.analytics.day_report import Notice, Truth
from daemon.analytics.tape import Tape
from daemon.cli.demo_world import World
from daemon.core.terms import ZERO
from daemon.simulation.gauge import descriptors, file_bytes, resident_bytes

SAMPLED = (
    "at_s", "door_ms", "rss_mb", "descriptors", "journal_mb", "log_mb", "records", "positions",
    "exits", "doubt", "paper_rss_mb",
)  # fmt: skip
_MB = 1_000_000
Rows = list[dict[str, object]]


@dataclass(slots=True)
class Watch:
    """What was seen so far; times are seconds since `began_ns` (UTC)."""

    world: World
    began_ns: int
    tapes: dict[tuple[str, str], Tape] = field(default_factory=dict)
    samples: list[tuple[float, ...]] = field(default_factory=list)
    moves: int = 0

    @property
    def now_s(self) -> float:
        """Seconds of the day by now."""
        return (time.time_ns() - self.began_ns) / 1e9

    def pid(self, name: str) -> int:
        """The process id of `daemon` or `paper`."""
        return self.world._processes[name].pid

    def look_at_prices(self) -> None:
        """Note the best prices of every market, as the exchange has them."""
        rows = cast("Rows", self.world.admin("GET", "/markets")["markets"])
        now_s = self.now_s
        for row in rows:
            book = cast("dict[str, list[list[str]]]", row["orderbook_fp"])
            symbol = str(cast("dict[str, object]", row["market"])["ticker"])
            for side in ("yes", "no"):
                levels = book.get(f"{side}_dollars") or []
                best = max((Decimal(px) for px, _ in levels), default=None)
                self.tapes.setdefault((symbol, side), Tape()).note(now_s, best)

    def look_at_processes(self) -> None:
        """One sample of the daemon, unless it is down or does not answer."""
        folder = self.world.folder
        began = time.monotonic()
        try:
            status = self.world.ask("/status")
            door_ms = (time.monotonic() - began) * 1e3
            rss, count = resident_bytes(self.pid("daemon")), descriptors(self.pid("daemon"))
        except (OSError, http.client.HTTPException, ValueError):
            return
        self.samples.append(
            (
                round(self.now_s, 1),
                round(door_ms, 1),
                round(rss / _MB, 1),
                count,
                round(file_bytes(folder / "journal.db") / _MB, 2),
                round(file_bytes(folder / "daemon.log") / _MB, 2),
                _number(status["seq"]),
                _number(status["positions_held"]),
                _number(status["exits_at_work"]),
                _number(status["orders_in_doubt"]),
                round(resident_bytes(self.pid("paper")) / _MB, 1),
            )
        )

    def script_moves(self) -> int:
        """How often strangers changed a book so far."""
        rows = cast("Rows", self.world.admin("GET", "/scripts")["scripts"])
        return sum(int(str(row["moves"])) for row in rows)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def truths(world: World) -> dict[str, list[dict[str, object]]]:
    """The exchange's own executions by our order id."""
    oracle = world.admin("GET", f"/oracle/{ACCOUNT}")
    found: dict[str, list[dict[str, object]]] = {}
    for fill in cast("Rows", oracle["fills"]):
        found.setdefault(str(fill["client_order_id"]), []).append(fill)
    return found


def truth_of(
    fills: dict[str, list[dict[str, object]]], order_ids: tuple[str, ...], side: str | None
) -> Truth:
    """What the exchange executed of these orders, in dollars of the side held."""
    mine = [fill for name in order_ids for fill in fills.get(name, ())]
    parts = [(Decimal(str(fill["qty"])), Decimal(str(fill["yes_price"]))) for fill in mine]
    return Truth(
        qty=sum((qty for qty, _ in parts), ZERO),
        notional=sum((qty * (px if side == "yes" else 1 - px) for qty, px in parts), ZERO),
        fees=sum((Decimal(str(fill["fee"])) for fill in mine), ZERO),
    )


def log_lines(path: Path) -> Iterator[dict[str, object]]:
    """The daemon's log; what is no JSON (a traceback) comes as {"event": "not_json"}."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield cast("dict[str, object]", json.loads(line))
            except ValueError:
                yield {"event": "not_json", "text": line.rstrip()}


def notices(lines: list[dict[str, object]], began_ns: int) -> list[Notice]:
    """The notices among the lines of a log."""
    return [
        Notice(
            round(datetime.fromisoformat(str(line["timestamp"])).timestamp() - began_ns / 1e9, 1),
            str(line["notice"]),
            str(line["text"]),
            str(line.get("client_order_id") or line.get("symbol") or ""),
            bool(line.get("urgent")),
        )
        for line in lines
        if line["event"] == "notice"
    ]
