"""Every form in which a venue reports a fill, by the keys that tell it from all others.

The table knows shapes; what they mean is read by the venues' own decoders, none of which stands
here. A form that could be taken for another says so in `when`, never by its place in the table.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.core.events import OrderSnapshot, VenueEvent
from daemon.core.terms import ZERO, OrdStatus, Side, Symbol, Venue, VenueOrderId
from daemon.fill_handler import accept
from daemon.fill_handler.binance_forms import BINANCE
from daemon.fill_handler.bitget_forms import BITGET
from daemon.fill_handler.errors import ConfigError, UnreadableFillError
from daemon.fill_handler.form import Context, Events, form, inner
from daemon.venues.decoding import NAME_LIMIT, Stamp, UnreadableError
from daemon.venues.kalshi import fill_wire as kalshi
from daemon.venues.kalshi import stream_wire as kalshi_stream
from daemon.venues.kalshi.wire import VENUE as KALSHI
from daemon.venues.phemex import perp_rest_wire, perp_wire, seed_wire, spot_wire, stream_wire
from daemon.venues.phemex.product_wire import Products, UnknownSymbolError, decode_products
from daemon.venues.phemex.wire import PERP
from daemon.venues.phemex.wire import SPOT as PHEMEX_SPOT


def _kalshi_frame(context: Context, stamp: Stamp, raw: bytes) -> Events:
    body = kalshi_stream.decode_frame(stamp, raw, context.subaccount).body
    if isinstance(body, kalshi_stream.Ignored):
        raise UnreadableFillError(
            f"{body.kind}, not of {context.subaccount}: set subaccount", venue=stamp["venue"]
        )
    return (body,) if isinstance(body, VenueEvent) else ()


def _kalshi_message(context: Context, stamp: Stamp, raw: bytes) -> Events:
    return _kalshi_frame(context, stamp, b'{"type":"fill","msg":%b}' % raw)


_KALSHI_ROW: Final = "order_id count_fp yes_price_dollars fee_cost"
_KALSHI: Final = (
    form(
        KALSHI,
        "websocket frame",
        "type msg",
        _kalshi_frame,
        lambda row: str(row["type"]) in {"fill", "user_order"},
    ),
    form(KALSHI, "fill message", f"{_KALSHI_ROW} ts_ms", _kalshi_message),
    form(
        KALSHI,
        "row of GET /portfolio/fills",
        _KALSHI_ROW,
        lambda _, stamp, raw: (kalshi.decode_fill_row(stamp, raw),),
        lambda row: "ts_ms" not in row,
    ),
)


def _phemex_frame(context: Context, stamp: Stamp, raw: bytes) -> Events:
    body = stream_wire.decode_frame(stamp, raw, context.products or Products())
    if isinstance(body, stream_wire.Unscaled):
        raise UnreadableFillError(_unscaled(body.text), venue=stamp["venue"])
    if isinstance(body, stream_wire.Private):
        return body.events
    return (body,) if isinstance(body, VenueEvent) else ()


def _phemex_spot(context: Context, stamp: Stamp, raw: bytes) -> Events:
    try:
        return (spot_wire.decode_fill_row(stamp, raw, context.products or Products()),)
    except UnknownSymbolError as error:
        raise UnreadableFillError(_unscaled(str(error)), venue=stamp["venue"]) from None


def _unscaled(text: str) -> str:
    what = text[:NAME_LIMIT]
    return f"{what}: set phemex_products to the answer of GET /public/products"


_PHEMEX: Final = (
    form(PERP, "aop_p push", "orders_p type", _phemex_frame),
    form(
        PHEMEX_SPOT,
        "wo push",
        "orders type",
        _phemex_frame,
        lambda row: "fills" in inner(row, "orders"),
    ),
    form(
        PERP,
        "row of orders_p",
        "orderID execID execPriceRp execQty ordStatus",
        lambda _, stamp, raw: perp_wire.decode_push_row(stamp, raw, replayed=True),
    ),
    form(
        PERP,
        "row of GET g-futures/trades",
        "orderID execID execPriceRp execQtyRq",
        lambda _, stamp, raw: perp_rest_wire.decode_trade_row(stamp, raw),
    ),
    form(
        PERP,
        "flat fill",
        "orderID execID execPriceRp execQty",
        lambda _, stamp, raw: seed_wire.decode_flat_fill(stamp, raw),
        lambda row: "ordStatus" not in row,
    ),
    form(PHEMEX_SPOT, "row of GET spots/trades", "orderID execPriceEp execBaseQtyEv", _phemex_spot),
)

FORMS: Final = (*_KALSHI, *BINANCE, *BITGET, *_PHEMEX)
_SIDES: Final = {side.value: side for side in Side}
VENUES: Final = tuple(dict.fromkeys(form.venue for form in FORMS))


def told_order(
    context: Context,
    order_id: str,
    place: tuple[str, str, str],
    amount: Decimal | str,
    price: Decimal | str | None,
) -> OrderSnapshot:
    """A new order as its owner tells of it; `place`: venue, symbol, side.

    Raises `BadInputError` for what cannot be one.
    """
    venue, symbol, side = place
    if venue not in VENUES:
        raise accept.refused("venue", venue, ", ".join(VENUES))
    meant = _SIDES.get(accept.text("side", side).lower())
    if meant is None:
        raise accept.refused("side", side, ", ".join(_SIDES))
    order_qty = accept.number("amount", amount)
    limit_px = None if price is None else accept.number("price", price)
    if order_qty <= ZERO:
        raise accept.refused("amount", amount, "above 0")
    return OrderSnapshot(
        **context.stamp(Venue(venue)),
        symbol=Symbol(accept.text("symbol", symbol)),
        venue_order_id=VenueOrderId(accept.text("order_id", order_id)),
        side=meant,
        status=OrdStatus.NEW,
        order_qty=order_qty,
        cum_qty=ZERO,
        leaves_qty=order_qty,
        limit_px=limit_px,
    )


def read_products(answer: bytes | None) -> Products | None:
    """The scales in Phemex's answer to GET /public/products; raises `ConfigError`."""
    if answer is None:
        return None
    try:
        return decode_products(answer, PHEMEX_SPOT)
    except UnreadableError as error:
        raise ConfigError(f"phemex_products: {error}") from None
