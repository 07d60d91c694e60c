"""Messages damaged at random: nothing ever raises but the errors that are named."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.events import Undecodable
from daemon.venues.binance.account_wire import decode_balances, decode_position_row
from daemon.venues.binance.error_wire import decode_refusal, definitive, error_of
from daemon.venues.binance.market_wire import (
    decode_market,
    decode_public_frame,
    decode_quote,
    decode_symbols,
)
from daemon.venues.binance.order_wire import decode_order_row, decode_rows, decode_trade_row
from daemon.venues.binance.placing_wire import decode_canceled, decode_fills, decode_placed
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT
from daemon.venues.decoding import UnreadableError
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

Json = dict[str, object] | list[object] | str | int | float | bool | None


def _trades(raw: bytes) -> None:
    for row in decode_rows(raw):
        decode_trade_row(USDM_STAMP, row)


def _positions(raw: bytes) -> None:
    for row in decode_rows(raw):
        decode_position_row(USDM_STAMP, row)


def _markets(raw: bytes) -> None:
    for row in decode_symbols(raw).values():
        decode_market(SPOT_STAMP, row)


SUI_ORDER = place_order(key(symbol=SUI))
SPOT_FRAMES = (
    "spot_new", "spot_trade_partial", "spot_canceled", "spot_prevented", "spot_rejected",
    "spot_account_position", "spot_balance_update", "spot_list_status", "spot_subscribed",
    "spot_banned", "spot_shutdown",
)  # fmt: skip
USDM_FRAMES = (
    "usdm_new", "usdm_trade_partial", "usdm_liq_fill", "usdm_trade_lite", "usdm_account_order",
    "usdm_algo", "usdm_key_expired", "usdm_margin_call",
)  # fmt: skip
TOTAL: dict[str, Callable[[bytes], object]] = {
    **dict.fromkeys(SPOT_FRAMES, lambda raw: decode_spot_frame(SPOT_STAMP, raw)),
    **dict.fromkeys(USDM_FRAMES, lambda raw: decode_usdm_frame(USDM_STAMP, raw)),
    "spot_order_full": lambda raw: decode_placed(SPOT_STAMP, place_order(), 200, raw),
    "usdm_order_result": lambda raw: decode_placed(USDM_STAMP, SUI_ORDER, 200, raw),
    "spot_cancel": lambda raw: decode_canceled(SPOT_STAMP, cancel_order(), 200, raw),
    "seed_order": lambda raw: decode_fills(SPOT_STAMP, raw),
    "spot_query": lambda raw: decode_order_row(SPOT_STAMP, raw, 0),
    "spot_book_ticker": lambda raw: decode_quote(SPOT_STAMP, SOL, raw),
    "usdm_stream_ticker": lambda raw: decode_public_frame(USDM_STAMP, raw),
    "spot_refused": lambda raw: error_of(decode_refusal(400, raw), SPOT),
}
NAMED: dict[str, Callable[[bytes], object]] = {
    "usdm_trades": _trades,
    "usdm_positions": _positions,
    "usdm_exchange_info": _markets,
    "spot_account": decode_balances,
}
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["NaN", "-1", "1e9", "0.0000", "SELL", "TRADE", "9" * 60, "1E-99"]),
    st.lists(st.integers()),
)  # fmt: skip


def leaves(value: Json, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        found = [leaves(cast("Json", inner), (*path, name)) for name, inner in value.items()]
    elif isinstance(value, list):
        found = [leaves(cast("Json", inner), (*path, at)) for at, inner in enumerate(value)]
    else:
        return [path]
    return [path, *(leaf for part in found for leaf in part)]


def damaged(data: st.DataObject, name: str) -> bytes:
    body = json.loads(frame(name))
    for _ in range(data.draw(st.integers(1, 3))):
        paths = [leaf for leaf in leaves(body) if leaf]
        if not paths:
            break
        path = data.draw(st.sampled_from(paths))
        inside = body
        for step in path[:-1]:
            inside = inside[step]
        if isinstance(inside, dict) and data.draw(st.booleans()):
            del inside[path[-1]]
        else:
            inside[path[-1]] = data.draw(VALUES)
    return json.dumps(body).encode()


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_message_never_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TOTAL)))
    TOTAL[name](damaged(data, name))


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_list_raises_one_named_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(NAMED)))
    with contextlib.suppress(UnreadableError):
        NAMED[name](damaged(data, name))


@given(st.sampled_from(sorted(TOTAL)), st.binary(max_size=60))
def test_noise_never_raises(name: str, raw: bytes) -> None:
    TOTAL[name](raw)
    TOTAL[name](frame(name)[:40] + raw)


@given(st.integers(100, 599), st.binary(max_size=60))
def test_a_refusal_of_any_kind_is_read(status: int, raw: bytes) -> None:
    assert definitive(decode_refusal(status, raw)) in {True, False}


def test_a_deep_message_never_raises() -> None:
    deep = b'{"e":"ORDER_TRADE_UPDATE","o":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert isinstance(decode_usdm_frame(USDM_STAMP, deep).events[0], Undecodable)
    wrapped = b'{"event":' + deep + b"}"
    assert isinstance(decode_spot_frame(SPOT_STAMP, wrapped).events[0], Undecodable)
