"""Frames by their keys, answers to commands, and the commands themselves."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import Undecodable
from daemon.venues.phemex.book_wire import BookUpdate
from daemon.venues.phemex.stream_wire import (
    Ignored,
    Pong,
    Private,
    Reply,
    decode_frame,
    encode_auth,
    encode_book,
    encode_no_books,
    encode_ping,
    encode_private,
)
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import PERP_STAMP, PERPS, SPOT_STAMP, SPOTS, frame


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("ws_auth", Reply(1)),
        ("ws_auth_refused", Reply(1, "6012 invalid login token")),
        ("ws_invalid", Reply(7, "6001 invalid argument")),
        ("ws_pong", Pong()),
        ("ws_ticker", Ignored("tick_p")),
    ],
)
def test_what_is_no_fact(name: str, body: object) -> None:
    assert decode_frame(PERP_STAMP, frame(name), PERPS) == body


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"error":null,"id":3,"result":{"status":"failed"}}', "result {'status': 'failed'}"),
        (b'{"error":null,"id":null,"result":{"status":"success"}}', ""),
        (b'{"error":{"code":"x","message":"y"},"id":3,"result":null}', "x y"),
        (b'{"id":3}', "result None"),
    ],
)
def test_an_answer_is_done_only_where_it_says_so(raw: bytes, text: str) -> None:
    body = decode_frame(PERP_STAMP, raw, PERPS)
    assert isinstance(body, Reply)
    assert body.error == text


@pytest.mark.parametrize(
    "raw",
    [
        b'{"novelty":[]}',
        b"{}",
        b"[]",
        b"pong",
        b'{"orders_p":[],"type":"rumour"}',
        b'{"orders_p":[]}',
        b'{"orders_p":[],"type":"incremental","timestamp":"soon"}',
        b'{"orders":[{"execPriceEp":1}],"positions":[],"type":"incremental"}',
    ],
)
def test_what_is_unknown_is_told(raw: bytes) -> None:
    assert isinstance(decode_frame(PERP_STAMP, raw, PERPS), Undecodable)


def test_each_market_is_known_by_its_keys() -> None:
    assert isinstance(decode_frame(PERP_STAMP, frame("aop_new"), PERPS), Private)
    assert isinstance(decode_frame(SPOT_STAMP, frame("wo_new"), SPOTS), Private)
    only = b'{"accounts_p":[],"type":"incremental","timestamp":5,"sequence":1}'
    assert decode_frame(PERP_STAMP, only, PERPS) == Private(events=(), whole=False, sent_ns=5)
    assert isinstance(decode_frame(PERP_STAMP, frame("ws_orderbook_p"), PERPS), BookUpdate)
    assert isinstance(decode_frame(SPOT_STAMP, frame("ws_orderbook"), SPOTS), BookUpdate)


def test_a_book_of_an_unknown_product_is_told_not_parked() -> None:
    raw = frame("ws_orderbook").replace(b"sETHUSDT", b"sNEWUSDT")
    assert isinstance(decode_frame(SPOT_STAMP, raw, SPOTS), Undecodable)


@pytest.mark.parametrize(
    ("raw", "method", "params"),
    [
        (encode_auth(4, "key", "5e", 99), "user.auth", ["API", "key", "5e", 99]),
        (encode_private(4, PERP), "aop_p.subscribe", []),
        (encode_private(4, SPOT), "wo.subscribe", []),
        (encode_book(4, PERP, "SOLUSDT"), "orderbook_p.subscribe", ["SOLUSDT"]),
        (encode_book(4, SPOT, "sETHUSDT"), "orderbook.subscribe", ["sETHUSDT"]),
        (encode_no_books(4, PERP), "orderbook_p.unsubscribe", []),
        (encode_no_books(4, SPOT), "orderbook.unsubscribe", []),
        (encode_ping(4), "server.ping", []),
    ],
)
def test_commands(raw: bytes, method: str, params: list[object]) -> None:
    assert json.loads(raw) == {"id": 4, "method": method, "params": params}
