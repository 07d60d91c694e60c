"""How funding changes the book: once by its key, whoever tells it and however often.

Its key stands among those of the fills, so that memory and the journal's index guard both alike.
"""

from __future__ import annotations

from daemon.core.book import Book
from daemon.core.events import Fill, Funding
from daemon.core.fills import fill_key
from daemon.core.known_fills import FillKey
from daemon.core.terms import ZERO, ExecId, PositionKey, PositionSide

_KIND = "funding|"  # no fill's id begins so, and none comes without an order's id


def booked_key(event: Fill | Funding) -> FillKey:
    """What names an event that is booked once (semantics.md 1, 29)."""
    if isinstance(event, Fill):
        return fill_key(event)
    exec_id = ExecId(_KIND + event.exec_id)
    return (event.account, event.venue, event.symbol, exec_id, None)


def funded_key(book: Book, event: Funding) -> PositionKey:
    """The position that a funding belongs to.

    Where the venue does not name a hedged one it is the held one of the symbol, the first of two:
    what the symbol as a whole has paid is right in any case.
    """
    known = book.keys_of(event.account, event.venue, event.symbol)
    if event.position_side is PositionSide.NET and known:
        return next((key for key in known if book.positions[key].qty), known[0])
    for key in known:
        if key.position_side is event.position_side:
            return key
    return PositionKey(
        account=event.account,
        venue=event.venue,
        symbol=event.symbol,
        position_side=event.position_side,
    )


def apply_funding(book: Book, event: Funding) -> bool:
    """Book a payment, outside any generation; False when its key is known already."""
    key = booked_key(event)
    if key in book.fills:
        return False
    book.fills.add(key, f"{event.funding!s} 0")
    position = book.position(funded_key(book, event))
    currency = event.funding_currency
    position.funding[currency] = position.funding.get(currency, ZERO) + event.funding
    return True
