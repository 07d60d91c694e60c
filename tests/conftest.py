"""What holds for every test: no network but this machine's own, and how hypothesis searches."""

from __future__ import annotations

import ipaddress
import os
import sys

from hypothesis import HealthCheck, settings

_ADDRESS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0}


class NetworkRefusedError(RuntimeError):
    """A test asked for a host other than this one."""


def _is_ours(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host is None or host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Stop a connection or a look-up that would leave this machine.

    An audit hook sees them all, whichever library asks, and no fixture can forget it. A unix
    socket has a path for an address, and a connected datagram has none.
    """
    index = _ADDRESS.get(event)
    if index is None:
        return
    address = arguments[index]
    if event != "socket.getaddrinfo":
        if not isinstance(address, tuple):
            return
        address = address[0]
    if not _is_ours(address):
        text = f"{event} to {address!r}: tests meet no network but loopback"
        raise NetworkRefusedError(text)


sys.addaudithook(refuse_network)

# Chance is wanted in both: what it finds comes with a blob that repeats it. A slow machine is no
# finding, so there is no deadline.
for _name, _examples in (("dev", 50), ("ci", 200)):
    settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("ci" if os.environ.get("CI") else "dev")
