"""What is kept of past trades is bounded, and what may still fill is kept however old it is."""

from __future__ import annotations

from daemon.core import fold_trades
from daemon.core.commands import PlaceOrder
from daemon.core.fold_trades import PAST_TRADES_LIMIT
from daemon.core.terms import Side
from tests import builders as make
from tests.core.play import guarded, only
from tests.core.test_trading import flat, trade


def test_old_trades_are_forgotten_once_their_orders_are_dead() -> None:
    play = flat(per_minute=10_000)
    for number in range(PAST_TRADES_LIMIT + 5):
        play.tell(trade(token=f"t{number}", side=Side.BUY, order_qty="1"))
        if number != 1:
            ended = make.canceled(order_id=play.order_id, venue_order_id=f"v{number}")
            play.tell(ended, after="0.1")
    tokens = [kept.token for kept in play.position.trades]
    assert (tokens[0], tokens[-1]) == ("t1", f"t{PAST_TRADES_LIMIT + 4}")
    assert play.position.trade_count == PAST_TRADES_LIMIT + 5
    assert play.position.trade(2) is play.position.trade_named("t1")


def test_a_forgotten_trade_is_not_done_again() -> None:
    play = flat(per_minute=10_000)
    sent = [trade(token=f"t{number}", side=Side.BUY, order_qty="1") for number in range(102)]
    play.tell(trade(token="refused", side=Side.BUY, order_qty="0.5"))
    for number, asked in enumerate(sent):
        play.tell(asked)
        ended = make.canceled(order_id=play.order_id, venue_order_id=f"v{number}")
        play.tell(ended, after="0.1")
    assert play.position.trade_named("t0") is None
    assert play.position.past_tokens == ("t0", "t1")
    assert play.tell(sent[0]) == []
    assert only(play.tell(trade(token="refused", side=Side.BUY)), PlaceOrder)


def test_a_fill_of_a_forgotten_trade_moves_the_position_all_the_same() -> None:
    play = guarded()
    play.tell(trade(order_qty="10"))
    order = play.order
    play.position.trades = ()
    part = make.fill(last_qty="10", order_id=order.client_order_id)
    fold_trades.filled(play.engine.book, order, part)
    assert play.position.trades == ()
