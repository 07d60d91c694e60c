"""Words to the service manager: sd_notify(3), as one datagram a message.

Own lines instead of a package: the protocol is newline-separated assignments sent to the unix
datagram socket that `NOTIFY_SOCKET` names ("@" stands for the abstract namespace's NUL), and the
packages for it have not been touched for years.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from decimal import Decimal

from daemon.core.terms import NANOS

_MICROS_NS = 1_000
_MICROS = NANOS // _MICROS_NS


class Notifier:
    """Speaks to whoever started us; says nothing where nobody listens.

    `watchdog_s` is the manager's patience in seconds, None where it has no watchdog on us.
    """

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        self._said = ""
        self.watchdog_s = _watchdog_s(environ, pid) if self._address else None

    def ready(self) -> None:
        """What was promised at the start is done: the unit is active."""
        self._send("READY=1")

    def reloading(self, mono_ns: int) -> None:
        """The rules are being read again; `ready` says when they are in force."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={mono_ns // _MICROS_NS}")

    def stopping(self) -> None:
        """The wind-down begins."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def extend(self, seconds: int) -> None:
        """A start or a stop takes longer: be patient for so many seconds from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={seconds * _MICROS}")

    def status(self, sentence: str) -> None:
        """The line that `systemctl status` shows; said again only when it changed."""
        line = " ".join(sentence.split())
        if line != self._said:
            self._said = line
            self._send(f"STATUS={line}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as box:
            box.settimeout(0)
            try:
                box.sendto(message.encode(), self._address)
            except OSError:
                # A manager that does not listen (any more) is no reason to leave positions alone;
                # it will judge us by what it did not hear.
                self._said = ""


def _watchdog_s(environ: Mapping[str, str], pid: int) -> Decimal | None:
    """WATCHDOG_USEC where it is meant for this process (sd_watchdog_enabled(3))."""
    micros = environ.get("WATCHDOG_USEC", "")
    if not micros.isdecimal() or int(micros) == 0:
        return None
    meant = environ.get("WATCHDOG_PID", "")
    if meant and meant != str(pid):
        return None
    return Decimal(micros) / _MICROS
