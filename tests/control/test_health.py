"""The door's routes to how filld stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from daemon.analytics.health import Health
from daemon.analytics.scene import Scene, View
from daemon.analytics.turns import Turns
from daemon.control.door import DoorRefusedError
from daemon.control.health import NOT_NOW
from tests.control.doors import FakeDoor, served
from tests.core.play import Play

DOWN = "kalshi (main): its private stream is down"
HUNG = "the loop is 9 s late"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the daemon stands, whatever the book says."""

    not_ready: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()

    def judge(self, scene: Scene) -> Turns[Health]:
        yield None
        held = f"{len(scene.book.positions)} positions held"
        return Health(scene.now_ns, self.not_ready, self.stuck, held)


async def codes(path: Path) -> list[int]:
    """The status codes of both routes, as a stranger's client sees them."""
    connector = aiohttp.UnixConnector(path=str(path))
    found = []
    async with aiohttp.ClientSession(connector=connector) as session:
        for route in ("/readyz", "/healthz"):
            async with session.get(f"http://filld{route}") as answer:
                found.append(answer.status)
    return found


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(), [200, 200]),
        (Standing((DOWN,)), [NOT_NOW, 200]),
        (Standing((HUNG,), (HUNG,)), [NOT_NOW, NOT_NOW]),
    ],
)
async def test_not_ready_is_not_yet_stuck(
    tmp_path: Path, standing: Standing, expected: list[int]
) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), health=standing) as client:
        assert await codes(tmp_path / "s") == expected
        view = await client.get("/readyz")
        assert view == {**await client.get("/healthz"), "time": view["time"]}
    wanted: View = {
        "ready": not standing.not_ready,
        "not_ready": list(standing.not_ready),
        "stuck": list(standing.stuck),
        "sentence": "0 positions held",
    }
    assert {name: view[name] for name in wanted} == wanted


async def test_a_parameter_is_refused_by_name(tmp_path: Path) -> None:
    async with served(tmp_path / "s", FakeDoor(Play()), health=Standing()) as client:
        with pytest.raises(DoorRefusedError, match="verbose: unknown parameter"):
            await client.get("/readyz", {"verbose": "1"})
