"""What was folded out of a journal, kept beside it: gone at any time, believed only where it fits.

One line of JSON (what it is, of which journal, up to which head of its chain), the bytes, and the
sha256 of both; sealed in frames where the journal's records are. The journal alone counts: a file
that is altered, of another journal, of a chain that was sealed anew or cut, of another fold or of
another filld is passed over.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from daemon.core.errors import FilldError
from daemon.journal.errors import JournalCorruptError
from daemon.journal.frames import is_framed, read_frames, write_frames
from daemon.journal.image import encoded
from daemon.journal.reader import Reader
from daemon.journal.replacing import replacing
from daemon.journal.sealing import KeyRing

_CONTEXT: Final = b"filld derived"
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Derived(Generic[State]):
    """The file at `path`; `what` names the fold and everything that its result depends on.

    `kind` is a dataclass of plain values.
    """

    path: Path
    kind: type[State]
    what: str
    keys: KeyRing

    def keep(self, reader: Reader, seq: int, state: State) -> None:
        """Keep what was folded up to record `seq`; nothing of it may change meanwhile.

        It is encoded in slices of about a millisecond. Raises `OSError`.
        """
        lines, key = self._lines(self._claim(reader, seq), encoded(state)), self.keys.current
        with replacing(self.path) as stream:
            if key is None:
                stream.writelines(lines)
            else:
                write_frames(stream, lines, key, _CONTEXT)

    def find(self, reader: Reader) -> State | None:
        """What is kept, if it is of this fold and of the journal as it stands."""
        collecting = gc.isenabled()
        gc.disable()  # what is read leaves no garbage, and looks for some take most of the time
        try:
            claim, _, rest = self._read().partition(b"\n")
            body, digest = rest[:-_DIGEST_BYTES], rest[-_DIGEST_BYTES:]
            seq = msgspec.json.decode(claim, type=_Claim).seq
            if claim != self._claim(reader, seq) or _digest(claim, body) != digest:
                return None
            return msgspec.msgpack.decode(body, type=self.kind)
        except (FilldError, OSError, msgspec.DecodeError):
            return None
        finally:
            if collecting:
                gc.enable()

    def _claim(self, reader: Reader, seq: int) -> bytes:
        found = _Claim(
            what=self.what, journal=reader.journal_id, seq=seq, head=reader.head(seq).text()
        )
        return msgspec.json.encode(found)

    @staticmethod
    def _lines(claim: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in (claim + b"\n", *pieces):
            digest.update(piece)
            yield piece
        yield digest.digest()

    def _read(self) -> bytes:
        with self.path.open("rb") as stream:
            framed = is_framed(stream.read(_DIGEST_BYTES))
            if framed is not (self.keys.current is not None):
                raise JournalCorruptError(f"{self.path} is sealed otherwise than the journal")
            stream.seek(0)
            return b"".join(read_frames(stream, self.keys, _CONTEXT)) if framed else stream.read()


def _digest(claim: bytes, body: bytes) -> bytes:
    return hashlib.sha256(claim + b"\n" + body).digest()


@dataclass(frozen=True, slots=True)
class _Claim:
    what: str
    journal: str
    seq: int
    head: str
