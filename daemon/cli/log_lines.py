"""Lines of the log: read, chosen, and shown to people. Lines that are not filld's go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from rich.text import Text

from daemon.cli.output import printable

LEVELS: Final = ("debug", "info", "warning", "error")
_STYLES: Final = {"debug": "dim", "info": "green", "warning": "yellow", "error": "bold red"}
_ORDER: Final = ("client_order_id", "venue_order_id", "exit_client_order_id")
# Shown in places of their own.
_HEAD: Final = ("timestamp", "level", "event", "venue", "symbol", "seq", "cause")
_LINE: Final = msgspec.json.Decoder(dict[str, object])

Line = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are shown: those that meet all of it. `since`: as lines say it, RFC 3339 UTC."""

    venue: str = ""
    symbol: str = ""
    order: str = ""
    since: str = ""
    level: str = "debug"

    def admits(self, line: Line) -> bool:
        """True for a line that is to be shown."""
        level = str(line.get("level", "info"))
        known = level not in LEVELS or LEVELS.index(level) >= LEVELS.index(self.level)
        return (
            known
            and self.venue in ("", line.get("venue"))
            and self.symbol in ("", line.get("symbol"))
            and (not self.order or any(line.get(name) == self.order for name in _ORDER))
            and str(line.get("timestamp", "")) >= self.since
        )

    @property
    def everything(self) -> bool:
        """Nothing was asked for in particular."""
        return self == Wanted()


def parsed(text: str) -> Line | None:
    """A line of filld's log; None where it is none."""
    try:
        return _LINE.decode(text)
    except msgspec.DecodeError:
        return None


def shown(line: Line) -> Text:
    """A line for people: time, level, event, what it is about, then everything else."""
    level = str(line.get("level", ""))
    about = " ".join(str(line[name]) for name in ("venue", "symbol") if name in line)
    rest = [f"{name}={_value(value)}" for name, value in line.items() if name not in _HEAD]
    steps = [f"#{line['seq']}"] if line.get("seq") else []
    steps += [f"from #{line['cause']}"] if line.get("cause") else []
    return Text.assemble(
        (printable(str(line.get("timestamp", ""))), "dim"),
        f" {printable(level):7} ",
        (printable(str(line.get("event", ""))), _STYLES.get(level, "")),
        *([f"  {printable(about)}"] if about else []),
        *([f"  {printable(' '.join(rest))}"] if rest else []),
        *([("  " + " ".join(steps), "dim")] if steps else []),
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
