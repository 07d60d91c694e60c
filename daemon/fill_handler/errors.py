"""Errors of the library face: one tree, the venues' own classes and those of fills and state.

Everything here is a `daemon.core.errors.TheirsError`. What a venue did wrong is an
`ExchangeError`: `venue`, `code` (the venue's own word, "" where it gave none), `reason` (ours),
`retryable` (the same question may be asked again unchanged) and `tried` (what was done about it,
oldest first). What a caller did wrong is a `ConfigError` or a `StateError`.
"""

from __future__ import annotations

from daemon.core.errors import TheirsError
from daemon.core.terms import RejectReason
from daemon.venues.errors import (
    ERRORS,
    AnswerTimeoutError,
    AuthError,
    ClockSkewError,
    DuplicateIdError,
    ExchangePausedError,
    InsufficientFundsError,
    InvalidOrderError,
    MarketInactiveError,
    NetworkError,
    NoLiquidityError,
    NoPositionError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
    UnknownOutcomeError,
    VenueError,
)

ExchangeError = VenueError


class FillError(ExchangeError):
    """A record that was handed in as a fill cannot be booked as one."""


class UnknownFormatError(FillError):
    """Nothing in the record is a fill of a venue that filld knows."""


class AmbiguousFormatError(FillError):
    """The record may mean two things; the text says what to add."""


class UnreadableFillError(FillError):
    """The record's format is known, but a field of it is missing or makes no sense."""


class FillConflictError(FillError):
    """A fill of this id is known already, and it said something else."""


class ConfigError(TheirsError):
    """A key or value of a fill handler's configuration is not accepted; the text says what is."""


class StateError(TheirsError):
    """An exported state cannot be used, or contradicts what is known already."""


def exchange_error(
    reason: RejectReason, text: str, *, venue: str = "", code: str = "", tried: tuple[str, ...] = ()
) -> ExchangeError:
    """The error that stands for `reason`; an `UnknownOutcomeError` where none is named for it."""
    kind = ERRORS.get(reason, UnknownOutcomeError)
    return kind(text, venue=venue, code=code, tried=tried)


__all__ = [
    "ERRORS",
    "AmbiguousFormatError",
    "AnswerTimeoutError",
    "AuthError",
    "ClockSkewError",
    "ConfigError",
    "DuplicateIdError",
    "ExchangeError",
    "ExchangePausedError",
    "FillConflictError",
    "FillError",
    "InsufficientFundsError",
    "InvalidOrderError",
    "MarketInactiveError",
    "NetworkError",
    "NoLiquidityError",
    "NoPositionError",
    "NotFoundError",
    "RateLimitError",
    "ServerFaultError",
    "StateError",
    "UnknownFormatError",
    "UnknownOutcomeError",
    "UnreadableFillError",
    "exchange_error",
]
