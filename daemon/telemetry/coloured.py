"""Lines in colours for a person, as `--pretty` and `[logs] format` ask for."""

from __future__ import annotations

from typing import Final

import msgspec
import structlog

from daemon.telemetry.logs import Stream

_LINE: Final = msgspec.json.Decoder(dict[str, object])
_RENDER: Final = structlog.dev.ConsoleRenderer(colors=True)


class Coloured:
    """Takes lines of JSON as a file does, and writes them to `out` for a person.

    Used by the thread that writes lines; `filld tail` and `top` still read JSON.
    """

    def __init__(self, out: Stream) -> None:
        self._out = out

    def write(self, lines: bytes) -> None:
        """Whole lines, each with its end."""
        self._out.write(b"".join(_shown(line) for line in lines.splitlines()))

    def flush(self) -> None:
        """Nothing waits here."""
        self._out.flush()


def _shown(line: bytes) -> bytes:
    named = _LINE.decode(line)
    return f"{_RENDER(None, str(named['level']), named)}\n".encode()
