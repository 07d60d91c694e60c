"""The door's route to why an order was sent: GET /orders/{id}/why, out of the journal."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Protocol

from aiohttp import web
from msgspec import Meta

from daemon.analytics.scene import View
from daemon.control.answers import Answer, Count, Time
from daemon.control.bodies import NAME_CHARACTERS
from daemon.control.door import Refusal
from daemon.control.table import Parameter, Route, answer, refuse
from daemon.core.errors import TheirsError

_NOT_FOUND: Final = 404
_NOT_NOW: Final = 503
_TOO_LONG: Final = 504
# Below the limit of every request, whose own answer would not say what to do.
SEARCH_S_MAX: Final = 9.0


class WhySource(Protocol):
    """Who reads the journal."""

    async def why(self, name: str) -> View | None:
        """The causal chain of the order of that id; None where none has it. Raises TheirsError."""
        ...


WHY: web.AppKey[WhySource] = web.AppKey("why")


class Link(Answer, kw_only=True):
    """One link: the journal's record, what it is in a word, and in a sentence."""

    seq: Count
    time: Time | None
    event: str
    what: str
    client_order_id: str | None
    text: str


class Why(Answer, kw_only=True):
    """The chain of one order; `order_ids` are the venue's ids. Prices are the instrument's."""

    client_order_id: str
    order_ids: list[str]
    account: str
    venue: str
    symbol: str
    exit_no: Count | None
    trade_no: Count | None
    chain: list[Link]


def no_order(name: str) -> Refusal:
    """The journal has no order of that id."""
    return Refusal(_NOT_FOUND, f"order = {name!r}: no order of that id is in the journal")


async def _why(request: web.Request) -> web.Response:
    name = request.match_info["id"]
    try:
        async with asyncio.timeout(SEARCH_S_MAX):
            found = await request.app[WHY].why(name)
    except TimeoutError:
        text = f"the journal is too long to be searched within {SEARCH_S_MAX:g} s"
        return refuse(Refusal(_TOO_LONG, f"{text}: filld why ORDER has no such limit"))
    except TheirsError as error:
        return refuse(Refusal(_NOT_NOW, str(error)))
    return refuse(no_order(name)) if found is None else answer(found)


WHY_ROUTES: Final = (
    Route(
        method="GET",
        path="/orders/{id}/why",
        text="Quote, rule, exit, orders, fills and corrections that belong to an order.",
        handle=_why,
        gives=Why,
        parameters=(
            Parameter(
                name="id",
                text="Our id of it or the venue's.",
                kind=Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)],
                place="path",
            ),
        ),
        errors=(_NOT_FOUND,),
    ),
)
