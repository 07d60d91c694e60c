"""What filld booked in the demo beside what the exchange knows: rows, agreement, a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

from rich import box
from rich.console import Console
from rich.table import Table

from daemon.cli.demo_world import Json, Tell, World

WIDE = 110
IMPOSED = ("funding_pnl", "liquidation_pnl", "adl_pnl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One position as its exchange knows it: what is left, unsigned, fees paid, PnL net of fees."""

    left: Decimal
    fees: dict[str, Decimal]
    pnl: Decimal
    oversold: bool


class Scene(Protocol):
    """One position and what happens to it. `qty` is unsigned."""

    @property
    def venue(self) -> str:
        """As filld calls it."""
        ...

    @property
    def symbol(self) -> str:
        """As the venue spells it."""
        ...

    @property
    def qty(self) -> str:
        """How much is held at the start."""
        ...

    @property
    def side(self) -> str:
        """What is held."""
        ...

    @property
    def story(self) -> str:
        """What happens, in a line."""
        ...

    def play(self, world: World, tell: Tell) -> None:
        """Let it happen until nothing is left; raises DemoError when that takes too long."""
        ...

    def truth(self, world: World) -> Truth:
        """What the exchange knows now."""
        ...


def total(rows: Iterable[Json], name: str) -> Decimal:
    """The sum of a number that stands in every row."""
    return sum((Decimal(str(row[name])) for row in rows), Decimal(0))


def positions(world: World) -> dict[tuple[str, str], Json]:
    """filld's positions by venue and symbol."""
    rows = cast("list[Json]", world.ask("/positions?every=true")["positions"])
    return {(str(row["venue"]), str(row["symbol"])): row for row in rows}


def compare(world: World, scenes: Sequence[Scene]) -> list[Json]:
    """One row per position: ours and the exchange's truth."""
    ours = positions(world)
    exits = cast("list[Json]", world.ask("/exits")["exits"])
    return [
        _row(scene, ours[scene.venue, scene.symbol], exits, scene.truth(world)) for scene in scenes
    ]


def _row(scene: Scene, ours: Json, exits: list[Json], truth: Truth) -> Json:
    mine = [x for x in exits if (x["venue"], x["symbol"]) == (scene.venue, scene.symbol)]
    parts = [part for work in mine for part in cast("list[Json]", work["partial_fills"])]
    qty = total(parts, "qty")
    notional = sum((Decimal(str(p["qty"])) * Decimal(str(p["price"])) for p in parts), Decimal(0))
    paid = cast("dict[str, str]", ours["fees"]).items()
    fees = {coin: Decimal(fee) for coin, fee in paid}
    agrees = (
        bool(ours["settled"])
        and Decimal(str(ours["stake"])) == truth.left == 0
        and fees == truth.fees
        and Decimal(str(ours["realized_pnl"])) == truth.pnl
        and not truth.oversold
    )
    return {
        "venue": scene.venue,
        "symbol": scene.symbol,
        "story": scene.story,
        "side": scene.side,
        "qty": scene.qty,
        "orders": sum(int(str(work["attempts"])) for work in mine),
        "partial_fills": len(parts),
        "avg_price": f"{notional / qty:.4f}" if qty else None,
        "fees": _texts(fees),
        "fees_truth": _texts(truth.fees),
        "pnl": str(ours["realized_pnl"]),
        "pnl_truth": _plain(truth.pnl),
        **{name: str(ours[name]) for name in IMPOSED if name in ours},
        "left": str(ours["stake"]),
        "left_truth": _plain(truth.left),
        "agrees": agrees,
    }


def _texts(fees: dict[str, Decimal]) -> dict[str, str]:
    return {coin: _plain(fee) for coin, fee in sorted(fees.items())}


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show(console: Console, rows: Sequence[Json]) -> None:
    """A table: two lines a position, ours and below it the exchange's.

    Funding, liquidation and ADL have a column where they brought anything.
    """
    imposed = [name for name in IMPOSED if any(name in row for row in rows)]
    table = Table(
        title="What filld booked, and below it what the exchange knows",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1) if console.width >= WIDE else (0, 0),
        show_edge=console.width >= WIDE,
    )
    table.add_column("position", overflow="fold")
    titles = [name.replace("_pnl", " PnL") for name in imposed]
    for name in ("qty", "orders", "parts", "avg price", "fees", *titles, "PnL net", "left", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{row['symbol']}\n[dim]{row['venue']}[/dim]",
            f"{row['qty']}\n[dim]{row['side']}[/dim]",
            str(row["orders"]),
            str(row["partial_fills"]),
            str(row["avg_price"] or "-"),
            _pair(_fees(row["fees"]), _fees(row["fees_truth"])),
            *(str(row.get(name, "0")) for name in imposed),
            _pair(str(row["pnl"]), str(row["pnl_truth"])),
            _pair(str(row["left"]), str(row["left_truth"])),
            "[green]agrees[/green]" if row["agrees"] else "[red]DIFFERS[/red]",
        )
    console.print(table)


def _pair(ours: str, truth: str) -> str:
    return f"{ours}\n[dim]{truth}[/dim]"


def _fees(fees: object) -> str:
    return "\n".join(f"{fee} {coin}" for coin, fee in cast("dict[str, str]", fees).items()) or "0"
