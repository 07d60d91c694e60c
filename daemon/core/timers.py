"""What a finished wait leads to. A timer whose matter is gone does nothing."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, QueryMarket, QueryQuote
from daemon.core.desk import Desk
from daemon.core.events import TimerFired
from daemon.core.guarding import tell_empty
from daemon.core.outages import tell_pause_ahead
from daemon.core.pursuit import on_retry
from daemon.core.review import ask_for_book, settle_if_ready, tell_unverified
from daemon.core.tending import on_check, on_timeout
from daemon.core.terms import Account, ClientOrderId, PositionKey, Symbol, Venue, proper

_MARKET_AGAIN_S = Decimal(5)


def on_timer(desk: Desk, event: TimerFired) -> None:
    """A wait is over. A timer whose matter is gone does nothing."""
    kind, _, rest = event.timer.partition("|")
    match kind:
        case "check" | "timeout":
            order = desk.book.orders.get(ClientOrderId(rest))
            if order is not None:
                (on_check if kind == "check" else on_timeout)(desk, order)
        case "retry" | "confirm" | "close" | "settle" | "verify" | "guard" | "empty":
            key = desk.book.by_name.get(rest)
            if key is not None:
                _on_position_timer(desk, kind, key)
        case "recheck":
            account, venue = rest.split("|", 1)
            ask_for_book(desk, Account(account), Venue(venue))
        case "pause":
            account, venue, pause_time_ns = rest.rsplit("|", 2)
            tell_pause_ahead(desk, (Account(account), Venue(venue)), int(pause_time_ns))
        case "market" | "blind":
            account, venue, symbol = rest.split("|", 2)
            _on_symbol_timer(desk, kind, (Account(account), Venue(venue), Symbol(symbol)))
        case _:
            return


def _on_position_timer(desk: Desk, kind: str, key: PositionKey) -> None:
    if kind == "retry":
        on_retry(desk, key)
    elif kind == "settle":
        settle_if_ready(desk, key)
    elif kind == "verify":
        tell_unverified(desk, key)
    elif kind == "empty":
        tell_empty(desk, key)
    elif desk.book.positions[key].qty:
        desk.emit(QueryQuote(account=key.account, venue=key.venue, symbol=key.symbol))


def _on_symbol_timer(desk: Desk, kind: str, where: tuple[Account, Venue, Symbol]) -> None:
    account, venue, symbol = where
    held = [key for key in desk.book.keys_of(*where) if desk.book.positions[key].qty]
    if not held and not (kind == "market" and desk.book.awaits_settlement(*where)):
        return
    if kind == "market":
        desk.emit(QueryMarket(account=account, venue=venue, symbol=symbol))
        # Until it is answered; the answer sets the usual pace.
        desk.wait(f"market|{account}|{venue}|{symbol}", _MARKET_AGAIN_S)
    elif where in desk.book.blind:
        qty = proper(desk.book.positions[held[0]].qty)
        text = f"{symbol} is UNGUARDED: {qty} held and no live price from stream or order book"
        desk.tell_once(where, NoticeKind.UNGUARDED, text, held[0])
