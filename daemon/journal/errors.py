"""Errors of the journal. Each message says what the operator can do; the process ends on all."""

from __future__ import annotations

from daemon.core.errors import BrokenInvariantError, TheirsError


class JournalError(TheirsError):
    """The journal cannot be read or written: nothing may be sent any more."""


class JournalCorruptError(JournalError):
    """The journal's content contradicts itself; it is not used, nor changed."""


class JournalLockedError(JournalError):
    """Another process holds this journal or this account."""

    retryable = True


class JournalSealedError(JournalError):
    """The journal is sealed with a key that is not configured; nothing was changed."""


class JournalVersionError(JournalError):
    """The journal was written by a newer filld than this one."""


class OrderReusedError(BrokenInvariantError):
    """One client order id was about to be sent with two contents, or placed twice."""


class SequenceBrokenError(BrokenInvariantError):
    """Records were handed in that do not continue the journal's numbering."""
