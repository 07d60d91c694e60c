"""Binance's signatures: HMAC-SHA256, RSA or Ed25519 over the parameters. Does no I/O.

REST signs the percent-encoded query exactly as it is sent, with `signature` last; the WS-API signs
all parameters sorted by name, not encoded (Binance docs: request security). HMAC is written in
hex, the other two in base64. No text made here ever shows a secret or a key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.venues.errors import WrongKeyError

KEY_HEADER: Final = "X-MBX-APIKEY"
_ADVICE: Final = "give an unencrypted PEM with the RSA or Ed25519 private key (PKCS#8)"


class BinanceSigner:
    """Signs for one API key. Never printed, never compared, never pickled."""

    def __init__(self, key: bytes | RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_secret(cls, secret: str) -> BinanceSigner:
        """The signer of an HMAC secret, or of a PEM; `WrongKeyError` never shows its bytes."""
        if not secret.strip():
            raise WrongKeyError("the API secret is empty", venue="binance")
        if not secret.lstrip().startswith("-----BEGIN"):
            return cls(secret.strip().encode())
        try:
            key = load_pem_private_key(secret.encode(), password=None)
        except TypeError:
            raise WrongKeyError(f"the key is encrypted: {_ADVICE}", venue="binance") from None
        except (ValueError, UnsupportedAlgorithm):
            raise WrongKeyError(f"not a readable PEM: {_ADVICE}", venue="binance") from None
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            raise WrongKeyError(f"neither RSA nor Ed25519: {_ADVICE}", venue="binance")
        return cls(key)

    @property
    def slow(self) -> bool:
        """True where one signature takes long enough to be made off the loop (RSA)."""
        return isinstance(self._key, RSAPrivateKey)

    @property
    def may_log_on(self) -> bool:
        """True for Ed25519, the only kind that `session.logon` takes."""
        return isinstance(self._key, Ed25519PrivateKey)

    def sign(self, text: str) -> str:
        """The signature over `text` in UTF-8: hex for HMAC, else base64."""
        raw = text.encode()
        if isinstance(self._key, bytes):
            return hmac.new(self._key, raw, hashlib.sha256).hexdigest()
        if isinstance(self._key, RSAPrivateKey):
            signature = self._key.sign(raw, padding.PKCS1v15(), hashes.SHA256())
        else:
            signature = self._key.sign(raw)
        return base64.b64encode(signature).decode("ascii")

    def query(self, params: Mapping[str, str]) -> str:
        """A REST query with its signature, ready to be sent as it stands."""
        signed = urlencode(params)
        return f"{signed}&{urlencode({'signature': self.sign(signed)})}"

    def params(self, params: Mapping[str, str | int]) -> dict[str, str | int]:
        """The parameters of a WS-API request with their signature."""
        text = "&".join(f"{key}={params[key]}" for key in sorted(params))
        return {**params, "signature": self.sign(text)}
