"""From a fill back to the quote: daemon.telemetry.causes, as the log shows it."""

from __future__ import annotations

import dataclasses
from typing import Any

from daemon.core.decisions import CloseExit, ExitEnd
from daemon.core.events import Fill
from daemon.core.terms import ClientOrderId
from daemon.telemetry.causes import Causes
from tests import builders as make
from tests.telemetry.test_logs import KEY, OPEN, ORDER, QUOTE, Lines

OURS = ORDER.client_order_id


def by_event(lines: Lines) -> dict[object, dict[str, Any]]:
    return {line["event"]: line for line in lines.read()}


def test_an_orders_life() -> None:
    for level in ("debug", "info"):
        lines = Lines(level)
        tell = lines.observer.observe
        tell(11, QUOTE, (OPEN, ORDER))
        tell(12, make.accepted(order_id=OURS, venue_order_id="theirs"), ())
        tell(13, make.fill(order_id=None, venue_order_id="theirs"), ())
        tell(14, make.canceled(order_id=OURS, cum_qty="1"), ())
        tell(
            15,
            make.accepted(order_id=ClientOrderId("fdstranger"), venue_order_id="x"),
            (CloseExit(key=KEY, exit_no=1, end=ExitEnd.FLAT),),
        )
        said = by_event(lines)
        assert (said["exit_opened"]["seq"], said["exit_opened"]["cause"]) == (11, 11)
        assert said["order_placed"]["cause"] == 11
        assert [said[name]["cause"] for name in ("fill", "order_canceled")] == [11, 11]
        assert said["exit_closed"]["cause"] == 11
        assert "cause" not in said["order_accepted"], "a stranger's, the last one told"
        assert said["fill"]["fill_cause"] == "trade"


def test_a_later_attempt_leads_to_the_opening_and_its_fill_to_the_attempt() -> None:
    causes = Causes()
    again = dataclasses.replace(ORDER, attempt=2, client_order_id=ClientOrderId("fdagain"))
    resent = dataclasses.replace(again, resend=True)
    assert causes.of(11, OPEN) == 11
    assert [causes.of(11, ORDER), causes.of(20, again), causes.of(25, resent)] == [11, 11, 11]
    assert causes.of(30, make.fill(order_id=ClientOrderId("fdagain"))) == 20


def test_a_trade_is_its_own_beginning_and_the_unknown_has_none() -> None:
    causes = Causes()
    trade = dataclasses.replace(ORDER, exit_no=0, trade_no=1)
    assert causes.of(5, trade) == 5
    assert causes.of(6, make.fill(order_id=OURS)) == 5
    assert (
        causes.of(7, make.fill(order_id=ClientOrderId("fdbefore"), venue_order_id="other")) is None
    )
    assert causes.of(8, QUOTE) is None


def test_memory_has_a_limit() -> None:
    causes = Causes()
    for number in range(10_001):
        name = ClientOrderId(f"fd{number}")
        causes.of(number, dataclasses.replace(ORDER, client_order_id=name, exit_no=0))
    first: Fill = make.fill(order_id=ClientOrderId("fd0"), venue_order_id="a")
    assert causes.of(1, first) is None
    assert causes.of(1, make.fill(order_id=ClientOrderId("fd1"), venue_order_id="b")) == 1
