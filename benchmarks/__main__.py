"""`python -m benchmarks`: measures, prints one table, keeps and compares. Never a gate."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import analysis, core_figures, durable, flood, reaction, restart
from benchmarks.figures import Figure
from benchmarks.table import load, machine, render, save

Benchmark = Callable[..., list[Figure]]

BENCHMARKS: dict[str, Benchmark] = {
    "engine": core_figures.engine_alone,
    "durable": durable.durable_fills,
    "reaction": reaction.reaction,
    "quote": core_figures.quote_decision,
    "flood": flood.quote_flood,
    "sockets": flood.sockets,
    "recovery": restart.recovery,
    "slopes": core_figures.slopes,
    "memory": core_figures.memory,
    "start": restart.start,
    "reconcile": restart.reconcile,
    "analysis": analysis.analysis,
}


def main() -> None:
    """Run what was asked for; a budget that does not hold changes no exit code."""
    options = _options()
    before = load(options.compare) if options.compare else {}
    print(machine(quick=options.quick), flush=True)
    figures: list[Figure] = []
    # Each in a process of its own: what others left of the heap would cost it a third more.
    alone = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with alone:
        for name, measure in BENCHMARKS.items():
            if options.only in {None, name}:
                print(f"measuring {name} ...", file=sys.stderr, flush=True)
                figures += alone.submit(measure, quick=options.quick).result()
    print(render(figures, before))
    if options.json:
        save(options.json, figures, quick=options.quick)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="beside an earlier --json")
    parser.add_argument("--only", choices=sorted(BENCHMARKS), metavar="NAME", help="just this one")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    return parser.parse_args()


if __name__ == "__main__":
    main()
