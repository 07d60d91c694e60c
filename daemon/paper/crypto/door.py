"""What the server needs of a venue's own package: its application, its addresses, its faults."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault


class Door(Protocol):
    """One market of one venue, on a port of its own."""

    @property
    def venue(self) -> CoinVenue:
        """What is behind the door."""
        ...

    def make_app(self) -> web.Application:
        """REST and websockets."""
        ...

    def urls(self, address: str) -> dict[str, str]:
        """Settings of a client, by their key in its section; `address` is HOST:PORT."""
        ...

    def tick(self) -> None:
        """Everything that only the clock causes."""
        ...

    def strike(self, fault: Fault) -> int:
        """Carry out a fault that does not wait for a frame; says how many it hit."""
        ...

    def close(self) -> None:
        """Cut every websocket: the venue is going away."""
        ...
