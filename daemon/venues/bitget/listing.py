"""Lists of Bitget's, read page by page to the end. Knows pages and rows, not what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import msgspec

from daemon.core.events import Undecodable
from daemon.venues.bitget.account_wire import Page, decode_page
from daemon.venues.bitget.routes import Query
from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import UnreadableAnswerError, VenueError

PAGE_ROWS: Final = 100
PAGES_LIMIT: Final = 200

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to list: the path and the filters."""

    path: str
    filters: Query = ()
    urgent: bool = False


@dataclass(slots=True)
class Listing(Generic[Row]):
    """What a list gave: rows, unreadable rows, and the error that ended it early, if any.

    `time_ns` is when Bitget took the first question, by its own clock: 0 before an answer.
    """

    rows: list[Row] = field(default_factory=list)
    bad: list[Undecodable] = field(default_factory=list)
    error: VenueError | None = None
    time_ns: int = 0

    def problem(self) -> VenueError | None:
        """Why this list is not complete, or None when it is."""
        if self.error is None and self.bad:
            text = f"{len(self.bad)} rows cannot be read: {self.bad[0].text}"
            return UnreadableAnswerError(text, venue=self.bad[0].venue)
        return self.error

    def take(self, other: Listing[Row]) -> None:
        """Add another part of the same list; the earliest time counts."""
        self.rows += other.rows
        self.bad += other.bad
        self.error = self.error or other.error
        self.time_ns = min(filter(None, (self.time_ns, other.time_ns)), default=0)


async def read_list(
    session: BitgetSession,
    source: Source,
    decode: Callable[[msgspec.Raw], tuple[Row | Undecodable, ...]],
) -> Listing[Row]:
    """All pages of a list; never raises a `VenueError`.

    A page that is not full is the last one. An id that comes back would mean no end.
    """
    listing: Listing[Row] = Listing()
    routes = session.routes
    filters = (*routes.named, *source.filters, ("limit", str(PAGE_ROWS)))
    next_id, seen = "", {""}
    for _page in range(PAGES_LIMIT):
        query = (*filters, (routes.pages, next_id)) if next_id else filters
        page = await _read_page(session, source, query, listing)
        if page is None:
            return listing
        for raw in page.rows:
            for row in decode(raw):
                if isinstance(row, Undecodable):
                    listing.bad.append(row)
                else:
                    listing.rows.append(row)
        next_id = page.next_id
        if len(page.rows) < PAGE_ROWS or next_id == "":
            return listing
        if next_id in seen:
            break
        seen.add(next_id)
    text = f"{source.path}: the pages have no end"
    listing.error = UnreadableAnswerError(text, venue=session.market.venue)
    return listing


async def _read_page(
    session: BitgetSession, source: Source, query: Query, listing: Listing[Row]
) -> Page | None:
    """One page, or None with the reason in `listing`."""
    timeout_s = session.config.query_timeout_s
    call = Call(path=source.path, query=query, urgent=source.urgent, timeout_s=timeout_s)
    try:
        answer = await session.get(call)
        listing.time_ns = listing.time_ns or answer.time_ns
        return decode_page(answer.data)
    except VenueError as error:
        listing.error = error
    except UnreadableError as error:
        text = f"{source.path}: {error}"
        listing.error = UnreadableAnswerError(text, venue=session.market.venue)
    return None
