"""The flat fill that the second seed document gives as Phemex's format. Pure.

`{"orderID", "execID", "symbol", "side": "BUY", "execQty", "execPriceRp", "execFeeRv",
"feeCurrency", "execStatus": "taker"}`: a row of `orders_p` in other spelling. The wire itself
says `currency`, not `feeCurrency`, and MakerFill or TakerFill; both are taken here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.events import Fill, Undecodable
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable
from daemon.venues.phemex.perp_wire import Traded, fill_events
from daemon.venues.phemex.wire import FILLS, is_execution, wire_name

_SPELLINGS: Final = {"maker": "MakerFill", "taker": "TakerFill"}
_SIDES: Final = {"buy": "Buy", "sell": "Sell"}


class _Flat(Traded, rename=wire_name):
    exec_qty: str = "0"
    fee_currency: str | None = None


_FLAT: Final = msgspec.json.Decoder(_Flat)


def decode_flat_fill(stamp: Stamp, raw: bytes) -> tuple[Fill | Undecodable, ...]:
    """The fill of a flat object; `Undecodable` where its execStatus or id is of no fill."""
    try:
        row = decode_as(_FLAT, raw)
        row.exec_status = _SPELLINGS.get(row.exec_status, row.exec_status)
        row.side = _SIDES.get(str(row.side).lower(), row.side)
        row.currency = row.fee_currency or row.currency
        if row.exec_status not in FILLS or not is_execution(row.exec_id):
            text = f"execStatus {row.exec_status[:40]!r} or execID is of no trade"
            return (undecodable(stamp, "fill", raw, text),)
        return fill_events(stamp, row, row.exec_qty, None, raw)
    except UnreadableError as error:
        return (undecodable(stamp, "fill", raw, str(error)),)
