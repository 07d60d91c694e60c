"""What USD-M does by itself, by REST: funding from the income, causes from the forced orders."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daemon.core.commands import QueryBook, QueryFills
from daemon.core.events import Event, Fill, FillsRead, Funding, QueryFailed, StreamRestored
from daemon.core.terms import FillCause, VenueOrderId
from daemon.venues.binance.imposed import INCOME_ROWS
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import USDM
from tests.venues.binance.builders import ACCOUNT, SUI, USDM_ORDER, frame
from tests.venues.binance.fake_binance import Answer, FakeBinance, refused
from tests.venues.listening import running

INCOME = "GET /fapi/v1/income"
FORCED = "GET /fapi/v1/forceOrders"
TRADES = "GET /fapi/v1/userTrades"
ALL = QueryBook(account=ACCOUNT, venue=USDM, since_ns=0)
ONE = QueryFills(account=ACCOUNT, venue=USDM, symbol=SUI, since_ns=0)


def forced_trades(fake: FakeBinance, usdm: BinanceVenue) -> None:
    """The trades happened a second ago, the first of them by order 99."""
    rows = json.loads(frame("usdm_trades"))
    for row in rows:
        row["time"] = usdm.session.now_ns() // 10**6 - 1_000
    rows[0]["orderId"] = 99
    fake.script(TRADES, Answer(body=json.dumps(rows).encode()))


def causes(told: object) -> dict[str | None, FillCause]:
    assert isinstance(told, tuple)
    return {event.venue_order_id: event.cause for event in told if isinstance(event, Fill)}


async def test_funding_is_read_with_the_account_and_not_every_time(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    first = await usdm.book(ALL)
    assert [event.symbol for event in first if isinstance(event, Funding)] == [SUI]
    asked = fake.sent(INCOME)[0].query
    assert (asked["incomeType"], asked["limit"]) == ("FUNDING_FEE", str(INCOME_ROWS))
    span_ms = int(asked["endTime"]) - int(asked["startTime"])
    assert 90 * 86_400_000 <= span_ms <= 90 * 86_400_000 + 61_000
    assert not [event for event in await usdm.book(ALL) if isinstance(event, Funding)]
    assert len(fake.sent(INCOME)) == 1


async def test_a_full_page_of_income_is_followed_by_its_newest_time(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    (row,) = json.loads(frame("usdm_income"))
    rows = [{**row, "tranId": number, "time": row["time"] + number} for number in range(1_000)]
    last = json.dumps([rows[-1], {**row, "tranId": 5_000}])
    fake.script(INCOME, Answer(body=json.dumps(rows).encode()), Answer(body=last.encode()))
    told = await usdm.reader.recent_funding(1)
    assert len(told) == 1_001
    assert fake.sent(INCOME)[1].query["startTime"] == str(row["time"] + 999)
    same = json.dumps([{**row, "tranId": n} for n in range(1_000)]).encode()
    fake.script(INCOME, Answer(body=same))
    assert isinstance((await usdm.reader.recent_funding(row["time"] * 10**6))[-1], QueryFailed)


@pytest.mark.parametrize(
    "answer", [refused(400, -1000), Answer(body=b"{}"), Answer(body=b'[{"incomeType":1}]')]
)
async def test_without_the_funding_the_fills_are_not_told_complete(
    fake: FakeBinance, usdm: BinanceVenue, answer: Answer
) -> None:
    fake.script(INCOME, answer)
    assert isinstance((await usdm.fills(ONE))[-1], FillsRead)
    told: list[Event] = list(await usdm.book(ALL))
    assert [event.query for event in told if isinstance(event, QueryFailed)] == ["funding"]
    assert [event for event in told if isinstance(event, Fill)]
    assert not [event for event in told if isinstance(event, FillsRead)]
    await usdm.book(ALL)
    assert len(fake.sent(INCOME)) >= 2


async def test_a_fill_of_an_order_that_nobody_named_is_looked_for_among_the_forced(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    forced_trades(fake, usdm)
    told = await usdm.fills(ONE)
    assert causes(told) == {"99": FillCause.ADL, "77": FillCause.TRADE}
    assert causes(await usdm.book(ALL)) == causes(told)
    assert causes(await usdm.reader.recent_fills(SUI, 1)) == causes(told)
    assert len(fake.sent(FORCED)) == 1


async def test_what_the_stream_named_is_not_asked_for(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    forced_trades(fake, usdm)
    first, *_others = [e for e in await usdm.fills(ONE) if isinstance(e, Fill)]
    asked = len(fake.sent(FORCED))
    usdm.reader.know(replace(first, venue_order_id=VenueOrderId("77"), cause=FillCause.TRADE))
    usdm.reader.know(replace(first, cause=FillCause.LIQUIDATION))
    assert causes(await usdm.fills(ONE))["99"] is FillCause.LIQUIDATION
    assert len(fake.sent(FORCED)) == asked


@pytest.mark.parametrize("answer", [refused(400, -1000), Answer(body=b'[{"orderId":"x"}]')])
async def test_a_cause_that_cannot_be_had_keeps_no_fill_back(
    fake: FakeBinance, usdm: BinanceVenue, answer: Answer
) -> None:
    forced_trades(fake, usdm)
    fake.script(FORCED, answer)
    told = await usdm.fills(ONE)
    assert causes(told) == {"99": FillCause.TRADE, "77": FillCause.TRADE}
    assert isinstance(told[-1], QueryFailed)


async def test_old_fills_are_not_asked_about(fake: FakeBinance, usdm: BinanceVenue) -> None:
    assert causes(await usdm.fills(ONE))[USDM_ORDER] is FillCause.TRADE
    assert not fake.sent(FORCED)


async def test_a_funding_push_has_the_payments_read_at_once(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    async with running(usdm.stream) as heard:
        await heard.wait(StreamRestored)
        await fake.say("usdm_account_funding")
        paid = await heard.wait(Funding)
    assert isinstance(paid, Funding)
    assert paid.symbol == SUI
