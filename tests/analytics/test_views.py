"""The seed's example as the status shows it, and what each guard state and total says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.analytics.exit_views import (
    exits_view,
    find_order,
    find_orders,
    order_life_view,
    orders_view,
)
from daemon.analytics.guards import GuardState, guarding_of
from daemon.analytics.scene import Scene, View, utc
from daemon.analytics.views import positions_view, status_view
from daemon.core import events, requests
from daemon.core.events import MarketPhase, Quote, QuoteSource, Settlement
from daemon.core.rules import ImportedPosition
from daemon.core.terms import NANOS, ClientOrderId, RuleKind, Side, Symbol
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded

NO_RULES = ("OTHER-*",)
TWIN = ClientOrderId("fd-twin")


def scene_of(play: Play, **more: object) -> Scene:
    wall_ns = WALL_NS + play.now_ns
    book = play.engine.book
    return Scene(book=book, now_ns=wall_ns, mono_ns=play.now_ns, seq=7, **more)  # type: ignore[arg-type]


def quotes(bid: str, ask: str) -> dict[object, Quote]:
    live = make.quote(bid=bid, ask=ask)
    assert live.source is QuoteSource.BOOK
    return {(make.ACCOUNT, make.VENUE, make.SYMBOL): live}


def only_position(scene: Scene, *, every: bool = False) -> View:
    (view,) = rows(positions_view(scene, every=every), "positions")
    return view


def rows(view: View, name: str) -> list[View]:
    found = view[name]
    assert isinstance(found, list)
    return found


def half_filled(qty: str = "100", px: str = "0.65", commission: str = "0") -> Play:
    """The seed's example after 50 of 100 filled; for a NO everything mirrored."""
    long = Decimal(qty) > 0
    play = guarded(qty=qty, px=px, commission=commission)
    stop = make.quote(bid="0.58", ask="0.60") if long else make.quote(bid="0.40", ask="0.42")
    play.tell(stop)
    order_id = play.order_id
    play.tell(make.accepted(order_id=order_id, venue_order_id="order_12345"))
    play.tell(
        make.fill(
            side=Side.SELL if long else Side.BUY,
            last_qty="50",
            last_px="0.58" if long else "0.42",
            commission=commission,
            venue_order_id="order_12345",
            order_id=order_id,
        ),
        make.canceled(order_id=order_id, cum_qty="50", venue_order_id="order_12345"),
    )
    return play


def test_the_seeds_example_after_its_partial_fill() -> None:
    play = half_filled()
    filled_ns = WALL_NS + play.now_ns - NANOS
    view = only_position(scene_of(play))
    seed = {
        "market_ticker": "NFL-1",
        "side": "yes",
        "entry_price": "0.65",
        "stake": "50",
        "original_stake_on_exit": "100",
        "exit_order_id": "order_12345",
        "last_exit_price": "0.58",
        "exit_reason": "stop_loss",
        "closing_in_progress": False,
        "partial_fills": [
            {
                "qty": "50",
                "price": "0.58",
                "time": utc(filled_ns),
                "order_id": "order_12345",
                "client_order_id": play.order_id,
                "exec_id": "t1",
                "reason": "stop_loss",
                "pnl": "-3.5",
                "fee": "0",
                "estimated": False,
            }
        ],
        "settled": False,
    }
    assert {name: view[name] for name in seed} == seed
    assert view["realized_pnl"] == "-3.5"
    assert (view["rule"], view["guard"], view["exit_open"]) == ("absolute", "EXITING", True)


def test_a_no_is_shown_in_no_prices() -> None:
    view = only_position(scene_of(half_filled("-100", "0.35"), quotes=quotes("0.40", "0.43")))
    named = ("side", "position_qty", "entry_price", "stake", "last_exit_price", "realized_pnl")
    assert [view[name] for name in named] == ["no", "-50", "0.65", "50", "0.58", "-3.5"]
    assert rows(view, "partial_fills")[0]["price"] == "0.58"
    assert view["executable_price"] == "0.57"
    assert view["unrealized_pnl"] == "-4"
    (level,) = rows(view, "levels")
    assert (level["level_price"], level["distance"], level["refused"]) == ("0.6", "-0.03", None)


def test_the_way_to_the_stop_is_positive_while_it_is_not_met() -> None:
    scene = scene_of(guarded(), quotes=quotes("0.64", "0.66"))
    view = only_position(scene)
    (level,) = rows(view, "levels")
    assert (view["guard"], level["level_price"], level["distance"]) == ("ARMED", "0.6", "0.04")
    assert view["executable_price"] == "0.64"


def test_closing_in_progress_while_the_order_can_still_fill() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    view = only_position(scene_of(play))
    assert view["closing_in_progress"] is True
    assert (view["exit_order_id"], view["exit_client_order_id"]) == (None, play.order_id)
    assert (view["stake"], view["original_stake_on_exit"]) == ("100", "100")


def test_flat_then_settled_keeps_what_happened() -> None:
    play = half_filled()
    play.tell(make.quote(bid="0.57", ask="0.59"))
    order_id = play.order_id
    play.tell(
        make.fill(
            exec_id="t2", last_qty="50", last_px="0.57", venue_order_id="v2", order_id=order_id
        ),
        make.canceled(order_id=order_id, cum_qty="50", venue_order_id="v2"),
    )
    view = only_position(scene_of(play))
    named = ("side", "stake", "entry_price", "settled", "closing_in_progress", "guard", "losses")
    assert [view[n] for n in named] == ["yes", "0", "0.65", False, False, "FLAT", 1]
    assert [part["pnl"] for part in rows(view, "partial_fills")] == ["-3.5", "-4"]
    # With retrigger one exit takes several orders: its size is kept over them.
    assert (view["original_stake_on_exit"], view["exit_order_id"]) == ("100", "v2")
    play.tell(make.positions(), after="10")
    assert rows(positions_view(scene_of(play)), "positions") == []
    assert only_position(scene_of(play), every=True)["settled"] is True


def test_fees_stand_beside_the_result() -> None:
    view = only_position(scene_of(half_filled(commission="1.75")))
    assert view["fees"] == {"USD": "3.5"}
    (part,) = rows(view, "partial_fills")
    # Half of the entry's fee, and all of the exit's.
    assert (part["fee"], part["pnl"]) == ("1.75", "-6.125")


def test_an_unknown_entry_makes_no_pnl() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(make.positions("30"))
    play.tell(make.fills_read(), make.market_read(), after="6")
    play.tell(make.positions("30"), after="6")
    view = only_position(scene_of(play))
    assert (view["stake"], view["entry_price"]) == ("30", None)
    assert (view["estimated"], view["pnl_known"], view["realized_pnl"]) == (True, False, "0")


@pytest.mark.parametrize(
    ("play", "state", "reason"),
    [
        (guarded(), GuardState.ARMED, ""),
        (guarded(seen=False), GuardState.UNSEEN, "no live price yet"),
        (guarded(make.rule(pattern="X")), GuardState.NO_RULE, "no [[stops]] matches"),
        (guarded(ignored=("NFL-*",)), GuardState.IGNORED, "[[ignore]] NFL-*"),
        (
            guarded(make.rule(level="0.70")),
            GuardState.REFUSED,
            "absolute: stop_px 0.7 must be below the entry 0.65",
        ),
        (half_filled(), GuardState.EXITING, ""),
    ],
)
def test_each_guard_state(play: Play, state: GuardState, reason: str) -> None:
    found = guarding_of(scene_of(play), play.position)
    assert (found.state, found.reason) == (state, reason)


def test_a_position_first_seen_through_its_stop() -> None:
    play = guarded(seen=False)
    play.tell(make.quote(bid="0.50", ask="0.52"))
    found = guarding_of(scene_of(play), play.position)
    assert found.state is GuardState.UNCONFIRMED
    assert "filld confirm NFL-1" in found.reason


NOT_VERIFIED = "not yet verified: no read of the venue has agreed with it since the start"
NOT_READ = "the market has not been read yet"


def test_after_a_start_nothing_is_guarded_before_the_venue_agreed() -> None:
    play = guarded()
    play.engine.handle(play.stamped(make.started()))
    view = only_position(scene_of(play))
    assert (view["guard"], view["guard_reason"]) == ("UNGUARDED", NOT_VERIFIED)
    (row,) = rows(status_view(scene_of(play)), "unguarded")
    assert (row["symbol"], row["reason"]) == ("NFL-1", NOT_VERIFIED)
    play.engine.handle(play.stamped(make.positions("100")))
    assert guarding_of(scene_of(play), play.position).state is GuardState.ARMED


def test_a_first_sight_that_waits_for_the_operator_says_so_after_a_start_too() -> None:
    play = guarded(seen=False)
    play.tell(make.quote(bid="0.50", ask="0.52"))
    play.engine.handle(play.stamped(make.started()))
    assert guarding_of(scene_of(play), play.position).state is GuardState.UNCONFIRMED


def test_an_imported_position_speaks_the_venues_words_before_its_market_is_read() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()))
    row = ImportedPosition(symbol=make.SYMBOL, position_qty=Decimal(-40), entry_px=Decimal("0.35"))
    play.engine.handle(play.stamped(requests.PositionsImported(**make.AT_VENUE, rows=(row,))))
    view = only_position(scene_of(play))
    assert (view["side"], view["entry_price"], view["stake"]) == ("no", "0.65", "40")
    assert (view["guard"], view["guard_reason"]) == ("UNGUARDED", f"{NOT_VERIFIED}; {NOT_READ}")
    (brief,) = rows(status_view(scene_of(play)), "unguarded")
    assert brief["side"] == "no"
    play.engine.book.rules = None
    play.engine.book.matching.clear()
    found = guarding_of(scene_of(play), play.position)
    assert found == (GuardState.NO_RULE, "no rules are in force yet: filld run brings them")


def test_out_of_guard_by_the_operator_for_a_while_and_for_good() -> None:
    play = guarded()
    play.tell(requests.UnguardRequested(**make.ON_SYMBOL, for_s=Decimal(3600)))
    found = guarding_of(scene_of(play), play.position)
    end = utc(WALL_NS + play.now_ns + 3600 * NANOS)
    assert found == (GuardState.UNGUARDED, f"by the operator until {end}")
    play.tell(requests.UnguardRequested(**make.ON_SYMBOL))
    found = guarding_of(scene_of(play), play.position)
    assert found == (GuardState.UNGUARDED, "by the operator until guarded again")
    play.tell(requests.UnguardRequested(**make.ON_SYMBOL, guard_again=True))
    assert guarding_of(scene_of(play), play.position).state is GuardState.ARMED


def test_blind_and_blocked() -> None:
    play = guarded()
    play.tell(events.FeedLost(**make.AT_VENUE, symbols=(make.SYMBOL,)))
    assert guarding_of(scene_of(play), play.position) == (GuardState.UNGUARDED, "no live price")
    play.tell(requests.HaltRequested(**make.NOW, text="lunch"))
    assert only_position(scene_of(play))["blocked"] == "halted: lunch"
    play.tell(requests.ResumeRequested(**make.NOW))
    play.tell(make.market_read(phase=MarketPhase.PAUSED))
    assert only_position(scene_of(play))["blocked"] == "the market is paused"
    play.tell(events.VenuePaused(**make.AT_VENUE))
    assert only_position(scene_of(play))["blocked"] == "trading on the venue is paused"


def test_the_status_counts_and_lists() -> None:
    play = half_filled()
    play.tell(make.quote(bid="0.57", ask="0.59"))
    play.tell(make.in_doubt(order_id=play.order_id))
    play.tell(requests.HaltRequested(**make.NOW, text="lunch"))
    reconciled = {(make.ACCOUNT, make.VENUE): WALL_NS}
    view = status_view(scene_of(play, reconciled_ns=reconciled))
    assert (view["halted"], view["live"], view["seq"]) == (True, True, 7)
    assert (view["positions_held"], view["exits_at_work"], view["orders_in_doubt"]) == (1, 1, 1)
    assert view["doubtful_orders"] == [play.order_id]
    (account,) = rows(view, "accounts")
    assert (account["halt_reason"], account["last_reconcile"]) == ("lunch", "2023-11-14T22:13:20Z")
    assert (account["orders_placed"], account["realized_pnl"]) == (2, {"USD": "-3.5"})
    assert view["no_rule"] == []


def test_the_status_lists_every_held_position_without_a_rule() -> None:
    view = status_view(scene_of(guarded(make.rule(pattern="X"), qty="-5", px="0.35")))
    (row,) = rows(view, "no_rule")
    assert (row["symbol"], row["side"], row["stake"]) == ("NFL-1", "no", "5")


def test_withheld_exits_are_shown_where_live_is_off() -> None:
    play = guarded(live=False)
    play.tell(make.quote(bid="0.58", ask="0.60"))
    view = only_position(scene_of(play))
    assert (view["live"], view["withheld"], view["exit_open"]) == (False, "absolute", False)


def test_an_exit_and_its_orders() -> None:
    play = half_filled()
    play.tell(make.quote(bid="0.57", ask="0.59"))
    scene = scene_of(play)
    (view,) = rows(exits_view(scene), "exits")
    named = ("side", "exit_no", "attempts", "filled_qty", "remaining_qty", "avg_price", "pnl")
    assert [view[n] for n in named] == ["yes", 1, 2, "50", "50", "0.58", "-3.5"]
    assert (view["first_exit_price"], view["last_exit_price"]) == ("0.58", "0.57")
    assert view["level_price"] == "0.6"
    newest, first = rows(orders_view(scene), "orders")
    assert (newest["status"], newest["leaves_qty"]) == ("pending_new", "50")
    assert (first["status"], first["cum_qty"], first["action"]) == ("canceled", "50", "sell")
    assert (first["limit_price"], first["proven_dead"]) == ("0.53", True)
    assert len(rows(orders_view(scene, limit=0), "orders")) == 1


def test_an_id_that_two_symbols_share_means_none_unless_one_is_named() -> None:
    """Binance counts orders per symbol: the first found was shown, and could be resolved."""
    play = half_filled("-100", "0.35")
    book = scene_of(play).book
    (order,) = find_orders(book, "order_12345")
    account, venue, _, venue_order_id = next(iter(book.by_venue_id))
    key = replace(order.key, symbol=Symbol("NFL-2"))
    twin = replace(order, key=key, client_order_id=TWIN)
    book.orders[TWIN] = twin
    book.by_venue_id[account, venue, Symbol("NFL-2"), venue_order_id] = TWIN
    assert find_order(book, "order_12345") is None
    assert find_orders(book, "order_12345") == [order, twin]
    assert find_orders(book, "order_12345", symbol="NFL-2") == [twin]
    assert find_orders(book, "order_12345", venue="binance-spot") == []
    assert find_orders(book, TWIN) == [twin]


def test_one_orders_life_by_either_id() -> None:
    play = half_filled("-100", "0.35")
    play.tell(make.quote(bid="0.41", ask="0.43"))
    scene = scene_of(play)
    order = find_order(scene.book, "order_12345")
    assert order is not None
    assert find_order(scene.book, order.client_order_id) is order
    assert find_order(scene.book, "nothing") is None
    view = order_life_view(scene, order)
    shown = view["order"]
    assert isinstance(shown, dict)
    assert (shown["side"], shown["order_side"], shown["action"]) == ("no", "buy", "sell")
    assert (shown["limit_price"], shown["limit_px"]) == ("0.53", "0.47")
    assert [part["qty"] for part in rows(view, "fills")] == ["50"]
    assert [other["attempt"] for other in rows(view, "other_orders")] == [2]


def test_a_settled_rest_is_settled() -> None:
    play = guarded()
    play.tell(make.market_read(phase=MarketPhase.SETTLED, settl_px="0"))
    row = Settlement(
        **make.ON_SYMBOL,
        settl_px=Decimal(0),
        position_qty=Decimal(100),
        revenue=Decimal(0),
        settl_time_ns=WALL_NS,
    )
    play.tell(row)
    view = only_position(scene_of(play), every=True)
    assert (view["settled"], view["realized_pnl"], view["losses"]) == (True, "-65", 1)
    assert view["exit_reason"] is None


@pytest.mark.parametrize(
    ("kind", "level", "shown"),
    [
        (RuleKind.PERCENT, "10", "0.585"),
        (RuleKind.DISTANCE, "0.05", "0.6"),
        (RuleKind.TAKE_PROFIT, "0.90", "0.9"),
        (RuleKind.TRAILING, "0.10", "0.55"),
    ],
)
def test_the_level_of_each_rule(kind: RuleKind, level: str, shown: str) -> None:
    play = guarded(make.rule(kind=kind, level=level))
    (view,) = rows(only_position(scene_of(play)), "levels")
    assert (view["rule"], view["level_price"]) == (kind.value, shown)


def test_a_time_rule_shows_its_time() -> None:
    close_ns = WALL_NS + 10_000 * NANOS
    rule = make.rule(kind=RuleKind.TIME, level="300")
    play = guarded(rule, terms=make.instrument(close_time_ns=close_ns))
    (view,) = rows(only_position(scene_of(play)), "levels")
    assert (view["from_time"], view["level_price"]) == (utc(close_ns - 300 * NANOS), None)


def test_times_are_rfc_3339() -> None:
    assert utc(0) is None
    assert utc(1_735_732_800 * NANOS) == "2025-01-01T12:00:00Z"
    assert utc(1_735_732_800 * NANOS + 1_500) == "2025-01-01T12:00:00.000001Z"
