"""Errors of the core. Ours: a bug or a wrong call, and the process stops. Theirs: bad input.

An expected failure of a venue is an event, not one of these.
"""

from __future__ import annotations

import re


class FilldError(Exception):
    """Anything that filld raises on purpose.

    `venue`: whose doing it is, None where it is no venue's. `code`: a word for machines, the
    venue's own or else ours. `retryable`: the same may be tried again unchanged a little later.
    `tried`: what was done about it before this was raised, oldest first.
    """

    retryable: bool = False

    def __init__(
        self,
        text: str = "",
        *,
        venue: str | None = None,
        code: str = "",
        tried: tuple[str, ...] = (),
    ) -> None:
        super().__init__(text or (type(self).__doc__ or "").splitlines()[0])
        self.venue = venue or None
        self.code = code or word(type(self))
        self.tried = tried


def word(kind: type[FilldError]) -> str:
    """The code of a class that nobody gave one: `JournalLockedError` is `journal_locked`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__.removesuffix("Error")).lower()


class OursError(FilldError):
    """A bug of ours or an impossible call; the process ends and recovers from its journal."""


class TheirsError(FilldError):
    """Input that cannot be used: it names the field, the value and what would be accepted."""


class ImpossibleTransitionError(OursError):
    """An order was given an input that its status does not know."""


class BrokenInvariantError(OursError):
    """Two facts of the book contradict each other."""


class UnknownOrderError(TheirsError):
    """No order of that id is in the book."""


class UnknownSymbolError(TheirsError):
    """No position or market of that symbol is in the book."""


class InvalidRuleError(TheirsError):
    """A stop rule contradicts itself or the position that it should guard."""


class InvalidInstrumentError(TheirsError):
    """A market's tick grid, lot or multiplier makes no sense."""
