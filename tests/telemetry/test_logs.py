"""Lines: the table is complete, a line is one line of JSON, secrets stay out, nothing blocks.

Covers daemon.telemetry.logs, daemon.telemetry.coloured, daemon.telemetry.table and
daemon.telemetry.views.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import io
import json
import re
import threading
import types
import typing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from daemon.core import commands, decisions, estimates, events, requests
from daemon.core.commands import Command, NoticeKind, Notify, PlaceOrder
from daemon.core.decisions import OpenExit
from daemon.core.events import Event, Quote, StreamLost
from daemon.core.instrument import Instrument
from daemon.core.terms import (
    ClientOrderId,
    PositionKey,
    PositionSide,
    RuleKind,
    Side,
    Symbol,
    TimeInForce,
)
from daemon.ports import Observer
from daemon.telemetry.coloured import Coloured
from daemon.telemetry.logs import RENAMED, LineSink, LineWriter, LogObserver, printable, timestamp
from daemon.telemetry.table import COMMAND_LINES, DEBUG, EVENT_LINES, Line
from tests import builders as make

KEY = make.KEY
EVENT = StreamLost(**make.AT_VENUE)
NOW_NS = 1_700_000_000_123_456_789
QUOTE = make.quote(bid="0.40", ask="0.42")
OPEN = OpenExit(
    key=KEY,
    exit_no=1,
    reason=RuleKind.ABSOLUTE,
    exit_qty=Decimal("100.00"),
    trigger_px=Decimal("0.40"),
    level_px=Decimal("0.41"),
    quote=QUOTE,
)
ORDER = PlaceOrder(
    key=KEY,
    client_order_id=ClientOrderId("fd" + "a" * 30),
    exit_no=1,
    attempt=1,
    side=Side.SELL,
    order_qty=Decimal(100),
    limit_px=Decimal("0.35"),
    time_in_force=TimeInForce.IOC,
    reduce_only=True,
)
MARKET = make.market_read()


class Lines:
    """A log with its output in memory."""

    def __init__(self, level: str = "debug", *, pretty: bool = False) -> None:
        self.stream = io.BytesIO()
        self.sink = LineSink(Coloured(self.stream) if pretty else self.stream)
        writer = LineWriter(self.sink, lambda: NOW_NS, level)
        self.log = writer.log
        self.observer = LogObserver(writer)

    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        self.sink.close()
        return self.stream.getvalue().decode()


def value(hint: object) -> object:
    """Some value of a type, for a line of every class."""
    if isinstance(hint, typing.NewType):
        return value(hint.__supertype__)
    made: dict[object, object] = {
        str: "x",
        int: 1,
        bool: True,
        Decimal: Decimal("1.50"),
        PositionKey: KEY,
        Instrument: MARKET.instrument,
    }
    if hint in made:
        return made[hint]
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        return value(next(arg for arg in typing.get_args(hint) if arg is not type(None)))
    if typing.get_origin(hint) is tuple:
        return ()
    assert isinstance(hint, type), hint
    if issubclass(hint, enum.Enum):
        return next(iter(hint))
    assert dataclasses.is_dataclass(hint), hint
    hints = typing.get_type_hints(hint)
    return hint(**{f.name: value(hints[f.name]) for f in dataclasses.fields(hint)})


def defined_in(module: types.ModuleType, base: type) -> set[type]:
    abstract = {Event, events.VenueEvent, events.OrderEvent, Command}
    return {
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, base) and cls.__module__ == module.__name__ and cls not in abstract
    }


def test_the_table_has_every_class() -> None:
    homes = (events, requests, estimates)
    assert set(EVENT_LINES) == set().union(*(defined_in(home, Event) for home in homes))
    assert set(COMMAND_LINES) == defined_in(commands, Command) | defined_in(decisions, Command)


def test_its_names_are_constant_words() -> None:
    lines = [*EVENT_LINES.values(), *COMMAND_LINES.values()]
    assert len({line.event for line in lines}) == len(lines)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", line.event) for line in lines)


@pytest.mark.parametrize("cls", [*EVENT_LINES, *COMMAND_LINES], ids=lambda cls: cls.__name__)
def test_every_class_has_a_line_of_its_fields(cls: type) -> None:
    lines = Lines()
    made = value(cls)
    if isinstance(made, Event):
        lines.observer.observe(7, made, ())
        table: Line = EVENT_LINES[type(made)]
    else:
        assert isinstance(made, Command)
        lines.observer.observe(7, EVENT, (made,))
        table = COMMAND_LINES[type(made)]
    line = lines.read()[-1]
    assert line["event"] == table.event
    assert line["seq"] == 7
    assert line["timestamp"] == "2023-11-14T22:13:20.123456Z"
    for name in table.fields:
        assert RENAMED.get(name, name) in line or name in {"quote", "instrument"}, name
    if hasattr(made, "key") and made.key is not None:
        assert (line["account"], line["venue"], line["symbol"]) == ("main", "kalshi", "NFL-1")


@given(text=st.text(max_size=8) | st.sampled_from(['"', "\\", "\x7f", "\x1b[0m", "é", "a\nb"]))
def test_a_steps_line_says_the_same_as_one_of_structlogs(text: str) -> None:
    lines = Lines()
    event = dataclasses.replace(make.fill(order_id=None), symbol=Symbol(text))
    lines.observer.observe(7, event, ())
    shown = ("exec_id", "side", "last_qty", "last_px", "commission", "commission_currency")
    named = {name: getattr(event, name) for name in ("account", "venue", "symbol", *shown)}
    lines.log.info("fill", seq=7, many=[text], **named)
    ours, theirs = lines.read()
    assert theirs.pop("many") == [printable(text)]
    assert theirs.items() <= ours.items()
    assert None not in ours.values()


def test_an_exit_in_the_seeds_words() -> None:
    lines = Lines("info")
    lines.observer.observe(1, MARKET, ())
    lines.observer.observe(2, QUOTE, (OPEN, ORDER))
    opened, placed = lines.read()
    assert opened["event"] == "exit_opened"
    assert opened["level"] == "info"
    assert (opened["exit_reason"], opened["rule"]) == ("stop_loss", "absolute")
    assert opened["original_stake_on_exit"] == "100"
    assert opened["last_exit_price"] == "0.4"
    assert opened["trigger_px"] == "0.4"
    assert opened["closing_in_progress"] is True
    assert opened["bid_px"] == "0.4"
    assert opened["ask_px"] == "0.42"
    assert "position_side" not in opened
    assert placed["exit_client_order_id"] == placed["client_order_id"] == ORDER.client_order_id


def test_a_no_held_is_shown_at_its_own_price() -> None:
    lines = Lines("info")
    lines.observer.observe(1, MARKET, ())
    lines.observer.observe(2, EVENT, (OPEN, dataclasses.replace(ORDER, side=Side.BUY)))
    opened = next(line for line in lines.read() if line["event"] == "exit_opened")
    assert opened["last_exit_price"] == "0.6"


def test_an_exit_without_its_order_has_no_exit_price() -> None:
    other = dataclasses.replace(ORDER, key=dataclasses.replace(KEY, symbol=Symbol("B")))
    hedged = dataclasses.replace(
        OPEN, key=dataclasses.replace(KEY, position_side=PositionSide.LONG)
    )
    lines = Lines("info")
    lines.observer.observe(2, QUOTE, (hedged, other))
    opened = lines.read()[0]
    assert "last_exit_price" not in opened
    assert opened["position_side"] == "long"


def test_levels() -> None:
    lines = Lines("warning")
    calm = Notify(notice=NoticeKind.DUST, text="little left", key=KEY)
    urgent = dataclasses.replace(calm, urgent=True)
    lines.observer.observe(1, QUOTE, (OPEN, ORDER, calm, urgent))
    found = [(line["event"], line["level"], line["notice"]) for line in lines.read()]
    assert found == [("notice", "warning", "dust"), ("notice", "error", "dust")]
    quiet = Lines("info")
    quiet.observer.observe(1, QUOTE, ())
    assert quiet.read() == []
    assert EVENT_LINES[Quote].level == DEBUG


@given(text=st.text(max_size=20))
def test_whatever_a_symbol_contains_a_line_is_one_line(text: str) -> None:
    lines = Lines()
    event = dataclasses.replace(QUOTE, symbol=Symbol(text))
    lines.observer.observe(1, event, ())
    lines.log.info("said", text=text, many=[text])
    written = lines.text()
    assert written.count("\n") == 2
    assert written.replace("\n", "").isprintable()
    assert json.loads(written.splitlines()[0])["symbol"] == printable(text)


def test_half_a_character_as_in_the_name_of_a_file_is_escaped() -> None:
    lines = Lines()
    lines.log.error("filld_failed", text="cannot open caf\udce9")
    (line,) = lines.read()
    assert line["text"] == r"cannot open caf\udce9"


@pytest.mark.parametrize("pretty", [True, False])
def test_no_ansi_or_line_end_gets_through(*, pretty: bool) -> None:
    lines = Lines(pretty=pretty)
    lines.log.info("said", text='\x1b[31m\r\n{"event": "fill"}\x9b2J\u2028')
    written = lines.text()
    assert written.count("\n") == 1
    assert "\x1b[31m" not in written.replace("\x1b[31m\x1b[1m", "")
    assert "\r" not in written
    assert "\x9b" not in written


def test_secrets_are_stars() -> None:
    lines = Lines()
    lines.log.error("said", key=SecretStr("canary-71"), many=(SecretStr("canary-71"),))
    assert "canary-71" not in lines.text()


def test_pretty_lines_name_the_event_and_stay_json_for_who_asks() -> None:
    lines = Lines(pretty=True)
    lines.observer.observe(3, QUOTE, (OPEN,))
    kept, _ = lines.sink.after(0, 9)
    assert "exit_opened" in [json.loads(line)["event"] for line in kept]
    assert re.search("\x1b.*exit_opened.*trigger_px", lines.text())


def test_timestamps_keep_leading_zeros() -> None:
    assert timestamp(1_000) == "1970-01-01T00:00:00.000001Z"


def test_the_log_is_an_observer() -> None:
    lines = Lines()
    port: Observer = lines.observer
    assert port is lines.observer
    lines.sink.close()


class Stuck(io.BytesIO):
    """A reader that stalls until told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, data: typing.Any) -> int:
        self.go_on.wait(5)
        return super().write(data)


def test_a_stalled_reader_costs_lines_not_time() -> None:
    stream = Stuck()
    sink = LineSink(stream, limit=10)
    for _ in range(100):
        sink.write(b"x")
    assert sink.dropped >= 80
    stream.go_on.set()
    sink.close()
    assert stream.getvalue().count(b"\n") == 100 - sink.dropped


def test_a_closed_pipe_is_survived() -> None:
    stream = io.BytesIO()
    stream.close()
    sink = LineSink(stream)
    sink.write(b"x")
    sink.close()
    assert sink.dropped == 1
