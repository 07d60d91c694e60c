"""Every event of the log: its level, its fields, when it appears. What `filld log-events` prints.

Lines of facts and decisions are named in `table`, and appear when the class says; the daemon's own
lines stand here. A test holds both to the code.
"""

from __future__ import annotations

import inspect
import logging
from typing import Final, NamedTuple

from daemon.core.commands import Command
from daemon.core.events import Event
from daemon.telemetry.logs import NAMES
from daemon.telemetry.table import COMMAND_LINES, EVENT_LINES, Line

# Every line has these, where it has them at all.
COMMON: Final = ("timestamp", "level", "event", "seq", "cause")


class LogEvent(NamedTuple):
    """One event of the log; `fields` besides the common ones."""

    event: str
    level: str
    fields: tuple[str, ...]
    when: str


def _own(event: str, level: str, when: str, *names: str) -> LogEvent:
    return LogEvent(event, level, names, when)


OWN_LINES: Final = (
    _own("filld_started", "info", "The run begins: its parts are made.", "pid"),
    _own("recovering", "info", "The journal is folded, and is long."),
    _own("filld_ready", "info", "Everything is guarded as it should be.", "text"),
    _own("filld_not_ready", "warning", "Something is not; the reasons say what.", "reasons"),
    _own("filld_stopping", "info", "A signal: nothing new is sent, answers are waited for."),
    _own("filld_stopped", "info", "The end; how many answers did not come.", "unanswered"),
    _own("filld_failed", "error", "The end, and why going on was impossible.", "error", "text"),
    _own("reload_refused", "error", "The rules were read again and are wrong.", "problems"),
    _own("restart_needed", "warning", "A reload that leaves these for a restart.", "settings"),
    _own("key_file_readable_by_others", "warning", "A key's file has too wide a mode.", "text"),
    _own(
        "venue_not_opened",
        "error",
        "A venue could not be opened: the first time, and when the reason changes.",
        *("account", "venue", "text"),
    ),
    _own(
        "venue_opened",
        "info",
        "A venue that could not be opened was, after so many tries.",
        *("account", "venue", "tries"),
    ),
    _own("reads_shut", "warning", "Reads of a venue fail and are paused.", "venue", "text"),
    _own("reads_open_again", "info", "They go on.", "venue"),
    _own("ping_failed", "error", "The dead man's switch could not be told.", "why"),
    _own("ping_restored", "info", "It could again."),
    _own(
        "observer_failed",
        "error",
        "A bug in who only reads; trading goes on.",
        "observer",
        "exception",
    ),
    _own("figures_ended", "error", "The figures stopped following.", "error", "text"),
    _own(
        "alert_dropped",
        "error",
        "An alert could not be delivered.",
        *("notice", "rule", "target", "why", "dropped"),
    ),
    _own(
        "lines_left_out",
        "warning",
        "A minute of an event (`of`) that repeats itself: how many lines were not written.",
        *("of", "account", "venue", "query", "reason", "count", "in_s"),
    ),
    _own(
        "quiet_again",
        "info",
        "A minute passed without that event.",
        *("of", "account", "venue", "query", "reason"),
    ),
)


def dictionary() -> list[LogEvent]:
    """Every event of the log, by name."""
    own = list(OWN_LINES)
    own += [_of(cls, line) for cls, line in EVENT_LINES.items()]
    own += [_of(cls, line) for cls, line in COMMAND_LINES.items()]
    return sorted(own)


def _of(cls: type[Event | Command], line: Line) -> LogEvent:
    level = logging.getLevelName(line.level).lower()
    when = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
    if line.per_minute:
        when += f" (At most {line.per_minute} a minute, see lines_left_out.)"
    return LogEvent(line.event, level, NAMES[cls], when)
