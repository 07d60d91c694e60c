"""Phemex's signature: HMAC-SHA256 in lower-case hex. Does no I/O.

Signed text by REST: path + query (without `?`) + expiry + body, and on the websocket: key id +
expiry. The expiry is unix seconds (Phemex docs: endpoint security type, user authentication).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

KEY_HEADER: Final = "x-phemex-access-token"
EXPIRY_HEADER: Final = "x-phemex-request-expiry"
SIGNATURE_HEADER: Final = "x-phemex-request-signature"


class PhemexSigner:
    """Signs for one API secret. Never printed, never compared, never pickled."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, text: str) -> str:
        """The signature over `text` in UTF-8."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def headers(self, key_id: str, expiry_s: int, target: str, body: bytes = b"") -> dict[str, str]:
        """The three headers of a request; `target` is path and query as sent."""
        path, _mark, query = target.partition("?")
        return {
            KEY_HEADER: key_id,
            EXPIRY_HEADER: str(expiry_s),
            SIGNATURE_HEADER: self.sign(f"{path}{query}{expiry_s}{body.decode()}"),
        }

    def login(self, key_id: str, expiry_s: int) -> str:
        """The signature of `user.auth`."""
        return self.sign(f"{key_id}{expiry_s}")
