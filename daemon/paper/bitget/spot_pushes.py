"""Classic spot's private channels: orders, fill, account.

Every fill says `partially_filled`, the last one too; a row without a fill says `filled` after it.
"""

from __future__ import annotations

from daemon.paper.bitget.pushes import Push, told
from daemon.paper.bitget.spot_views import asset_view, fill_push, filled_row, order_row
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.words import Json
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Happening,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.model import Order, Status
from daemon.paper.crypto.venue import CoinVenue


class SpotTeller:
    """`echoes`: the row that ends an order repeats its last fill."""

    channels = frozenset({"orders", "fill", "account", "orders-algo"})

    def __init__(self, venue: CoinVenue, *, echoes: bool) -> None:
        self._venue = venue
        self._echoes = echoes

    def pushes(self, happening: Happening) -> list[Push]:
        """Orders before fills; the hub may turn them round."""
        match happening:
            case OrderAccepted(order=order):
                return [self._order(order, self._row(order))]
            case OrderFilled(order=order, fill=fill):
                part = self._row(order) | filled_row(fill) | {"status": "partially_filled"}
                rows = [part, *([self._last(order)] if order.status is Status.FILLED else [])]
                push = fill_push(fill, order.ord_type.value)
                return [
                    *(self._order(order, row) for row in rows),
                    told(order, "fill", push),
                ]
            case OrderEnded(order=order):
                return [self._order(order, self._last(order))]
            case AccountMoved(account=account, coins=coins):
                rows = self._coins(account, coins)
                return [Push(account=account, channel="account", data=rows)]
            case _:
                return []

    def dump(self, account: str, channel: str) -> list[Json] | None:
        """Coins; nothing of orders and fills."""
        if channel != "account":
            return None
        return self._coins(account, tuple(self._venue.exchange.holdings.totals[account]))

    def _coins(self, account: str, coins: tuple[str, ...]) -> list[Json]:
        now_ns, exchange = self._venue.now_ns(), self._venue.exchange
        return [asset_view(coin, exchange.balance(account, coin), now_ns) for coin in coins]

    def _row(self, order: Order) -> Json:
        return order_row(order, fills_of(self._venue.exchange, order))

    def _last(self, order: Order) -> Json:
        fills = fills_of(self._venue.exchange, order) if self._echoes else []
        return self._row(order) | (filled_row(fills[-1]) if fills else {})

    def _order(self, order: Order, row: Json) -> Push:
        return told(order, "orders", row)
