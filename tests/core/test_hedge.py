"""Hedge mode: two positions on one symbol, each with its own fills, orders and exit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core.commands import Command, PlaceOrder
from daemon.core.events import Event, OrderSnapshot, PositionRow
from daemon.core.terms import PositionSide, RuleKind, Side, TimeInForce, VenueOrderId
from tests import builders as make
from tests.core.play import Play, only

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
TERMS = make.instrument(step_px="0.01", end_px="100000", payout_px=None)
GTC = make.exits(order=TimeInForce.GTC)
RULES = make.rules_loaded(make.rule(kind=RuleKind.PERCENT, level="10", policy=GTC))


def both() -> Play:
    """100 long and 40 short, each at 50, agreed with the venue."""
    play = Play()
    bought = make.fill(exec_id="l", side=Side.BUY, last_qty="100", last_px="50")
    sold = make.fill(exec_id="s", side=Side.SELL, last_qty="40", last_px="50")
    rows = (
        PositionRow(symbol=make.SYMBOL, position_qty=D(100), position_side=LONG),
        PositionRow(symbol=make.SYMBOL, position_qty=D(-40), position_side=SHORT),
    )
    facts: list[Event] = [
        make.started(),
        RULES,
        make.market_read(terms=TERMS),
        replace(bought, position_side=LONG),
        replace(sold, position_side=SHORT),
        replace(make.positions(), rows=rows),
        make.quote(bid="50", ask="50.01"),
    ]
    play.tell(*facts[:5])
    play.tell(*facts[5:], after="1")
    return play


def stranger(side: Side, held: PositionSide, qty: str) -> OrderSnapshot:
    shown = make.snapshot(order_id=None, leaves_qty=qty)
    named = replace(shown, venue_order_id=VenueOrderId(f"w-{side.value}"))
    return replace(named, side=side, position_side=held, limit_px=D(70))


def placed(told: list[Command]) -> list[tuple[PositionSide, Side, Decimal]]:
    orders = only(told, PlaceOrder)
    return [(order.key.position_side, order.side, order.order_qty) for order in orders]


def test_a_price_gets_out_of_the_side_that_it_hurts_and_leaves_the_other() -> None:
    assert placed(both().tell(make.quote(bid="44", ask="44.01"))) == [(LONG, Side.SELL, D(100))]
    assert placed(both().tell(make.quote(bid="56", ask="56.01"))) == [(SHORT, Side.BUY, D(40))]


def test_anothers_order_holds_back_the_exit_of_its_own_side_alone() -> None:
    play = both()
    play.tell(stranger(Side.BUY, LONG, "30"), stranger(Side.SELL, LONG, "25"))
    assert placed(play.tell(make.quote(bid="56", ask="56.01"))) == [(SHORT, Side.BUY, D(40))]
    assert placed(play.tell(make.quote(bid="44", ask="44.01"))) == [(LONG, Side.SELL, D(75))]
