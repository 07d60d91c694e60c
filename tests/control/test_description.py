"""The description that other programs read: all routes are in it, all answers are as it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi import checks

from daemon.analytics.figures import Figures
from daemon.analytics.scene import View
from daemon.analytics.why import why_view
from daemon.control import answers, figure_answers, order_answers, why
from daemon.control.client import DoorClient
from daemon.control.description import describe
from daemon.control.door import DoorRefusedError
from daemon.control.figures import FIGURE_ROUTES
from daemon.control.health import HEALTH_ROUTES
from daemon.control.limits import Limits
from daemon.control.lines import LINE_ROUTES
from daemon.control.metrics import METRICS_ROUTES
from daemon.control.routes import ROUTES
from daemon.control.server import Sources, listen, make_app, served, with_description
from daemon.control.tcp import TcpDoor
from daemon.control.why import WHY_ROUTES
from daemon.core.commands import PlaceOrder
from daemon.ports import Record
from tests import builders as make
from tests.analytics.journals import Part, Story, Try, journal_of
from tests.control.doors import FakeDoor
from tests.control.test_health import Standing
from tests.core.play import Play, guarded

Read = TypeVar("Read")

TOKEN = "the operator's own token, of forty characters"
WITH_NUMBERS = {"/exit", "/unguard", "/resolve", "/import-positions", "/trade"}
EVERY = (
    *ROUTES,
    *FIGURE_ROUTES,
    *HEALTH_ROUTES,
    *LINE_ROUTES,
    *METRICS_ROUTES,
    *WHY_ROUTES,
)
PADDED = re.compile(r'"-?[0-9]+(\.[0-9]*0|(\.[0-9]+)?E[-+0-9]+)"')
FREE = Limits(per_s=1e6, burst=1e6)


def exits_of_each_kind() -> list[Record]:
    """The journal of an exit in two parts on Kalshi, and of some whose currency nobody told."""
    entry = Part(10, Decimal("0.65"), Decimal("0.01"), 0, maker=False)
    parts = tuple(Part(5, Decimal(px), Decimal("0.01"), 0, maker=True) for px in ("0.58", "0.5"))
    tries = (Try(Decimal("0.60"), Decimal("0.50"), parts),)
    first = Story("kalshi", "NFL-1", long=True, entry=entry, tries=tries)
    others = [replace(first, venue="binance-usdm", symbol=symbol) for symbol in "AB"]
    return journal_of([first, *others, replace(others[0], symbol="C", currency="BTC")])


class Known:
    """What is known of those exits beside the book."""

    def __init__(self) -> None:
        self.records = exits_of_each_kind()
        self.figures = Figures().fold(self.records)

    async def read(self, read: Callable[[Figures], Read]) -> tuple[Read, int]:
        return read(self.figures), 2

    async def scrape(self) -> tuple[bytes, str]:
        return b"filld_fills_total 2\n", "text/plain; version=0.0.4; charset=utf-8"

    def after(self, number: int, limit: int) -> tuple[list[str], int]:
        lines = ['{"event":"one"}', '{"event":"two"}'][number : number + limit]
        return lines, max(number, 2)

    async def why(self, name: str) -> View | None:
        return why_view(lambda _: self.records, name)


def busy() -> Play:
    """An exit in parts: one filled and ended, the next in doubt; strangers rest beside it."""
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    first = play.order_id
    play.tell(
        make.accepted(order_id=first, venue_order_id="order_1"),
        make.fill(venue_order_id="order_1", order_id=first, last_qty="30"),
        make.canceled(order_id=first, cum_qty="30", venue_order_id="order_1"),
        make.quote(bid="0.57", ask="0.59"),
    )
    play.tell(make.in_doubt(order_id=play.order_id))
    return play


def sources() -> Sources:
    known = Known()
    return Sources(figures=known, health=Standing(), metrics=known, lines=known, why=known)


@contextlib.contextmanager
def open_door(limits: Limits = FREE) -> Iterator[str]:
    """The door on a loopback port, served from a thread; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    tcp = TcpDoor("127.0.0.1", listener.getsockname()[1], TOKEN)
    ready, ended = threading.Event(), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = make_app(FakeDoor(busy()), sources(), tcp=tcp, limits=limits)
        async with served(app, listener):
            ended.append(asyncio.Event())
            ready.set()
            await ended[0].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(5)
    try:
        yield f"http://{tcp.addresses[0]}"
    finally:
        loop.call_soon_threadsafe(ended[0].set)
        thread.join(5)
        loop.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with open_door() as found:
        yield found


DOCUMENT = describe(with_description(EVERY, token=True), token=True)
schema = schemathesis.openapi.from_dict(DOCUMENT)


@schema.parametrize()
@settings(max_examples=15)
def test_every_answer_is_as_described(case: schemathesis.Case[Any], address: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    response = case.call(base_url=address, headers=headers)
    # Numbers are read in every form that is exact, 5 and "5e0" as well as the "5" described. And a
    # query that was to be wrong may arrive as a right one: of an empty list nothing is sent.
    url = urlsplit(str(response.request.url))
    unsent = set(case.query or {}) - parse_qs(url.query, keep_blank_values=True).keys()
    exact = case.path not in WITH_NUMBERS and not unsent
    excluded: list[Any] = [] if exact else [checks.negative_data_rejection]
    sent = {"base_url": address, "headers": headers}
    case.validate_response(
        response, headers=headers, excluded_checks=excluded, transport_kwargs=sent
    )


SYMBOL: View = {"symbol": "NFL-1"}
TRADE: View = {
    **SYMBOL,
    "token": "mine",
    "venue": "kalshi",
    "side": "sell",
    "order_qty": "10",
    "limit_px": "0.60",
}
# In this order: what each route answers where there is something to answer.
ASKED: list[tuple[str, str, View]] = [
    ("/status", "", {}),
    ("/positions", "", {"every": "true"}),
    ("/orders", "", {}),
    ("/orders/{id}", "order_1", {}),
    ("/orders/{id}/why", "{sent}", {}),
    ("/exits", "", {}),
    ("/performance", "", {"by": "venue"}),
    ("/fees", "", {"by": "symbol"}),
    ("/slippage", "", {"by": "venue"}),
    ("/readyz", "", {}),
    ("/healthz", "", {}),
    ("/log", "", {"after": "1"}),
    ("/unguard", "", {**SYMBOL, "for_s": "60"}),
    ("/resolve", "", {"filled": "30"}),
    ("/exit", "", SYMBOL),
    ("/halt", "", {"reason": "lunch"}),
    ("/resume", "", {}),
    ("/import-positions", "", {"rows": []}),
    ("/reload", "", {}),
    ("/trade", "", TRADE),
    ("/trades/{token}", "mine", {}),
]


@pytest.mark.parametrize("room", [answers, figure_answers, order_answers])
def test_every_described_shape_is_one_that_something_answers(room: ModuleType) -> None:
    named = re.findall(r"#/components/schemas/(\w+)", msgspec.json.encode(DOCUMENT).decode())
    bases = {"Answer", "Placed", "Done", "Named"}
    own = {kind.__name__ for kind in vars(room).values() if kind_of(kind, room)}
    assert own - bases <= set(named)


def kind_of(kind: object, room: ModuleType) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, answers.Answer)
        and kind.__module__ == room.__name__
    )


def test_every_route_is_asked_for_something_that_there_is() -> None:
    apart = {"/metrics", "/confirm"}  # text; needs a position that waits for it: test_routes
    assert {path for path, _, _ in ASKED} | apart == {route.path for route in EVERY}


async def test_what_there_is_has_the_described_shape(tmp_path: Path) -> None:
    sent = next(c for r in exits_of_each_kind() for c in r.commands if isinstance(c, PlaceOrder))
    routes = {route.path: route for route in EVERY}
    play = busy()
    app = make_app(FakeDoor(play), sources())
    async with served(app, listen(tmp_path / "s")), DoorClient(tmp_path / "s") as client:
        for path, name, body in ASKED:
            route, said = routes[path], body
            if path == "/resolve":
                said = {**body, "order": play.order_id}
            place = re.sub(r"{\w+}", name.format(sent=sent.client_order_id), path)
            if route.takes is None:
                options = {key: str(value) for key, value in said.items()}
                view = await client.get(place, options)
            else:
                view = await client.post(place, said)
            msgspec.convert(view, route.gives)
            assert not PADDED.search(msgspec.json.encode(view).decode())


async def test_the_description_is_served_and_names_the_token_only_where_one_is_asked(
    tmp_path: Path, address: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{address}/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as answer,
    ):
        document = await answer.json()
    assert document["paths"] == json.loads(msgspec.json.encode(DOCUMENT["paths"]))
    assert document["security"] == [{"token": []}]
    app = make_app(FakeDoor(busy()), sources())
    async with served(app, listen(tmp_path / "s")), DoorClient(tmp_path / "s") as client:
        own = await client.get("/openapi.json")
    assert "security" not in own
    assert set(cast("View", own["paths"])) == set(document["paths"])


async def test_a_search_that_takes_too_long_says_what_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Known):
        async def why(self, name: str) -> View | None:
            await asyncio.sleep(60)
            return await super().why(name)

    monkeypatch.setattr(why, "SEARCH_S_MAX", 0.05)
    app = make_app(FakeDoor(busy()), Sources(why=Slow()))
    async with served(app, listen(tmp_path / "s")), DoorClient(tmp_path / "s") as client:
        with pytest.raises(DoorRefusedError, match="filld why ORDER has no such limit") as refused:
            await client.get("/orders/order_1/why")
    assert refused.value.status == 504
