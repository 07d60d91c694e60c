"""The unified account's private topics: order, fill, fast-fill, account, position, ADL notices."""

from __future__ import annotations

from daemon.paper.bitget.pushes import Push, adl_notice, told
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.uta_orders import held_view
from daemon.paper.bitget.uta_views import coin_view, fast_fill_push, fill_push, order_push
from daemon.paper.bitget.words import Json
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Happening,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.model import Order, Origin
from daemon.paper.crypto.venue import CoinVenue

_ADL = "adl-notification"


class UtaTeller:
    """One market of a unified account."""

    channels = frozenset(
        {
            *("order", "fill", "fast-fill", "account", "position"),
            *("strategy-order", _ADL),
        }
    )

    def __init__(self, venue: CoinVenue) -> None:
        self._venue = venue

    def pushes(self, happening: Happening) -> list[Push]:
        """The order before its fill; the hub may turn them round."""
        match happening:
            case OrderAccepted(order=order):
                first = self._order(order)
                return [adl_notice(order, _ADL), first] if order.origin is Origin.ADL else [first]
            case OrderFilled(order=order, fill=fill):
                instrument = self._venue.exchange.instruments[order.symbol]
                fast = Push(
                    account=order.account,
                    channel="fast-fill",
                    data=fast_fill_push(fill, order, instrument),
                    symbol=order.symbol,
                )
                row = fill_push(fill, order, instrument)
                return [fast, self._order(order), told(order, "fill", row)]
            case OrderEnded(order=order):
                return [self._order(order)]
            case AccountMoved():
                return self._moved(happening)
            case _:
                return []

    def dump(self, account: str, channel: str) -> list[Json] | None:
        """Coins and positions; nothing of orders and fills."""
        if channel == "account":
            return self._coins(account)
        if channel != "position":
            return None
        held = [row for row in self._venue.exchange.holdings.of(account) if row.qty]
        return [held_view(self._venue, row) for row in held]

    def _moved(self, moved: AccountMoved) -> list[Push]:
        account = moved.account
        found = [Push(account=account, channel="account", data=self._coins(account))]
        if moved.positions:
            rows = [held_view(self._venue, held) for held in moved.positions]
            found.append(Push(account=account, channel="position", data=rows))
        return found

    def _coins(self, account: str) -> list[Json]:
        exchange = self._venue.exchange
        rows = [coin_view(coin, balance) for coin, balance in exchange.balances(account).items()]
        worth = next((row["equity"] for row in rows if row["coin"] == "USDT"), "0")
        return [{"totalEquity": worth, "effEquity": worth, "unrealisedPnL": "0", "coin": rows}]

    def _order(self, order: Order) -> Push:
        exchange = self._venue.exchange
        leverage = exchange.accounts[order.account].leverage
        instrument = exchange.instruments[order.symbol]
        row = order_push(order, instrument, fills_of(exchange, order), leverage)
        return told(order, "order", row)
