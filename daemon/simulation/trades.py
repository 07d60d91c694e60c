"""What the operator trades by hand in one episode, and the words in which he asks for it.

Drawn from a stream of chance of its own: without its trades a seed tells the story it always told.
Asks more often than he should: the same attempt twice, the next one before the last is proven.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from daemon.core.events import Quote
from daemon.core.position import Position
from daemon.core.requests import TradeRequested
from daemon.core.terms import (
    OrdType,
    PositionKey,
    RejectReason,
    Side,
    TimeInForce,
)
from daemon.simulation.clock import SimClock
from daemon.simulation.plan import ACCOUNT, VENUE, Plan, SymbolPlan, TradePlan

_LOWEST_PX, _HIGHEST_PX = Decimal("0.01"), Decimal("0.99")
_CENT = Decimal("0.01")
_TRADING = 0.6


def with_trades(plan: Plan) -> Plan:
    """The same with trades, and with a venue that knows MARKET or not; as it was in some seeds."""
    rng = random.Random(f"the trades of {plan.seed}")
    if rng.random() >= _TRADING:
        return plan
    account = replace(plan.account, market_sides=rng.choice(((), tuple(Side))))
    count = rng.randint(1, 6)
    trades = (_draw(rng, f"t{number}", plan.symbols, plan.trouble_s) for number in range(count))
    return replace(plan, account=account, trades=tuple(trades))


def _draw(
    rng: random.Random, token: str, symbols: tuple[SymbolPlan, ...], until_s: float
) -> TradePlan:
    item = rng.choice(symbols)
    lots = max(int(item.lots * rng.choice((0.1, 0.5, 1, 1, 1.5))), 1)
    began_s = rng.uniform(0.1, until_s)
    again_s = (began_s + rng.expovariate(0.1) for _ in range(rng.choice((0, 1, 3, 6))))
    at_market = rng.random() < 0.35
    return TradePlan(
        token=token,
        symbol=item.symbol,
        side=rng.choice((Side.BUY, Side.SELL)),
        order_qty=lots * item.lot_qty,
        offset_cents=None if at_market else rng.choice((-12, -3, 0, 3, 12)),
        rests=not at_market and rng.random() < 0.5,
        reduce_only=rng.random() < 0.4,
        timeout_s=Decimal(rng.choice((2, 10, 40))),
        asked_at_s=tuple(sorted((began_s, *again_s))),
    )


class Trades:
    """Remembers what each trade was asked for as, over all lives of the daemon."""

    def __init__(self) -> None:
        self._asked: dict[str, TradeRequested] = {}

    def ask(
        self,
        trade: TradePlan,
        clock: SimClock,
        quote: Quote,
        positions: Mapping[PositionKey, Position],
        rng: random.Random,
    ) -> TradeRequested:
        """The next attempt, or the last one again, as things stand in the book."""
        stamp = clock.stamp()
        first = self._asked.setdefault(trade.token, _first(trade, clock, quote))
        position = positions.get(PositionKey(account=ACCOUNT, venue=VENUE, symbol=trade.symbol))
        known = None if position is None else position.trade_named(trade.token)
        attempts = 0 if known is None else len(known.attempts)
        attempt = max(attempts + rng.choice((0, 1, 1)), 1)
        return replace(
            first,
            **stamp,
            quote=replace(quote, **stamp),
            attempt=attempt,
            reason=None if attempt == 1 else RejectReason.TIMEOUT,
        )


def _first(trade: TradePlan, clock: SimClock, quote: Quote) -> TradeRequested:
    return TradeRequested(
        **clock.venue_stamp(),
        symbol=trade.symbol,
        token=trade.token,
        side=trade.side,
        order_qty=trade.order_qty,
        ord_type=OrdType.MARKET if trade.offset_cents is None else OrdType.LIMIT,
        limit_px=_limit_px(trade, quote),
        time_in_force=TimeInForce.GTC if trade.rests else TimeInForce.IOC,
        reduce_only=trade.reduce_only,
        timeout_s=trade.timeout_s,
    )


def _limit_px(trade: TradePlan, quote: Quote) -> Decimal | None:
    if trade.offset_cents is None:
        return None
    px = (quote.ask_px if trade.side is Side.BUY else quote.bid_px) or Decimal("0.50")
    return min(max(px + trade.offset_cents * _CENT, _LOWEST_PX), _HIGHEST_PX)
