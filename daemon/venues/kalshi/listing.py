"""Lists of Kalshi's, read page by page to the end. Knows pages and rows, not what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import msgspec

from daemon.core.events import Undecodable
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError
from daemon.venues.kalshi.account_wire import Page, decode_page
from daemon.venues.kalshi.session import DEFAULT_COST, Call, KalshiSession, Query
from daemon.venues.kalshi.wire import VENUE

PAGE_ROWS: Final = 1_000
PAGES_LIMIT: Final = 200
HISTORICAL: Final = "/historical/"

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to list: the path, the name of the rows in its answer, and filters."""

    path: str
    rows: str
    filters: Query = ()
    urgent: bool = False


@dataclass(slots=True)
class Listing(Generic[Row]):
    """What a list gave: rows, unreadable rows, and the error that ended it early, if any."""

    rows: list[Row] = field(default_factory=list)
    bad: list[Undecodable] = field(default_factory=list)
    error: VenueError | None = None

    def problem(self) -> VenueError | None:
        """Why this list is not complete, or None when it is."""
        if self.error is None and self.bad:
            text = f"{len(self.bad)} rows cannot be read: {self.bad[0].text}"
            return UnreadableAnswerError(text, venue=VENUE)
        return self.error


def account_call(
    session: KalshiSession,
    path: str,
    query: Query = (),
    *,
    cost: int = DEFAULT_COST,
    urgent: bool = False,
) -> Call:
    """A GET with the session's timeout."""
    timeout_s = session.config.query_timeout_s
    return Call(method="GET", path=path, query=query, cost=cost, urgent=urgent, timeout_s=timeout_s)


async def read_list(
    session: KalshiSession, source: Source, decode: Callable[[msgspec.Raw], Row | Undecodable]
) -> Listing[Row]:
    """All pages of a list; never raises a `VenueError`.

    Kalshi answers a broken cursor with a silent 200, so a cursor that comes back is an error. A
    404 of an archive means that nothing was archived.
    """
    listing: Listing[Row] = Listing()
    subaccount = ("subaccount", str(session.config.subaccount))
    filters = (*source.filters, subaccount, ("limit", str(PAGE_ROWS)))
    cursor, seen = "", {""}
    for _page in range(PAGES_LIMIT):
        query = (*filters, ("cursor", cursor)) if cursor else filters
        page = await _read_page(session, source, query, listing)
        if page is None:
            return listing
        for raw in page.rows:
            row = decode(raw)
            if isinstance(row, Undecodable):
                listing.bad.append(row)
            else:
                listing.rows.append(row)
        cursor = page.cursor
        if cursor == "":
            return listing
        if cursor in seen:
            break
        seen.add(cursor)
    text = f"{source.path}: the pages have no end"
    listing.error = UnreadableAnswerError(text, venue=VENUE)
    return listing


async def _read_page(
    session: KalshiSession, source: Source, query: Query, listing: Listing[Row]
) -> Page | None:
    """One page, or None with the reason in `listing`."""
    call = account_call(session, source.path, query, urgent=source.urgent)
    try:
        return decode_page(await session.get(call), source.rows)
    except NotFoundError as error:
        listing.error = None if source.path.startswith(HISTORICAL) else error
    except VenueError as error:
        listing.error = error
    except UnreadableError as error:
        listing.error = UnreadableAnswerError(f"{source.path}: {error}", venue=VENUE)
    return None
