"""Venues that pause, streams that break, prices that stop: what the operator hears, what is asked.

Decides no exit; what is held meanwhile is named in the notices (semantics.md 12, 23).
"""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, OfferQuote
from daemon.core.desk import Desk
from daemon.core.events import (
    FeedLost,
    FeedRestored,
    StreamLost,
    StreamRestored,
    VenueNotOpened,
    VenuePaused,
    VenueResumed,
)
from daemon.core.pursuit import advance
from daemon.core.review import ask_for_book
from daemon.core.terms import NANOS, Account, Venue, proper

# An alert is read on a small screen: so many positions are named in it.
_NAMED = 10


def on_venue(
    desk: Desk,
    event: VenueNotOpened | VenuePaused | VenueResumed | StreamLost | StreamRestored,
    *,
    news: bool,
) -> None:
    """A venue did not open, stopped or went on; a private stream broke or came back."""
    owner = (event.account, event.venue)
    match event:
        case VenueNotOpened():
            text = f"{event.venue} does not open ({event.text}): nothing there is guarded yet"
            desk.tell_once(owner, NoticeKind.UNGUARDED, text)
        case StreamRestored():
            desk.untell(owner, NoticeKind.UNGUARDED)
            ask_for_book(desk, event.account, event.venue)
        case StreamLost():
            if news:
                text = f"private stream of {event.venue} lost ({event.text}); reading by REST"
                desk.tell(NoticeKind.STREAM_LOST, text)
        case VenuePaused():
            _on_pause(desk, event, news=news)
        case VenueResumed():
            if news:
                _on_resume(desk, event)


def _on_pause(desk: Desk, event: VenuePaused, *, news: bool) -> None:
    owner = (event.account, event.venue)
    ahead_ns = event.pause_time_ns - event.receive_time_ns
    alert_s = desk.book.policy(*owner).pause_alert_s
    if ahead_ns > int(alert_s * NANOS):
        name = f"pause|{event.account}|{event.venue}|{event.pause_time_ns}"
        desk.wait(name, Decimal(ahead_ns) / NANOS - alert_s)
    elif ahead_ns > 0:
        tell_pause_ahead(desk, owner, event.pause_time_ns)
    elif news:
        what = _exposed(desk, owner)
        text = f"{event.venue} is paused ({event.text}); exposed: {what or 'nothing'}"
        desk.tell(NoticeKind.VENUE_PAUSED, text, urgent=bool(what))


def tell_pause_ahead(desk: Desk, owner: tuple[Account, Venue], pause_time_ns: int) -> None:
    """A scheduled pause is near: what is held then cannot be sold while it lasts."""
    left_s = max(pause_time_ns - desk.event.receive_time_ns, 0) // NANOS
    what = _exposed(desk, owner) or "nothing"
    text = f"{owner[1]} pauses in {left_s} s; exposed: {what}"
    desk.tell_once((owner, pause_time_ns), NoticeKind.PAUSE_AHEAD, text)


def _exposed(desk: Desk, owner: tuple[Account, Venue]) -> str:
    held = [
        f"{proper(position.qty)} {key.symbol}"
        for key, position in desk.book.positions.items()
        if position.qty and (key.account, key.venue) == owner
    ]
    if len(held) <= _NAMED:
        return ", ".join(held)
    return f"{len(held)} positions: {', '.join(held[:_NAMED])}, and {len(held) - _NAMED} more"


def _on_resume(desk: Desk, event: VenueResumed) -> None:
    for key, page in desk.book.pages.items():
        if page.position.qty and (key.account, key.venue) == (event.account, event.venue):
            desk.memory.one_sided.add((key.venue, key.symbol))
            advance(desk, page)
            desk.emit(OfferQuote(account=key.account, venue=key.venue, symbol=key.symbol))
    ask_for_book(desk, event.account, event.venue)


def on_feed(desk: Desk, event: FeedLost | FeedRestored) -> None:
    """Prices of some symbols stopped or came back; alerted when it lasts."""
    policy = desk.book.policy(event.account, event.venue)
    for symbol in event.symbols:
        where = (event.account, event.venue, symbol)
        if isinstance(event, FeedLost):
            desk.wait(f"blind|{event.account}|{event.venue}|{symbol}", policy.feed_alert_s)
        elif (where, NoticeKind.UNGUARDED) in desk.memory.told:
            desk.untell(where, NoticeKind.UNGUARDED)
            desk.tell(NoticeKind.GUARDED_AGAIN, f"{symbol} has a live price again")
