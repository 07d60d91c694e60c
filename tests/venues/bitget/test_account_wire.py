"""Pages in their three shapes, positions with their modes, balances, settings."""

from __future__ import annotations

import msgspec
import pytest

from daemon.core.events import PositionRow, Undecodable
from daemon.core.terms import PositionSide
from daemon.venues.bitget.account_wire import (
    Held,
    decode_balances,
    decode_held,
    decode_page,
    decode_uta_hedged,
)
from daemon.venues.decoding import UnreadableError
from tests.venues.bitget.builders import ETH, FUTURES, D, data, row


@pytest.mark.parametrize(
    ("name", "rows", "next_id"),
    [
        ("spot_rest_fills", 1, "1300000000000000101"),
        ("spot_rest_unfilled", 1, "1300000000000000009"),
        ("mix_rest_fills", 1, "1400000000000000101"),
        ("mix_rest_pending", 1, "1400000000000000021"),
        ("uta_rest_fills", 2, ""),
        ("uta_rest_liquidation", 1, "1500000000000000009"),
    ],
)
def test_a_page(name: str, rows: int, next_id: str) -> None:
    page = decode_page(data(name))
    assert (len(page.rows), page.next_id) == (rows, next_id)


@pytest.mark.parametrize(
    "raw", [b"[]", b'{"fillList":null,"endId":null}', b'{"entrustedList":null}', b'{"list":[]}']
)
def test_an_empty_page(raw: bytes) -> None:
    page = decode_page(msgspec.Raw(raw))
    assert (page.rows, page.next_id) == ((), "")


@pytest.mark.parametrize("raw", [b"null", b"{}", b'{"endId":"1"}', b'[{"orderId":{}}]', b"[", b""])
def test_no_page(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_page(msgspec.Raw(raw))


def held(qty: str, cost: str | None, side: PositionSide, mode: str) -> Held:
    at = PositionRow(
        symbol=ETH,
        position_qty=D(qty),
        position_side=side,
        cost=None if cost is None else D(cost),
    )
    return Held(at, hedged=side is not PositionSide.NET, margin_mode=mode)


def test_a_position() -> None:
    short = held("-0.20", "620", PositionSide.NET, "crossed")
    assert decode_held(FUTURES, row("mix_rest_positions")) == short
    short = held("-0.20", "620", PositionSide.SHORT, "crossed")
    assert decode_held(FUTURES, row("uta_rest_positions")) == short
    flat = held("0", None, PositionSide.LONG, "crossed")
    changes = {"total": "0", "avgPrice": "0", "posSide": "long", "marginMode": "cross"}
    assert decode_held(FUTURES, row("uta_rest_positions", **changes)) == flat


@pytest.mark.parametrize(
    "damage",
    [{"holdSide": "net"}, {"posMode": ""}, {"posMode": "x"}, {"total": ""}, {"total": "-1"}],
    ids=str,
)
def test_a_position_that_cannot_be_read(damage: dict[str, object]) -> None:
    assert isinstance(decode_held(FUTURES, row("mix_rest_positions", **damage)), Undecodable)


def test_balances() -> None:
    assert decode_balances(data("spot_rest_assets")) == {"SOL": D("5.6"), "USDT": D("812.5")}
    assert decode_balances(data("uta_rest_assets")) == {"USDT": D("812.5"), "SOL": D("5.6")}


@pytest.mark.parametrize(
    "raw", [b'[{"coin":"SOL"}]', b'{"assets":null}', b"null", b'[{"coin":""}]']
)
def test_balances_that_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_balances(msgspec.Raw(raw))


def test_settings() -> None:
    assert decode_uta_hedged(data("uta_rest_settings"))
    assert not decode_uta_hedged(msgspec.Raw(b'{"holdMode":"one_way_mode"}'))
    with pytest.raises(UnreadableError, match="holdMode"):
        decode_uta_hedged(msgspec.Raw(b'{"holdMode":""}'))
