"""Recorded bodies and frames, damaged: nothing ever raises but what is named, whatever comes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

import daemon.venues.kalshi as package
from daemon.core.events import Undecodable
from daemon.venues.decoding import UnreadableError
from daemon.venues.kalshi.account_wire import (
    decode_as_of_ns,
    decode_costs,
    decode_cutoff,
    decode_limits,
    decode_page,
    decode_position_row,
    decode_settlement_row,
)
from daemon.venues.kalshi.error_wire import decode_refusal, error_of
from daemon.venues.kalshi.exchange_wire import decode_pauses, decode_status
from daemon.venues.kalshi.fill_wire import decode_fill_row
from daemon.venues.kalshi.market_wire import decode_levels, decode_market, decode_quote
from daemon.venues.kalshi.order_wire import (
    decode_canceled,
    decode_created,
    decode_order,
    decode_order_row,
)
from daemon.venues.kalshi.stream_wire import decode_frame
from tests.venues import damage
from tests.venues.damage import Fed, fed
from tests.venues.kalshi.builders import AT_NS, STAMP, TICKER, cancel_order, frame, place_order

FED = [
    fed(
        decode_frame, lambda raw: decode_frame(STAMP, raw, 0),
        "ws_fill", "ws_user_order", "ws_market_position", "ws_ticker", "ws_orderbook_snapshot",
        "ws_orderbook_delta", "ws_lifecycle_determined", "ws_error", "ws_trade", "ws_subscribed",
    ),
    fed(decode_order, lambda raw: decode_order(STAMP, raw, 0), "order"),
    fed(decode_order_row, lambda raw: decode_order_row(STAMP, raw, 0), "orders", at=["orders", 0]),
    fed(
        decode_created, lambda raw: decode_created(STAMP, place_order(), 201, raw),
        "create_partial_ioc", "create_nothing_ioc",
    ),
    fed(
        decode_canceled, lambda raw: decode_canceled(STAMP, cancel_order(), Decimal(9), (200, raw)),
        "cancel",
    ),
    fed(decode_fill_row, lambda raw: decode_fill_row(STAMP, raw), "fills", at=["fills", 0]),
    fed(
        decode_position_row, lambda raw: decode_position_row(STAMP, raw),
        "positions", at=["market_positions", 0],
    ),
    fed(
        decode_settlement_row, lambda raw: decode_settlement_row(STAMP, raw),
        "settlements", at=["settlements", 0],
    ),
    fed(
        decode_page,
        lambda raw: [decode_page(raw, rows) for rows in ("orders", "fills")],
        "orders", "fills", "positions", raises=UnreadableError,
    ),
    fed(decode_as_of_ns, decode_as_of_ns, "user_data_timestamp", raises=UnreadableError),
    fed(decode_cutoff, decode_cutoff, "cutoff", raises=UnreadableError),
    fed(decode_limits, decode_limits, "account_limits", raises=UnreadableError),
    fed(decode_costs, decode_costs, "endpoint_costs", raises=UnreadableError),
    fed(decode_status, decode_status, "exchange_status", raises=UnreadableError),
    fed(
        decode_pauses, lambda raw: decode_pauses(raw, AT_NS), "exchange_schedule",
        raises=UnreadableError,
    ),
    fed(decode_market, lambda raw: decode_market(STAMP, raw), "market"),
    fed(decode_quote, lambda raw: decode_quote(STAMP, TICKER, raw), "orderbook"),
    fed(decode_levels, decode_levels, "orderbook", raises=UnreadableError),
    fed(decode_refusal, lambda raw: error_of(decode_refusal(400, raw)), "ws_error", "cancel"),
]  # fmt: skip


def test_every_decoder_is_fed() -> None:
    assert {one.decode for one in FED} == damage.decoders(package)


@settings(max_examples=400)
@given(st.data(), st.sampled_from(FED))
def test_a_damaged_message_raises_nothing_but_what_is_named(data: st.DataObject, one: Fed) -> None:
    one.take(damage.damaged(data, frame, one))


@given(st.sampled_from(FED), st.binary(max_size=60))
def test_noise_raises_nothing_but_what_is_named(one: Fed, raw: bytes) -> None:
    one.take(raw)
    one.take(damage.whole(frame, *one.frames[0])[:40] + raw)


def test_a_deep_message_never_raises() -> None:
    deep = b'{"type":"fill","msg":' + damage.DEEP + b"}"
    assert isinstance(decode_frame(STAMP, deep, 0).body, Undecodable)
    assert isinstance(decode_fill_row(STAMP, msgspec.Raw(deep)), Undecodable)
    for one in FED:
        one.take(damage.DEEP)
