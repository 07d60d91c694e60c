"""The composition root: settings in, a running daemon out. Nobody else names concrete classes."""

from __future__ import annotations

from daemon.app.alerting import alert_routes, alert_test
from daemon.app.custody import audit_journal, journal_keys, rekey_journal
from daemon.app.doctor import examine
from daemon.app.embedded import embedded
from daemon.app.estimating import model_problems
from daemon.app.figures import figures_of, journal_figures, journal_steps
from daemon.app.findings import Check, State
from daemon.app.kept_figures import measure_of
from daemon.app.launch import Launch, run
from daemon.app.offline import VerifyResult, offline_book, offline_import, rebuild, verify_journal
from daemon.app.paper import serve_paper
from daemon.app.venues import check_keys
from daemon.app.why import journal_why

__all__ = [
    "Check",
    "Launch",
    "State",
    "VerifyResult",
    "alert_routes",
    "alert_test",
    "audit_journal",
    "check_keys",
    "embedded",
    "examine",
    "figures_of",
    "journal_figures",
    "journal_keys",
    "journal_steps",
    "journal_why",
    "measure_of",
    "model_problems",
    "offline_book",
    "offline_import",
    "rebuild",
    "rekey_journal",
    "run",
    "serve_paper",
    "verify_journal",
]
