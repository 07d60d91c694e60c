"""Verbs that run something until it ends: run, paper, demo, simulate."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from daemon.app import launch
from daemon.app.paper import serve_paper
from daemon.cli.day_view import show_day
from daemon.cli.demo import run_demo
from daemon.cli.output import tell, tell_json
from daemon.cli.verb import Call, number, verb
from daemon.control.bodies import BadInputError
from daemon.paper.refusal import OperatorError
from daemon.simulation.day import run_day
from daemon.simulation.run import simulate as play

_PAPER_CONFIG = Path("config/paper.toml")
_PAPER_DIR = Path("paper")
_SEEDS = 10**9
_DAY_HOURS = 24.0


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "run")(run)
    verb(application, "paper", settings=False)(paper)
    verb(application, "demo", settings=False)(demo)
    verb(application, "simulate", settings=False)(simulate)


def run(
    call: Call,
    *,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on though another journal traded here.")
    ] = False,
    pretty: Annotated[bool, typer.Option("--pretty", help="Colours instead of JSON.")] = False,
) -> int:
    """Run the daemon until SIGTERM; SIGHUP reads the rules again."""
    if pretty and call.json_output:
        raise BadInputError("--pretty and --json: one of them")
    wanted = launch.Launch(
        settings=call.settings(),
        reload=call.settings,
        take_over=take_over,
        pretty=pretty or (False if call.json_output else None),
    )
    return asyncio.run(launch.run(wanted))


def paper(
    call: Call,
    config: Annotated[
        Path, typer.Option("--config", "-c", help="Markets, accounts, scripts.")
    ] = _PAPER_CONFIG,
    env_dir: Annotated[
        Path, typer.Option("--env-dir", help="Keys and env files are written here.")
    ] = _PAPER_DIR,
) -> int:
    """Serve the paper exchange on loopback; its env files are for filld run --env-file."""

    def announce(what: str, where: str) -> None:
        tell_now(json.dumps({what: where}) if call.json_output else f"{what:<6} {where}")

    try:
        asyncio.run(serve_paper(config, env_dir, announce))
    except OperatorError as error:
        raise BadInputError(str(error)) from None
    return 0


def demo(
    call: Call,
    *,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="VENUE", help="kalshi, binance, bitget, phemex or a market."
        ),
    ] = None,
) -> int:
    """The main job against the paper exchanges, as two processes, with a kill -9 in between."""
    return run_demo(json_output=call.json_output, only=only)


def simulate(
    call: Call,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", parser=number(0), help="The first seed; else a fresh one."
        ),
    ] = None,
    episodes: Annotated[
        int,
        typer.Option(
            "--episodes", metavar="N", parser=number(1), help="Seeds to play, one after the other."
        ),
    ] = 200,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", parser=number(1), help="Processes; else one for each core."
        ),
    ] = None,
    day: Annotated[
        int | None,
        typer.Option("--day", min=1, metavar="MARKETS", help="One trading day with so many."),
    ] = None,
) -> int:
    """Play seeded faults against the real code in virtual time; 1 when a promise broke."""
    first = secrets.randbelow(_SEEDS) if seed is None else seed
    if not call.json_output:
        tell_now(f"seed {first}")
    if day is not None:
        return _day(call, first, day)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("episodes", total=episodes)
        report = play(
            first,
            episodes,
            workers or os.cpu_count() or 1,
            lambda so_far: bar.update(task, completed=so_far.episodes),
        )
    if call.json_output:
        tell_now(report.as_json())
    else:
        for line in report.lines():
            tell_now(line)
    return 0 if report.ok else 1


def _day(call: Call, seed: int, markets: int) -> int:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("day", total=1.0)
        report = run_day(seed, markets, _DAY_HOURS, lambda share: bar.update(task, completed=share))
    if call.json_output:
        tell_json(report.view())
    else:
        show_day(report)
    return 0 if report.ok else 1


def tell_now(text: str) -> None:
    """One line at once, whoever reads."""
    tell(text, flush=True)
