"""The forms of Bitget's fills and orders: classic, UTA and the first seed's, of both markets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from daemon.core.events import VenueEvent
from daemon.fill_handler.errors import AmbiguousFormatError, UnreadableFillError
from daemon.fill_handler.form import Context, Decode, Events, Form, Row, form, inner
from daemon.venues.bitget import fill_wire as bitget
from daemon.venues.bitget.push_wire import Rows, Told, classic_orders
from daemon.venues.bitget.stream_wire import decode_frame
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.decoding import Stamp


def _market(stamp: Stamp) -> Market:
    return Market.SPOT if stamp["venue"] == Market.SPOT.venue else Market.FUTURES


def _push(dialect: Dialect) -> Decode:
    def decode(context: Context, stamp: Stamp, raw: bytes) -> Events:
        told = Told(stamp, _market(stamp), context.hedged)
        body = decode_frame(told, dialect, raw).body
        if isinstance(body, Rows):
            return body.events
        return (body,) if isinstance(body, VenueEvent) else ()

    return decode


def _fast_fill(_context: Context, stamp: Stamp, _raw: bytes) -> Events:
    text = "fast-fill says no fee: hand in the push of the topic fill"
    raise UnreadableFillError(text, venue=stamp["venue"])


def _bitget_row(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    return bitget.decode_classic_fill(stamp, _market(stamp), raw, bitget.PAID_IS_NEGATIVE)


def _bitget_bare_row(_context: Context, stamp: Stamp, _raw: bytes) -> Events:
    text = (
        "a spot fill whose feeDetail is a list comes from the fill channel, where a paid fee is"
        " positive, or from elsewhere, where it is negative: hand in the whole push or answer"
    )
    raise AmbiguousFormatError(text, venue=stamp["venue"])


def _uta_row(context: Context, stamp: Stamp, raw: bytes) -> Events:
    return bitget.decode_uta_fill(stamp, _market(stamp), raw, hedged=context.hedged)


def _bitget_seed(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    return (bitget.decode_seed_fill(stamp, _market(stamp), raw),)


def _order_row(context: Context, stamp: Stamp, raw: bytes) -> Events:
    return classic_orders(Told(stamp, _market(stamp), context.hedged), [msgspec.Raw(raw)]).events


def _classic(market: Market) -> Callable[[Row], bool]:
    def fits(row: Row) -> bool:
        arg = inner(row, "arg")
        kind = str(arg.get("instType")).upper()
        return str(arg.get("channel")) in {"fill", "orders"} and kind == market.value

    return fits


def _uta(market: Market, *topics: str) -> Callable[[Row], bool]:
    """True where a row of the push is of this market: a UTA stream carries both."""

    def fits(row: Row) -> bool:
        data = row.get("data")
        rows = data if isinstance(data, list) else [data]
        kinds = {str(one.get("category")).upper() for one in rows if isinstance(one, Mapping)}
        return inner(row, "arg").get("topic") in topics and market.value in kinds

    return fits


def _of(market: Market) -> Callable[[Row], bool]:
    return lambda row: str(row.get("category", market.value)).upper() == market.value


def _bitget_forms(market: Market) -> tuple[Form, ...]:
    venue, spot = market.venue, market is Market.SPOT
    futures_words = frozenset({"posMode", "marginCoin", "tradeSide"})

    def mine(row: Row) -> bool:
        return spot is not bool(row.keys() & futures_words)

    def flat(row: Row) -> bool:
        return mine(row) and not row.keys() & {"accBaseVolume", "status"}

    return (
        form(venue, "push", "arg data", _push(Dialect.CLASSIC), _classic(market)),
        form(venue, "UTA push", "arg data", _push(Dialect.UTA), _uta(market, "fill", "order")),
        form(venue, "UTA fast-fill", "arg data", _fast_fill, _uta(market, "fast-fill")),
        form(venue, "UTA fill", "orderId execId execPrice execQty side", _uta_row, _of(market)),
        form(venue, "row of the orders channel", "orderId accBaseVolume status", _order_row, mine),
        form(
            venue, "flat fill", "orderId tradeId baseVolume fillPrice fillFee", _bitget_seed, flat
        ),
    )


BITGET: Final = (
    *_bitget_forms(Market.SPOT),
    *_bitget_forms(Market.FUTURES),
    form(
        Market.SPOT.venue,
        "spot fill",
        "orderId tradeId side priceAvg size feeDetail",
        _bitget_row,
        lambda row: isinstance(row["feeDetail"], Mapping),
    ),
    form(
        Market.SPOT.venue,
        "spot fill",
        "orderId tradeId side priceAvg size feeDetail",
        _bitget_bare_row,
        lambda row: isinstance(row["feeDetail"], list) and "accBaseVolume" not in row,
    ),
    form(
        Market.FUTURES.venue,
        "futures fill",
        "orderId tradeId side price baseVolume feeDetail",
        _bitget_row,
        lambda row: "accBaseVolume" not in row,
    ),
)
