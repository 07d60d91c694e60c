"""The pushes of `wo`: fills, orders as they are in `open` or `closed`, wallets."""

from __future__ import annotations

from daemon.paper.crypto.happenings import (
    AccountMoved,
    Happening,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.model import Fill, Order
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.pieces import OLD_ROWS, OldRows, Piece, latest
from daemon.paper.phemex.spot_views import fill_row, state_row, wallet_view
from daemon.paper.phemex.words import Json


class SpotTeller:
    """`Teller` of spot."""

    channel = "wo"

    def __init__(self, market: Market) -> None:
        self._market = market
        self._old = OldRows(market)

    def pieces(self, happening: Happening) -> list[Piece]:
        """Rows of `orders.fills`, `orders.open`, `orders.closed` and `wallets`."""
        match happening:
            case OrderAccepted(order=order) | OrderAmended(order=order):
                return [self._state(order)]
            case OrderFilled(order=order, fill=fill):
                piece = self._fill(order, fill)
                self._old.keep_fill(piece, fill)
                return [piece, self._kept(order)]
            case OrderEnded(order=order):
                return [self._kept(order)]
            case AccountMoved(account=account):
                return [self._wallet(account, coin) for coin in happening.coins]
            case _:
                return []

    def _fill(self, order: Order, fill: Fill) -> Piece:
        row = fill_row(self._market, order, fill)
        return Piece(order.account, ("fills", row["execID"]), row, order.symbol)

    def _state(self, order: Order) -> Piece:
        """Where an order stands: `open` and `closed` are one list, of which one state counts."""
        row = state_row(self._market, order)
        return Piece(order.account, ("state", order.order_id), row, order.symbol)

    def _kept(self, order: Order) -> Piece:
        piece = self._state(order)
        if not order.is_open:
            self._old.keep_ended(piece, order)
        return piece

    def _wallet(self, account: str, coin: str) -> Piece:
        venue = self._market.venue
        balance = venue.exchange.balance(account, coin)
        row = wallet_view(self._market, coin, balance, venue.door_ns())
        row["userID"] = self._market.user_id(account)
        return Piece(account, ("wallets", coin), row)

    def frame(self, rows: list[Piece]) -> Json:
        """The three lists of orders are always there."""
        orders: dict[str, list[Json]] = {"closed": [], "fills": [], "open": []}
        wallets: list[Json] = []
        for piece in latest(rows):
            if piece.key[0] == "wallets":
                wallets.append(piece.row)
            elif piece.key[0] == "fills":
                orders["fills"].append(piece.row)
            else:
                is_open = piece.row["ordStatus"] in ("New", "PartiallyFilled")
                orders["open" if is_open else "closed"].append(piece.row)
        return {"orders": orders, "wallets": wallets}

    def snapshots(self, account: str) -> list[list[Piece]]:
        """All wallets, open orders, and a hundred old orders and fills, in one push."""
        exchange = self._market.venue.exchange
        orders = exchange.open_orders[account].values()
        fills = [
            told or self._fill(exchange.orders[fill.order_id], fill)
            for fill, told in self._old.fills(account)
        ]
        ended = self._old.ended(account)[-OLD_ROWS:]
        coins = exchange.holdings.totals[account]
        wallets = [self._wallet(account, coin) for coin in coins]
        return [[*fills, *ended, *(self._state(order) for order in orders), *wallets]]
