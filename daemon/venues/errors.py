"""What can go wrong between us and a venue, one class a cause. Knows no venue's own codes.

Inside `daemon.venues` a failed look-up is raised as one of these; at the port it becomes an
event that carries `reason`. Only `VenueSetupError` leaves a venue, out of `open()`.
"""

from __future__ import annotations

from typing import ClassVar

from daemon.core.errors import TheirsError
from daemon.core.terms import RejectReason


class VenueError(TheirsError):
    """A venue refused, failed or could not be reached.

    `code` is the venue's own word where it gave one, `reason` is our word for all venues.
    """

    reason: ClassVar[RejectReason] = RejectReason.VENUE_ERROR

    @property
    def text(self) -> str:
        """What the venue, or who asked it, said of it."""
        return str(self)


class NetworkError(VenueError):
    """The venue could not be reached, or its answer was lost on the way."""

    reason = RejectReason.NETWORK
    retryable = True


class AnswerTimeoutError(VenueError):
    """The venue did not answer in time."""

    reason = RejectReason.TIMEOUT
    retryable = True


class RateLimitError(VenueError):
    """Asked too often; the request was not processed."""

    reason = RejectReason.RATE_LIMIT
    retryable = True


class ServerFaultError(VenueError):
    """The venue failed on its own side (5xx): nothing is known of the request."""

    retryable = True


class InsufficientFundsError(VenueError):
    """The account cannot pay for the order where it was sent."""

    reason = RejectReason.INSUFFICIENT_FUNDS


class CircuitOpenError(VenueError):
    """The question was not sent: the venue has not answered the last ones."""

    reason = RejectReason.NETWORK


class DuplicateIdError(VenueError):
    """This client order id was used before: an order of that id may live."""

    reason = RejectReason.DUPLICATE_ID


class NotFoundError(VenueError):
    """The venue knows no such thing, or does not show it any more."""

    reason = RejectReason.NOT_FOUND


class MarketInactiveError(VenueError):
    """The market is closed or paused."""

    reason = RejectReason.MARKET_INACTIVE


class ExchangePausedError(VenueError):
    """Trading is paused on the whole venue."""

    reason = RejectReason.EXCHANGE_PAUSED


class AuthError(VenueError):
    """The key, its signature or its scope was refused."""

    reason = RejectReason.AUTH


class ClockSkewError(VenueError):
    """The signed timestamp is too far from the venue's clock."""

    reason = RejectReason.CLOCK_SKEW
    retryable = True


class InvalidOrderError(VenueError):
    """The venue's rules forbid this order as it stands."""

    reason = RejectReason.INVALID_ORDER


class NoLiquidityError(VenueError):
    """Nothing rests that the order could trade with."""

    reason = RejectReason.NO_LIQUIDITY
    retryable = True


class NoPositionError(VenueError):
    """A rule for reduce-only orders or for the position mode forbids the order."""

    reason = RejectReason.NO_POSITION


class UnknownOutcomeError(VenueError):
    """A request was sent and its answer proves nothing."""


class UnreadableAnswerError(VenueError):
    """An answer of the venue could not be read, or was not complete."""


class VenueSetupError(VenueError):
    """The venue cannot be used as configured; the text says what to do."""


class UnreachableHostError(VenueSetupError):
    """The venue's address cannot be reached."""

    reason = RejectReason.NETWORK


class BusyVenueError(VenueSetupError):
    """The venue has limited or banned the address or the key for a while."""

    reason = RejectReason.RATE_LIMIT
    retryable = True

    def __init__(self, error: VenueError, *, venue: str) -> None:
        """Of the error that the opening met."""
        text = f"{venue} has limited or banned this address ({error.text}): wait and try again"
        super().__init__(text, venue=venue, code=error.code)


class WrongKeyError(VenueSetupError):
    """The venue refuses the API key or its signature, or the key file is not usable."""

    reason = RejectReason.AUTH


class WrongClockError(VenueSetupError):
    """Our clock is so wrong that the venue refuses signed requests."""

    reason = RejectReason.CLOCK_SKEW


ERRORS: dict[RejectReason, type[VenueError]] = {
    kind.reason: kind
    for kind in (
        NetworkError,
        AnswerTimeoutError,
        RateLimitError,
        ServerFaultError,
        InsufficientFundsError,
        DuplicateIdError,
        NotFoundError,
        MarketInactiveError,
        ExchangePausedError,
        AuthError,
        ClockSkewError,
        InvalidOrderError,
        NoLiquidityError,
        NoPositionError,
    )
}
"""The class that stands for each reason a venue can give."""
