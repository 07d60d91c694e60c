"""Lines as journald's own datagrams, over a real socket: daemon.telemetry.journald."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.core.terms import ClientOrderId
from daemon.telemetry.journald import JournalStream, encode, is_ours, stream_for
from daemon.telemetry.logs import LineSink, LineWriter, LogObserver
from tests import builders as make


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    """Who listens at the journal's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box:
        box.bind(str(tmp_path / "socket"))
        box.settimeout(30)
        yield box


def fields(datagram: bytes) -> dict[str, str]:
    """What journald makes of a datagram."""
    found: dict[str, str] = {}
    while datagram:
        head, _, rest = datagram.partition(b"\n")
        name, equals, text = head.partition(b"=")
        if equals:
            datagram = rest
        else:
            size = int.from_bytes(rest[:8], "little")
            text, end, datagram = rest[8 : 8 + size], rest[8 + size : 9 + size], rest[9 + size :]
            assert end == b"\n"
        found[name.decode()] = text.decode()
    return found


def test_a_line_of_the_log_with_its_fields(tmp_path: Path, journald: socket.socket) -> None:
    out = io.BytesIO()
    sink = LineSink(JournalStream(out, tmp_path / "socket"))
    lines = LineWriter(sink, lambda: 0)
    LogObserver(lines).observe(7, make.fill(order_id=ClientOrderId("fdmine")), ())
    lines.log.error("filld_failed", text="the disk is full")
    said, failed = fields(journald.recv(65_536)), fields(journald.recv(65_536))
    sink.close()
    assert not out.getvalue()
    assert said["MESSAGE"].startswith('{"timestamp":"1970-01-01T00:00:00.000000Z","level":"info"')
    assert (said["PRIORITY"], said["SYSLOG_IDENTIFIER"]) == ("6", "filld")
    wanted = {"EVENT": "fill", "VENUE": "kalshi", "SYMBOL": "NFL-1", "ORDER": "fdmine", "SEQ": "7"}
    assert {name: said[f"FILLD_{name}"] for name in wanted} == wanted
    assert (failed["PRIORITY"], failed["FILLD_EVENT"]) == ("3", "filld_failed")


def test_values_of_several_lines_and_what_is_no_json() -> None:
    assert fields(encode(b'{"event":"a","text":"b\\nc","level":"warning"}'))["FILLD_TEXT"] == "b\nc"
    assert fields(encode(b'{"event":"a","many":["b"]}'))["FILLD_MANY"] == '["b"]'
    assert fields(encode(b"plain\n words"))["MESSAGE"] == "plain\n words"
    assert fields(encode(b"\xff"))["PRIORITY"] == "6"


def test_what_journald_refuses_goes_to_standard_output(tmp_path: Path) -> None:
    out = io.BytesIO()
    stream = JournalStream(out, tmp_path / "nobody")
    stream.write(b'{"event":"a"}\n{"event":"b"}\n')
    stream.flush()
    assert out.getvalue() == b'{"event":"a"}\n{"event":"b"}\n'


def test_a_line_too_long_for_a_datagram_goes_there_too(
    tmp_path: Path, journald: socket.socket
) -> None:
    out = io.BytesIO()
    stream = JournalStream(out, tmp_path / "socket")
    stream.write(b"x" * 10_000_000 + b"\nshort\n")
    assert len(out.getvalue()) == 10_000_001
    assert fields(journald.recv(65_536))["MESSAGE"] == "short"


def test_only_where_journald_reads_our_output(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        there = os.fstat(out.fileno())
        named = f"{there.st_dev}:{there.st_ino}"
        assert is_ours(named, out.fileno())
        assert isinstance(stream_for({"JOURNAL_STREAM": named}, out), JournalStream)
        assert stream_for({"JOURNAL_STREAM": "1:2"}, out) is out
        assert stream_for({}, out) is out
        assert not is_ours(named, 999_999)
