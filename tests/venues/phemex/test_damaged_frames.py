"""Frames and bodies, damaged: nothing ever raises but what is named, whatever comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.events import Undecodable
from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex.book_wire import decode_quote
from daemon.venues.phemex.error_wire import decode_refusal
from daemon.venues.phemex.order_wire import decode_canceled, decode_placed
from daemon.venues.phemex.perp_rest_wire import decode_order_row, decode_trade_row
from daemon.venues.phemex.product_wire import UnknownSymbolError, decode_products
from daemon.venues.phemex.seed_wire import decode_flat_fill
from daemon.venues.phemex.spot_wire import decode_fill_row, decode_wallet_row
from daemon.venues.phemex.spot_wire import decode_order_row as decode_spot_row
from daemon.venues.phemex.stream_wire import decode_frame
from daemon.venues.phemex.wire import PERP, SPOT
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
)

Json = dict[str, object] | list[object] | str | int | float | bool | None


def named(read: Callable[[bytes], object], *kinds: type[Exception]) -> Callable[[bytes], object]:
    """`read`, which may raise these and nothing else."""

    def reads(raw: bytes) -> None:
        with suppress(*kinds):
            read(raw)

    return reads


def row(raw: msgspec.Raw) -> object:
    return decode_order_row(PERP_STAMP, raw, 0)


DECODERS: dict[str, Callable[[bytes], object]] = {
    "products": named(
        lambda raw: [decode_products(raw, venue) for venue in (PERP, SPOT)], UnreadableError
    ),
    "perp_placed": lambda raw: decode_placed(PERP_STAMP, place_order(), 200, raw),
    "perp_canceling": lambda raw: decode_canceled(
        PERP_STAMP, cancel_order(), row, (200, raw)  # type: ignore[arg-type]
    ),
    "perp_active_list": lambda raw: decode_order_row(PERP_STAMP, raw, 0),
    "perp_trades": lambda raw: decode_trade_row(PERP_STAMP, raw),
    "perp_orderbook": lambda raw: decode_quote(PERP_STAMP, SOL, raw, PERPS),
    "spot_orderbook": lambda raw: decode_quote(SPOT_STAMP, ETH, raw, SPOTS),
    "spot_orders": lambda raw: decode_spot_row(SPOT_STAMP, raw, SPOTS, 0),
    "spot_trades": named(
        lambda raw: decode_fill_row(SPOT_STAMP, raw, SPOTS), UnknownSymbolError
    ),
    "spot_wallets": named(
        lambda raw: decode_wallet_row(SPOT_STAMP, raw, SPOTS), UnknownSymbolError
    ),
    "perp_no_orders": lambda raw: decode_refusal(200, raw),
    "flat_fill": lambda raw: decode_flat_fill(PERP_STAMP, raw),
    **{
        name: lambda raw: (
            decode_frame(PERP_STAMP, raw, PERPS),
            decode_frame(SPOT_STAMP, raw, SPOTS, parks_unknown=False),
        )
        for name in (
            "aop_snapshot", "aop_partial", "aop_canceled", "aop_rejected", "aop_pt_fee",
            "wo_snapshot", "wo_partial", "wo_canceled", "wo_rejected",
            "ws_orderbook", "ws_orderbook_p", "ws_auth", "ws_invalid",
        )
    },
}  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["NaN", "-1", "1e9", "0", "Buy", "TakerFill", "Filled", "9" * 60, "1e99"]),
    st.lists(st.integers()),
)  # fmt: skip


def inner(name: str) -> Json:
    """What the decoder of `name` reads: a whole answer, or the row that it holds."""
    body = json.loads(frame(name))
    if name == "perp_active_list":
        return cast("Json", body["data"]["rows"][0])
    if name == "spot_wallets":
        return cast("Json", body["data"][0])
    return cast("Json", body[-1] if isinstance(body, list) else body)


def leaves(value: Json, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        found = [leaves(cast("Json", part), (*path, key)) for key, part in value.items()]
    elif isinstance(value, list):
        found = [leaves(cast("Json", part), (*path, at)) for at, part in enumerate(value)]
    else:
        return [path]
    return [path, *(leaf for part in found for leaf in part)]


@settings(max_examples=400)
@given(st.data())
def test_a_damaged_message_never_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DECODERS)))
    body = inner(name)
    for _ in range(data.draw(st.integers(1, 3))):
        paths = [leaf for leaf in leaves(body) if leaf]
        if not paths:
            break
        path = data.draw(st.sampled_from(paths))
        inside: object = body
        for step in path[:-1]:
            inside = inside[step]  # type: ignore[index]
        if isinstance(inside, dict) and data.draw(st.booleans()):
            del inside[path[-1]]
        else:
            inside[path[-1]] = data.draw(VALUES)  # type: ignore[index]
    DECODERS[name](json.dumps(body).encode())


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=60))
def test_noise_never_raises(name: str, raw: bytes) -> None:
    DECODERS[name](raw)
    DECODERS[name](frame(name)[:60] + raw)


def test_a_deep_message_never_raises() -> None:
    deep = b'{"orders_p":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert isinstance(decode_frame(PERP_STAMP, deep, PERPS), Undecodable)
    for read in DECODERS.values():
        read(b"[" * 100_000)
