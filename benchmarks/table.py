"""Figures as a table for people and as JSON to be kept and compared."""

from __future__ import annotations

import os
import platform
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, number

COLUMNS = ("figure", "ours", "floor", "ratio", "budget", "holds")


class Kept(msgspec.Struct, kw_only=True):
    """One figure of an earlier run."""

    name: str
    unit: str
    ours: float
    floor: float | None = None
    ratio: float | None = None
    budget: str = ""
    holds: bool | None = None
    note: str = ""


class Run(msgspec.Struct, kw_only=True):
    """One run, as `--json` keeps it."""

    machine: str
    figures: list[Kept]


def machine(*, quick: bool) -> str:
    """Where and with what this was measured: an optimised build alone makes 1.4 to 1.9 times."""
    config = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = (
        "--enable-optimizations"
        if "--enable-optimizations" in config
        else "no --enable-optimizations"
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{platform.python_implementation()} {platform.python_version()} ({build}),"
        f" {platform.machine()}, {os.cpu_count()} cores, load {load}{', quick' if quick else ''}"
    )


def keep(figure: Figure) -> Kept:
    """What is kept of a figure."""
    return Kept(
        name=figure.name,
        unit=figure.unit,
        ours=figure.ours,
        floor=figure.floor,
        ratio=figure.ratio,
        budget=str(figure.budget or ""),
        holds=figure.holds,
        note=figure.note,
    )


def save(path: Path, figures: Sequence[Figure], *, quick: bool) -> None:
    """Write a run."""
    run = Run(machine=machine(quick=quick), figures=[keep(figure) for figure in figures])
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run)))


def load(path: Path) -> dict[str, Kept]:
    """The figures of an earlier run by name."""
    run = msgspec.json.decode(path.read_bytes(), type=Run)
    return {kept.name: kept for kept in run.figures}


def render(figures: Sequence[Figure], before: Mapping[str, Kept]) -> str:
    """The table, its notes under each line; with an earlier run, how much ours and ratio moved."""
    rows = [_row(figure) for figure in figures]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = [_line(COLUMNS, widths), "  ".join("-" * width for width in widths)]
    for figure, row in zip(figures, rows, strict=True):
        lines.append(_line(row, widths))
        notes = [f"floor: {figure.floor_is}" if figure.floor_is else "", figure.note]
        notes.append(_change(figure, before.get(figure.name)))
        lines += [f"    {note}" for note in notes if note]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    floor = "" if figure.floor is None else f"{number(figure.floor)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{number(figure.ratio)}x"
    holds = {True: "yes", False: "NO", None: ""}[figure.holds]
    ours = f"{number(figure.ours)} {figure.unit}"
    return (figure.name, ours, floor, ratio, str(figure.budget or ""), holds)


def _change(figure: Figure, kept: Kept | None) -> str:
    if kept is None or not kept.ours:
        return ""
    said = f"before: {number(kept.ours)} {kept.unit}, now {number(figure.ours / kept.ours)} of it"
    if kept.ratio and figure.ratio:
        said += f"; ratio {number(kept.ratio)}x -> {number(figure.ratio)}x"
    return said
