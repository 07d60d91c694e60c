"""A trade's view: what it has come to, and every attempt with its reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from daemon.analytics.exit_views import order_life_view, orders_view
from daemon.analytics.figure_views import performance_view
from daemon.analytics.figures import Figures
from daemon.analytics.scene import Scene
from daemon.analytics.trade_views import find_trade, trade_view
from daemon.core.terms import RejectReason, Side
from daemon.fill_handler.ledger import Ledger
from tests import builders as make
from tests.cli.stage import Kept, story
from tests.core.play import Play
from tests.core.test_trading import flat, trade


def view(play: Play, *running: str) -> dict[str, Any]:
    scene = Scene(book=play.engine.book, now_ns=0, trading=frozenset(running))
    found = trade_view(scene, "one")
    assert found is not None
    return found


def test_no_trade_of_that_name() -> None:
    play = flat()
    assert trade_view(Scene(book=play.engine.book, now_ns=0), "one") is None
    assert find_trade(play.engine.book, "one") is None


def test_the_states_of_a_trade_in_turn() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, limit_px="0.66"))
    assert (view(play, "one")["status"], view(play, "one")["done"]) == ("working", False)
    assert (view(play)["status"], view(play)["in_doubt"]) == ("in_doubt", [play.order_id])
    play.tell(make.fill(side=Side.BUY, last_qty="10", last_px="0.65", commission="0.07",
                        order_id=play.order_id))  # fmt: skip
    play.tell(make.canceled(order_id=play.order_id, cum_qty="10"))
    seen = view(play)
    assert (seen["status"], seen["filled_qty"], seen["avg_px"]) == (
        "partially_filled",
        "10",
        "0.65",
    )
    assert (seen["fees"], seen["in_doubt"]) == ({"USD": "0.07"}, [])
    play.tell(trade(side=Side.BUY, limit_px="0.66", attempt=2, reason=RejectReason.TIMEOUT))
    play.tell(make.fill(exec_id="t2", side=Side.BUY, last_qty="30", last_px="0.61",
                        order_id=play.order_id, venue_order_id="v2"))  # fmt: skip
    seen = view(play)
    assert (seen["status"], seen["avg_px"], seen["order_qty"]) == ("filled", "0.62", "40")
    reasons = [attempt["retry_reason"] for attempt in seen["attempts"]]
    assert reasons == [None, "timeout"]
    assert [fill["order_id"] for fill in seen["fills"]] == ["v1", "v2"]


def test_an_order_that_a_restart_left_in_doubt_ends_for_its_own_reason() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.restart()
    play.tell(make.canceled(order_id=play.order_id))
    assert (view(play)["status"], view(play)["reason"]) == ("not_filled", None)


def test_a_refusal_of_ours_and_one_of_the_venue_say_why() -> None:
    play = flat(live=False)
    play.tell(trade())
    seen = view(play)
    assert (seen["status"], seen["reason"]) == ("not_filled", "not_live")
    assert "place_live_orders" in seen["text"]
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.rejected(order_id=play.order_id, reason=RejectReason.INSUFFICIENT_FUNDS))
    assert view(play)["reason"] == "insufficient_funds"


def test_among_the_orders_a_trade_is_told_as_it_was_asked_for() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, limit_px="0.62"))
    shown = orders_view(Scene(book=play.engine.book, now_ns=0), limit=5)["orders"]
    assert isinstance(shown, list)
    assert [(o["side"], o["action"], o["limit_price"]) for o in shown] == [("yes", "buy", "0.62")]


def test_an_order_of_a_trade_shows_its_fills() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, limit_px="0.66"))
    play.tell(make.fill(side=Side.BUY, last_qty="10", last_px="0.65", commission="0.07",
                        order_id=play.order_id))  # fmt: skip
    life = order_life_view(Scene(book=play.engine.book, now_ns=0), play.order)
    assert isinstance(life["fills"], list)
    (part,) = life["fills"]
    assert (part["qty"], part["price"], part["fee"], part["pnl"]) == ("10", "0.65", "0.07", None)


def test_an_order_of_a_trade_shows_the_attempts_before_it() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, limit_px="0.66"))
    first = play.order_id
    rejected = make.rejected(order_id=first, reason=RejectReason.RATE_LIMIT)
    play.tell(rejected)
    play.tell(trade(side=Side.BUY, limit_px="0.66", attempt=2, reason=RejectReason.RATE_LIMIT))
    life = order_life_view(Scene(book=play.engine.book, now_ns=0), play.order)
    assert isinstance(life["retries"], list)
    assert isinstance(life["other_orders"], list)
    (retry,) = life["retries"]
    assert (retry["attempt"], retry["reason"], retry["order_id"]) == (2, "rate_limit", first)
    assert retry["text"] == rejected.text
    assert [other["client_order_id"] for other in life["other_orders"]] == [first]


def retries_told(play: Kept) -> list[list[object]]:
    """The reasons of the newest order's retries: of its own view, of the library, of the sums."""
    life = order_life_view(Scene(book=play.engine.book, now_ns=0), play.order)
    assert isinstance(life["retries"], list)
    ledger = Ledger()
    for record in play.records:
        ledger.fold(record.event, record.commands)
    (again,) = ledger.find(play.order_id)
    reasons = performance_view(Figures().fold(play.records))["retry_reasons"]
    assert isinstance(reasons, dict)
    return [
        [retry["reason"] for retry in life["retries"]],
        [retry.reason for retry in again.retries],
        [name for name, times in reasons.items() for _ in range(times)],
    ]


def test_why_a_trade_was_tried_again_is_told_in_one_word_everywhere() -> None:
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(trade(side=Side.BUY, limit_px="0.66"))
    play.tell(make.expired(order_id=play.order_id, cum_qty="0"))
    play.tell(trade(side=Side.BUY, limit_px="0.66", attempt=2, reason=RejectReason.NO_LIQUIDITY))
    assert retries_told(play) == [["no_liquidity"]] * 3


def test_why_an_exit_was_tried_again_is_told_in_one_word_everywhere() -> None:
    assert retries_told(story()) == [["partially_filled"]] * 3


def test_the_next_piece_of_an_exit_repeats_nothing() -> None:
    play = Kept()
    terms = replace(make.instrument(), max_qty=Decimal(60))
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read(terms=terms))
    play.tell(make.fill(side=Side.BUY, last_qty="100", last_px="0.65", venue_order_id="entry"))
    play.tell(make.quote(bid="0.65", ask="0.66"), make.quote(bid="0.58", ask="0.60"))
    first = play.order_id
    play.tell(make.canceled(order_id=first, cum_qty="60"))
    play.tell(make.fill(exec_id="t2", last_qty="60", order_id=first), after="0.1")
    play.tell(make.quote(bid="0.58", ask="0.60"), after="0.1")
    assert play.order_id != first
    assert retries_told(play) == [[], [], []]
