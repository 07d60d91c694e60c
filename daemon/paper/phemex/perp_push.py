"""The pushes of `aop_p`: order rows in the order of events, positions and accounts as they are."""

from __future__ import annotations

from daemon.paper.crypto.happenings import (
    AccountMoved,
    Happening,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.model import Order, Position
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.perp_reads import sides_of
from daemon.paper.phemex.perp_rows import fill_row, push_row
from daemon.paper.phemex.perp_views import account_view, last_exec, position_view
from daemon.paper.phemex.pieces import OldRows, Piece, latest
from daemon.paper.phemex.words import Json, end_word

_ROWS_A_PUSH = 100
_LISTS = ("accounts_p", "orders_p", "positions_p")


class PerpTeller:
    """`Teller` of USDT perpetuals."""

    channel = "aop_p"

    def __init__(self, market: Market) -> None:
        self._market = market
        self._old = OldRows(market)
        self._rows = 0

    def pieces(self, happening: Happening) -> list[Piece]:
        """Rows of `orders_p`, `positions_p` and `accounts_p`."""
        market, found = self._market, list[Piece]()
        match happening:
            case OrderAccepted(order=order):
                found.append(self._row(order, push_row(market, order, "New")))
            case OrderAmended(order=order):
                row = push_row(market, order, "Replaced")
                found.append(self._row(order, row | {"action": "Replace", "tradeType": "Amend"}))
            case OrderFilled(order=order, fill=fill):
                found.append(self._row(order, fill_row(market, order, fill)))
                self._old.keep_fill(found[0], fill)
            case OrderEnded(order=order):
                row = push_row(market, order, end_word(order, market.config.ioc_rest))
                found.append(self._row(order, row))
                self._old.keep_ended(found[0], order)
            case AccountMoved():
                found += self._moved(happening)
            case _:
                pass
        return found

    def _row(self, order: Order, row: Json) -> Piece:
        """A row of `orders_p`: each is told, so that each has a key of its own."""
        self._rows += 1
        return Piece(order.account, ("orders_p", self._rows), row, order.symbol)

    def _moved(self, moved: AccountMoved) -> list[Piece]:
        rows = [self._position(position) for position in moved.positions]
        settled = {i.quote for i in self._market.venue.exchange.instruments.values()}
        coins = (coin for coin in moved.coins if coin in settled)
        return [*rows, *(self._account(moved.account, coin) for coin in coins)]

    def _position(self, position: Position) -> Piece:
        key = ("positions_p", position.symbol, position.position_side)
        row = position_view(self._market, position)
        return Piece(position.account, key, row, position.symbol)

    def _account(self, account: str, coin: str) -> Piece:
        total = self._market.venue.exchange.holdings.total(account, coin)
        row = account_view(self._market, account, coin, total)
        return Piece(account, ("accounts_p", coin), row)

    def frame(self, rows: list[Piece]) -> Json:
        """A list that has no row is not there."""
        lists: dict[str, list[Json]] = {name: [] for name in _LISTS}
        for piece in latest(rows):
            lists[str(piece.key[0])].append(piece.row)
        return {**{name: rows for name, rows in lists.items() if rows}, "version": 0}

    def snapshots(self, account: str) -> list[list[Piece]]:
        """Accounts and all positions, old fills, old ends, open orders; a hundred orders a push."""
        exchange = self._market.venue.exchange
        coins = {instrument.quote for instrument in exchange.instruments.values()}
        whole = [self._account(account, coin) for coin in sorted(coins)]
        for symbol in exchange.instruments:
            for side in sides_of(hedge_mode=exchange.accounts[account].hedge_mode):
                held = exchange.holdings.positions.get((account, symbol, side))
                flat = Position(account=account, symbol=symbol, position_side=side)
                whole.append(self._position(held or flat))
        orders = [*self._filled(account), *self._old.ended(account)]
        orders += [self._state(row) for row in exchange.open_orders[account].values()]
        pushes = [orders[i : i + _ROWS_A_PUSH] for i in range(0, len(orders), _ROWS_A_PUSH)]
        first = pushes[0] if pushes else []
        return [[*whole, *first], *pushes[1:]]

    def _filled(self, account: str) -> list[Piece]:
        exchange = self._market.venue.exchange
        found = []
        for fill, told in self._old.fills(account):
            order = exchange.orders[fill.order_id]
            found.append(told or self._row(order, fill_row(self._market, order, fill)))
        return found

    def _state(self, order: Order) -> Piece:
        """An open order: its last fill is among the fills, so it is shown as it was accepted."""
        status = "New" if last_exec(self._market, order) == "New" else "Replaced"
        return self._row(order, push_row(self._market, order, status))
