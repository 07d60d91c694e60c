"""Starts the embedded paper exchange."""

from __future__ import annotations

from pathlib import Path

from daemon.paper.config import load_config
from daemon.paper.server import Announce, run_paper


async def serve_paper(config_path: Path, env_dir: Path, announce: Announce) -> None:
    """Serve the embedded paper exchange until a signal; raises OperatorError for a bad file."""
    await run_paper(load_config(config_path), env_dir, announce)
