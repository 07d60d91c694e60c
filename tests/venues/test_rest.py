"""One request, whole or lost or never sent; and questions that are asked again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from typing_extensions import override

from daemon.venues.errors import NetworkError, NotFoundError, RateLimitError, VenueError
from daemon.venues.rest import (
    LostAnswer,
    NotSent,
    RepeatPolicy,
    Reply,
    Request,
    RestTransport,
    repeat,
)
from tests.venues.kalshi.builders import ManualClock, TestClock
from tests.venues.kalshi.fake_kalshi import Answer, FakeKalshi, serving
from tests.venues.listening import until


@pytest.fixture
async def transport(fake: FakeKalshi) -> AsyncIterator[RestTransport]:
    opened = RestTransport(fake.url, TestClock())
    yield opened
    await opened.close()


@pytest.fixture
async def fake() -> AsyncIterator[FakeKalshi]:
    server = FakeKalshi()
    async with serving(server):
        yield server


def request(method: str = "GET", path: str = "/x", timeout_s: float = 30) -> Request:
    return Request(
        method=method, target=f"/trade-api/v2{path}", headers={"A": "b"}, timeout_s=timeout_s
    )


async def test_a_whole_answer(fake: FakeKalshi, transport: RestTransport) -> None:
    fake.script("GET /x", Answer(418, b"teapot"))
    reply = await transport.send(request(path="/x?a=%2F&b=1"))
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (418, b"teapot")
    assert reply.sent_wall_ns <= reply.received_wall_ns
    assert "Date" in reply.headers
    assert fake.seen[0].query == {"a": "/", "b": "1"}
    assert transport.root_path == "/trade-api/v2"


async def test_a_redirect_is_an_answer(fake: FakeKalshi, transport: RestTransport) -> None:
    fake.script("GET /x", Answer(301, b"", {"Location": "/elsewhere"}))
    reply = await transport.send(request())
    assert isinstance(reply, Reply)
    assert reply.status == 301


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_broken_connection_is_a_lost_answer_and_nothing_is_sent_again(
    fake: FakeKalshi, transport: RestTransport, method: str
) -> None:
    fake.script("GET /warm", Answer())
    await transport.send(request(path="/warm"))
    fake.script(f"{method} /x", Answer(drop=True))
    outcome = await transport.send(request(method))
    assert isinstance(outcome, LostAnswer)
    assert not outcome.timed_out
    assert fake.paths().count(f"{method} /x") == 1


async def test_a_late_answer_is_a_lost_one(fake: FakeKalshi, transport: RestTransport) -> None:
    fake.script("GET /warm", Answer())
    await transport.send(request(path="/warm"))
    fake.script("POST /x", Answer(hang=True))
    outcome = await transport.send(request("POST", timeout_s=0.1))
    assert outcome == LostAnswer("no answer from 127.0.0.1 within 0.1 s", timed_out=True)


async def test_a_cut_body_is_a_lost_answer(transport: RestTransport, fake: FakeKalshi) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    app = web.Application()
    app.router.add_post("/x", half)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cut = RestTransport(f"http://127.0.0.1:{runner.addresses[0][1]}", TestClock())
    outcome = await cut.send(Request(method="POST", target="/x", headers={}, timeout_s=30))
    await cut.close()
    await runner.cleanup()
    assert isinstance(outcome, LostAnswer)
    assert not outcome.timed_out


async def test_without_a_connection_nothing_was_sent() -> None:
    transport = RestTransport("http://127.0.0.1:9/a", TestClock())
    outcome = await transport.send(request("POST"))
    await transport.close()
    assert isinstance(outcome, NotSent)


async def test_a_connection_that_never_stands_is_not_sent_either() -> None:
    """A listener that never shakes hands: the time runs out while connecting."""
    writers: list[asyncio.StreamWriter] = []

    def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = RestTransport(f"https://127.0.0.1:{port}", TestClock())
    outcome = await transport.send(request("POST", timeout_s=0.2))
    await transport.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()
    assert isinstance(outcome, NotSent)


class Ear:
    """A listener that keeps what it hears, and answers to a whole request."""

    def __init__(self) -> None:
        self.heard = b""
        self.writers: list[asyncio.StreamWriter] = []

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while chunk := await reader.read(1_000):
            self.heard += chunk
            if self.heard.endswith(b"body"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[RestTransport]:
        server = await asyncio.start_server(self.listen, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        opened = RestTransport(f"http://127.0.0.1:{port}", TestClock())
        try:
            yield opened
        finally:
            await opened.close()
            for writer in self.writers:
                writer.close()
            server.close()


class Go(asyncio.Future[None]):
    """Leave for a first byte; knows that somebody waits for it."""

    awaited = False

    @override
    def __await__(self) -> Generator[Any, None, None]:
        self.awaited = True
        return super().__await__()


ORDER = Request(method="POST", target="/x", headers={"A": "b"}, body=b"body", timeout_s=30)


async def test_no_byte_leaves_before_it_may() -> None:
    ear = Ear()
    async with ear.transport() as transport, asyncio.TaskGroup() as group:
        go = Go()
        sending = group.create_task(transport.send(ORDER, go), name="sending")
        await until(lambda: go.awaited and ear.writers)
        await asyncio.sleep(0.1)
        assert len(ear.writers) == 1, "it has its connection"
        assert ear.heard == b""
        go.set_result(None)
        assert isinstance(await sending, Reply)
        assert ear.heard.startswith(b"POST /x HTTP/1.1\r\n")


async def test_what_may_never_leave_is_not_sent() -> None:
    ear = Ear()
    async with ear.transport() as transport:
        order = replace(ORDER, timeout_s=0.4)
        assert isinstance(await transport.send(order, Go()), NotSent)
        assert ear.heard == b""


async def test_a_connection_that_is_gone_when_it_may_leave_is_not_sent_on() -> None:
    ear = Ear()
    async with ear.transport() as transport, asyncio.TaskGroup() as group:
        go = Go()
        sending = group.create_task(transport.send(ORDER, go), name="sending")
        await until(lambda: go.awaited and ear.writers)
        ear.writers[0].close()
        await asyncio.sleep(0.1)
        go.set_result(None)
        assert isinstance(await sending, NotSent)


class Babbler(Ear):
    """One that answers to the first connection before it is asked anything, and to all after."""

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.writers:
            writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await super().listen(reader, writer)


async def test_what_nobody_asked_for_is_no_answer_to_what_may_leave_later() -> None:
    ear = Babbler()
    async with ear.transport() as transport, asyncio.TaskGroup() as group:
        go = Go()
        sending = group.create_task(transport.send(ORDER, go), name="sending")
        await until(lambda: go.awaited and ear.writers)
        await asyncio.sleep(0.1)
        go.set_result(None)
        assert isinstance(await sending, NotSent)
        assert ear.heard == b""
        reply = await transport.send(ORDER)
        assert isinstance(reply, Reply)
        assert (reply.status, reply.body) == (200, b"ok")


def failing(*errors: VenueError) -> tuple[list[int], Callable[[], object]]:
    calls: list[int] = []

    async def ask() -> str:
        calls.append(1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return "answer"

    return calls, ask


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_a_question_is_asked_again(failures: int) -> None:
    clock = ManualClock()
    calls, ask = failing(*[NetworkError("x")] * failures)
    policy = RepeatPolicy(attempts=3)
    assert await repeat(ask, policy, clock, random.Random(1)) == "answer"  # type: ignore[arg-type]
    assert len(calls) == failures + 1
    assert len(clock.slept) == failures
    assert all(0 <= wait <= policy.longest_wait_s for wait in clock.slept)


async def test_the_last_error_is_told_when_it_never_answers() -> None:
    calls, ask = failing(*[NetworkError("x")] * 2, RateLimitError("y"), NetworkError("z"))
    with pytest.raises(RateLimitError):
        await repeat(ask, RepeatPolicy(attempts=3), ManualClock(), random.Random(1))  # type: ignore[arg-type]
    assert len(calls) == 3


async def test_what_cannot_get_better_is_not_asked_again() -> None:
    for errors in ([NotFoundError("x")], [NetworkError("x"), NotFoundError("y")]):
        calls, ask = failing(*errors)
        with pytest.raises(NotFoundError):
            await repeat(ask, RepeatPolicy(), ManualClock(), random.Random(1))  # type: ignore[arg-type]
        assert len(calls) == len(errors)


async def test_asking_again_has_an_end_in_time() -> None:
    clock = ManualClock()
    calls, ask = failing(*[NetworkError("x")] * 99)
    policy = RepeatPolicy(attempts=99, first_wait_s=4, longest_wait_s=8, total_s=10)
    with pytest.raises(NetworkError):
        await repeat(ask, policy, clock, random.Random(1))  # type: ignore[arg-type]
    assert len(calls) < 12
