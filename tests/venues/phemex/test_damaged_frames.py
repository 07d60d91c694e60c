"""Frames and bodies, damaged: nothing ever raises but what is named, whatever comes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import daemon.venues.phemex as package
from daemon.core.events import Undecodable
from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex import perp_rest_wire, spot_wire
from daemon.venues.phemex.book_wire import decode_book, decode_quote, decode_whole
from daemon.venues.phemex.error_wire import decode_refusal, error_of, opened
from daemon.venues.phemex.list_wire import decode_rows
from daemon.venues.phemex.order_wire import decode_canceled, decode_placed
from daemon.venues.phemex.perp_wire import decode_push_row
from daemon.venues.phemex.position_wire import decode_position_row
from daemon.venues.phemex.product_wire import UnknownSymbolError, decode_products
from daemon.venues.phemex.seed_wire import decode_flat_fill
from daemon.venues.phemex.stream_wire import decode_frame
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues import damage
from tests.venues.damage import Fed, fed
from tests.venues.phemex.builders import (
    ETH,
    PERP_STAMP,
    PERPS,
    SOL,
    SPOT_STAMP,
    SPOTS,
    cancel_order,
    frame,
    place_order,
    spot_order,
)


def heard(raw: bytes) -> None:
    decode_frame(PERP_STAMP, raw, PERPS)
    decode_frame(SPOT_STAMP, raw, SPOTS)
    decode_frame(SPOT_STAMP, raw, SPOTS, parks_unknown=False)


def canceled(raw: bytes) -> object:
    return decode_canceled(
        PERP_STAMP,
        cancel_order(),
        lambda row: perp_rest_wire.decode_order_row(PERP_STAMP, row, 0),
        (200, raw),
    )


FED = [
    fed(
        decode_frame, heard,
        "aop_snapshot", "aop_partial", "aop_canceled", "aop_rejected", "aop_pt_fee", "aop_adl",
        "wo_snapshot", "wo_partial", "wo_canceled", "wo_rejected", "wo_unlisted",
        "ws_orderbook", "ws_orderbook_p", "ws_auth", "ws_invalid", "ws_pong", "ws_ticker",
    ),
    fed(
        decode_push_row, lambda raw: decode_push_row(PERP_STAMP, raw, replayed=False),
        "aop_partial", "aop_canceled", "aop_funding", at=["orders_p", 0],
    ),
    fed(
        decode_position_row, lambda raw: decode_position_row(PERP_STAMP, "test", raw),
        "aop_partial", at=["positions_p", 0],
    ),
    fed(
        decode_position_row, lambda raw: decode_position_row(PERP_STAMP, "test", raw),
        "perp_positions", at=["data", "positions", 0],
    ),
    fed(
        perp_rest_wire.decode_order_row,
        lambda raw: perp_rest_wire.decode_order_row(PERP_STAMP, raw, 0),
        "perp_active_list", "perp_order_list", at=["data", "rows", 0],
    ),
    fed(
        perp_rest_wire.decode_trade_row,
        lambda raw: perp_rest_wire.decode_trade_row(PERP_STAMP, raw), "perp_trades", at=[-1],
    ),
    fed(
        spot_wire.decode_order_row,
        lambda raw: spot_wire.decode_order_row(SPOT_STAMP, raw, SPOTS, 0), "spot_orders", at=[-1],
    ),
    fed(
        spot_wire.decode_state_row,
        lambda raw: spot_wire.decode_state_row(SPOT_STAMP, raw, SPOTS),
        "wo_partial", at=["orders", "open", 0], raises=UnknownSymbolError,
    ),
    fed(
        spot_wire.decode_fill_row, lambda raw: spot_wire.decode_fill_row(SPOT_STAMP, raw, SPOTS),
        "wo_partial", at=["orders", "fills", 0], raises=UnknownSymbolError,
    ),
    fed(
        spot_wire.decode_fill_row, lambda raw: spot_wire.decode_fill_row(SPOT_STAMP, raw, SPOTS),
        "spot_trades", at=[-1], raises=UnknownSymbolError,
    ),
    fed(
        spot_wire.decode_wallet_row,
        lambda raw: spot_wire.decode_wallet_row(SPOT_STAMP, raw, SPOTS),
        "spot_wallets", at=["data", 0], raises=UnknownSymbolError,
    ),
    fed(
        decode_products, lambda raw: [decode_products(raw, venue) for venue in (PERP, SPOT)],
        "products", raises=UnreadableError,
    ),
    fed(
        decode_placed, lambda raw: decode_placed(PERP_STAMP, place_order(), 200, raw),
        "perp_placed", "perp_no_orders",
    ),
    fed(
        decode_placed, lambda raw: decode_placed(SPOT_STAMP, spot_order(), 200, raw),
        "spot_placed",
    ),
    fed(decode_canceled, canceled, "perp_canceling", "perp_no_orders"),
    fed(
        decode_rows, decode_rows,
        "perp_trades", "perp_active_list", "perp_positions", raises=UnreadableError,
    ),
    fed(
        decode_book, lambda raw: decode_book(raw, PERPS),
        "ws_orderbook_p", "ws_orderbook_p_change", raises=UnreadableError,
    ),
    fed(
        decode_book, lambda raw: decode_book(raw, SPOTS), "ws_orderbook", raises=UnreadableError,
    ),
    fed(
        decode_whole, lambda raw: decode_whole(SOL, raw, PERPS), "perp_orderbook",
        raises=UnreadableError,
    ),
    fed(
        decode_quote, lambda raw: decode_quote(PERP_STAMP, SOL, raw, PERPS), "perp_orderbook",
    ),
    fed(
        decode_quote, lambda raw: decode_quote(SPOT_STAMP, ETH, raw, SPOTS), "spot_orderbook",
    ),
    fed(
        decode_refusal, lambda raw: (error_of(decode_refusal(200, raw)), opened(200, raw)),
        "perp_no_orders", "perp_placed",
    ),
    fed(decode_flat_fill, lambda raw: decode_flat_fill(PERP_STAMP, raw), "flat_fill"),
]  # fmt: skip


def test_every_decoder_is_fed() -> None:
    assert {one.decode for one in FED} == damage.decoders(package)


@settings(max_examples=600, deadline=None)
@given(st.data(), st.sampled_from(FED))
def test_a_damaged_message_raises_nothing_but_what_is_named(data: st.DataObject, one: Fed) -> None:
    one.take(damage.damaged(data, frame, one))


@settings(deadline=None)
@given(st.sampled_from(FED), st.binary(max_size=60))
def test_noise_raises_nothing_but_what_is_named(one: Fed, raw: bytes) -> None:
    one.take(raw)
    one.take(damage.whole(frame, *one.frames[0])[:60] + raw)


def test_a_deep_message_never_raises() -> None:
    deep = b'{"orders_p":' + damage.DEEP + b"}"
    assert isinstance(decode_frame(PERP_STAMP, deep, PERPS), Undecodable)
    for one in FED:
        one.take(damage.DEEP)
