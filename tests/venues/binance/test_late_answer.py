"""A REST price that was long on its way must not replace what a stream told meanwhile."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from daemon.core.commands import QueryQuote
from daemon.core.events import Quote, QuoteSource
from daemon.runtime.inbox import Inbox
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT
from tests.venues.binance.builders import ACCOUNT, SOL
from tests.venues.binance.fake_binance import FakeBinance


async def test_a_late_answer_is_as_old_as_its_question(
    fake: FakeBinance, spot: BinanceVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, answer = Inbox(), spot.session.get

    async def slow(*call: object) -> bytes:
        body = await answer(*call)  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        return body

    monkeypatch.setattr(spot.session, "get", slow)
    async with asyncio.TaskGroup() as group:
        query = QueryQuote(account=ACCOUNT, venue=SPOT, symbol=SOL)
        asking = group.create_task(spot.quote(query), name="quote")
        await asyncio.sleep(0.02)
        stamp = spot.session.stamp()
    streamed = Quote(
        **stamp,
        symbol=SOL,
        bid_px=Decimal(999),
        bid_qty=Decimal(9),
        ask_px=Decimal(1000),
        ask_qty=Decimal(9),
        source=QuoteSource.TICKER,
    )
    inbox.put(streamed)
    (late,) = asking.result()
    inbox.put_answer(late)
    (kept,) = await inbox.take(10)
    assert isinstance(kept, Quote)
    assert kept.source is QuoteSource.TICKER, "the stream's price is newer than the question"
