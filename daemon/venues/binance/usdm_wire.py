"""Binance USD-M's private stream: frames in. Pure.

`TRADE_LITE` is the faster twin of a trade's ORDER_TRADE_UPDATE, with the same trade id and without
its fee (Binance docs: event trade lite). A fill is booked once, with the fee it came with, so the
twin is only a hint that a row is on its way; the trades are asked for when it does not come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import field

from daemon.core.terms import ExecId
from daemon.venues.binance.imposed_wire import margin_calls
from daemon.venues.binance.report_wire import OrderReport, report_events
from daemon.venues.binance.wire import Heard, position_side_of, symbol_of
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    name,
    number,
    undecodable,
    unsigned,
)

ALGO_STATUSES: Final = frozenset(
    {"NEW", "TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "REJECTED", "EXPIRED"}
)


class _Order(msgspec.Struct):
    order: OrderReport = field(name="o")


class _Lite(msgspec.Struct):
    symbol: str = field(name="s")
    trade_id: int = field(name="t")
    last_qty: str = field(name="l")


class _Wallet(msgspec.Struct):
    asset: str = field(name="a")
    wallet: str = field(name="wb")


class _Position(msgspec.Struct):
    symbol: str = field(name="s")
    qty: str = field(name="pa")
    position_side: str = field(name="ps")


class _Account(msgspec.Struct):
    reason: str = field(name="m")
    wallets: list[_Wallet] = field(name="B", default_factory=list)
    positions: list[_Position] = field(name="P", default_factory=list)


class _AccountUpdate(msgspec.Struct):
    account: _Account = field(name="a")


class _Algo(msgspec.Struct):
    symbol: str = field(name="s")
    status: str = field(name="X")


class _AlgoUpdate(msgspec.Struct):
    algo: _Algo = field(name="o")


class _Kind(msgspec.Struct):
    kind: str = field(name="e", default="")
    combined: msgspec.Raw = field(name="data", default=msgspec.Raw())


_KIND: Final = msgspec.json.Decoder(_Kind)
_ORDER: Final = msgspec.json.Decoder(_Order)
_LITE: Final = msgspec.json.Decoder(_Lite)
_ACCOUNT: Final = msgspec.json.Decoder(_AccountUpdate)
_ALGO: Final = msgspec.json.Decoder(_AlgoUpdate)

IGNORED: Final = frozenset(
    {
        "ACCOUNT_CONFIG_UPDATE",
        "CONDITIONAL_ORDER_TRIGGER_REJECT",
        "GRID_UPDATE",
        "STRATEGY_UPDATE",
    }
)
"""Messages that move no order and no position. Anything else unknown is `Undecodable`."""


def decode_usdm_frame(stamp: Stamp, raw: bytes) -> Heard:
    """One frame of the private stream, alone or in a combined stream's envelope; total."""
    kind = "frame"
    try:
        body: bytes | msgspec.Raw = raw
        head = decode_as(_KIND, raw)
        if bytes(head.combined):
            body = head.combined
            head = decode_as(_KIND, body)
        kind = head.kind[:40]
        if kind in IGNORED:
            return Heard(kind=kind)
        return _READERS.get(kind, _unknown)(stamp, body)
    except UnreadableError as error:
        return Heard(kind=kind, events=(undecodable(stamp, f"usdm {kind}", raw, str(error)),))


def _order_trade(stamp: Stamp, raw: bytes | msgspec.Raw) -> Heard:
    return report_events(stamp, "ORDER_TRADE_UPDATE", decode_as(_ORDER, raw).order, raw)


def _lite(_stamp: Stamp, raw: bytes | msgspec.Raw) -> Heard:
    lite = decode_as(_LITE, raw)
    unsigned(lite.last_qty, "l")
    if lite.trade_id <= 0:
        raise UnreadableError(f"trade id {lite.trade_id} names no trade")
    return Heard(kind="TRADE_LITE", hint=(symbol_of(lite.symbol), ExecId(str(lite.trade_id))))


def _account(_stamp: Stamp, raw: bytes | msgspec.Raw) -> Heard:
    """Wallets and positions that changed. ORDER: its fills say so as well, and exactly."""
    account = decode_as(_ACCOUNT, raw).account
    for wallet in account.wallets:
        name(wallet.asset, "asset")
        number(wallet.wallet, "wb")
    for row in account.positions:
        symbol_of(row.symbol)
        number(row.qty, "pa")
        position_side_of(row.position_side)
    moved = bool(account.positions) and account.reason != "ORDER"
    return Heard(kind="ACCOUNT_UPDATE", moved=moved, funded=account.reason == "FUNDING_FEE")


def _margin_call(stamp: Stamp, raw: bytes | msgspec.Raw) -> Heard:
    return Heard(kind="MARGIN_CALL", events=margin_calls(stamp, raw))


def _algo(_stamp: Stamp, raw: bytes | msgspec.Raw) -> Heard:
    """A conditional order: what it places when it fires has an id and updates of its own."""
    algo = decode_as(_ALGO, raw).algo
    symbol_of(algo.symbol)
    if algo.status not in ALGO_STATUSES:
        raise UnreadableError(f"algo status {algo.status[:40]!r} is unknown")
    return Heard(kind="ALGO_UPDATE")


def _expired(_stamp: Stamp, _raw: bytes | msgspec.Raw) -> Heard:
    return Heard(kind="listenKeyExpired", ended="the listen key has expired")


def _unknown(_stamp: Stamp, _raw: bytes | msgspec.Raw) -> Heard:
    raise UnreadableError("this event is unknown")


_READERS: Final[dict[str, Callable[[Stamp, bytes | msgspec.Raw], Heard]]] = {
    "ORDER_TRADE_UPDATE": _order_trade,
    "TRADE_LITE": _lite,
    "ACCOUNT_UPDATE": _account,
    "MARGIN_CALL": _margin_call,
    "ALGO_UPDATE": _algo,
    "listenKeyExpired": _expired,
}
