"""Kalshi's signature: a private key, and the three headers of a request. Does no I/O.

Signed text is `timestamp + METHOD + path`, the path from the root with `/trade-api/v2` and
without a query (Kalshi docs: API keys). The key's own type decides the algorithm: RSA-PSS with
SHA-256, MGF1-SHA-256 and a salt of 32 bytes (0.7 ms: never on the loop), or Ed25519 (16 us).
No text made here ever shows bytes of a key.
"""

from __future__ import annotations

import base64
import stat
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.venues.errors import WrongKeyError

KEY_HEADER: Final = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER: Final = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER: Final = "KALSHI-ACCESS-SIGNATURE"

_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
_ADVICE: Final = (
    "give the private key as Kalshi handed it out: an unencrypted PEM with RSA (PKCS#1 or PKCS#8)"
    " or Ed25519 (PKCS#8)"
)


class KalshiSigner:
    """Signs for one private key. Never printed, never compared, never pickled."""

    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_pem(cls, pem: bytes) -> KalshiSigner:
        """The signer of this PEM; `WrongKeyError` says what is wrong with it, never its bytes."""
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise WrongKeyError(f"the key file is encrypted: {_ADVICE}", venue="kalshi") from None
        except (ValueError, UnsupportedAlgorithm):
            raise WrongKeyError(f"not a readable PEM: {_ADVICE}", venue="kalshi") from None
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            text = f"the key is neither RSA nor Ed25519: {_ADVICE}"
            raise WrongKeyError(text, venue="kalshi")
        return cls(key)

    @property
    def slow(self) -> bool:
        """True where one signature takes long enough to be made off the loop (RSA)."""
        return isinstance(self._key, RSAPrivateKey)

    def sign(self, text: str) -> str:
        """Base64 of the signature over `text` in UTF-8."""
        raw = text.encode()
        if isinstance(self._key, RSAPrivateKey):
            signature = self._key.sign(raw, _PSS, hashes.SHA256())
        else:
            signature = self._key.sign(raw)
        return base64.b64encode(signature).decode("ascii")

    def headers(self, key_id: str, ts_ms: int, method: str, path: str) -> dict[str, str]:
        """The three headers of one request; `ts_ms` is unix ms, `path` may carry a query."""
        signed = f"{ts_ms}{method.upper()}{path.partition('?')[0]}"
        return {
            KEY_HEADER: key_id,
            TIMESTAMP_HEADER: str(ts_ms),
            SIGNATURE_HEADER: self.sign(signed),
        }


def key_file_warning(path: str, mode: int) -> str | None:
    """What to tell the operator when a key file of this mode is open to others, else None."""
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    shown = stat.S_IMODE(mode)
    return f"key file {path} has mode {shown:04o}: others may read it; run chmod 600 {path}"
