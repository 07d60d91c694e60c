"""The life of markets and of the exchange's switches: open, pause, close, determine, settle.

Time-based steps happen in `tick`; the rest is asked for at the admin door. It places no order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.clock import SECOND_NS
from daemon.paper.exchange import Exchange
from daemon.paper.happenings import MarketMoved, QuoteChanged
from daemon.paper.listing import GRIDS, grid_of
from daemon.paper.matching import Book
from daemon.paper.model import Market, MarketStatus, Owner, Reason
from daemon.paper.refusal import OperatorError
from daemon.paper.units import ONE, ZERO, dollars4, seconds

_TRADABLE = (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.INACTIVE)
_RESULTS = {"yes": ONE, "no": ZERO}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which switches to set on which shards; None leaves one alone. No shards means all."""

    exchange_active: bool | None = None
    trading_active: bool | None = None
    shards: tuple[int, ...] = ()


class MarketDesk:
    """Moves markets through their lives and pays them out."""

    def __init__(self, exchange: Exchange, *, close_cancel_delay_s: float = 0) -> None:
        self._exchange = exchange
        self._close_cancel_delay_ns = int(close_cancel_delay_s * SECOND_NS)

    def list_market(self, market: Market) -> None:
        """Add a market; it opens when its time comes."""
        if market.ticker in self._exchange.markets:
            raise OperatorError(f"market {market.ticker!r} exists already")
        if market.exchange_index not in self._exchange.shards:
            raise OperatorError(
                f"exchange_index = {market.exchange_index}: "
                f"there are {sorted(self._exchange.shards)}"
            )
        self._exchange.markets[market.ticker] = market
        self._exchange.books[market.ticker] = Book()
        self._tell(market, "created", _created_fields(market))
        self.tick()

    def tick(self) -> None:
        """Do what the clock asks for: open, close, cancel after the close, settle."""
        now = self._exchange.clock.wall_ns()
        for market in self._exchange.markets.values():
            if market.status is MarketStatus.INITIALIZED and now >= market.open_ns:
                market.status = MarketStatus.ACTIVE
            if market.status in _TRADABLE and now >= market.close_ns:
                market.status = MarketStatus.CLOSED
            if market.status is MarketStatus.FINALIZED or now < market.close_ns:
                continue
            if now >= market.close_ns + self._close_cancel_delay_ns:
                self._exchange.cancel_resting(market.ticker, Reason.CLOSE)
            if market.status is MarketStatus.DETERMINED:
                self._settle_when_due(market, now)

    def pause(self, ticker: str) -> None:
        """active -> inactive: no order may be placed or amended, resting ones stay."""
        market = self._exchange.market(ticker)
        if market.status is not MarketStatus.ACTIVE:
            raise OperatorError(f"{ticker} is {market.status}, only an active market is paused")
        market.status = MarketStatus.INACTIVE
        self._cancel_on_pause(ticker)
        self._tell(market, "deactivated", {"is_deactivated": True})

    def activate(self, ticker: str) -> None:
        """inactive -> active: every resting order is canceled, as Kalshi does."""
        market = self._exchange.market(ticker)
        if market.status is not MarketStatus.INACTIVE:
            raise OperatorError(f"{ticker} is {market.status}, only a paused market is activated")
        self._exchange.cancel_resting(ticker, Reason.HALT)
        market.status = MarketStatus.ACTIVE
        self._tell(market, "activated", {"is_deactivated": False})

    def move_close(self, ticker: str, close_ns: int) -> None:
        """Change the closing time, to now if the time has passed."""
        market = self._exchange.market(ticker)
        if market.status not in _TRADABLE:
            raise OperatorError(f"{ticker} is {market.status}, its close is past")
        market.close_ns = max(close_ns, self._exchange.clock.wall_ns())
        self._tell(market, "close_date_updated", {"close_ts": seconds(market.close_ns)})
        self.tick()

    def determine(self, ticker: str, result: str, value: Decimal | None = None) -> None:
        """Fix the outcome; the money moves when the settlement timer has run."""
        market = self._exchange.market(ticker)
        worth = _RESULTS.get(result, value)
        if worth is None or (result not in _RESULTS and result != "scalar"):
            raise OperatorError(
                f"result = {result!r}, settlement_value = {value}: "
                "accepted are yes, no, or scalar with a settlement_value"
            )
        if not ZERO <= worth <= ONE:
            raise OperatorError(f"settlement_value = {worth}: between 0 and 1 is accepted")
        if market.status in (MarketStatus.DETERMINED, MarketStatus.FINALIZED):
            raise OperatorError(f"{ticker} is {market.status} already")
        if market.status in _TRADABLE:
            self.move_close(ticker, self._exchange.clock.wall_ns())
        market.status = MarketStatus.DETERMINED
        market.result, market.settlement_value = result, worth
        market.determined_ns = self._exchange.clock.wall_ns()
        fields: dict[str, object] = {
            "result": result,
            "settlement_value": dollars4(worth),
            "determination_ts": seconds(market.determined_ns),
        }
        self._tell(market, "determined", fields)
        self.tick()

    def settle_now(self, ticker: str) -> None:
        """Do not wait for the settlement timer."""
        market = self._exchange.market(ticker)
        if market.status is not MarketStatus.DETERMINED:
            raise OperatorError(f"{ticker} is {market.status}, only a determined market settles")
        self._exchange.cancel_resting(ticker, Reason.CLOSE)
        self._settle(market, self._exchange.clock.wall_ns())

    def set_structure(self, ticker: str, structure: str) -> None:
        """Change the price grid of a live market; resting orders stay where they are."""
        if structure not in GRIDS:
            raise OperatorError(f"structure = {structure!r}: accepted are {sorted(GRIDS)}")
        market = self._exchange.market(ticker)
        market.structure, market.ranges = structure, grid_of(structure)
        fields: dict[str, object] = {
            "price_level_structure": structure,
            "price_ranges": ranges_view(market),
        }
        self._tell(market, "price_level_structure_updated", fields)

    def switch(self, switches: Switches) -> None:
        """Set the exchange's switches; orders that asked for it are canceled on a pause."""
        for index in switches.shards or tuple(self._exchange.shards):
            shard = self._exchange.shards.get(index)
            if shard is None:
                raise OperatorError(f"no shard {index}: {sorted(self._exchange.shards)}")
            if switches.exchange_active is not None:
                shard.exchange_active = switches.exchange_active
            if switches.trading_active is not None:
                shard.trading_active = switches.trading_active
            if not (shard.exchange_active and shard.trading_active):
                for market in self._exchange.markets.values():
                    if market.exchange_index == index:
                        self._cancel_on_pause(market.ticker)

    def _cancel_on_pause(self, ticker: str) -> None:
        for order in self._exchange.books[ticker].orders():
            if order.cancel_on_pause:
                self._exchange.end_resting(order, Reason.HALT)

    def _settle_when_due(self, market: Market, now: int) -> None:
        if now >= market.determined_ns + market.settlement_timer_s * SECOND_NS:
            self._exchange.cancel_resting(market.ticker, Reason.CLOSE)
            self._settle(market, now)

    def _settle(self, market: Market, now: int) -> None:
        for (_, ticker), position in list(self._exchange.ledger.positions.items()):
            if ticker == market.ticker and not position.is_settled:
                self._pay(market, position.owner, now)
        market.status = MarketStatus.FINALIZED
        market.settled_ns = now
        self._tell(market, "settled", {"settled_ts": seconds(now)})

    def _pay(self, market: Market, owner: Owner, now: int) -> None:
        position = self._exchange.ledger.position(owner, market)
        self._exchange.ledger.settle(position, market, now)
        self._exchange.publish_position(position)

    def _tell(self, market: Market, event_type: str, fields: dict[str, object]) -> None:
        now = self._exchange.clock.wall_ns()
        market.updated_ns = now
        self._exchange.emit(MarketMoved(ticker=market.ticker, event_type=event_type, fields=fields))
        self._exchange.emit(QuoteChanged(ticker=market.ticker, time_ns=now))


def ranges_view(market: Market) -> list[dict[str, str]]:
    """The price grid as Kalshi writes it."""
    return [
        {"start": dollars4(r.start), "end": dollars4(r.end), "step": dollars4(r.step)}
        for r in market.ranges
    ]


def _created_fields(market: Market) -> dict[str, object]:
    return {
        "exchange_index": market.exchange_index,
        "open_ts": seconds(market.open_ns),
        "close_ts": seconds(market.close_ns),
        "price_level_structure": market.structure,
        "additional_metadata": {
            "name": market.title,
            "title": market.title,
            "yes_sub_title": "Yes",
            "no_sub_title": "No",
            "rules_primary": "",
            "rules_secondary": "",
            "can_close_early": True,
            "event_ticker": market.event_ticker,
            "expected_expiration_ts": seconds(market.close_ns),
        },
    }
