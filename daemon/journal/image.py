"""A book as of one moment, encoded in slices while the book itself goes on.

Taking the image copies what may change, a slice at a time and without encoding anything; the book
must not change before all of it is taken. `slices` are then the bytes of `codec.encode_state`, cut
so that none takes long. A class of the book whose objects change is named in `_DEEP`; everything
else in it is immutable (a test compares the two).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice
from operator import attrgetter
from typing import Final

import msgspec

from daemon.core.book import AccountState, BookState, Market
from daemon.core.exits import Exit
from daemon.core.known_fills import SymbolFills
from daemon.core.order import Order
from daemon.core.position import InferredFill, Pool, Position

# About a millisecond of copying or encoding: the most that a slice holds.
_SLICE: Final = 200
_ENCODE: Final = msgspec.msgpack.Encoder().encode
# The classes that change, and their fields that change without being set.
_DEEP: Final[dict[type, frozenset[str]]] = {
    AccountState: frozenset({"recent_orders_ns"}),
    Exit: frozenset({"order_ids", "parts"}),
    InferredFill: frozenset(),
    Market: frozenset(),
    Order: frozenset(),
    Pool: frozenset(),
    Position: frozenset({"pool", "fees", "funding", "closed", "inferred"}),
    SymbolFills: frozenset({"late", "early"}),
}

Values = Sequence[object]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How objects of one class are copied: their fields, and the places of the deep ones."""

    names: tuple[str, ...]
    values: Callable[[object], tuple[object, ...]]
    deep: tuple[int, ...]


def _kind(cls: type, deep: frozenset[str]) -> _Kind:
    names = tuple(field.name for field in fields(cls))
    return _Kind(names, attrgetter(*names), tuple(names.index(name) for name in sorted(deep)))


_KINDS: Final = {cls: _kind(cls, deep) for cls, deep in _DEEP.items()}


@dataclass(frozen=True, slots=True)
class _Rows:
    kind: _Kind
    rows: Sequence[Values]


class Image:
    """What `state` was while it was copied."""

    def __init__(self) -> None:
        self._fields: dict[str, object] = {}

    @classmethod
    def of(cls, state: BookState) -> Image:
        """The image of `state`, taken in one go."""
        image = cls()
        for _ in image.copy(state):
            pass
        return image

    def copy(self, state: BookState) -> Iterator[None]:
        """Take the image, some hundred objects at each step; `state` must stay as it is."""
        collecting = gc.isenabled()
        gc.disable()  # nothing in here is garbage, and a look for some takes longer than a step
        try:
            for field in fields(BookState):
                yield from self._copy(field.name, getattr(state, field.name))
        finally:
            if collecting:
                gc.enable()

    def _copy(self, name: str, value: object) -> Iterator[None]:
        kind = _KINDS.get(type(value[0])) if isinstance(value, list) and value else None
        if kind is not None and isinstance(value, list):
            rows: list[Values] = []
            self._fields[name] = _Rows(kind, rows)
            for part in _parts(value):
                rows += _copies(kind, part)
                yield
        else:
            self._fields[name] = _still(value)
            yield

    def slices(self) -> Iterator[bytes]:
        """The bytes of the state, in order; the image may be read in another thread."""
        yield _header(len(self._fields), 0x80, 0xDE)
        for name, value in self._fields.items():
            yield _ENCODE(name)
            yield from _slices(value)


def encoded(value: object) -> Iterator[bytes]:
    """The bytes of a record of lists, in slices; nothing of it may change meanwhile."""
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        yield _header(len(names), 0x80, 0xDE)
        for name in names:
            yield _ENCODE(name)
            yield from encoded(getattr(value, name))
    else:
        yield from _slices(value)


def _parts(values: Sequence[object]) -> Iterator[Sequence[object]]:
    """So many of them that a copy is quickly made: symbols by their orders, all else by number."""
    start = weight = 0
    for at, one in enumerate(values):
        if isinstance(one, SymbolFills):
            weight += len(one.late) + len(one.early)
        weight += 1
        if weight >= _SLICE:
            yield values[start : at + 1]
            start, weight = at + 1, 0
    yield values[start:]


def _still(value: object) -> object:
    """`value`, of which nothing changes any more."""
    if isinstance(value, list):
        kind = _KINDS.get(type(value[0])) if value else None
        return list(value) if kind is None else _Rows(kind, _copies(kind, value))
    if isinstance(value, dict):
        tables = value and isinstance(next(iter(value.values())), dict)
        return {k: dict(v) for k, v in value.items()} if tables else dict(value)
    kind = _KINDS.get(type(value))
    return value if kind is None else dict(zip(kind.names, _row(kind, value), strict=True))


def _copies(kind: _Kind, values: Sequence[object]) -> list[Values]:
    return [_row(kind, one) for one in values] if kind.deep else list(map(kind.values, values))


def _row(kind: _Kind, one: object) -> Values:
    row = list(kind.values(one))
    for at in kind.deep:
        row[at] = _still(row[at])
    return row


def _slices(value: object) -> Iterator[bytes]:
    if isinstance(value, _Rows):
        yield from _rows(value)
    elif isinstance(value, list):
        yield _header(len(value), 0x90, 0xDC)
        for start in range(0, len(value), _SLICE):
            yield _body(value[start : start + _SLICE])
    elif isinstance(value, dict):
        yield _header(len(value), 0x80, 0xDE)
        items = iter(value.items())
        while part := dict(islice(items, _SLICE)):
            yield _ENCODE(part)[len(_header(len(part), 0x80, 0xDE)) :]
    else:
        yield _ENCODE(value)


def _rows(rows: _Rows) -> Iterator[bytes]:
    """Short rows together; one with long lists, e.g. thousands of fills, field by field."""
    names, deep = rows.kind.names, rows.kind.deep
    yield _header(len(rows.rows), 0x90, 0xDC)
    together: list[dict[str, object]] = []
    weight = 0
    for row in rows.rows:
        heavy = 1 + sum(_length(row[at]) for at in deep)
        if weight + heavy > _SLICE:
            yield _body(together)
            together, weight = [], 0
        if heavy > _SLICE or any(isinstance(row[at], _Rows) for at in deep):
            yield _body(together)
            together, weight = [], 0
            yield _header(len(names), 0x80, 0xDE)
            for name, value in zip(names, row, strict=True):
                yield _ENCODE(name)
                yield from _slices(value)
        else:
            together.append(dict(zip(names, row, strict=True)))
            weight += heavy
    yield _body(together)


def _length(value: object) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _body(items: Sequence[object]) -> bytes:
    """The elements of an array without its header."""
    return _ENCODE(items)[len(_header(len(items), 0x90, 0xDC)) :]


def _header(length: int, short: int, long: int) -> bytes:
    """MessagePack's header of an array (0x90, 0xDC) or a map (0x80, 0xDE), as short as can be."""
    if length < 0x10:  # noqa: PLR2004 - the format's own bounds
        return bytes([short | length])
    if length < 0x10000:  # noqa: PLR2004
        return bytes([long]) + length.to_bytes(2, "big")
    return bytes([long + 1]) + length.to_bytes(4, "big")
