"""Who signed this request: RSA-PSS or Ed25519 over timestamp, method and path. No I/O.

The signed text is `timestamp + METHOD + path`, the path from the root and without its query.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daemon.paper.clock import SECOND_NS
from daemon.paper.credentials import PublicKey
from daemon.paper.kalshi.errors import HEADERS_MISSING, TIMESTAMP_EXPIRED, ApiError, unauthorized

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Member:
    """The account behind a key."""

    account: str
    key_id: str


class Keyring:
    """All keys, and the check of a signature. `skew_s`: how far a timestamp may be off."""

    def __init__(self, skew_s: int) -> None:
        self._skew_ns = skew_s * SECOND_NS
        self._keys: dict[str, tuple[Member, PublicKey]] = {}

    def add(self, account: str, key_id: str, key: PublicKey) -> None:
        """Let an account sign with a key."""
        self._keys[key_id] = (Member(account, key_id), key)

    def identify(self, headers: Mapping[str, str], method: str, path: str, now_ns: int) -> Member:
        """The member who signed, or the 401 that Kalshi gives."""
        key_id = headers.get(KEY_HEADER)
        stamp = headers.get(TIMESTAMP_HEADER)
        signature = headers.get(SIGNATURE_HEADER)
        if not key_id or not stamp or not signature:
            raise ApiError(401, HEADERS_MISSING)
        if key_id not in self._keys:
            raise unauthorized("NOT_FOUND")
        if not stamp.isdecimal() or abs(now_ns - int(stamp) * 1_000_000) >= self._skew_ns:
            raise ApiError(401, TIMESTAMP_EXPIRED)
        member, key = self._keys[key_id]
        if not _fits(key, signature, f"{stamp}{method.upper()}{path}".encode()):
            raise unauthorized("INCORRECT_API_KEY_SIGNATURE")
        return member


def _fits(key: PublicKey, signature: str, text: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, text)
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            key.verify(raw, text, pss, hashes.SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True
