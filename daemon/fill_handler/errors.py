"""Errors of the library face: one tree, and nothing that it raises on purpose is outside of it.

Each carries `venue` (None where it is no venue's doing), `code` (a word for machines: the venue's
own or else ours), `retryable` (marked * below: the same may be tried again unchanged a little
later) and `tried` (what was done about it, oldest first). `except ExchangeError` catches what an
exchange, or the account there, did to an order or told of one; `except BadInputError` what the
caller got wrong: the text names the field, the value and what is accepted, and it is a
`ValueError` too; `except FilldError` everything. What became of a trade that was begun is told as
`TradeResult.error`; raised is only what leaves no result.

    FilldError
      BadInputError
        ConfigError
        StateError
        TokenReusedError
      DoorError
        DoorRefusedError
          DoorBusyError *
        NoDaemonError
      ExchangeError
        AnswerTimeoutError *
        AuthError
        ClockSkewError *
        DuplicateIdError
        ExchangePausedError
        FillError
          AmbiguousFormatError
          FillConflictError
          UnknownFormatError
          UnreadableFillError
        InsufficientFundsError
        InvalidOrderError
        MarketInactiveError
        NetworkError *
        NoLiquidityError *
        NoPositionError
        NotFoundError
        RateLimitError *
        ServerFaultError *
        TradeRefusedError
        UnknownOutcomeError
        VenueSetupError
          BusyVenueError *
          UnreachableHostError
          WrongClockError
          WrongKeyError
      JournalError
        JournalCorruptError
        JournalLockedError *
        JournalSealedError
        JournalVersionError
      SealBrokenError
        UnknownKeyError
      SealKeyError
      SettingsError
      UnknownOrderError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.control.bodies import BadInputError
from daemon.control.door import DoorBusyError, DoorError, DoorRefusedError, NoDaemonError
from daemon.core.errors import FilldError, UnknownOrderError
from daemon.core.terms import RejectReason
from daemon.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalSealedError,
    JournalVersionError,
)
from daemon.journal.sealing import SealBrokenError, SealKeyError, UnknownKeyError
from daemon.settings import SettingsError
from daemon.venues.errors import ERRORS as VENUES_OWN
from daemon.venues.errors import (
    AnswerTimeoutError,
    AuthError,
    BusyVenueError,
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
    UnreachableHostError,
    VenueError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)

ExchangeError = VenueError


class TradeRefusedError(ExchangeError):
    """filld itself sent no order: halted, live orders off, a limit of yours, or one in doubt."""


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


class TokenReusedError(BadInputError):
    """The token is the name of another trade: nothing was begun."""


class ConfigError(BadInputError):
    """A key or value of a fill handler's configuration is not accepted; the text says what is."""


class StateError(BadInputError):
    """An exported state cannot be used, or contradicts what is known already."""


ERRORS: Final[Mapping[RejectReason, type[ExchangeError]]] = {
    **VENUES_OWN,
    RejectReason.ABSENT: NetworkError,
    **dict.fromkeys(
        (
            RejectReason.HALTED,
            RejectReason.IN_DOUBT,
            RejectReason.LIMIT_EXCEEDED,
            RejectReason.NOT_LIVE,
            RejectReason.OPERATOR,
            RejectReason.STOPPED,
        ),
        TradeRefusedError,
    ),
}
"""The class that stands for each reason why a trade was not, or not wholly, filled."""


def exchange_error(
    reason: RejectReason,
    text: str,
    *,
    venue: str | None = None,
    code: str = "",
    tried: tuple[str, ...] = (),
) -> ExchangeError:
    """The error that stands for `reason`."""
    return ERRORS[reason](text, venue=venue, code=code, tried=tried)


__all__ = [
    "ERRORS",
    "AmbiguousFormatError",
    "AnswerTimeoutError",
    "AuthError",
    "BadInputError",
    "BusyVenueError",
    "ClockSkewError",
    "ConfigError",
    "DoorBusyError",
    "DoorError",
    "DoorRefusedError",
    "DuplicateIdError",
    "ExchangeError",
    "ExchangePausedError",
    "FillConflictError",
    "FillError",
    "FilldError",
    "InsufficientFundsError",
    "InvalidOrderError",
    "JournalCorruptError",
    "JournalError",
    "JournalLockedError",
    "JournalSealedError",
    "JournalVersionError",
    "MarketInactiveError",
    "NetworkError",
    "NoDaemonError",
    "NoLiquidityError",
    "NoPositionError",
    "NotFoundError",
    "RateLimitError",
    "SealBrokenError",
    "SealKeyError",
    "ServerFaultError",
    "SettingsError",
    "StateError",
    "TokenReusedError",
    "TradeRefusedError",
    "UnknownFormatError",
    "UnknownKeyError",
    "UnknownOrderError",
    "UnknownOutcomeError",
    "UnreachableHostError",
    "UnreadableFillError",
    "VenueSetupError",
    "WrongClockError",
    "WrongKeyError",
    "exchange_error",
]
