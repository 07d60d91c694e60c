"""What the account holds: positions of perpetuals, and spot holdings out of wallets.

A spot holding is the wallet of the pair's base coin, without what is being withdrawn and without
`kept_qty`: fees that were taken in the coin have left the wallet by then (semantics ruling 29).
A pair that was traded but that nobody named in `kept_qty` is set aside: what of the wallet is its
position cannot be known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from daemon.core.events import PositionRow, PositionSnapshot, QueryFailed, Undecodable, VenueEvent
from daemon.core.terms import ZERO, Currency, PositionSide, Symbol
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import UnreadableAnswerError, VenueError
from daemon.venues.phemex.dialect import Dialect
from daemon.venues.phemex.list_wire import decode_rows
from daemon.venues.phemex.position_wire import decode_position_row
from daemon.venues.phemex.product_wire import Products, UnknownSymbolError
from daemon.venues.phemex.session import READ_PATIENCE_S, Call, PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.spot_wire import Wallet, decode_wallet_row
from daemon.venues.phemex.wire import SPOT


class HoldingsReader:
    """Reads all positions of the account at once."""

    def __init__(self, session: PhemexSession, dialect: Dialect, shelf: Shelf) -> None:
        self._session = session
        self._dialect = dialect
        self._shelf = shelf

    async def read(self) -> Sequence[VenueEvent]:
        """PositionSnapshot, or QueryFailed."""
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        call = Call(
            method="GET",
            path=self._dialect.account_path,
            query=self._dialect.account_query,
            group=self._dialect.account_group,
            patience_s=READ_PATIENCE_S,
        )
        try:
            raws = decode_rows(await self._session.get(call))
        except VenueError as error:
            return (self._failed(error),)
        except UnreadableError as error:
            return (self._failed(UnreadableAnswerError(f"{call.path}: {error}")),)
        read = self._spot if self._session.config.venue == SPOT else self._perps
        rows, bad = read(raws)
        if bad:
            return (*bad, self._failed(UnreadableAnswerError(bad[0].text)))
        self._shelf.note(row.symbol for row in rows)
        snapshot = PositionSnapshot(
            **self._session.stamp(), rows=tuple(rows), as_of_ns=as_of_ns, asked_mono_ns=asked_ns
        )
        return (snapshot,)

    def _perps(self, raws: Sequence[msgspec.Raw]) -> tuple[list[PositionRow], list[Undecodable]]:
        """What one row sets aside, another of the same symbol may still tell of its own side."""
        rows: dict[tuple[Symbol, PositionSide], PositionRow] = {}
        bad: list[Undecodable] = []
        for raw in raws:
            for row in decode_position_row(self._session.stamp(), "positions", raw):
                if isinstance(row, Undecodable):
                    bad.append(row)
                elif row.position_qty is None:
                    rows.setdefault((row.symbol, row.position_side), row)
                else:
                    rows[row.symbol, row.position_side] = row
        return [row for row in rows.values() if row.position_qty != ZERO], bad

    def _spot(self, raws: Sequence[msgspec.Raw]) -> tuple[list[PositionRow], list[Undecodable]]:
        """A wallet that cannot be read concerns only the pairs of its coin: those are set aside."""
        held: dict[Currency, Decimal] = {}
        for raw in raws:
            try:
                wallet = decode_wallet_row(self._session.stamp(), raw, self._shelf.products)
            except UnknownSymbolError:
                continue  # a coin of no product that we know: of no guarded pair
            if isinstance(wallet, Undecodable):
                return [], [wallet]
            held[wallet.currency] = _sellable(wallet)
        kept_qty, products = self._session.config.kept_qty, self._shelf.products
        rows = [holding(symbol, kept_qty, held, products) for symbol in self._shelf.tracked]
        return [row for row in rows if row.position_qty != ZERO], []

    def _failed(self, error: VenueError) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query="positions", reason=error.reason, text=error.text)


def _sellable(wallet: Wallet) -> Decimal:
    return max(wallet.qty - wallet.withdrawn_qty, ZERO)


def holding(
    symbol: Symbol,
    kept_qty: Mapping[Symbol, Decimal],
    held: Mapping[Currency, Decimal],
    products: Products,
) -> PositionRow:
    """The position of one pair; no wallet of its coin is an empty one."""
    if symbol not in kept_qty:
        text = "the pair is not named in kept_qty, so what of the wallet is its position is unknown"
        return PositionRow(symbol=symbol, position_qty=None, text=text)
    try:
        coin = products.product(symbol).base_currency
    except UnknownSymbolError as error:
        return PositionRow(symbol=symbol, position_qty=None, text=str(error))
    return PositionRow(
        symbol=symbol, position_qty=max(held.get(coin, ZERO) - kept_qty[symbol], ZERO)
    )
