"""One stage a test, and nothing of the developer's own environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in list(os.environ):
        if name.startswith("FILLD_"):
            monkeypatch.delenv(name)
    return Stage(tmp_path)
