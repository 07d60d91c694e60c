"""Bitget's signature: HMAC-SHA256 with a secret, or RSA with a private key. Does no I/O.

Signed text is `timestamp + METHOD + path + ("?" + query) + body`, the timestamp in unix ms and the
rest as it goes over the wire (Bitget docs: signature); a websocket login signs `timestamp + GET +
/user/verify`. RSA is PKCS#1 v1.5 with SHA-256 and takes long enough to be made off the loop. No
text made here ever shows bytes of a key, and nothing prints a passphrase.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.venues.errors import WrongKeyError

KEY_HEADER: Final = "ACCESS-KEY"
SIGN_HEADER: Final = "ACCESS-SIGN"
TIMESTAMP_HEADER: Final = "ACCESS-TIMESTAMP"
PASSPHRASE_HEADER: Final = "ACCESS-PASSPHRASE"  # noqa: S105 - the name of a header
LOGIN_PATH: Final = "/user/verify"

_ADVICE: Final = "give the API key's secret, or the PEM of its RSA private key, unencrypted"


class BitgetSigner:
    """Signs for one API key. Never printed, never compared, never pickled."""

    def __init__(
        self, key_id: str, passphrase: str, sign: Callable[[bytes], bytes], *, slow: bool
    ) -> None:
        self.key_id = key_id
        self.slow = slow
        self._passphrase = passphrase
        self._sign = sign

    @classmethod
    def from_secret(cls, key_id: str, passphrase: str, secret: str) -> BitgetSigner:
        """The signer of a secret, or of a PEM; `WrongKeyError` says what is wrong with it."""
        if not (key_id and passphrase and secret):
            text = f"key id, passphrase and secret are all needed: {_ADVICE}"
            raise WrongKeyError(text, venue="bitget")
        if not secret.lstrip().startswith("-----BEGIN"):
            key = secret.encode()
            return cls(
                key_id,
                passphrase,
                lambda raw: hmac.new(key, raw, hashlib.sha256).digest(),
                slow=False,
            )
        rsa = _rsa_key(secret)
        return cls(
            key_id,
            passphrase,
            lambda raw: rsa.sign(raw, padding.PKCS1v15(), hashes.SHA256()),
            slow=True,
        )

    def sign(self, text: str) -> str:
        """Base64 of the signature over `text` in UTF-8."""
        return base64.b64encode(self._sign(text.encode())).decode("ascii")

    def headers(self, ts_ms: int, method: str, target: str, body: bytes | None) -> dict[str, str]:
        """The four headers of one request; `target` is path and query as they are sent."""
        tail = "" if body is None else body.decode()
        return {
            KEY_HEADER: self.key_id,
            SIGN_HEADER: self.sign(f"{ts_ms}{method.upper()}{target}{tail}"),
            TIMESTAMP_HEADER: str(ts_ms),
            PASSPHRASE_HEADER: self._passphrase,
        }

    def login(self, timestamp: str) -> tuple[str, str]:
        """Passphrase and signature of a websocket login at `timestamp`, in unix ms or s."""
        return self._passphrase, self.sign(f"{timestamp}GET{LOGIN_PATH}")


def _rsa_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise WrongKeyError(f"the key is encrypted: {_ADVICE}", venue="bitget") from None
    except (ValueError, UnsupportedAlgorithm):
        raise WrongKeyError(f"not a readable PEM: {_ADVICE}", venue="bitget") from None
    if not isinstance(key, RSAPrivateKey):
        raise WrongKeyError(f"the key is not RSA: {_ADVICE}", venue="bitget")
    return key
