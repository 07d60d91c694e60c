"""Messages damaged at random: nothing ever raises but the errors that are named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daemon.venues.binance as package
from daemon.core.events import Undecodable
from daemon.venues.binance.account_wire import (
    decode_balances,
    decode_listen_key,
    decode_position_row,
)
from daemon.venues.binance.error_wire import decode_refusal, definitive, error_of
from daemon.venues.binance.imposed_wire import decode_forced_row, decode_income_row
from daemon.venues.binance.market_wire import (
    decode_levels,
    decode_market,
    decode_public_frame,
    decode_quote,
    decode_symbols,
    decode_weight_limit,
)
from daemon.venues.binance.order_wire import decode_order_row, decode_rows, decode_trade_row
from daemon.venues.binance.placing_wire import decode_canceled, decode_fills, decode_placed
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.decoding import UnreadableError
from tests.venues import damage
from tests.venues.binance.builders import (
    SOL,
    SPOT_STAMP,
    SUI,
    USDM_STAMP,
    cancel_order,
    frame,
    key,
    place_order,
)
from tests.venues.damage import Fed, fed

SUI_ORDER = place_order(key(symbol=SUI))
FED = [
    fed(
        decode_spot_frame, lambda raw: decode_spot_frame(SPOT_STAMP, raw),
        "spot_new", "spot_trade_partial", "spot_canceled", "spot_prevented", "spot_rejected",
        "spot_account_position", "spot_balance_update", "spot_list_status", "spot_subscribed",
        "spot_banned", "spot_shutdown", "spot_external_lock", "spot_revoked", "spot_terminated",
    ),
    fed(
        decode_usdm_frame, lambda raw: decode_usdm_frame(USDM_STAMP, raw),
        "usdm_new", "usdm_trade_partial", "usdm_liq_fill", "usdm_trade_lite", "usdm_account_order",
        "usdm_account_funding", "usdm_algo", "usdm_key_expired", "usdm_margin_call",
    ),
    fed(
        decode_placed, lambda raw: decode_placed(SPOT_STAMP, place_order(), 200, raw),
        "spot_order_full", "spot_order_ack",
    ),
    fed(
        decode_placed, lambda raw: decode_placed(USDM_STAMP, SUI_ORDER, 200, raw),
        "usdm_order_result",
    ),
    fed(
        decode_canceled, lambda raw: decode_canceled(SPOT_STAMP, cancel_order(), 200, raw),
        "spot_cancel",
    ),
    fed(decode_fills, lambda raw: decode_fills(SPOT_STAMP, raw), "seed_order", "spot_order_full"),
    fed(decode_order_row, lambda raw: decode_order_row(SPOT_STAMP, raw, 0), "spot_query"),
    fed(decode_rows, decode_rows, "usdm_trades", raises=UnreadableError),
    fed(decode_trade_row, lambda raw: decode_trade_row(USDM_STAMP, raw), "usdm_trades", at=[0]),
    fed(decode_trade_row, lambda raw: decode_trade_row(SPOT_STAMP, raw), "spot_trades", at=[0]),
    fed(
        decode_position_row, lambda raw: decode_position_row(USDM_STAMP, raw),
        "usdm_positions", at=[0],
    ),
    fed(decode_balances, decode_balances, "spot_account", raises=UnreadableError),
    fed(decode_income_row, lambda raw: decode_income_row(USDM_STAMP, raw), "usdm_income", at=[0]),
    fed(decode_forced_row, decode_forced_row, "usdm_forced", at=[0], raises=UnreadableError),
    fed(decode_quote, lambda raw: decode_quote(SPOT_STAMP, SOL, raw), "spot_book_ticker"),
    fed(decode_levels, decode_levels, "spot_depth", "usdm_depth", raises=UnreadableError),
    fed(
        decode_public_frame, lambda raw: decode_public_frame(USDM_STAMP, raw),
        "usdm_stream_ticker", "spot_stream_ticker",
    ),
    fed(
        decode_symbols, decode_symbols, "spot_exchange_info", "usdm_exchange_info",
        raises=UnreadableError,
    ),
    fed(decode_weight_limit, decode_weight_limit, "spot_exchange_info", raises=UnreadableError),
    fed(
        decode_market, lambda raw: decode_market(SPOT_STAMP, raw),
        "spot_exchange_info", at=["symbols", 0],
    ),
    fed(
        decode_market, lambda raw: decode_market(USDM_STAMP, raw),
        "usdm_exchange_info", at=["symbols", 0],
    ),
    fed(decode_refusal, lambda raw: error_of(decode_refusal(400, raw), SPOT), "spot_refused"),
]  # fmt: skip


def test_every_decoder_is_fed() -> None:
    assert {one.decode for one in FED} | {decode_listen_key} == damage.decoders(package)


@settings(max_examples=400)
@given(st.data(), st.sampled_from(FED))
def test_a_damaged_message_raises_nothing_but_what_is_named(data: st.DataObject, one: Fed) -> None:
    one.take(damage.damaged(data, frame, one))


@given(st.sampled_from(FED), st.binary(max_size=60))
def test_noise_raises_nothing_but_what_is_named(one: Fed, raw: bytes) -> None:
    one.take(raw)
    one.take(damage.whole(frame, *one.frames[0])[:40] + raw)


@given(st.integers(100, 599), st.binary(max_size=60))
def test_a_refusal_of_any_kind_is_read(status: int, raw: bytes) -> None:
    assert definitive(decode_refusal(status, raw), USDM) in {True, False}


@pytest.mark.parametrize("value", [None, 1, "", [], "k" * 300])
def test_a_listen_key_is_a_word_or_unreadable(value: object) -> None:
    with pytest.raises(UnreadableError):
        decode_listen_key(json.dumps({"listenKey": value}).encode())


def test_a_deep_message_never_raises() -> None:
    deep = b'{"e":"ORDER_TRADE_UPDATE","o":' + damage.DEEP + b"}"
    assert isinstance(decode_usdm_frame(USDM_STAMP, deep).events[0], Undecodable)
    assert isinstance(
        decode_spot_frame(SPOT_STAMP, b'{"event":' + deep + b"}").events[0], Undecodable
    )
    for one in FED:
        one.take(damage.DEEP)
