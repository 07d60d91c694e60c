"""Many episodes, in as many processes as wanted. `simulate` is what the command line calls."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from daemon.simulation.episode import Outcome, run_episode
from daemon.simulation.report import Report

_CHUNK = 8

Progress = Callable[[Report], None]


def simulate(
    seed: int,
    episodes: int,
    workers: int = 1,
    progress: Progress = lambda _: None,
    *,
    stop_at_first: bool = False,
) -> Report:
    """Play the episodes `seed` .. `seed + episodes - 1`; `progress` is called after each."""
    return run_seeds(range(seed, seed + episodes), workers, progress, stop_at_first=stop_at_first)


def run_seeds(
    seeds: range | tuple[int, ...],
    workers: int = 1,
    progress: Progress = lambda _: None,
    *,
    stop_at_first: bool = False,
    trading: bool = True,
) -> Report:
    """Play these seeds; the same seed gives the same outcome in whatever process."""
    report = Report(first_seed=seeds[0] if seeds else 0)
    began = time.monotonic()
    for outcome in _outcomes(seeds, workers, trading=trading):
        report.add(outcome)
        report.wall_s = time.monotonic() - began
        progress(report)
        if stop_at_first and report.failures:
            break
    return report


def _outcomes(seeds: Iterable[int], workers: int, *, trading: bool) -> Iterator[Outcome]:
    play = partial(run_episode, trading=trading)
    if workers <= 1:
        for seed in seeds:
            yield play(seed)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        yield from pool.imap(play, seeds, chunksize=_CHUNK)
