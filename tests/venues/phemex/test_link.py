"""One connection's numbered commands and heartbeat."""

from __future__ import annotations

import json
from functools import partial

from daemon.venues.phemex.link import Link
from daemon.venues.phemex.stream_wire import encode_book
from daemon.venues.phemex.wire import PERP
from tests.venues.phemex.builders import config

SECOND = 10**9


def test_each_command_has_a_number_of_its_own() -> None:
    sent: list[bytes] = []
    link = Link(config(PERP), sent.append, 0)
    book = partial(encode_book, venue=PERP, symbol="SOLUSDT")
    assert [link.ask(book), link.ask(book)] == [1, 2]
    link.beat(4 * SECOND)
    link.beat(5 * SECOND)
    link.beat(6 * SECOND)
    assert [json.loads(raw)["id"] for raw in sent] == [1, 2, 3]
    assert json.loads(sent[-1])["method"] == "server.ping"


def test_silence_and_delay() -> None:
    link = Link(config(PERP), lambda _raw: None, 0)
    assert (link.silence(15 * SECOND), link.late(10 * SECOND)) == (None, False)
    assert link.silence(15 * SECOND + 1) is not None
    assert link.late(10 * SECOND + 1)
    link.life.heard(15 * SECOND)
    assert link.silence(30 * SECOND) is None
