"""Binance spot's user stream over the WS-API: requests out, frames in. Pure.

Events come as `{"subscriptionId", "event"}` on the socket that also carries the answers to our
requests (`id`, `status`), so `event` tells them apart (Binance docs: user data stream).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import field

from daemon.venues.binance.report_wire import OrderReport, report_events
from daemon.venues.binance.wire import Answer, Heard, symbol_of
from daemon.venues.decoding import (
    RAW_LIMIT,
    Stamp,
    UnreadableError,
    decode_as,
    name,
    number,
    undecodable,
    unsigned,
)

SUCCESS: Final = 200


class _Kind(msgspec.Struct):
    kind: str = field(name="e")


class _Balance(msgspec.Struct):
    asset: str = field(name="a")
    free: str = field(name="f")
    locked: str = field(name="l")


class _AccountPosition(msgspec.Struct):
    balances: list[_Balance] = field(name="B")


class _Change(msgspec.Struct):
    """`balanceUpdate` and `externalLockUpdate`."""

    asset: str = field(name="a")
    change: str = field(name="d")


class _ListStatus(msgspec.Struct):
    symbol: str = field(name="s")
    list_id: int = field(name="g")


class _Limit(msgspec.Struct, rename="camel"):
    """When a limit or a ban ends, both unix ms."""

    server_time: int = 0
    retry_after: int = 0


class _Error(msgspec.Struct):
    code: int
    msg: str = ""
    data: _Limit | None = None


class _Frame(msgspec.Struct):
    event: msgspec.Raw = msgspec.Raw()
    id: str | int | None = None
    status: int | None = None
    error: _Error | None = None


_FRAME: Final = msgspec.json.Decoder(_Frame)
_KIND: Final = msgspec.json.Decoder(_Kind)
_REPORT: Final = msgspec.json.Decoder(OrderReport)
_POSITION: Final = msgspec.json.Decoder(_AccountPosition)
_CHANGE: Final = msgspec.json.Decoder(_Change)
_LIST: Final = msgspec.json.Decoder(_ListStatus)


def decode_spot_frame(stamp: Stamp, raw: bytes) -> Heard:
    """One frame of the WS-API socket; total."""
    kind = "frame"
    try:
        frame = decode_as(_FRAME, raw)
        if not bytes(frame.event):
            return _answer(frame)
        kind = decode_as(_KIND, frame.event).kind[:40]
        return _READERS.get(kind, _unknown)(stamp, frame.event)
    except UnreadableError as error:
        return Heard(kind=kind, events=(undecodable(stamp, f"spot {kind}", raw, str(error)),))


def _answer(frame: _Frame) -> Heard:
    """An answer; a refusal without an id (the key was revoked) ends the stream."""
    if frame.status is None:
        raise UnreadableError("neither event nor status is there")
    error = frame.error
    if error is None and frame.status != SUCCESS:
        raise UnreadableError(f"status {frame.status} comes without an error")
    code = "" if error is None else str(error.code)
    text = "" if error is None else error.msg[:RAW_LIMIT]
    if frame.id is None:
        return Heard(kind="error", ended=f"Binance ended the session: {code} {text}")
    limit = None if error is None else error.data
    wait_s = 0.0 if limit is None else max(limit.retry_after - limit.server_time, 0) / 1_000
    return Heard(kind="answer", answer=Answer(str(frame.id), frame.status, code, text, wait_s))


def _report(stamp: Stamp, raw: msgspec.Raw) -> Heard:
    return report_events(stamp, "executionReport", decode_as(_REPORT, raw), raw)


def _account_position(_stamp: Stamp, raw: msgspec.Raw) -> Heard:
    for row in decode_as(_POSITION, raw).balances:
        name(row.asset, "asset")
        unsigned(row.free, "free")
        unsigned(row.locked, "locked")
    return Heard(kind="outboundAccountPosition")


def _moved(kind: str) -> Callable[[Stamp, msgspec.Raw], Heard]:
    def read(_stamp: Stamp, raw: msgspec.Raw) -> Heard:
        row = decode_as(_CHANGE, raw)
        name(row.asset, "asset")
        number(row.change, "change")
        return Heard(kind=kind, moved=True)

    return read


def _list_status(_stamp: Stamp, raw: msgspec.Raw) -> Heard:
    """An order list: each of its orders has reports of its own."""
    symbol_of(decode_as(_LIST, raw).symbol)
    return Heard(kind="listStatus")


def _terminated(_stamp: Stamp, _raw: msgspec.Raw) -> Heard:
    return Heard(kind="eventStreamTerminated", ended="Binance ended the subscription")


def _shutdown(_stamp: Stamp, _raw: msgspec.Raw) -> Heard:
    return Heard(kind="serverShutdown", ended="this Binance server shuts down")


def _unknown(_stamp: Stamp, _raw: msgspec.Raw) -> Heard:
    raise UnreadableError("this event is unknown")


_READERS: Final[dict[str, Callable[[Stamp, msgspec.Raw], Heard]]] = {
    "executionReport": _report,
    "outboundAccountPosition": _account_position,
    "balanceUpdate": _moved("balanceUpdate"),
    "externalLockUpdate": _moved("externalLockUpdate"),
    "listStatus": _list_status,
    "eventStreamTerminated": _terminated,
    "serverShutdown": _shutdown,
}


class _Request(msgspec.Struct, omit_defaults=True):
    id: str
    method: str
    params: Mapping[str, str | int] | None = None


def encode_request(request_id: str, method: str, params: Mapping[str, str | int]) -> bytes:
    """A WS-API request; `params` are signed already."""
    return msgspec.json.encode(_Request(request_id, method, params or None))
