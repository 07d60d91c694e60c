"""Kalshi's websocket frames as bytes, for the peer to send."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from benchmarks.world import symbol_of
from daemon.core.events import Fill
from daemon.core.terms import Side

_encode = msgspec.json.encode


def fill_frame(fill: Fill, post_qty: int) -> bytes:
    """A `fill` with every field that Kalshi sends (about 600 bytes)."""
    buys = fill.side is Side.BUY
    now_ms = time.time_ns() // 1_000_000
    return _encode(
        {
            "type": "fill",
            "sid": 1,
            "msg": {
                "trade_id": fill.exec_id,
                "order_id": fill.venue_order_id,
                "market_ticker": fill.symbol,
                "exchange_index": 0,
                "is_taker": True,
                "side": "yes" if buys else "no",
                "yes_price_dollars": f"{fill.last_px:.4f}",
                "count_fp": f"{fill.last_qty:.2f}",
                "fee_cost": f"{fill.commission:.4f}",
                "action": "buy" if buys else "sell",
                "ts": now_ms // 1_000,
                "ts_ms": now_ms,
                "post_position_fp": f"{post_qty}.00",
                "purchased_side": "yes" if buys else "no",
                "outcome_side": "yes" if buys else "no",
                "book_side": "bid" if buys else "ask",
                "subaccount": 0,
            },
        }
    )


def ticker_frame(number: int, bid: str, ask: str) -> bytes:
    """A `ticker`."""
    now_ms = time.time_ns() // 1_000_000
    return _encode(
        {
            "type": "ticker",
            "sid": 2,
            "msg": {
                "market_ticker": symbol_of(number),
                "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1",
                "price_dollars": "0.5500",
                "yes_bid_dollars": bid,
                "yes_ask_dollars": ask,
                "volume_fp": "33896.00",
                "open_interest_fp": "20422.00",
                "yes_bid_size_fp": "300.00",
                "yes_ask_size_fp": "56.00",
                "ts": now_ms // 1_000,
                "ts_ms": now_ms,
            },
        }
    )


def book_frames(numbers: Iterable[int], levels: int) -> list[bytes]:
    """An `orderbook_snapshot` of each market, `levels` deep on both sides."""
    return [
        _encode(
            {
                "type": "orderbook_snapshot",
                "sid": 3,
                "msg": {
                    "market_ticker": symbol_of(number),
                    "yes_dollars_fp": [(f"0.{60 - n}00", "300.00") for n in range(levels)],
                    "no_dollars_fp": [(f"0.{62 + n}00", "300.00") for n in range(levels)],
                },
            }
        )
        for number in numbers
    ]


def delta_frame(number: int, px: str, delta: str) -> bytes:
    """An `orderbook_delta` of the bids."""
    return _encode(
        {
            "type": "orderbook_delta",
            "sid": 3,
            "msg": {
                "market_ticker": symbol_of(number),
                "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1",
                "price_dollars": px,
                "delta_fp": delta,
                "side": "yes",
                "ts": "2026-11-21T10:00:00.000001Z",
                "ts_ms": time.time_ns() // 1_000_000,
            },
        }
    )
