"""Where `kalshi-sdk` and the specification disagree: each is provoked, and so the note is evidence.

A disagreement is no failure of the exchange, which follows the specification. When a later client
agrees, the note says that too.
"""

# The client is installed in .interop/community only, so ours cannot see its types.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
from typing import Any

from kalshi import models
from pydantic import ValidationError

from tests.interop.door import Door
from tests.interop.room import ticker
from tests.interop.sheet import Sheet

B = ticker("community", "B")
WAIT_S = 1.0


async def disagreements(client: Any, door: Door, sheet: Sheet) -> None:
    """Each in turn."""
    liquidity(door, sheet)
    await one_sided(client, door, sheet)
    await snapshot_lost(client, door, sheet)
    await unsubscribed(client, sheet)


def liquidity(door: Door, sheet: Sheet) -> None:
    """`liquidity_dollars` is not in the OpenAPI; the client wants it."""
    with sheet.check("disagreement: liquidity_dollars"):
        view = dict(door.market(B)["market"])
        models.Market.model_validate(view)
        view.pop("liquidity_dollars")
        try:
            models.Market.model_validate(view)
        except ValidationError as error:
            text = f"required by the client, not in OpenAPI: {_first(error)}; the exchange sends it"
        else:
            text = "no longer required by the client"
        sheet.note("liquidity_dollars", text)


async def one_sided(client: Any, door: Door, sheet: Sheet) -> None:
    """A snapshot of a one-sided book has no key for the empty side, says the AsyncAPI."""
    with sheet.check("disagreement: a snapshot without a side"):
        door.ask("PUT", f"/markets/{B}/book", {"asks": []})
        async with client.ws.connect() as session:
            await session.subscribe_orderbook_delta(tickers=[B])
            await asyncio.sleep(WAIT_S)
            book = session._orderbook_mgr.get(B)
        door.ask("PUT", f"/markets/{B}/book", {"asks": [["0.61", "9"]]})
        if book is None:
            text = (
                "AsyncAPI: 'This key will not exist if there are no No offers'; the client refuses "
                "the snapshot (both sides are required fields) and has no book"
            )
        else:
            text = "the client reads a missing side as empty, as the AsyncAPI says"
        sheet.note("orderbook_snapshot without a side", text)


async def snapshot_lost(client: Any, door: Door, sheet: Sheet) -> None:
    """A subscription's snapshot that comes while the client waits for the answer to another."""
    with sheet.check("disagreement: frames while waiting for `subscribed`"):
        async with client.ws.connect() as session:
            await session.subscribe_orderbook_delta(tickers=[B])
            await session.subscribe_ticker(tickers=[B])
            door.ask("PUT", f"/markets/{B}/book", {"bids": [["0.4000", "7"]]})
            await asyncio.sleep(WAIT_S)
            book = session._orderbook_mgr.get(B)
        if book is None:
            text = (
                "the snapshot follows the first `subscribed` at once; a client that subscribes to "
                "the next channel then throws away every frame until that answer, takes the first "
                "delta (seq 2) for the start and never has a book; here the books come last"
            )
        else:
            text = "the snapshot was kept in this run"
        sheet.note("frames while waiting for `subscribed`", text)


async def unsubscribed(client: Any, sheet: Sheet) -> None:
    """Unsubscribing while the client's own loop reads the same socket."""
    with sheet.check("disagreement: unsubscribe"):
        async with client.ws.connect() as session:
            await session.subscribe_ticker(tickers=[B])
            await asyncio.sleep(0.2)
            problem = ""
            try:
                await session.unsubscribe(1)
            except Exception as error:  # noqa: BLE001 - which of the two readers loses is chance
                problem = f"{type(error).__name__}: {error}"
            await asyncio.sleep(0.2)
            loop = session._recv_task
            if loop is not None and loop.done() and not loop.cancelled() and loop.exception():
                problem = problem or f"{type(loop.exception()).__name__} ended its receive loop"
        if problem:
            text = (
                "the client reads the answer beside its own receive loop, which is not paused as "
                f"it is for a subscribe: {problem[:110]}; the exchange answers `unsubscribed`"
            )
        else:
            text = "unsubscribing went well in this run"
        sheet.note("unsubscribe", text)


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
