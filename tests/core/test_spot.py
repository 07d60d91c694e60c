"""Spot: a fee taken in the coin that is held shrinks the holding, and every cent is explained."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.commands import NoticeKind, PlaceOrder
from daemon.core.events import Fill
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import Currency, Side
from tests import builders as make
from tests.core.play import Play, notices, only

D = Decimal
BTC: Final = Currency("BTC")
USDT: Final = Currency("USDT")
TERMS: Final = Instrument(
    venue=make.VENUE,
    symbol=make.SYMBOL,
    price_ranges=(PriceRange(start_px=D(0), end_px=D(1_000_000), step_px=D("0.01")),),
    lot_qty=D("0.001"),
    min_qty=D("0.002"),
    min_notional=D(5),
    quote_currency=USDT,
    base_currency=BTC,
)
RULES: Final = make.rules_loaded(
    make.rule(
        level="90",
        policy=replace(make.exits(), max_slippage_px=D(1), trigger_min_qty=D(0)),
    )
)


def buy(qty: str, commission: str, currency: str = "BTC", exec_id: str = "b1") -> Fill:
    return make.fill(
        exec_id=exec_id,
        side=Side.BUY,
        last_qty=qty,
        last_px="100",
        commission=commission,
        currency=currency,
    )


def opened(*, read_first: bool = True) -> Play:
    play = Play()
    play.tell(make.started(), RULES)
    facts = [make.market_read(terms=TERMS), buy("1", "0.001")]
    play.tell(*(facts if read_first else reversed(facts)))
    return play


def test_a_fee_in_the_coin_shrinks_the_holding_and_counts_at_its_price() -> None:
    position = opened().position
    assert position.qty == D("0.999")
    assert position.entry_px == D(100)
    assert position.fees == {BTC: D("0.001")}
    assert position.pool.notional + position.pool.fees == D(100), "what was paid"


def test_a_fill_before_the_markets_terms_ends_the_same() -> None:
    early, usual = opened(read_first=False).position, opened().position
    assert (early.qty, early.entry_px) == (usual.qty, usual.entry_px)
    assert early.pool.notional + early.pool.fees == D(100)
    quoted = Play()
    quoted.tell(make.started(), RULES, buy("1", "0.1", "USDT"), make.market_read(terms=TERMS))
    assert quoted.position.pool.fees == D("0.1")


def test_a_sale_with_its_fee_in_the_coin_ends_flat() -> None:
    play = opened()
    play.tell(
        make.fill(exec_id="s1", last_qty="0.998", last_px="120", commission="0.001", currency="BTC")
    )
    assert not play.position.qty
    assert play.position.realized_pnl == D("0.998") * 120 - 100


def test_the_net_quantity_is_sold_and_less_than_a_lot_is_dust() -> None:
    play = opened()
    play.tell(make.positions("0.999"))
    play.tell(make.quote(bid="95", ask="96"))
    (order,) = only(play.tell(make.quote(bid="89", ask="90")), PlaceOrder)
    assert (order.order_qty, order.limit_px) == (D("0.999"), D(88))
    play.tell(
        make.fill(
            exec_id="s1",
            order_id=order.client_order_id,
            last_qty="0.998",
            last_px="89",
            commission="0",
            currency="USDT",
        ),
        make.canceled(order_id=order.client_order_id, cum_qty="0.998"),
    )
    told = play.tell(make.quote(bid="89", ask="90"), after="60")
    assert NoticeKind.DUST in notices(told)
    assert not only(told, PlaceOrder)


FILLS = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(1, 90), st.integers(0, 5)),
    max_size=12,
)


@given(FILLS)
def test_cash_and_coins_add_up_to_the_last_digit(
    fills: list[tuple[Side, int, int, int]],
) -> None:
    play = Play()
    play.tell(make.started(), make.market_read(terms=TERMS))
    coins, cash = Fraction(0), Fraction(0)
    for number, (side, qty, px, fee) in enumerate(fills):
        play.tell(
            make.fill(
                exec_id=f"f{number}",
                side=side,
                last_qty=str(qty),
                last_px=str(px),
                commission=f"0.{fee}",
                currency="BTC",
            )
        )
        coins += side.sign.__int__() * qty - Fraction(fee, 10)
        cash -= side.sign.__int__() * qty * px
    position = play.engine.book.position(make.KEY)
    assert Fraction(position.qty) == coins
    pool = position.pool
    cost = (pool.notional - pool.closed_notional).copy_sign(position.qty) if position.qty else D(0)
    fees = pool.fees - pool.closed_fees if position.qty else D(0)
    assert Fraction(position.realized_pnl - cost - fees) == cash
