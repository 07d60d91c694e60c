"""What a Kalshi key may do: GET /api_keys (scopes), GET /account/limits (tier, tokens a second).

No scope moves money out of Kalshi.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.venues.decoding import UnreadableError, decode_as
from daemon.venues.errors import VenueError
from daemon.venues.kalshi.account_wire import decode_limits
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.session import KalshiSession
from daemon.venues.rights import KeyRights

_TRADES: Final = frozenset({"write", "write::trade"})


class _Key(msgspec.Struct):
    api_key_id: str
    scopes: list[str] | None = None


class _Keys(msgspec.Struct):
    api_keys: list[_Key]


_KEYS: Final = msgspec.json.Decoder(_Keys)


async def key_rights(session: KalshiSession) -> KeyRights:
    """The rights of the session's key; what cannot be read is not told."""
    return KeyRights(trade=await _trades(session), withdraw=False, tier=await _tier(session))


async def _trades(session: KalshiSession) -> bool | None:
    try:
        keys = decode_as(_KEYS, await session.get(account_call(session, "/api_keys")))
    except (VenueError, UnreadableError):
        return None
    scopes = next((k.scopes for k in keys.api_keys if k.api_key_id == session.config.key_id), None)
    return None if scopes is None else not _TRADES.isdisjoint(scopes)


async def _tier(session: KalshiSession) -> str:
    try:
        limits = decode_limits(await session.get(account_call(session, "/account/limits")))
    except (VenueError, UnreadableError):
        return ""
    read, write = limits.read.refill_rate, limits.write.refill_rate
    return f"{limits.usage_tier or 'unnamed'}: {read:g} read and {write:g} write tokens a second"
