"""A real daemon on a sealed journal: killed while it sells, rebuilt, begun again."""

from __future__ import annotations

from pathlib import Path

from daemon.app.custody import audit_journal
from daemon.journal.sealing import Key
from daemon.settings import load_settings
from tests.acceptance.play import Play
from tests.acceptance.stage import staged
from tests.acceptance.test_life import BELOW, DEEP

REQUIRED = Play(settings={"journal.require_sealed": True})


async def test_killed_and_rebuilt_a_sealed_journal_stays_sealed(tmp_path: Path) -> None:
    key = Key.generate()
    async with staged(tmp_path, REQUIRED) as stage:
        with stage.env_file.open("a") as file:
            file.write(f"\nFILLD_JOURNAL__KEY={key.reveal()}\n")
        await stage.started_and_armed()
        stage.book(*BELOW)
        await stage.until_left("50")
        await stage.kill()
        told = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
        assert b"NFL-TEAM-Y" in told  # ids stay readable
        assert b"last_px" not in told
        stage.book([("0.64", "500")], [("0.66", "500")])
        other = {"FILLD_JOURNAL__KEY": Key.generate().reveal()}
        code, said = await stage.run("positions", env=other)
        assert (code, f"sealed with key {key.id}" in said) == (1, True), said
        code, said = await stage.run("rebuild")
        assert (code, "1 positions" in said) == (0, True), said
        await stage.start()
        assert (await stage.run("resume"))[0] == 0
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        assert await stage.stop() == 0
        assert (await stage.run("replay", "--verify"))[0] == 0, stage.tail()
        found = audit_journal(load_settings(stage.config, None, (), {}), lambda _done, _of: None)
        assert (found.broken, found.sealed_from) == (None, 1)
        assert key.reveal() not in stage.text()
