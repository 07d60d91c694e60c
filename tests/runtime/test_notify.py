"""What the service manager hears, over a real datagram socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.runtime.notify import Notifier


@pytest.fixture
def box(tmp_path: Path) -> Iterator[socket.socket]:
    """The manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.setblocking(False)
        yield end


def notifier(box: socket.socket, **more: str) -> Notifier:
    """Speaks into the box."""
    return Notifier({"NOTIFY_SOCKET": str(box.getsockname()), **more}, os.getpid())


def heard(box: socket.socket) -> list[str]:
    """All that came."""
    said = []
    while True:
        try:
            said.append(box.recv(4096).decode())
        except BlockingIOError:
            return said


def test_each_word_is_one_datagram(box: socket.socket) -> None:
    words = notifier(box)
    words.ready()
    words.alive()
    words.stopping()
    words.extend(60)
    words.reloading(2_000_000)
    assert heard(box) == [
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
        "EXTEND_TIMEOUT_USEC=60000000",
        "RELOADING=1\nMONOTONIC_USEC=2000",
    ]


def test_a_status_is_one_line_and_said_when_it_changes(box: socket.socket) -> None:
    words = notifier(box)
    words.status("2 positions held\nREADY=0")
    words.status("2 positions held\nREADY=0")
    words.status("flat")
    assert heard(box) == ["STATUS=2 positions held READY=0", "STATUS=flat"]


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0filld-test-{os.getpid()}")
        end.setblocking(False)
        words = Notifier({"NOTIFY_SOCKET": f"@filld-test-{os.getpid()}"}, os.getpid())
        words.ready()
        assert heard(end) == ["READY=1"]


def test_nobody_listening_is_no_reason_to_stop(tmp_path: Path) -> None:
    Notifier({}, 1).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 1).ready()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"WATCHDOG_USEC": "10000000"}, Decimal(10)),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_or_none(
    box: socket.socket, environ: dict[str, str], wanted: Decimal | None
) -> None:
    assert notifier(box, **environ).watchdog_s == wanted


def test_without_a_socket_there_is_no_watchdog() -> None:
    assert Notifier({"WATCHDOG_USEC": "10000000"}, 1).watchdog_s is None
