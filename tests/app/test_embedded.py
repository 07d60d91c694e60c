"""filld inside somebody else's process: what cannot run lets go of everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.app.embedded import embedded
from daemon.core.errors import TheirsError
from daemon.settings import load_settings


async def test_a_run_that_fails_leaves_no_lock(tmp_path: Path) -> None:
    overrides = (
        f"journal.path={tmp_path / 'journal.db'}",
        f"journal.state_dir={tmp_path}",
        f"kalshi.private_key_file={tmp_path / 'none.pem'}",
        "kalshi.key_id=mine",
    )
    settings = load_settings(None, None, overrides, os.environ)
    for _ in range(2):
        with pytest.raises(TheirsError, match=r"none\.pem"):
            async with embedded(settings):
                raise AssertionError("it runs without a key")
