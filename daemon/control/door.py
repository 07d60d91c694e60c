"""What the door asks of the daemon behind it, and what both sides of it may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, TypeVar

from daemon.analytics.scene import Scene
from daemon.analytics.turns import Made, Taker, Turns
from daemon.core.errors import TheirsError
from daemon.core.events import Event
from daemon.core.requests import TradeRequested

Read = TypeVar("Read")

_STATUSES = frozenset(HTTPStatus)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action was not taken, one line.

    `status` is HTTP's: 400 bad input, 404 unknown symbol or order, 409 not as things stand.
    `near` are names that may have been meant.
    """

    status: int
    text: str
    near: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The text with what may have been meant."""
        return f"{self.text}; did you mean {' or '.join(self.near)}?" if self.near else self.text


EventMaker = Callable[[Scene], Event | Refusal]
"""Makes the operator's fact out of what is committed; never raises."""


TradeMaker = Callable[[Scene], TradeRequested | Refusal]
"""Makes the request to trade out of what is committed; never raises."""


class Door(Protocol):
    """The daemon as the door sees it. Every method waits for commits, none for a venue."""

    async def look(self, read: Callable[[Scene], Read]) -> Read:
        """What `read` makes of the book at a moment when everything in it is committed."""
        ...

    async def read(self, begin: Callable[[Scene], Turns[Made]], take: Taker) -> Made:
        """What the turns that `begin` begins return; `take` gets their rows.

        The loop goes on between two of them: nothing holds it for longer than some milliseconds.
        """
        ...

    async def act(self, make: EventMaker) -> int | Refusal:
        """Hand `make`'s event in; returns after its commit.

        The journal's seq of it, 0 where it changed nothing, or `make`'s refusal untouched.
        """
        ...

    async def trade(self, make: TradeMaker) -> Refusal | bool:
        """Begin `make`'s trade and return; True where its token was asked for before, and so
        nothing is begun again."""
        ...

    async def reload(self) -> tuple[str, ...]:
        """Read the rules again and return after the commit the settings that wait for a restart.

        Raises TheirsError, a problem to a line, where none of the rules can be put in force.
        """
        ...


class DoorError(TheirsError):
    """The operator's socket cannot be made or used."""


class NoDaemonError(DoorError):
    """No daemon answers at the operator's socket."""


class DoorRefusedError(DoorError):
    """The daemon refused: `status` is HTTP's, 400 and 404 blame the input; `code` its name."""

    def __init__(self, text: str, status: int) -> None:
        code = HTTPStatus(status).name.lower() if status in _STATUSES else str(status)
        super().__init__(text, code=code)
        self.status = status


class DoorBusyError(DoorRefusedError):
    """The daemon had too much to do to hear this: nothing was begun."""

    retryable = True
