"""journald's native protocol: each line as one datagram of fields, beside being the same text.

https://systemd.io/JOURNAL_NATIVE_PROTOCOL. MESSAGE is the line of JSON itself, so that
`journalctl -o cat` shows what a file would hold; its fields are FILLD_EVENT, FILLD_VENUE,
FILLD_SYMBOL, FILLD_ORDER (the client order id) and so on. Own lines: systemd's own package needs
its library at build time.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

SOCKET: Final = Path("/run/systemd/journal/socket")
# syslog's: error, warning, informational, debug.
_PRIORITIES: Final = {"error": 3, "warning": 4, "info": 6, "debug": 7}
_NAMES: Final = {"client_order_id": "ORDER"}
_SEND_S: Final = 2.0
_LINE: Final = msgspec.json.Decoder(dict[str, object])


def is_ours(named: str, descriptor: int) -> bool:
    """Whether `$JOURNAL_STREAM` (DEVICE:INODE) names this open file: journald reads it."""
    try:
        there = os.fstat(descriptor)
    except OSError:
        return False
    return named == f"{there.st_dev}:{there.st_ino}"


def encode(line: bytes) -> bytes:
    """A line of JSON as a datagram; what is no such line is a MESSAGE alone."""
    fields: dict[str, str] = {"MESSAGE": line.decode(errors="replace")}
    try:
        said = _LINE.decode(line)
    except msgspec.DecodeError:
        said = {}
    fields["PRIORITY"] = str(_PRIORITIES.get(str(said.get("level")), _PRIORITIES["info"]))
    fields["SYSLOG_IDENTIFIER"] = "filld"
    for name, value in said.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        fields[f"FILLD_{_NAMES.get(name, name.upper())}"] = text
    return b"".join(_field(name, text.encode()) for name, text in fields.items())


def _field(name: str, value: bytes) -> bytes:
    """`NAME=value`, or with its length where the value has more than one line."""
    if b"\n" not in value:
        return name.encode() + b"=" + value + b"\n"
    return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


class JournalStream:
    """Takes lines as a file does; what journald does not take goes to `otherwise`.

    Used by the thread that writes lines; a send waits two seconds at most.
    """

    def __init__(self, otherwise: BinaryIO, path: Path = SOCKET) -> None:
        self._otherwise = otherwise
        self._path = str(path)

    def write(self, lines: bytes) -> None:
        """Whole lines, each with its end."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as box:
            box.settimeout(_SEND_S)
            for line in lines.split(b"\n")[:-1]:
                try:
                    box.sendto(encode(line), self._path)
                except OSError:
                    self._otherwise.write(line + b"\n")

    def flush(self) -> None:
        """Nothing waits but in `otherwise`."""
        self._otherwise.flush()


def stream_for(environ: Mapping[str, str], out: BinaryIO) -> BinaryIO | JournalStream:
    """journald where it reads `out` anyway, else `out`."""
    named = environ.get("JOURNAL_STREAM", "")
    return JournalStream(out) if named and is_ours(named, out.fileno()) else out
