"""Classic futures' private channels: orders, fill, account, positions and their ends, ADL notices.

Each fill is one row of `orders`, the last one in the row that says `filled`.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.bitget.mix_orders import held_view, margins
from daemon.paper.bitget.mix_views import (
    closed_row,
    fill_fields,
    fill_push,
    margin_row,
    order_row,
    position_row,
)
from daemon.paper.bitget.pushes import Push, adl_notice, told
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.words import Json
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Happening,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.model import Fill, Order, Origin, Position, PositionSide
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.units import ZERO

_ADL = "adl-noti"


class MixTeller:
    """`echoes`: the row that ends an order repeats its last fill."""

    channels = frozenset(
        {"orders", "fill", "account", "positions", "positions-history", "orders-algo", _ADL}
    )

    def __init__(self, venue: CoinVenue, *, echoes: bool) -> None:
        self._venue = venue
        self._echoes = echoes
        self._last: Fill | None = None
        self._realized: dict[tuple[str, str, PositionSide], Decimal] = {}

    def pushes(self, happening: Happening) -> list[Push]:
        """Orders before fills; the hub may turn them round."""
        match happening:
            case OrderAccepted(order=order):
                first = told(order, "orders", self._row(order))
                return [adl_notice(order, _ADL), first] if order.origin is Origin.ADL else [first]
            case OrderFilled(order=order, fill=fill):
                self._last = fill
                row = self._row(order) | fill_fields(fill)
                return [
                    told(order, "orders", row),
                    told(order, "fill", fill_push(fill, order.ord_type.value)),
                ]
            case OrderEnded(order=order):
                fills = fills_of(self._venue.exchange, order) if self._echoes else []
                row = self._row(order) | (fill_fields(fills[-1]) if fills else {})
                return [told(order, "orders", row)]
            case AccountMoved():
                return self._moved(happening)
            case _:
                return []

    def dump(self, account: str, channel: str) -> list[Json] | None:
        """Margin and positions; nothing of orders and fills."""
        if channel == "account":
            return self._margin(account)
        return self._held(account) if channel == "positions" else None

    def _moved(self, moved: AccountMoved) -> list[Push]:
        account = moved.account
        found = [Push(account=account, channel="account", data=self._margin(account))]
        if moved.positions:
            # All that is held: what is closed is missing from it.
            found.append(Push(account=account, channel="positions", data=self._held(account)))
            found += [self._closed(held) for held in moved.positions if not held.qty]
        return found

    def _closed(self, held: Position) -> Push:
        key = (held.account, held.symbol, held.position_side)
        profits = held.realized - self._realized.get(key, ZERO)
        self._realized[key] = held.realized
        assert self._last is not None
        coin = self._venue.exchange.instruments[held.symbol].quote
        row = closed_row(held, self._last, profits, coin)
        return Push(
            account=held.account, channel="positions-history", data=[row], symbol=held.symbol
        )

    def _margin(self, account: str) -> list[Json]:
        totals = self._venue.exchange.holdings.totals[account]
        return [margin_row(row) for row in margins(self._venue, account, totals)]

    def _held(self, account: str) -> list[Json]:
        rows = [held for held in self._venue.exchange.holdings.of(account) if held.qty]
        return [position_row(held_view(self._venue, held)) for held in rows]

    def _row(self, order: Order) -> Json:
        exchange = self._venue.exchange
        leverage = exchange.accounts[order.account].leverage
        return order_row(order, fills_of(exchange, order), leverage)
