"""Bitget fills: every channel and list that reports one -> `Fill`. Pure.

The sign of a fee is the channel's own (our `commission` is + = paid):

| reported by | fee field | paid is |
|---|---|---|
| classic `orders` rows, spot and futures | `fillFee` | - |
| classic `fill` channel, spot | `feeDetail[].totalFee` | + |
| classic `fill` channel, futures | `feeDetail[].totalFee` | - |
| classic REST fills, spot and futures | `feeDetail` | - |
| UTA `fill` topic and REST | `feeDetail[].fee` | + |
| the flat form of the first seed | `fillFee` | + |

The same trade comes by several of them under one `tradeId` (`execId` on UTA). A row of the
`orders` channel is a fill if it has one and a `baseVolume` above 0, whatever its status: the last
fill of a spot order still says `partially_filled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Fill, Undecodable, VenueEvent
from daemon.core.terms import EXACT, ZERO, Currency, ExecId, Liquidity, VenueOrderId
from daemon.venues.bitget.direction_wire import (
    Direction,
    cause_of,
    mix_direction,
    spot_direction,
    uta_direction,
)
from daemon.venues.bitget.order_wire import StreamRow, classic_direction
from daemon.venues.bitget.wire import (
    USDT,
    Market,
    client_id,
    coin,
    first_time_ns,
    name,
    number,
    price,
    qty,
    symbol,
    word,
)
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable

PAID_IS_NEGATIVE: Final = Decimal(-1)
PAID_IS_POSITIVE: Final = Decimal(1)

_SCOPES: Final = {
    "t": Liquidity.TAKER,
    "taker": Liquidity.TAKER,
    "m": Liquidity.MAKER,
    "maker": Liquidity.MAKER,
    "marker": Liquidity.MAKER,  # as the documentation of the spot channel spells it
}


class FeeRow(msgspec.Struct, rename="camel"):
    """One entry of `feeDetail`, classic (`totalFee`) or UTA (`fee`)."""

    fee_coin: str | None = None
    fee: str | None = None
    total_fee: str | None = None
    deduction: str | None = None
    total_deduction_fee: str | None = None


class ClassicFillRow(msgspec.Struct, rename="camel"):
    """A row of the classic `fill` channel or list; spot and futures name price and size apart."""

    order_id: str | int
    trade_id: str | int
    side: str
    symbol: str | None = None
    inst_id: str | None = None
    client_oid: str | int | None = None
    price_avg: str | None = None
    size: str | None = None
    price: str | None = None
    base_volume: str | None = None
    pos_mode: str | None = None
    trade_side: str | None = None
    trade_scope: str | None = None
    fee_detail: list[FeeRow] | FeeRow | None = None
    c_time: str | int | None = None
    u_time: str | int | None = None


class UtaFillRow(msgspec.Struct, rename="camel"):
    """A row of the UTA `fill` and `fast-fill` topics or of GET /api/v3/trade/fills."""

    order_id: str | int
    exec_id: str | int
    symbol: str
    side: str
    exec_price: str
    exec_qty: str
    category: str | None = None
    client_oid: str | int | None = None
    hold_side: str | None = None
    trade_side: str | None = None
    trade_scope: str | None = None
    exec_type: str | None = None
    fee_detail: list[FeeRow] | None = None
    exec_time: str | int | None = None
    created_time: str | int | None = None
    updated_time: str | int | None = None


class SeedRow(msgspec.Struct, rename="camel"):
    """The flat form of the first seed; `tradeSide` and `posMode` where its writer has them."""

    order_id: str | int
    trade_id: str | int
    side: str
    base_volume: str
    fill_price: str
    fill_fee: str
    fill_fee_coin: str
    symbol: str | None = None
    inst_id: str | None = None
    trade_scope: str | None = None
    trade_side: str | None = None
    pos_mode: str | None = None
    client_oid: str | int | None = None
    fill_time: str | int | None = None


_CLASSIC: Final = msgspec.json.Decoder(ClassicFillRow)
_UTA: Final = msgspec.json.Decoder(UtaFillRow)
_SEED: Final = msgspec.json.Decoder(SeedRow)


@dataclass(frozen=True, slots=True)
class _Fee:
    commission: Decimal
    currency: Currency


def stream_fill(stamp: Stamp, market: Market, row: StreamRow) -> Fill | None:
    """The fill in a row of the `orders` channel, if there is one; raises `UnreadableError`."""
    if row.trade_id in {None, ""}:
        return None
    last_qty = qty(row.base_volume, "baseVolume")
    if last_qty == ZERO:
        return None
    direction = classic_direction(market, row)
    fee = number(row.fill_fee or "0", "fillFee") * PAID_IS_NEGATIVE
    return Fill(
        **stamp,
        symbol=symbol(row.inst_id, row.symbol),
        client_order_id=client_id(row.client_oid),
        venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
        exec_id=ExecId(name(row.trade_id, "tradeId")),
        side=direction.side,
        last_qty=last_qty,
        last_px=price(row.fill_price, "fillPrice"),
        commission=EXACT.add(fee, ZERO),
        commission_currency=_fee_coin(row.fill_fee_coin, fee),
        transact_time_ns=first_time_ns("fillTime", row.fill_time, row.u_time),
        liquidity=_liquidity(row.trade_scope),
        position_side=direction.position_side,
        cause=cause_of(row.trade_side),
    )


def decode_classic_fill(
    stamp: Stamp, market: Market, raw: bytes | msgspec.Raw, sign: Decimal
) -> tuple[VenueEvent, ...]:
    """A row of the classic `fill` channel or list; `sign` is how that one writes a paid fee."""
    try:
        row = decode_as(_CLASSIC, raw)
        spot = market is Market.SPOT
        direction = (
            spot_direction(row.side)
            if spot
            else mix_direction(row.side, row.trade_side, row.pos_mode)
        )
        fees = _fees(row.fee_detail, sign)
        fill = Fill(
            **stamp,
            symbol=symbol(row.symbol, row.inst_id),
            client_order_id=client_id(row.client_oid),
            venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
            exec_id=ExecId(name(row.trade_id, "tradeId")),
            side=direction.side,
            last_qty=_traded(row.size if spot else row.base_volume),
            last_px=price(row.price_avg if spot else row.price, "price"),
            commission=fees[0].commission,
            commission_currency=fees[0].currency,
            transact_time_ns=first_time_ns("cTime", row.c_time, row.u_time),
            liquidity=_liquidity(row.trade_scope),
            position_side=direction.position_side,
            cause=cause_of(row.trade_side),
        )
    except UnreadableError as error:
        return (undecodable(stamp, "fill row", bytes(raw), str(error)),)
    return (fill, *_unbooked(stamp, fill, fees[1:], raw))


def decode_uta_fill(
    stamp: Stamp, market: Market, raw: bytes | msgspec.Raw, *, hedged: bool | None
) -> tuple[VenueEvent, ...]:
    """A UTA row, nothing if it is of another category; `hedged` is the account's mode as known."""
    try:
        row = decode_as(_UTA, raw)
        if not of_market(market, row.category):
            return ()
        fees = _fees(row.fee_detail, PAID_IS_POSITIVE)
        direction = _uta_direction(market, row, hedged=hedged)
        fill = Fill(
            **stamp,
            symbol=symbol(row.symbol),
            client_order_id=client_id(row.client_oid),
            venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
            exec_id=ExecId(name(row.exec_id, "execId")),
            side=direction.side,
            last_qty=_traded(row.exec_qty),
            last_px=price(row.exec_price, "execPrice"),
            commission=fees[0].commission,
            commission_currency=fees[0].currency,
            transact_time_ns=first_time_ns(
                "execTime", row.exec_time, row.created_time, row.updated_time
            ),
            liquidity=_liquidity(row.trade_scope),
            position_side=direction.position_side,
            cause=cause_of(row.trade_side, row.exec_type),
        )
    except UnreadableError as error:
        return (undecodable(stamp, "fill row", bytes(raw), str(error)),)
    return (fill, *_unbooked(stamp, fill, fees[1:], raw))


def decode_seed_fill(stamp: Stamp, market: Market, raw: bytes | msgspec.Raw) -> Fill | Undecodable:
    """The first seed's flat form, its fee positive as documented there.

    On futures it has to say `tradeSide` and `posMode`: without them a SELL may open a short or
    close either position, and that is said instead of guessed at.
    """
    try:
        row = decode_as(_SEED, raw)
        if market is Market.SPOT:
            direction = spot_direction(row.side)
        else:
            direction = mix_direction(row.side, row.trade_side, row.pos_mode)
        return Fill(
            **stamp,
            symbol=symbol(row.symbol, row.inst_id),
            client_order_id=client_id(row.client_oid),
            venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
            exec_id=ExecId(name(row.trade_id, "tradeId")),
            side=direction.side,
            last_qty=_traded(row.base_volume),
            last_px=price(row.fill_price, "fillPrice"),
            commission=number(row.fill_fee, "fillFee"),
            commission_currency=coin(row.fill_fee_coin, "fillFeeCoin"),
            transact_time_ns=first_time_ns("fillTime", row.fill_time) if row.fill_time else 0,
            liquidity=_liquidity(row.trade_scope),
            position_side=direction.position_side,
            cause=cause_of(row.trade_side),
        )
    except UnreadableError as error:
        return undecodable(stamp, "seed fill", bytes(raw), str(error))


def of_market(market: Market, category: str | None) -> bool:
    """True for a row of this market; UTA streams carry all of them, in either case."""
    return category is None or category.upper() == market.value


def _uta_direction(market: Market, row: UtaFillRow, *, hedged: bool | None) -> Direction:
    if market is Market.SPOT:
        return spot_direction(row.side)
    return uta_direction(row.side, row.hold_side, row.trade_side, hedged=hedged)


def _traded(text: str | None) -> Decimal:
    value = qty(text, "quantity")
    if value == ZERO:
        raise UnreadableError("the quantity is 0: nothing was traded")
    return value


def _liquidity(scope: str | None) -> Liquidity | None:
    return _SCOPES.get(word(scope))


def _fees(detail: list[FeeRow] | FeeRow | None, sign: Decimal) -> list[_Fee]:
    """The fees by coin, the first one to be booked; an empty list is no fee.

    Raises `UnreadableError` without a list: an early report that does not know its fee yet.
    """
    if detail is None:
        raise UnreadableError("feeDetail is missing")
    rows = detail if isinstance(detail, list) else [detail]
    sums: dict[Currency, Decimal] = {}
    for row in rows:
        fee = _fee_of(row) * sign
        currency = _fee_coin(row.fee_coin, fee)
        sums[currency] = EXACT.add(sums.get(currency, ZERO), fee)
    fees = [_Fee(fee, currency) for currency, fee in sums.items()] or [_Fee(ZERO, USDT)]
    return sorted(fees, key=lambda fee: fee.commission == ZERO)


def _fee_of(row: FeeRow) -> Decimal:
    """What the entry says as it is signed there; a fee deducted in BGB stands in a field apart."""
    if word(row.deduction) == "yes" and row.total_deduction_fee:
        deducted = number(row.total_deduction_fee, "totalDeductionFee")
        if deducted:
            return deducted
    return number(row.total_fee or row.fee or "0", "fee")


def _fee_coin(text: str | None, fee: Decimal) -> Currency:
    """The fee's coin; nothing paid is nothing in any."""
    return USDT if not text and not fee else coin(text, "feeCoin")


def _unbooked(
    stamp: Stamp, fill: Fill, fees: list[_Fee], raw: bytes | msgspec.Raw
) -> tuple[VenueEvent, ...]:
    """A fill carries one fee: what was paid in a second coin besides is told, not booked."""
    return tuple(
        undecodable(
            stamp,
            "fee of a second coin",
            bytes(raw),
            f"fill {fill.exec_id}: {fee.commission} {fee.currency} besides is not booked",
        )
        for fee in fees
        if fee.commission
    )
