"""The private socket breaks, the book's goes on: its price stays on offer to the engine."""

from __future__ import annotations

import asyncio

from daemon.core.events import Event, StreamLost, StreamRestored
from daemon.runtime.inbox import Inbox
from daemon.venues.phemex.venue import PhemexVenue
from tests.venues.listening import until
from tests.venues.phemex.builders import SOL
from tests.venues.phemex.fake_phemex import FakePhemex, refused
from tests.venues.phemex.test_stream import BOOK, push


async def test_a_live_price_outlives_the_private_stream(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    fake.script(BOOK, refused(0, 500))
    inbox, heard = Inbox(), list[Event]()

    def deliver(event: Event) -> None:
        heard.append(event)
        inbox.put(event)

    perps.watch([SOL])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(perps.run(deliver))
        await until(lambda: any(isinstance(e, StreamRestored) for e in heard))
        await until(lambda: "orderbook_p.subscribe" in fake.methods())
        await push(fake, "ws_orderbook_p")
        await until(lambda: bool(inbox.quotes()))
        assert fake.private is not None
        await fake.private.close()
        await until(lambda: sum(isinstance(e, StreamRestored) for e in heard) == 2)
        assert sum(isinstance(e, StreamLost) for e in heard) == 1
        await asyncio.sleep(1.5)
        priced, live = inbox.quotes(), perps.stream.books.prices(SOL)
        task.cancel()
    assert live, "the book's own socket never broke, so nothing else asks for a price"
    assert priced, "and yet a halted or new position would find no price to be judged at"
