"""What a Bitget key may do: GET /api/v2/spot/account/info, which classic accounts answer.

Its words for rights (Bitget docs, Get Account Information): stow trades spot, coow futures, wwow
withdraws. The documented example says `trade` and `readonly`, which are understood as well.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.bitget.wire import Market
from daemon.venues.decoding import UnreadableError, decode_as
from daemon.venues.errors import VenueError
from daemon.venues.rights import KeyRights

_INFO: Final = "/api/v2/spot/account/info"
_TRADES: Final = {Market.SPOT: "stow", Market.FUTURES: "coow"}
_WITHDRAWS: Final = frozenset({"wwow", "withdraw"})


class _Info(msgspec.Struct):
    authorities: list[str]
    ips: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Info)


async def key_rights(session: BitgetSession) -> KeyRights:
    """The rights of the session's key; what cannot be read is not told."""
    try:
        told = decode_as(_DECODER, (await session.get(Call(path=_INFO))).data)
    except (VenueError, UnreadableError):
        return KeyRights()
    words = frozenset(told.authorities)
    return KeyRights(
        trade=not words.isdisjoint({"trade", _TRADES[session.market]}),
        withdraw=not words.isdisjoint(_WITHDRAWS),
        bound=bool(told.ips),
    )
