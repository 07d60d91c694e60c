"""The composition root: settings in, a running daemon out. Nobody else names concrete classes."""

from __future__ import annotations

from daemon.app.launch import Launch, run
from daemon.app.offline import VerifyResult, offline_book, offline_import, rebuild, verify_journal
from daemon.app.paper import serve_paper
from daemon.app.venues import check_keys

__all__ = [
    "Launch",
    "VerifyResult",
    "check_keys",
    "offline_book",
    "offline_import",
    "rebuild",
    "run",
    "serve_paper",
    "verify_journal",
]
