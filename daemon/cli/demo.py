"""`filld demo`: a paper exchange and the daemon as two processes, and six ways to lose contracts.

Ends with the exchange's truth beside ours; exit code 0 only if they agree to the cent.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast

from rich import box
from rich.console import Console
from rich.table import Table

from daemon.cli.demo_scenes import SCENES, Row, Scene, filld_toml, paper_toml, set_book
from daemon.cli.demo_world import ACCOUNT, DemoError, World

EXIT_AGREED, EXIT_FAILED, EXIT_DISAGREED = 0, 1, 4
PAIRS = ("fees", "pnl", "left")
TABLE_WIDTH = 134
PAIRS_WIDTH = 126


def run_demo(*, json_output: bool) -> int:
    """Play the demo; returns the exit code: 0 agreed, 1 could not finish, 4 disagreement."""
    console = Console(stderr=json_output)
    if not console.is_terminal:
        console.width = TABLE_WIDTH
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="filld-demo-") as name:
        folder = Path(name)
        world = World(folder, paper_toml(SCENES), filld_toml(SCENES, name))
        try:
            with world.running():
                rows, stop_code = _play(world, console)
        except DemoError as error:
            console.print(f"[red]demo failed:[/red] {error}", highlight=False)
            return EXIT_FAILED
    agreed = stop_code == 0 and all(row["agrees"] for row in rows)
    _show(console, rows, json_output=json_output, agreed=agreed, stop_code=stop_code)
    console.print(
        f"{len(rows)} positions, {time.monotonic() - began:.0f} s, the daemon ended with code"
        f" {stop_code}: {'everything agrees' if agreed else 'THE BOOKS DIFFER'}"
    )
    return EXIT_AGREED if agreed else EXIT_DISAGREED


def _play(world: World, console: Console) -> tuple[list[Row], int]:
    with _step(console, "six positions on the paper exchange, daemon started"):
        for scene in SCENES:
            bid, ask = scene.calm
            set_book(world, scene, bids=[(bid, "500")], asks=[(ask, "500")])
        world.start_daemon()
        world.until("every stop to be armed", lambda: _all_armed(world), 20)
    for scene in SCENES:
        with _step(console, f"{scene.symbol}: {scene.story}"):
            scene.play(world, scene, lambda text: console.print(f"      [dim]{text}[/dim]"))
    with _step(console, "flat on both sides, then SIGTERM"):
        world.until("every position to be settled", lambda: _all_settled(world), 20)
        rows = compare(world)
        code = world.stop_daemon()
    return rows, code


@contextmanager
def _step(console: Console, text: str) -> Iterator[None]:
    console.print(f"  [bold]...[/bold] {text}", highlight=False)
    began = time.monotonic()
    yield
    console.print(f"   [green]ok[/green] [dim]{time.monotonic() - began:.1f} s[/dim]")


def _positions(world: World) -> dict[str, Row]:
    rows = cast("list[Row]", world.ask("/positions?every=true")["positions"])
    return {str(row["symbol"]): row for row in rows}


def _all_armed(world: World) -> bool:
    rows = _positions(world)
    return len(rows) == len(SCENES) and all(row["guard"] == "ARMED" for row in rows.values())


def _all_settled(world: World) -> bool:
    return all(row["settled"] for row in _positions(world).values())


def compare(world: World) -> list[Row]:
    """One row per position: ours and the exchange's truth."""
    oracle = world.admin("GET", f"/oracle/{ACCOUNT}")
    truth = {str(row["ticker"]): row for row in cast("list[Row]", oracle["positions"])}
    ours = _positions(world)
    exits = cast("list[Row]", world.ask("/exits")["exits"])
    return [_row(scene, ours[scene.symbol], exits, truth[scene.symbol]) for scene in SCENES]


def _row(scene: Scene, ours: Row, exits: list[Row], truth: Row) -> Row:
    mine = [work for work in exits if work["symbol"] == scene.symbol]
    parts = [part for work in mine for part in cast("list[Row]", work["partial_fills"])]
    qty = sum((Decimal(str(part["qty"])) for part in parts), Decimal(0))
    notional = sum((Decimal(str(p["qty"])) * Decimal(str(p["price"])) for p in parts), Decimal(0))
    fees = cast("dict[str, str]", ours["fees"]).get("USD", "0")
    true_fees = Decimal(str(truth["fees"]))
    true_pnl = Decimal(str(truth["realized_pnl"])) - true_fees
    flat = Decimal(str(truth["qty"])) == 0 and Decimal(str(ours["stake"])) == 0
    agrees = (
        flat
        and Decimal(fees) == true_fees
        and Decimal(str(ours["realized_pnl"])) == true_pnl
        and not truth["crossings"]
    )
    return {
        "symbol": scene.symbol,
        "story": scene.story,
        "side": "no" if scene.count.startswith("-") else "yes",
        "qty": scene.count.lstrip("-"),
        "orders": sum(int(str(work["attempts"])) for work in mine),
        "partial_fills": len(parts),
        "avg_price": f"{notional / qty:.4f}" if qty else None,
        "fees": fees,
        "fees_truth": f"{true_fees:f}",
        "pnl": str(ours["realized_pnl"]),
        "pnl_truth": f"{true_pnl:f}",
        "left": str(ours["stake"]),
        "left_truth": str(truth["qty"]),
        "agrees": agrees,
    }


def _show(
    console: Console, rows: list[Row], *, json_output: bool, agreed: bool, stop_code: int
) -> None:
    if json_output:
        result = {"agreed": agreed, "daemon_exit_code": stop_code, "positions": rows}
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return
    narrow = console.width < PAIRS_WIDTH
    between = "\n" if narrow else " | "
    table = Table(
        title=f"What filld booked{', and below it' if narrow else ' |'} what the exchange knows",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 0) if narrow else (0, 1),
        show_edge=not narrow,
    )
    average = "avg\nprice" if narrow else "avg price"
    for name in ("position", "side", "qty", "orders", "parts", average):
        right = name not in {"position", "side"}
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for name in ("fees", "PnL net", "left", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        mark = "[green]agrees[/green]" if row["agrees"] else "[red]DIFFERS[/red]"
        cells = ("symbol", "side", "qty", "orders", "partial_fills", "avg_price")
        pairs = (between.join((_cell(row[name]), _cell(row[f"{name}_truth"]))) for name in PAIRS)
        table.add_row(*(_cell(row[name]) for name in cells), *pairs, mark)
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = str(value)
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
