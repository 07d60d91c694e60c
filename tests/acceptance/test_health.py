"""What `filld health` says of a real process: ready, and gone."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.stage import staged


async def test_health_follows_the_process(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()

        async def ready() -> bool:
            return (await stage.run("health"))[0] == 0

        await stage.until("filld to be ready", ready)
        await stage.kill()
        code, said = await stage.run("health")
        assert (code, said.startswith("NOT READY: no daemon answers")) == (1, True)
