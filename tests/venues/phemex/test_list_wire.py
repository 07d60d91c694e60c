"""Rows out of every wrapping; half a list is none."""

from __future__ import annotations

import pytest

from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex.list_wire import decode_rows


@pytest.mark.parametrize(
    "body",
    [
        b' [{"a":1},{"a":2}]',
        b'{"code":0,"data":[{"a":1},{"a":2}]}',
        b'{"code":0,"data":{"rows":[{"a":1},{"a":2}],"nextPageArg":""}}',
        b'{"code":0,"data":{"total":2,"rows":[{"a":1},{"a":2}]}}',
        b'{"code":0,"data":{"account":{},"positions":[{"a":1},{"a":2}]}}',
    ],
)
def test_rows(body: bytes) -> None:
    assert [bytes(row) for row in decode_rows(body)] == [b'{"a":1}', b'{"a":2}']


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"code":0,"data":null}',
        b'{"code":0,"data":{}}',
        b'{"code":0,"data":{"rows":[],"nextPageArg":"x"}}',
        b'{"code":0,"data":{"rows":5}}',
        b"[1,",
    ],
)
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_rows(body)
