"""Sealed bytes: AES-256-GCM under a key of the operator's, with a header that is authenticated too.

A sealed text is `magic (4) | format (1) | key id (8) | nonce (12) | ciphertext | tag (16)`. The
header and the caller's `context` (what the bytes are and where they belong) are associated data:
a changed byte, a cut end, another key and another place are each a `SealBrokenError`.

No nonce may ever come twice under one key. `seal` draws all 96 bits (one per file). A `Sealer`,
for the records of a journal, draws 64 bits once and counts the other 32: within one it cannot
repeat, and two with the same 64 bits are met after some four thousand million starts of filld. It
is not bound to a record's seq: a journal that was restored from a backup writes the same seq again
with other content. Reads no setting and no file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from daemon.core.errors import TheirsError

KEY_BYTES: Final = 32
_MAGIC: Final = b"\x89FDS"  # no text and no JSON begins with it
_FORMAT: Final = b"\x01"
_ID_BYTES: Final = 8
_PREFIX_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_COUNTER_BYTES: Final = _NONCE_BYTES - _PREFIX_BYTES
_TAG_BYTES: Final = 16
_ID_AT: Final = len(_MAGIC) + len(_FORMAT)
_NONCE_AT: Final = _ID_AT + _ID_BYTES
_HEADER_BYTES: Final = _NONCE_AT + _NONCE_BYTES
OVERHEAD_BYTES: Final = _HEADER_BYTES + _TAG_BYTES


class SealKeyError(TheirsError):
    """A key that is no key, or one that is needed and not configured."""


class SealBrokenError(TheirsError):
    """Sealed bytes that cannot be trusted: altered, cut, or not what they are taken for."""


class UnknownKeyError(SealBrokenError):
    """Sealed bytes whose key is not configured; the bytes themselves may be sound."""


class Key:
    """32 secret bytes and the id that may be shown; neither `repr` nor `str` shows more."""

    __slots__ = ("_secret", "aead", "head", "id")

    def __init__(self, secret: bytes) -> None:
        """`SealKeyError` unless `secret` has 32 bytes."""
        if len(secret) != KEY_BYTES:
            raise SealKeyError(f"a key has {KEY_BYTES} bytes, this one {len(secret)}")
        self._secret = secret
        self.aead = AESGCM(secret)
        mark = hashlib.sha256(b"filld key id\0" + secret).digest()[:_ID_BYTES]
        self.id = mark.hex()
        self.head = _MAGIC + _FORMAT + mark  # what all that it seals begins with

    @classmethod
    def parse(cls, text: str, setting: str) -> Key:
        """The key that `text` writes as base64 or as 64 hex digits.

        `SealKeyError` names `setting`, never the text.
        """
        stripped = text.strip()
        try:
            if len(stripped) == 2 * KEY_BYTES:
                return cls(bytes.fromhex(stripped))
            plain = stripped.replace("-", "+").replace("_", "/")
            padded = plain + "=" * (-len(plain) % 4)
            return cls(base64.b64decode(padded, validate=True))
        except (binascii.Error, ValueError, SealKeyError):
            raise SealKeyError(
                f"{setting}: is no key; accepted: {KEY_BYTES} bytes as base64 or as"
                f" {2 * KEY_BYTES} hex digits (filld keygen makes one)"
            ) from None  # the cause may quote the text

    @classmethod
    def generate(cls) -> Key:
        """A new key out of the system's randomness."""
        return cls(os.urandom(KEY_BYTES))

    def reveal(self) -> str:
        """The secret as base64: for the file that `filld keygen` writes, and nothing else."""
        return base64.b64encode(self._secret).decode()

    @override
    def __repr__(self) -> str:
        return f"Key({self.id})"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that seals from now on, and those that still open what was sealed before.

    `sealed_only`: a journal that is not sealed from its first record on is refused.
    """

    current: Key | None = None
    former: tuple[Key, ...] = ()
    sealed_only: bool = False

    @classmethod
    def parse(cls, current: str, former: str, setting: str) -> KeyRing:
        """The keys of the settings `{setting}key` and `{setting}former_keys`; "" is none.

        Former keys are separated by white space or commas. Raises `SealKeyError`.
        """
        key = Key.parse(current, f"{setting}key") if current.strip() else None
        words = former.replace(",", " ").split()
        return cls(key, tuple(Key.parse(word, f"{setting}former_keys") for word in words))

    def find(self, key_id: str) -> Key | None:
        """The key with this id; None if it is not in the ring."""
        keys = (self.current, *self.former)
        return next((key for key in keys if key is not None and key.id == key_id), None)

    def require(self) -> Key:
        """The current key, or `SealKeyError`."""
        if self.current is None:
            raise SealKeyError(
                "no key is configured: set FILLD_JOURNAL__KEY or the credential journal_key"
                " (filld keygen makes one)"
            )
        return self.current


NO_KEYS: Final = KeyRing()


def is_sealed(data: bytes) -> bool:
    """True when `data` begins like sealed bytes."""
    return data.startswith(_MAGIC)


def seal(plain: bytes, key: Key, context: bytes) -> bytes:
    """`plain` (below 2 GiB) sealed under `key`; `unseal` wants the same `context`."""
    return _seal(plain, key, os.urandom(_NONCE_BYTES), context)


class Sealer:
    """Seals many small texts under one key, each with a nonce that none before it had.

    Not for two threads at once: each makes its own.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._prefix = os.urandom(_PREFIX_BYTES)
        self._count = 0

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`plain` sealed; `unseal` wants the same `context`."""
        if self._count >> (8 * _COUNTER_BYTES):
            self._prefix, self._count = os.urandom(_PREFIX_BYTES), 0
        nonce = self._prefix + self._count.to_bytes(_COUNTER_BYTES, "big")
        self._count += 1
        return _seal(plain, self.key, nonce, context)


def _seal(plain: bytes, key: Key, nonce: bytes, context: bytes) -> bytes:
    header = key.head + nonce
    return header + key.aead.encrypt(nonce, plain, header + context)


def unseal(sealed: bytes, keys: KeyRing, context: bytes) -> bytes:
    """What was sealed, by whichever key of `keys` sealed it.

    Raises `UnknownKeyError` (its key is not in `keys`), `SealBrokenError` (all else).
    """
    key = keys.current
    if key is None or not sealed.startswith(key.head):
        key = _key_of(sealed, keys)
    if len(sealed) < OVERHEAD_BYTES:
        raise SealBrokenError("is truncated")
    header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
    try:
        return key.aead.decrypt(header[_NONCE_AT:], body, header + context)
    except InvalidTag:
        raise SealBrokenError("was altered or truncated, or belongs elsewhere") from None


def _key_of(sealed: bytes, keys: KeyRing) -> Key:
    """The key that sealed it, or the error that says why there is none."""
    if not is_sealed(sealed):
        raise SealBrokenError("is not sealed by filld, or its beginning was altered")
    if len(sealed) < OVERHEAD_BYTES:
        raise SealBrokenError("is truncated")
    if sealed[len(_MAGIC) : _ID_AT] != _FORMAT:
        raise SealBrokenError("was sealed by a newer filld, or altered")
    key_id = sealed[_ID_AT:_NONCE_AT].hex()
    key = keys.find(key_id)
    if key is None:
        raise UnknownKeyError(
            f"was written with key {key_id}, which is not configured: set it as"
            f" FILLD_JOURNAL__KEY or among FILLD_JOURNAL__FORMER_KEYS"
        )
    return key
