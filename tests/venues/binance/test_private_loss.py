"""The private socket breaks, the market's goes on: its price stays on offer to the engine."""

from __future__ import annotations

import asyncio

from daemon.core.events import Event, Quote, QuoteSource, StreamRestored
from daemon.runtime.inbox import Inbox
from daemon.venues.binance.venue import BinanceVenue
from tests.venues.binance.builders import SOL
from tests.venues.binance.fake_binance import FakeBinance
from tests.venues.binance.test_public import TICKER, on
from tests.venues.listening import until


async def test_a_live_price_outlives_the_private_stream(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    inbox, heard = Inbox(), list[Event]()

    def deliver(event: Event) -> None:
        heard.append(event)
        inbox.put(event)

    def count(kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in heard)

    spot.watch([SOL])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(spot.run(deliver))
        await until(lambda: bool(on(fake)) and count(StreamRestored) == 1)
        await fake.say(TICKER, to="public")
        await until(
            lambda: any(isinstance(e, Quote) and e.source is QuoteSource.TICKER for e in heard)
        )
        await asyncio.sleep(0.3)
        for socket in fake.private:
            await socket.close()
        await until(lambda: count(StreamRestored) == 2)
        await asyncio.sleep(1.0)  # several times `refresh_active_s`
        priced, unpriced = inbox.quotes(), spot.stream.public.unpriced()
        task.cancel()
    assert not unpriced, "nothing else asks for a price"
    assert priced, "and the inbox has none"
