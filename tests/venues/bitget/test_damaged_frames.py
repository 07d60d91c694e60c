"""Every frame and body, damaged: nothing ever raises, whatever comes over the wire."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.events import Undecodable
from daemon.venues.bitget.account_wire import (
    decode_balances,
    decode_held,
    decode_page,
    decode_uta_hedged,
)
from daemon.venues.bitget.error_wire import Success, decode_answer
from daemon.venues.bitget.fill_wire import (
    PAID_IS_NEGATIVE,
    decode_classic_fill,
    decode_seed_fill,
    decode_uta_fill,
)
from daemon.venues.bitget.market_wire import decode_market, decode_quote
from daemon.venues.bitget.order_wire import decode_classic_order, decode_uta_order
from daemon.venues.bitget.push_wire import Told
from daemon.venues.bitget.stream_wire import decode_frame
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.decoding import UnreadableError
from tests.venues.bitget.builders import ETH, FUTURES, HEDGED_TOLD, SOL, SPOT, SPOT_TOLD, frame

Json = dict[str, object] | list[object] | str | int | float | bool | None
NAMES = sorted(path.stem for path in (Path(__file__).parent / "frames").glob("*.json"))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["NaN", "-1", "1e9", "1E-300", "0", "buy", "close", "hedge_mode", "9" * 60]),
    st.lists(st.integers()), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def rows_of(data: msgspec.Raw) -> tuple[msgspec.Raw, ...]:
    """The rows of a list; `UnreadableError` is the named error of these decoders."""
    try:
        return decode_page(data).rows
    except UnreadableError:
        return (data,)


def decode(raw: bytes) -> None:
    """Hand one message to everything that may have to read it."""
    for told in (SPOT_TOLD, HEDGED_TOLD, Told(FUTURES, Market.FUTURES)):
        for dialect in Dialect:
            decode_frame(told, dialect, raw)
    answer = decode_answer(200, raw)
    data = answer.data if isinstance(answer, Success) else msgspec.Raw(raw)
    for row in rows_of(data):
        for market, stamp in ((Market.SPOT, SPOT), (Market.FUTURES, FUTURES)):
            decode_classic_fill(stamp, market, row, PAID_IS_NEGATIVE)
            decode_classic_order(stamp, market, row, 0)
            decode_uta_order(stamp, market, row, 0)
            decode_uta_fill(stamp, market, row, hedged=True)
            decode_seed_fill(stamp, market, row)
        decode_held(FUTURES, row)
    decode_market(SPOT, Market.SPOT, SOL, data)
    decode_market(FUTURES, Market.FUTURES, ETH, data)
    decode_quote(SPOT, SOL, data)
    for read in (decode_balances, decode_uta_hedged):
        with suppress(UnreadableError):
            read(data)


def leaves(value: Json, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        found = [leaves(cast("Json", inner), (*path, key)) for key, inner in value.items()]
    elif isinstance(value, list):
        found = [leaves(cast("Json", inner), (*path, at)) for at, inner in enumerate(value)]
    else:
        return [path]
    return [path, *(leaf for part in found for leaf in part)]


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_damaged_message_never_raises(data: st.DataObject) -> None:
    body = json.loads(frame(data.draw(st.sampled_from(NAMES))))
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
    decode(json.dumps(body).encode())


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=60))
def test_noise_never_raises(name: str, raw: bytes) -> None:
    decode(raw)
    decode(frame(name)[:40] + raw)


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_as_it_is_written_never_raises(name: str) -> None:
    decode(frame(name))


def test_a_deep_message_never_raises() -> None:
    deep = b'{"arg":{"instType":"SPOT","channel":"orders"},"data":' + b"[" * 10**5 + b"]" * 10**5
    body = decode_frame(SPOT_TOLD, Dialect.CLASSIC, deep + b"}").body
    assert isinstance(body, Undecodable)
