"""Exports as files that stream: a line a step, so that any number passes in bounded memory.

Lines of JSON: `{"format": "filld-fills", "version": 2}`, then each step as `portable` writes it,
and at the end `{"steps": how many, "tally": {...}, "checksum": ...}`: the sha256 of that of all
lines before, and of count and tally. With a key these lines are sealed in frames
(`journal/frames.py`). A step comes before the end is known: who must not act on half a file reads
it twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from daemon.core.events import Fill
from daemon.fill_handler.errors import StateError
from daemon.fill_handler.portable import FORMAT, plain, plain_step, read_as, read_step, steps_of
from daemon.fill_handler.tally import Tally
from daemon.journal.frames import is_framed, read_frames, write_frames
from daemon.journal.replacing import replacing
from daemon.journal.sealing import NO_KEYS, KeyRing, SealBrokenError
from daemon.ports import Record

VERSION: Final = 2
SEAL_CONTEXT: Final = b"filld fills export"
Told = Callable[[int, int], None]

_HEAD: Final = msgspec.json.encode({"format": FORMAT, "version": VERSION}) + b"\n"
_CHUNK_BYTES: Final = 1 << 18
_LINE_MOST: Final = 1 << 24
# One dict that some program wrote (json.dump of `export_state()`) is read as a whole.
_DICT_MOST: Final = 1 << 28
_TOLD_EVERY: Final = 1_000


@dataclass(slots=True)
class Written:
    """What an export holds: steps, the fills among them, and whether it is sealed."""

    steps: int = 0
    fills: int = 0
    sealed: bool = False


def write_steps(
    path: Path, steps: Iterable[Record], tally: Tally, keys: KeyRing | None = None
) -> Written:
    """Write an export, sealed with the current key of `keys` if there is one.

    Raises `StateError` where the file cannot be written.
    """
    written = Written(sealed=keys is not None and keys.current is not None)
    lines = _lines(steps, tally, written)
    try:
        with replacing(path) as stream:
            if keys is None or keys.current is None:
                stream.writelines(lines)
            else:
                write_frames(stream, _chunks(lines), keys.current, SEAL_CONTEXT)
    except OSError as error:
        raise StateError(f"{path}: cannot be written ({error.strerror})") from None
    return written


def step_line(step: Record) -> bytes:
    """A step as a line; equal for equal steps, wherever they stand."""
    return msgspec.json.encode(plain_step(step)) + b"\n"


def _lines(steps: Iterable[Record], tally: Tally, written: Written) -> Iterator[bytes]:
    digest = hashlib.sha256(_HEAD)
    yield _HEAD
    for step in steps:
        line = step_line(step)
        digest.update(line)
        written.steps += 1
        written.fills += isinstance(step.event, Fill)
        yield line
    end = {"steps": written.steps, "tally": plain(tally)}
    yield msgspec.json.encode({**end, "checksum": _checksum(digest.digest(), end)}) + b"\n"


def _checksum(before: bytes, end: dict[str, object]) -> str:
    return hashlib.sha256(before + msgspec.json.encode(end, order="sorted")).hexdigest()


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


class StateFile:
    """An export in a file; `tally` is known once `steps` has come to its end."""

    def __init__(self, path: Path, keys: KeyRing | None = None, told: Told | None = None) -> None:
        """`told` hears now and then how many bytes of how many have been read."""
        self._path, self._keys, self._told = path, keys or NO_KEYS, told
        self.tally = Tally()

    def steps(self) -> Iterator[Record]:
        """Each step; raises `StateError`, `SealBrokenError`, `UnknownKeyError`.

        A file that is cut or altered may come to that only at its end.
        """
        try:
            with self._path.open("rb") as stream:
                yield from self._steps(stream)
        except StateError as error:
            raise StateError(f"{self._path}: {error}") from None
        except SealBrokenError as error:
            raise type(error)(f"{self._path} {error}") from None
        except OSError as error:
            raise StateError(f"{self._path}: cannot be used ({error.strerror})") from None

    def _steps(self, stream: BinaryIO) -> Iterator[Record]:
        first = stream.read(len(_HEAD))
        stream.seek(0)
        if first != _HEAD and not is_framed(first):
            found, self.tally = steps_of(_one_dict(stream))
            yield from found
            return
        lines = _framed(stream, self._keys) if is_framed(first) else _plain(stream)
        if next(lines, b"") != _HEAD:
            raise StateError("is no export of fills that this filld reads")
        yield from self._rows(lines, stream)

    def _rows(self, lines: Iterator[bytes], stream: BinaryIO) -> Iterator[Record]:
        digest, count = hashlib.sha256(_HEAD), 0
        size = os.fstat(stream.fileno()).st_size
        for line in lines:
            value = _decoded(line, f"line {count + 2}")
            if isinstance(value, dict):
                self._end(value, count, digest.digest())
                if next(lines, None) is not None:
                    raise StateError("goes on after its end")
                return
            digest.update(line)
            count += 1
            yield read_step(count, value)
            if self._told is not None and count % _TOLD_EVERY == 0:
                self._told(stream.tell(), size)
        raise StateError(f"is cut off after {count} steps")

    def _end(self, end: dict[str, object], count: int, before: bytes) -> None:
        checksum = end.pop("checksum", None)
        if end.get("steps") != count or checksum != _checksum(before, end):
            raise StateError("checksum: does not match: the export was altered or cut")
        self.tally = read_as(end.get("tally"), Tally, "tally")


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(_LINE_MOST):
        number += 1
        if len(line) == _LINE_MOST:
            raise StateError(f"line {number}: is longer than any step: this is no export of fills")
        yield line


def _framed(stream: BinaryIO, keys: KeyRing) -> Iterator[bytes]:
    for chunk in read_frames(stream, keys, SEAL_CONTEXT):
        yield from chunk.splitlines(keepends=True)


def _one_dict(stream: BinaryIO) -> dict[str, object]:
    data = stream.read(_DICT_MOST)
    if len(data) == _DICT_MOST:
        raise StateError("is no export of fills, or too large for one dict: filld export streams")
    found = _decoded(data, "the file")
    if not isinstance(found, dict):
        raise StateError("is no export of fills")
    return found


def _decoded(data: bytes, where: str) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise StateError(f"{where}: is no JSON ({error}): no export of fills, or damaged") from None
