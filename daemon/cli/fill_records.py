"""Records out of a file or standard input: one JSON value, an array, or one value a line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from daemon.fill_handler import UnknownFormatError
from daemon.fill_handler.detect import read_json

_SPACE: Final = " \t\r\n,"


@dataclass(frozen=True, slots=True)
class Record:
    """One record and the line that it begins on; `data` is an error where it is no JSON."""

    line: int
    data: dict[str, object] | list[object] | UnknownFormatError


def read_records(stream: BinaryIO) -> Iterator[Record]:
    """The records of a stream, in order; lines are read as they come, an array as a whole."""
    first, line = b"", 0
    while not first.strip():
        first, line = stream.readline().removeprefix(codecs.BOM_UTF8), line + 1
        if not first:
            return
    if _is_json(first):
        yield from _values(line, first)
        yield from _lines(stream, line + 1)
        return
    rest = stream.read()
    if _is_json(first + rest):
        yield from _elements((first + rest).decode(), line)
    else:
        yield from _lines((first + rest).splitlines(), line)


def _lines(lines: Iterable[bytes], line: int) -> Iterator[Record]:
    for number, text in enumerate(lines, start=line):
        if text.strip():
            yield from _values(number, text)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _values(line: int, text: bytes) -> Iterator[Record]:
    try:
        value = read_json(text)
    except UnknownFormatError as error:
        yield Record(line, error)
        return
    for one in value if isinstance(value, list) else [value]:
        yield _record(line, one)


def _elements(text: str, line: int) -> Iterator[Record]:
    """The elements of an array over many lines, each with its own line; or one object."""
    decoder = json.JSONDecoder()
    start = _skip(text, 0, _SPACE)
    if not text.startswith("[", start):
        yield from _values(line, text.encode())
        return
    at, counted = _skip(text, start + 1, _SPACE), 0
    while at < len(text) and text[at] != "]":
        line += text.count("\n", counted, at)
        counted = at
        begun, (_, at) = at, decoder.raw_decode(text, at)
        yield from _values(line, text[begun:at].encode())
        at = _skip(text, at, _SPACE)


def _skip(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at


def _record(line: int, value: object) -> Record:
    if isinstance(value, dict | list):
        return Record(line, value)
    return Record(line, UnknownFormatError(f"a fill is a JSON object, not {type(value).__name__}"))
