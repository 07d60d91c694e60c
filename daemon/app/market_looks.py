"""Why a market's terms are not in the book, as far as anybody said: an observer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.core.commands import Command
from daemon.core.events import Event, MarketRead, QueryFailed, VenueNotOpened
from daemon.core.terms import Account, RejectReason, Symbol, Venue

Where = tuple[Account, Venue, Symbol]

_KEPT: Final = 1_000


class MarketLooks:
    """The last look at each market that failed, and the venues that did not open."""

    def __init__(self) -> None:
        self._failed: dict[Where, QueryFailed] = {}
        self._unopened: dict[tuple[Account, Venue], VenueNotOpened] = {}

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002
        """Note a failed look, and a venue that does not open until one of its markets is read."""
        match event:
            case QueryFailed(query="market") if event.symbol is not None:
                self._failed[event.account, event.venue, event.symbol] = event
                if len(self._failed) > _KEPT:
                    del self._failed[next(iter(self._failed))]
            case VenueNotOpened():
                self._unopened[event.account, event.venue] = event
            case MarketRead():
                self._unopened.pop((event.account, event.venue), None)
            case _:
                pass

    def unlisted(self, where: Where, since_ns: int) -> str | None:
        """The venue's own word, since then, that it knows no such market."""
        failed = self._since(where, since_ns)
        if failed is None or failed.reason is not RejectReason.NOT_FOUND:
            return None
        return failed.text

    def why(self, where: Where, since_ns: int) -> tuple[RejectReason, str]:
        """Why the terms have not come: what a look met, or that there was no answer."""
        failed, unopened = self._since(where, since_ns), self._unopened.get(where[:2])
        if failed is not None:
            return failed.reason, failed.text
        if unopened is not None:
            return RejectReason.NETWORK, f"it is not open ({unopened.text})"
        return RejectReason.TIMEOUT, "no answer"

    def _since(self, where: Where, since_ns: int) -> QueryFailed | None:
        failed = self._failed.get(where)
        return None if failed is None or failed.mono_ns < since_ns else failed
