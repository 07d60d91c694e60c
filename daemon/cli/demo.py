"""`filld demo`: paper exchanges and the daemon as two processes, and many ways to lose contracts.

Ends with the exchanges' truth beside ours; exit code 0 only if they agree to the last digit.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from daemon.cli import demo_coins, demo_kalshi
from daemon.cli.demo_coins import CoinScene
from daemon.cli.demo_kalshi import KalshiScene
from daemon.cli.demo_report import Scene, compare, positions, show
from daemon.cli.demo_world import STEP_S, DemoError, Json, World, toml_table
from daemon.control.bodies import BadInputError

AnyScene = KalshiScene | CoinScene
EXIT_AGREED, EXIT_FAILED, EXIT_DISAGREED = 0, 1, 4
SCENES: tuple[AnyScene, ...] = (*demo_kalshi.SCENES, *demo_coins.SCENES)
PATIENCE_S = 30.0
TABLE_WIDTH = 134


def chosen(only: str | None) -> tuple[AnyScene, ...]:
    """The scenes of a venue or of one of its markets; all where nothing is asked for.

    Raises BadInputError with the words that are accepted.
    """
    if only is None:
        return SCENES
    word = only.replace("_", "-")
    found = tuple(s for s in SCENES if word in (s.venue, s.venue.partition("-")[0]))
    if not found:
        venues = dict.fromkeys(s.venue for s in SCENES)
        words = dict.fromkeys(w for v in venues for w in (v.partition("-")[0], v))
        raise BadInputError(f"--only {only!r}: accepted: {', '.join(words)}")
    return found


def run_demo(*, json_output: bool, only: str | None = None) -> int:
    """Play the demo; returns the exit code: 0 agreed, 1 could not finish, 4 disagreement.

    Raises BadInputError when `only` is no venue.
    """
    scenes = chosen(only)
    console = Console(stderr=json_output)
    if not console.is_terminal:
        console.width = TABLE_WIDTH
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="filld-demo-") as name:
        world = World(Path(name), paper_toml(scenes), filld_toml(scenes, name))
        try:
            with world.running():
                rows, stop_code = _play(world, scenes, console)
        except DemoError as error:
            console.print(f"[red]demo failed:[/red] {error}", highlight=False)
            return EXIT_FAILED
    agreed = stop_code == 0 and all(row["agrees"] for row in rows)
    if json_output:
        result = {"agreed": agreed, "daemon_exit_code": stop_code, "positions": rows}
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        show(console, rows)
    console.print(
        f"positions: {len(rows)}, {time.monotonic() - began:.0f} s, the daemon ended with code"
        f" {stop_code}: {'everything agrees' if agreed else 'THE BOOKS DIFFER'}"
    )
    return EXIT_AGREED if agreed else EXIT_DISAGREED


def paper_toml(scenes: Sequence[AnyScene]) -> str:
    """The paper exchanges of these scenes."""
    kalshi, coins = _parted(scenes)
    parts = [toml_table("", seed=7, tick_ms=20)]
    parts += [demo_kalshi.paper_toml(kalshi)] if kalshi else []
    return "".join([*parts, demo_coins.paper_toml(coins)])


def filld_toml(scenes: Sequence[AnyScene], folder: str) -> str:
    """The daemon's configuration for these scenes."""
    kalshi, coins = _parted(scenes)
    often = {"refresh_active": "1", "refresh_idle": "2", "reconcile_interval_s": "2"}
    parts = [toml_table("", **often, grace_s="1")]
    parts.append(toml_table("[journal]", path=f"{folder}/journal.db", state_dir=folder))
    parts.append(toml_table("[control]", socket=f"{folder}/filld.sock"))
    parts += [demo_kalshi.filld_toml(kalshi)] if kalshi else []
    return "".join([*parts, demo_coins.filld_toml(coins)])


def _parted(scenes: Sequence[AnyScene]) -> tuple[list[KalshiScene], list[CoinScene]]:
    kalshi = [scene for scene in scenes if isinstance(scene, KalshiScene)]
    return kalshi, [scene for scene in scenes if isinstance(scene, CoinScene)]


def _play(world: World, scenes: Sequence[Scene], console: Console) -> tuple[list[Json], int]:
    venues = ", ".join(dict.fromkeys(scene.venue for scene in scenes))
    with _step(console, f"{len(scenes)} positions on {venues}; one daemon guards them"):
        world.start_daemon()
        for scene in scenes:
            _until_armed(world, scene)
    for scene in scenes:
        with _step(console, f"{scene.venue} {scene.symbol}: {scene.story}"):
            _until_armed(world, scene)
            scene.play(world, lambda text: console.print(f"      [dim]{text}[/dim]"))
    with _step(console, "flat on both sides, then SIGTERM"):
        rows = _settled(world, scenes)
        code = world.stop_daemon()
    return rows, code


@contextmanager
def _step(console: Console, text: str) -> Iterator[None]:
    console.print(f"  [bold]...[/bold] {text}", highlight=False)
    began = time.monotonic()
    yield
    console.print(f"   [green]ok[/green] [dim]{time.monotonic() - began:.1f} s[/dim]")


def _until_armed(world: World, scene: Scene) -> None:
    def armed() -> bool:
        row = positions(world).get((scene.venue, scene.symbol))
        return row is not None and row["guard"] == "ARMED"

    world.until(f"{scene.venue} {scene.symbol} to be guarded", armed, PATIENCE_S)


def _settled(world: World, scenes: Sequence[Scene]) -> list[Json]:
    """The rows, once they agree or it is too late for that."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = compare(world, scenes)
        if all(row["agrees"] for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(STEP_S)
