"""A REST price that was long on its way must not replace what a stream told meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core.commands import QueryQuote
from daemon.core.events import Quote
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import ACCOUNT, SOL
from tests.venues.bitget.fake_bitget import FakeBitget


async def test_a_late_answer_is_as_old_as_its_question(
    fake: FakeBitget, spot: BitgetVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked_ns = spot.session.get, list[int]()

    async def slow(*call: object) -> object:
        asked_ns.append(spot.session.clock.mono_ns())
        body = await answer(*call)  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        return body

    monkeypatch.setattr(spot.session, "get", slow)
    ask = QueryQuote(account=ACCOUNT, venue=Market.SPOT.venue, symbol=SOL)
    (late,) = await spot.quote(ask)
    assert isinstance(late, Quote)
    assert late.mono_ns <= asked_ns[-1], "as old as its question, not as its answer"
