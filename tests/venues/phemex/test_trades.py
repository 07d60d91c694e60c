"""Trade lists longer than a page: newest first or oldest first, each trade once, to the end."""

from __future__ import annotations

import json

import pytest

from daemon.core.commands import QueryFills
from daemon.core.events import Fill, FillsRead, QueryFailed
from daemon.venues.phemex.trades import PAGE_ROWS
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP
from tests.venues.phemex.builders import ACCOUNT, AT_NS, SOL, frame
from tests.venues.phemex.fake_phemex import Answer, FakePhemex, Seen

MS = 10**6
TRADES = "GET /api-data/g-futures/trades"
QUERY = QueryFills(account=ACCOUNT, venue=PERP, symbol=SOL, since_ns=AT_NS - 10**9)


class History:
    """Answers trade lists as the venue does: within start and end, at most `limit` rows."""

    def __init__(self, times_ms: list[int], *, newest_first: bool) -> None:
        row = json.loads(frame("perp_trades"))[1]
        self.rows = [
            {**row, "transactTimeNs": AT_NS + at * MS, "execID": f"e{number}"}
            for number, at in enumerate(times_ms)
        ]
        self.rows.sort(key=lambda found: found["transactTimeNs"], reverse=newest_first)

    def __call__(self, seen: Seen) -> Answer:
        start, end = int(seen.query["start"]) * MS, int(seen.query["end"]) * MS
        found = [row for row in self.rows if start <= row["transactTimeNs"] <= end]
        return Answer(body=json.dumps(found[: int(seen.query["limit"])]).encode())


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("count", [0, 1, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, 3 * PAGE_ROWS])
async def test_every_trade_once(
    fake: FakePhemex, perps: PhemexVenue, count: int, newest_first: bool
) -> None:
    times = [number // 3 for number in range(count)]
    fake.answering[TRADES] = History(times, newest_first=newest_first)
    events = await perps.fills(QUERY)
    fills = [event for event in events if isinstance(event, Fill)]
    assert len({fill.exec_id for fill in fills}) == len(fills) == count
    assert fills == sorted(fills, key=lambda fill: fill.transact_time_ns)
    assert isinstance(events[-1], FillsRead)


async def test_a_page_that_leads_nowhere_is_not_the_end(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    fake.answering[TRADES] = History([5] * (PAGE_ROWS + 1), newest_first=True)
    events = await perps.fills(QUERY)
    assert isinstance(events[-1], QueryFailed)
    assert len(events) == PAGE_ROWS + 1


async def test_a_page_of_funding_alone_is_not_the_end(fake: FakePhemex, perps: PhemexVenue) -> None:
    funding = json.loads(frame("perp_trades"))[0]
    fake.script(TRADES, Answer(body=json.dumps([funding] * PAGE_ROWS).encode()))
    assert isinstance((await perps.fills(QUERY))[-1], QueryFailed)


@pytest.mark.parametrize("body", [b"{}", b'{"code":0,"data":null}', b"soon"])
async def test_a_list_that_cannot_be_read(
    fake: FakePhemex, perps: PhemexVenue, body: bytes
) -> None:
    fake.script(TRADES, Answer(body=body))
    (failed,) = await perps.fills(QUERY)
    assert isinstance(failed, QueryFailed)


async def test_a_list_without_an_end(
    fake: FakePhemex, perps: PhemexVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.venues.phemex.trades.PAGES_LIMIT", 2)
    fake.answering[TRADES] = History(list(range(3 * PAGE_ROWS)), newest_first=True)
    events = await perps.fills(QUERY)
    assert isinstance(events[-1], QueryFailed)
    assert "no end" in events[-1].text
