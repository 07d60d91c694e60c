"""What `filld top` shows on a screen of 80 by 24: nearest first, cut but never wrapped."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from daemon.analytics.scene import View
from daemon.cli.frame import Shot, brief, frame, share_left

NOW = "2026-01-02T03:04:05Z"


def drawn(shot: Shot, gone: str = "", height: int = 24) -> list[str]:
    """The lines of a frame, with colours as escapes."""
    console = Console(
        file=io.StringIO(), width=80, height=height, force_terminal=True, color_system="standard"
    )
    with console.capture() as capture:
        console.print(frame(shot, height, gone))
    return capture.get().splitlines()


def text_of(shot: Shot, gone: str = "", height: int = 24) -> list[str]:
    """The same without colours."""
    console = Console(file=io.StringIO(), width=80, height=height)
    with console.capture() as capture:
        console.print(frame(shot, height, gone))
    return capture.get().splitlines()


def position(symbol: str, left: str | None = None, guard: str = "ARMED") -> View:
    level: View = {"level_price": "0.5", "distance": left}
    price = None if left is None else "0.6"
    return {
        "symbol": symbol,
        "side": "yes",
        "stake": "100",
        "guard": guard,
        "levels": [level],
        "executable_price": price,
    }


def shot_of(positions: list[View], exits: list[View] | None = None, **status: Any) -> Shot:
    account: View = {"account": "main", "venue": "kalshi", "stream_up": True, "live": True}
    return Shot(
        status={"time": NOW, "seq": 7, "live": True, "accounts": [account], **status},
        positions={"positions": positions},
        exits={"time": NOW, "exits": exits or []},
        health={"ready": True, "sentence": "all is well"},
    )


def test_the_venue_is_named_where_there_are_several() -> None:
    held = position("ETHUSDT", "0.1") | {"venue": "binance-usdm"}
    work = exit_at_work("BTCUSDT") | {"venue": "bitget-spot"}
    one: View = {"account": "main", "venue": "binance-usdm", "stream_up": True, "live": True}
    lines = text_of(shot_of([held], [work], accounts=[one, {**one, "venue": "bitget-spot"}]))
    assert any(line.startswith("ETHUSDT binance-usdm ") for line in lines)
    assert len([line for line in lines if line.startswith("BTCUSDT bitget-spot ")]) > 1
    assert not any("ETHUSDT b" in line for line in text_of(shot_of([held], accounts=[one])))


def exit_at_work(symbol: str) -> View:
    part = {"time": "2026-01-02T03:04:01Z", "qty": "5", "price": "0.58", "reason": "stop_loss"}
    opened = "2026-01-02T02:04:05Z"
    return {"symbol": symbol, "open": True, "opened_time": opened, "partial_fills": [part] * 9}


def test_the_nearest_to_its_stop_comes_first_and_the_unwatched_before_all() -> None:
    far, near, met = position("FAR", "0.2"), position("NEAR", "0.01"), position("MET", "-0.1")
    rows = [far, position("DARK"), near, position("BARE", guard="NO_RULE"), met]
    lines = text_of(shot_of(rows))
    first = [line.split()[0] for line in lines]
    at = first.index("position")
    assert first[at + 1 : at + 6] == ["BARE", "MET", "NEAR", "FAR", "DARK"]


@pytest.mark.parametrize(
    ("row", "colour"),
    [
        (position("X", "0.2"), "32m"),
        (position("X", "0.05"), "33m"),
        (position("X", "0.01"), "31m"),
        (position("X", "-0.01"), "1;35m"),
        (position("X", "0.2", "EXITING"), "1;35m"),
        (position("X", "0.2", "UNGUARDED"), "1;31m"),
        (position("X"), "2m"),
    ],
)
def test_colours_tell_how_near(row: View, colour: str) -> None:
    (line,) = [line for line in drawn(shot_of([row])) if "100" in line]
    assert f"\x1b[{colour}" in line


def test_a_share_needs_a_price() -> None:
    assert share_left(position("X")) is None
    assert share_left({**position("X", "0.1"), "executable_price": "0"}) is None


@pytest.mark.parametrize("height", [24, 12, 50])
def test_a_crowd_is_cut_to_the_screen_and_counted(height: int) -> None:
    long = "KXNFLGAME-26JAN04-A-VERY-LONG-NAME-INDEED"
    held = [position(f"{long}-{number}", "0.1") for number in range(60)]
    work = [exit_at_work(f"{long}-{number}") for number in range(40)]
    lines = text_of(shot_of(held, work), height=height)
    assert len(lines) == height
    assert max(map(len, lines)) <= 80
    assert sum("more" in line for line in lines) == 3
    assert lines[-1].strip() == "q ends"
    (row, *_) = [line for line in lines if line.startswith("KXNFLGAME")]
    assert "…" in row
    assert row.split()[1:4] == ["yes", "100", "-"]


def test_what_is_wrong_is_said_above() -> None:
    accounts = [
        {"account": "a", "venue": "v", "live": False, "stream_up": True},
        {"account": "b", "venue": "v", "live": True, "halted": True, "orders_in_doubt": 2},
        *[{"account": "c", "venue": "v", "live": True, "stream_up": True}] * 3,
    ]
    shot = shot_of([], halted=True, live=False, accounts=accounts)
    lines = text_of(shot)
    assert "HALTED" in lines[0]
    assert "live orders are off" in lines[0]
    assert lines[1].startswith("ready: all is well")
    assert "only recorded" in lines[2]
    assert all(word in lines[3] for word in ("HALTED", "stream down", "2 IN DOUBT"))
    assert lines[5].strip() == "and 2 more accounts"
    assert [line.strip() for line in lines[6:9]] == [
        "no positions",
        "no exits at work",
        "no fills",
    ]


def test_without_a_daemon_the_last_shot_stays() -> None:
    lines = text_of(shot_of([position("STILL", "0.1")]), "nobody answers")
    assert lines[0].startswith("filld: no daemon (nobody answers)")
    assert lines[1].startswith("what follows is what it said last")
    assert any(line.startswith("STILL") for line in lines)
    assert text_of(Shot(), "nobody answers")[2].strip() == "no positions"


def test_an_exit_shows_for_how_long_and_its_fills() -> None:
    lines = text_of(shot_of([], [exit_at_work("OUT")]))
    (row,) = [line for line in lines if line.startswith("OUT") and "60 min" in line]
    assert row.split()[-2:] == ["60", "min"]
    fills = [line for line in lines if "03:04:01" in line]
    assert len(fills) == 4
    assert "and 5 more" in " ".join(lines)


def test_a_hostile_name_moves_no_cursor() -> None:
    lines = text_of(shot_of([position("\x1b[2J[red]X", "0.1")]))
    assert any(line.startswith("\\x1b[2J[red]X") for line in lines)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0.5588888888", "0.5589"),
        ("-1.3000000001", "-1.3"),
        ("2496.5", "2496.5"),
        ("0.0000123456", "0.00001235"),
        ("0", "0"),
        (None, None),
    ],
)
def test_a_screen_is_no_ledger(number: str | None, shown: str | None) -> None:
    assert brief(number) == shown


def test_the_log_tells_of_fills_that_belong_to_no_exit() -> None:
    part = {"time": "2026-01-02T03:04:01Z", "qty": "5", "price": "0.58", "exec_id": "t1"}
    ended: View = {"symbol": "A", "open": False, "partial_fills": [part]}
    line = {"venue": "kalshi", "side": "buy", "last_qty": "7", "last_px": "0.30", "seq": 4}
    told = (
        {**line, "symbol": "A", "exec_id": "t1", "timestamp": "2026-01-02T03:04:01.5Z"},
        {**line, "symbol": "B", "exec_id": "t2", "timestamp": "2026-01-02T03:04:02Z", "cause": 3},
        {**line, "symbol": "C", "exec_id": "t3", "timestamp": "2026-01-02T03:04:03Z"},
    )
    held: View = {**position("C"), "venue": "kalshi", "side": "no"}
    lines = text_of(dataclasses.replace(shot_of([held], [ended]), fills=told))
    at = next(number for number, line in enumerate(lines) if line.startswith("last fill"))
    rows = [line.split() for line in lines[at + 1 : at + 4]]
    assert [row[0] for row in rows] == ["C", "B", "A"]
    assert rows[0][2:6] == ["7", "0.7", "buy,", "stranger's"]  # what a NO was sold for
    assert rows[1][2:6] == ["7", "0.30", "buy,", "ours"]
    assert rows[2][2:4] == ["5", "0.58"]
