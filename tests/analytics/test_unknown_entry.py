"""What an exit sold of a position whose cost nobody knows brings no PnL that anybody knows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from daemon.analytics.exit_quality import quality
from daemon.analytics.exit_report import exit_lines
from daemon.analytics.exit_views import exits_view
from daemon.core.requests import ExitRequested
from tests import builders as make
from tests.analytics.test_views import rows, scene_of
from tests.core.play import Play, guarded


def adopted() -> Play:
    """Thirty that two reads showed, and that no fill tells of."""
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(make.positions("30"))
    play.tell(make.fills_read(), make.market_read(), after="6")
    play.tell(make.positions("30"), after="6")
    return play


@pytest.mark.parametrize(("begin", "known"), [(adopted, False), (guarded, True)])
@pytest.mark.parametrize("qty", ["10", None])
def test_an_exit_tells_what_it_brought_only_where_the_entry_is_known(
    begin: Callable[[], Play], qty: str | None, *, known: bool
) -> None:
    play = begin()
    play.tell(ExitRequested(**make.ON_SYMBOL, qty=make.number(qty)), after="1")
    play.tell(make.quote(bid="0.66", ask="0.68"), after="1")
    sold = str(play.order.order_qty)
    play.tell(make.fill(order_id=play.order_id, last_qty=sold, last_px="0.66"))
    scene = scene_of(play)
    (view,) = rows(exits_view(scene), "exits")
    (part,) = rows(view, "partial_fills")
    (line,) = exit_lines(play.engine.book)
    (work,) = [*play.engine.book.past_exits, *play.engine.book.exits.values()]
    told = [view["pnl"] is not None, part["pnl"] is not None, line.pnl is not None]
    assert told == [known] * 3
    assert bool(quality(scene, work, Decimal(1)).pnl) is known
