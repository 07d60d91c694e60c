"""Every frame and body, damaged: nothing ever raises but what is named, whatever comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daemon.venues.bitget as package
from daemon.core.events import Undecodable
from daemon.core.terms import Side
from daemon.venues.bitget.account_wire import (
    decode_balances,
    decode_held,
    decode_page,
    decode_uta_hedged,
)
from daemon.venues.bitget.error_wire import decode_answer
from daemon.venues.bitget.fill_wire import (
    PAID_IS_NEGATIVE,
    decode_classic_fill,
    decode_seed_fill,
    decode_uta_fill,
)
from daemon.venues.bitget.funding_wire import decode_bill, decode_record
from daemon.venues.bitget.market_wire import decode_levels, decode_market, decode_quote
from daemon.venues.bitget.order_wire import decode_classic_order, decode_uta_order
from daemon.venues.bitget.push_wire import Told
from daemon.venues.bitget.request_wire import decode_canceled, decode_placed
from daemon.venues.bitget.stream_wire import decode_frame
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.decoding import UnreadableError
from tests.venues import damage
from tests.venues.bitget.builders import (
    ETH,
    FUTURES,
    HEDGED_TOLD,
    SOL,
    SPOT,
    SPOT_ORDER,
    SPOT_TOLD,
    cancel_order,
    frame,
    place_order,
)
from tests.venues.damage import Fed, fed

NAMES = sorted(path.stem for path in (Path(__file__).parent / "frames").glob("*.json"))
PUSHES = [name for name in NAMES if "arg" in json.loads(frame(name)) or name in {"error", "login"}]
STAMPS = {Market.SPOT: SPOT, Market.FUTURES: FUTURES}


def heard(raw: bytes) -> None:
    for told in (SPOT_TOLD, HEDGED_TOLD, Told(FUTURES, Market.FUTURES)):
        for dialect in Dialect:
            decode_frame(told, dialect, raw)


def of_both(read: Callable[[Market, bytes], object]) -> Callable[[bytes], object]:
    return lambda raw: [read(market, raw) for market in Market]


def _uta_fill(market: Market, raw: bytes) -> object:
    return decode_uta_fill(STAMPS[market], market, raw, hedged=True)


FED = [
    fed(decode_frame, heard, *PUSHES),
    fed(decode_answer, lambda raw: decode_answer(200, raw), "place", "refused", "mix_rest_fills"),
    fed(
        decode_placed,
        lambda raw: decode_placed(SPOT, place_order(Market.SPOT, Side.SELL), 200, raw),
        "place", "refused",
    ),
    fed(
        decode_canceled,
        lambda raw: decode_canceled(SPOT, cancel_order(Market.SPOT, SPOT_ORDER), 200, raw),
        "cancel", "refused",
    ),
    fed(
        decode_page, lambda raw: decode_page(msgspec.Raw(raw)),
        "mix_rest_fills", "mix_rest_pending", "uta_rest_fills", "spot_rest_fills",
        at=["data"], raises=UnreadableError,
    ),
    fed(
        decode_balances, lambda raw: decode_balances(msgspec.Raw(raw)),
        "spot_rest_assets", "uta_rest_assets", at=["data"], raises=UnreadableError,
    ),
    fed(
        decode_uta_hedged, lambda raw: decode_uta_hedged(msgspec.Raw(raw)),
        "uta_rest_settings", at=["data"], raises=UnreadableError,
    ),
    fed(
        decode_held, lambda raw: decode_held(FUTURES, raw),
        "mix_rest_positions", "mix_positions", at=["data", 0],
    ),
    fed(
        decode_held, lambda raw: decode_held(FUTURES, raw),
        "uta_rest_positions", at=["data", "list", 0],
    ),
    fed(
        decode_classic_fill,
        of_both(lambda it, raw: decode_classic_fill(STAMPS[it], it, raw, PAID_IS_NEGATIVE)),
        "spot_rest_fills", "spot_fill", "mix_fill", "mix_fill_liquidation", at=["data", 0],
    ),
    fed(
        decode_classic_fill,
        of_both(lambda it, raw: decode_classic_fill(STAMPS[it], it, raw, PAID_IS_NEGATIVE)),
        "mix_rest_fills", at=["data", "fillList", 0],
    ),
    fed(decode_uta_fill, of_both(_uta_fill), "uta_fill", at=["data", 0]),
    fed(
        decode_uta_fill, of_both(_uta_fill),
        "uta_rest_fills", "uta_rest_liquidation", at=["data", "list", 0],
    ),
    fed(decode_seed_fill, of_both(lambda it, raw: decode_seed_fill(STAMPS[it], it, raw)), "seed"),
    fed(
        decode_classic_order,
        of_both(lambda it, raw: decode_classic_order(STAMPS[it], it, raw, 0)),
        "spot_rest_order", "spot_rest_unfilled", at=["data", 0],
    ),
    fed(
        decode_classic_order,
        of_both(lambda it, raw: decode_classic_order(STAMPS[it], it, raw, 0)),
        "mix_rest_detail", at=["data"],
    ),
    fed(
        decode_uta_order, of_both(lambda it, raw: decode_uta_order(STAMPS[it], it, raw, 0)),
        "uta_rest_order", at=["data"],
    ),
    fed(
        decode_uta_order, of_both(lambda it, raw: decode_uta_order(STAMPS[it], it, raw, 0)),
        "uta_order", "uta_order_spot", at=["data", 0],
    ),
    fed(
        decode_bill, lambda raw: decode_bill(FUTURES, raw),
        "mix_rest_bills", at=["data", "bills", 0],
    ),
    fed(
        decode_record, lambda raw: decode_record(FUTURES, raw),
        "uta_rest_records", at=["data", "list", 0],
    ),
    fed(
        decode_market,
        lambda raw: decode_market(SPOT, Market.SPOT, SOL, msgspec.Raw(raw)),
        "spot_rest_symbols", at=["data"],
    ),
    fed(
        decode_market,
        lambda raw: decode_market(FUTURES, Market.FUTURES, ETH, msgspec.Raw(raw)),
        "mix_rest_contracts", "uta_rest_instruments", at=["data"],
    ),
    fed(
        decode_levels, decode_levels,
        "spot_rest_orderbook", "uta_rest_orderbook", "mix_rest_depth", at=["data"],
        raises=UnreadableError,
    ),
    fed(
        decode_quote, lambda raw: decode_quote(SPOT, SOL, msgspec.Raw(raw)),
        "spot_rest_orderbook", "uta_rest_orderbook", "mix_rest_depth", at=["data"],
    ),
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
    one.take(damage.whole(frame, *one.frames[0])[:40] + raw)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_no_trouble_to_whoever_is_not_meant(name: str) -> None:
    for one in FED:
        one.take(frame(name))


def test_a_deep_message_never_raises() -> None:
    deep = b'{"arg":{"instType":"SPOT","channel":"orders"},"data":' + damage.DEEP + b"}"
    assert isinstance(decode_frame(SPOT_TOLD, Dialect.CLASSIC, deep).body, Undecodable)
    for one in FED:
        one.take(damage.DEEP)
