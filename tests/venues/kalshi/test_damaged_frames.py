"""Recorded bodies and frames, damaged: nothing ever raises, whatever comes over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.events import Undecodable
from daemon.venues.kalshi.fill_wire import decode_fill_row
from daemon.venues.kalshi.market_wire import decode_market, decode_quote
from daemon.venues.kalshi.order_wire import decode_created, decode_order
from daemon.venues.kalshi.stream_wire import decode_frame
from tests.venues.kalshi.builders import STAMP, TICKER, frame, place_order

Json = dict[str, object] | list[object] | str | int | float | bool | None
DECODERS: dict[str, Callable[[bytes], object]] = {
    "order": lambda raw: decode_order(STAMP, raw, 0),
    "market": lambda raw: decode_market(STAMP, raw),
    "orderbook": lambda raw: decode_quote(STAMP, TICKER, raw),
    "create_partial_ioc": lambda raw: decode_created(STAMP, place_order(), 201, raw),
    **{
        name: lambda raw: decode_frame(STAMP, raw, 0)
        for name in (
            "ws_fill", "ws_user_order", "ws_market_position", "ws_ticker",
            "ws_orderbook_snapshot", "ws_orderbook_delta", "ws_lifecycle_determined", "ws_error",
        )
    },
}  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["NaN", "-1", "1e9", "0.0000", "yes", "ask", "9" * 60]),
    st.lists(st.integers()),
)  # fmt: skip


def leaves(value: Json, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        found = [leaves(cast("Json", inner), (*path, key)) for key, inner in value.items()]
    elif isinstance(value, list):
        found = [leaves(cast("Json", inner), (*path, at)) for at, inner in enumerate(value)]
    else:
        return [path]
    return [path, *(leaf for part in found for leaf in part)]


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_message_never_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DECODERS)))
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
    DECODERS[name](json.dumps(body).encode())


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=60))
def test_noise_never_raises(name: str, raw: bytes) -> None:
    DECODERS[name](raw)
    DECODERS[name](frame(name)[:40] + raw)


def test_a_deep_message_never_raises() -> None:
    deep = b'{"type":"fill","msg":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert isinstance(decode_frame(STAMP, deep, 0).body, Undecodable)
    assert isinstance(decode_fill_row(STAMP, msgspec.Raw(deep)), Undecodable)
