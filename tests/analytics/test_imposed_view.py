"""What funding, liquidation and ADL brought stands in the views, and only there where it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.analytics.views import status_view
from daemon.core.events import Funding
from daemon.core.terms import USD, ExecId, FillCause
from tests import builders as make
from tests.analytics.test_views import only_position, rows, scene_of
from tests.core.play import WALL_NS, guarded


def test_what_the_venue_did_by_itself_has_columns_where_it_did() -> None:
    play = guarded()
    assert "funding" not in only_position(scene_of(play))
    paid = Funding(
        **make.ON_SYMBOL,
        exec_id=ExecId("f1"),
        funding=Decimal("0.5"),
        funding_currency=USD,
        transact_time_ns=WALL_NS,
    )
    sold = make.fill(last_qty="40", last_px="0.50")
    play.tell(paid, replace(sold, cause=FillCause.LIQUIDATION))
    play.tell(replace(sold, cause=FillCause.ADL, exec_id=ExecId("t2"), last_px=Decimal("0.70")))
    play.tell(make.fill(exec_id="t3", last_qty="10", last_px="0.65"))
    shown = {
        "funding": {"USD": "0.5"},
        "funding_pnl": "-0.5",
        "liquidation_pnl": "-6",
        "adl_pnl": "2",
        "realized_pnl": "-4.5",
    }
    view = only_position(scene_of(play))
    assert {name: view[name] for name in shown} == shown
    (account,) = rows(status_view(scene_of(play)), "accounts")
    sums = {name: {"USD": sum_} if isinstance(sum_, str) else sum_ for name, sum_ in shown.items()}
    assert {name: account[name] for name in sums} == sums


def test_a_liquidation_of_an_unknown_entry_brings_nothing_that_can_be_said() -> None:
    play = guarded()
    play.agrees = False
    play.tell(make.positions("140"), make.market_read(), make.fills_read())
    play.tell(make.positions("140"), after="6")
    assert play.position.qty == Decimal(140)
    play.tell(replace(make.fill(last_qty="140", last_px="0.50"), cause=FillCause.LIQUIDATION))
    view = only_position(scene_of(play))
    assert (view["pnl_known"], view["realized_pnl"]) == (False, "0")
    assert "liquidation_pnl" not in view
