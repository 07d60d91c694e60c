"""Which orders and ended exits a journalled step may change. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.decisions import DeclareDead, InferFill, SettlePosition
from daemon.core.events import Event, Fill, OrderEvent
from daemon.core.exits import Exit
from daemon.core.order import Order
from daemon.core.requests import OrderResolved


def orders_of(book: Book, event: Event, commands: Sequence[Command]) -> list[Order]:
    """The orders that a step may change."""
    found: list[Order | None] = []
    if isinstance(event, OrderEvent):
        found.append(book.find_order(event))
    elif isinstance(event, OrderResolved):
        found.append(book.orders.get(event.client_order_id))
    found += [
        book.orders.get(command.client_order_id)
        for command in commands
        if isinstance(command, DeclareDead | InferFill) and command.client_order_id is not None
    ]
    return list({id(order): order for order in found if order is not None}.values())


def past_exits(
    book: Book, event: Event, commands: Sequence[Command], orders: Sequence[Order]
) -> list[Exit]:
    """The ended exits that a step may change: those of its orders, and those of guesses there."""
    keys = [command.key for command in commands if isinstance(command, SettlePosition)]
    if isinstance(event, Fill):
        keys += book.keys_of(event.account, event.venue, event.symbol)
    concerned = list(orders)
    for key in keys:
        held = book.positions.get(key)
        for guess in () if held is None else held.inferred:
            order = book.orders.get(guess.client_order_id) if guess.client_order_id else None
            concerned += [] if order is None else [order]
    works = (book.find_exit(order.key, order.exit_no) for order in concerned if order.exit_no)
    return list({id(w): w for w in works if w is not None and w.end is not None}.values())
