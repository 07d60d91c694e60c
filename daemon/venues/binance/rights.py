"""What a Binance key may do: GET /sapi/v1/account/apiRestrictions, which only the spot host serves.

For USD-M only the account is asked (canTrade of /fapi/v2/account).
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.venues.binance.config import Endpoint
from daemon.venues.binance.session import BinanceSession, Call
from daemon.venues.binance.wire import SPOT
from daemon.venues.decoding import UnreadableError, decode_as
from daemon.venues.errors import VenueError
from daemon.venues.rights import KeyRights

_RESTRICTIONS: Final = Endpoint(path="/sapi/v1/account/apiRestrictions", weight=1)
_ACCOUNT: Final = Endpoint(path="/fapi/v2/account", weight=5)


class _Restrictions(msgspec.Struct, rename="camel"):
    enable_spot_and_margin_trading: bool
    enable_withdrawals: bool
    ip_restrict: bool


class _Account(msgspec.Struct, rename="camel"):
    can_trade: bool


_SPOT: Final = msgspec.json.Decoder(_Restrictions)
_USDM: Final = msgspec.json.Decoder(_Account)


async def key_rights(session: BinanceSession) -> KeyRights:
    """The rights of the session's key; what cannot be read is not told."""
    api, spot = session.config.api, session.config.venue == SPOT
    tier = f"{api.weight_limit} request weight a minute, {api.orders_limit} orders in 10 s"
    call = Call(method="GET", endpoint=_RESTRICTIONS if spot else _ACCOUNT)
    try:
        body = await session.get(call)
        if not spot:
            return KeyRights(trade=decode_as(_USDM, body).can_trade, tier=tier)
        told = decode_as(_SPOT, body)
    except (VenueError, UnreadableError):
        return KeyRights(tier=tier)
    return KeyRights(
        trade=told.enable_spot_and_margin_trading,
        withdraw=told.enable_withdrawals,
        bound=told.ip_restrict,
        tier=tier,
    )
