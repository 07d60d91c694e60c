"""What the command line ends with: one number for each kind of end, one line for each error."""

from __future__ import annotations

import enum

from daemon.control.bodies import BadInputError
from daemon.control.door import DoorRefusedError, NoDaemonError
from daemon.core.errors import FilldError, OursError, TheirsError
from daemon.journal.sealing import SealKeyError
from daemon.settings import SettingsError
from daemon.telemetry.errors import UnknownServiceError
from daemon.venues.errors import (
    InvalidOrderError,
    NotFoundError,
    UnknownOutcomeError,
    WrongKeyError,
)

_BLAMED = (
    SettingsError,
    BadInputError,
    SealKeyError,
    WrongKeyError,
    UnknownServiceError,
    NotFoundError,
    InvalidOrderError,
)
_BLAMES_INPUT = frozenset({400, 404, 413})


class ExitCode(enum.IntEnum):
    """The exit codes of every verb (usage errors of the parser end with 2 as well)."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    NOTHING_THERE = 3
    DISAGREES = 4
    PARTLY = 5
    UNKNOWN = 6


class NothingThereError(TheirsError):
    """No daemon answers and there is no journal to read."""


def code_of(error: FilldError) -> ExitCode:
    """Bad input (2), nothing to ask (3), an unknown outcome (6), or refused and failed (1)."""
    if isinstance(error, UnknownOutcomeError):
        return ExitCode.UNKNOWN
    if isinstance(error, _BLAMED):
        return ExitCode.BAD_INPUT
    if isinstance(error, NoDaemonError | NothingThereError):
        return ExitCode.NOTHING_THERE
    if isinstance(error, DoorRefusedError) and error.status in _BLAMES_INPUT:
        return ExitCode.BAD_INPUT
    return ExitCode.FAILED


def line_of(error: FilldError) -> str:
    """What is told on standard error."""
    if isinstance(error, OursError):
        return f"a bug of filld ({type(error).__name__}): {error}"
    return str(error)
