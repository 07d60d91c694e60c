"""A sealed stream of any length, written and read in bounded memory.

`magic (4) | format (1) | file id (16)`, then frames, each `length (4, big-endian) | sealed text`.
Each frame is bound to the head, to its number and to whether it is the last: none can be moved,
left out, repeated, or taken from another file, and an end that was cut off is told.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from daemon.journal.sealing import Key, KeyRing, SealBrokenError, Sealer, unseal

_MAGIC: Final = b"\x89FDF"  # no text, no JSON and no other file of filld's begins with it
_FORMAT: Final = b"\x01"
_ID_BYTES: Final = 16
_HEAD_BYTES: Final = len(_MAGIC) + len(_FORMAT) + _ID_BYTES
_LENGTH: Final = struct.Struct(">I")
_PLACE: Final = struct.Struct(">q?")
# Far above what a writer makes: what is longer is damage, and no memory is taken for it.
FRAME_MOST: Final = 1 << 26


def is_framed(data: bytes) -> bool:
    """True when `data` begins like a sealed stream."""
    return data.startswith(_MAGIC)


def write_frames(stream: BinaryIO, chunks: Iterable[bytes], key: Key, context: bytes) -> None:
    """Each chunk (not one of none, each below `FRAME_MOST`) as a frame; `context`: what it is."""
    head = _MAGIC + _FORMAT + os.urandom(_ID_BYTES)
    stream.write(head)
    sealer, waiting = Sealer(key), iter(chunks)
    chunk: bytes | None = next(waiting)
    number = 0
    while chunk is not None:
        after = next(waiting, None)
        sealed = sealer.seal(chunk, context + head + _PLACE.pack(number, after is None))
        stream.write(_LENGTH.pack(len(sealed)))
        stream.write(sealed)
        chunk, number = after, number + 1


def read_frames(stream: BinaryIO, keys: KeyRing, context: bytes) -> Iterator[bytes]:
    """The chunks again, each proven before it comes.

    Raises `UnknownKeyError`, and `SealBrokenError` for all that is not as it was written.
    """
    head = stream.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES:
        raise SealBrokenError("is truncated")
    if not head.startswith(_MAGIC + _FORMAT):
        raise SealBrokenError("was sealed by a newer filld, or altered")
    place, number = context + head, 0
    sealed = _frame(stream)
    while sealed is not None:
        after = _frame(stream)
        yield _opened(sealed, keys, place, number, is_last=after is None)
        sealed, number = after, number + 1
    if not number:
        raise SealBrokenError("is truncated")


def _opened(sealed: bytes, keys: KeyRing, place: bytes, number: int, *, is_last: bool) -> bytes:
    try:
        return unseal(sealed, keys, place + _PLACE.pack(number, is_last))
    except SealBrokenError as error:
        raise type(error)(f"frame {number + 1} {error}") from None


def _frame(stream: BinaryIO) -> bytes | None:
    """The next frame as it is stored; None at the end of the stream."""
    length = stream.read(_LENGTH.size)
    if not length:
        return None
    if len(length) < _LENGTH.size or (size := _LENGTH.unpack(length)[0]) > FRAME_MOST:
        raise SealBrokenError("was altered or truncated")
    sealed = stream.read(size)
    if len(sealed) < size:
        raise SealBrokenError("is truncated")
    return sealed
