"""Phemex's lists: the rows of an answer, in any of their wrappings. Pure.

`/api-data` answers a bare array, the others `{"code", "msg", "data"}` with the rows in `data`, in
`data.rows` (with `nextPageArg` where there are more) or in `data.positions`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.venues.decoding import UnreadableError, decode_as


class _Rows(msgspec.Struct, rename="camel"):
    rows: list[msgspec.Raw] | None = None
    positions: list[msgspec.Raw] | None = None
    next_page_arg: str | int | None = None


class _Answer(msgspec.Struct):
    data: msgspec.Raw


_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ROWS: Final = msgspec.json.Decoder(_Rows)
_ANSWER: Final = msgspec.json.Decoder(_Answer)


def decode_rows(body: bytes) -> list[msgspec.Raw]:
    """All rows, each still to be decoded; raises `UnreadableError`, also for half a list."""
    whole = body.lstrip()
    if not whole.startswith(b"["):
        whole = bytes(decode_as(_ANSWER, whole).data).lstrip()
    if whole.startswith(b"["):
        return decode_as(_ARRAY, whole)
    found = decode_as(_ROWS, whole)
    rows = found.positions if found.rows is None else found.rows
    if rows is None:
        raise UnreadableError("neither rows nor positions are there")
    if found.next_page_arg:
        raise UnreadableError(f"there are more than these {len(rows)} rows")
    return rows
