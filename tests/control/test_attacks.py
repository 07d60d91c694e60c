"""What is no request as it should be: one JSON answer, at once, the line ended, nothing logged."""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import msgspec
import pytest

from daemon.control.connection import Hall
from daemon.control.server import listen, make_app, served
from tests.control.doors import FakeDoor
from tests.control.test_connection import answer_of
from tests.core.play import guarded
from tests.venues.listening import until

HOST = b"Host: filld\r\n"
GET = b"GET /status HTTP/1.1\r\n" + HOST
POST = b"POST /halt HTTP/1.1\r\n" + HOST
BODY = b"\r\n\r\n{}"
TRADE = {
    "token": "t",
    "venue": "kalshi",
    "symbol": "NFL-1",
    "side": "buy",
    "order_qty": "1",
    "limit_px": "0.5",
}
BOMB = zlib.compress(bytes(64 << 20), 9)


async def said(path: Path, raw: bytes) -> tuple[int, dict[str, object]]:
    line = await asyncio.open_unix_connection(path)
    line[1].write(raw)
    return await answer_of(line)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x00\xff\x01 no HTTP\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01" + bytes(200) + b"\r\n\r\n", 400),  # TLS
        (b"GET /status HTTP/1.1\r\n\r\n", 400),
        (GET + b"Content-Length:\r\n\r\n", 400),
        (GET + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 400),
        (GET + b"".join(b"X%d: a\r\n" % n for n in range(5_000)) + b"\r\n", 400),
        (b"GET http://[::1/status HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (POST + b"Content-Length: -2" + BODY, 400),
        (POST + b"Content-Length: 2\r\nContent-Length: 3" + BODY, 400),
        (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", 400),
        (POST + b"Expect: magic\r\nContent-Length: 2" + BODY, 417),
        (POST + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB, 400),
        (b"CONNECT filld:443 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET //status HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /orders/..%2f..%2fstatus HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /orders/a%0d%0aSet-Cookie:%20x HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    ],
)
async def test_it_is_refused_in_json(
    tmp_path: Path, raw: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    door = FakeDoor(guarded())
    hall = Hall(head_s=60)
    began_s = asyncio.get_running_loop().time()
    async with served(make_app(door), listen(tmp_path / "s"), hall):
        found, view = await said(tmp_path / "s", raw)
        assert found == status
        assert set(view) == {"error", "near"}
        await until(lambda: hall.callers == 0)
        assert (await said(tmp_path / "s", GET + b"\r\n"))[0] == 200
    assert not door.events
    assert not caplog.records
    assert asyncio.get_running_loop().time() - began_s < hall.head_s


async def test_a_bug_of_ours_is_told_as_json_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeDoor):
        async def trade(self, make: object) -> bool:
            raise RuntimeError("the canary")

    body = msgspec.json.encode(TRADE)
    asked = b"POST /trade HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    async with served(make_app(Broken(guarded())), listen(tmp_path / "s")):
        status, view = await said(tmp_path / "s", asked)
    assert (status, view["error"]) == (500, "a bug of filld's: its log says more")
    assert "the canary" in caplog.text
