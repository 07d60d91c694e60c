"""Who signed this request or login: HMAC-SHA256 or RSA, base64. No I/O.

Signed is `timestamp + METHOD + path + ("?" + query) + body`, all as sent; a login signs
`timestamp + GET + /user/verify` and may give its timestamp in seconds or in milliseconds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from daemon.paper.bitget.errors import ApiError
from daemon.paper.crypto.keys import ApiKey
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.units import millis

WINDOW_MS = 30_000
WINDOW_MAX_MS = 60_000
_DIGITS_S, _DIGITS_MS = 10, 13
_MISSING = {
    "KEY": ("40001", "ACCESS_KEY cannot be empty"),
    "SIGN": ("40002", "ACCESS_SIGN cannot be empty"),
    "TIMESTAMP": ("40005", "Invalid ACCESS_TIMESTAMP"),
    "PASSPHRASE": ("40011", "ACCESS_PASSPHRASE cannot be empty"),
}


def check_request(
    venue: CoinVenue, headers: Mapping[str, str], method: str, target: str, body: str
) -> ApiKey:
    """The key that signed; raises what is wrong. `target` is path and query, raw."""
    given = {name: headers.get(f"ACCESS-{name}", "") for name in _MISSING}
    for name, error in _MISSING.items():
        if not given[name]:
            raise ApiError(*error)
    stamp = given["TIMESTAMP"]
    if len(stamp) != _DIGITS_MS or not stamp.isdecimal():
        raise ApiError("40005", "Invalid ACCESS_TIMESTAMP")
    if abs(millis(venue.door_ns()) - int(stamp)) > WINDOW_MS:
        raise ApiError("40008", "Request timestamp expired")
    key = key_of(venue, given["KEY"])
    if key is None:
        raise ApiError("40006", "Invalid ACCESS_KEY")
    if not _same(given["PASSPHRASE"], key.passphrase):
        raise ApiError("40012", "apikey/password is incorrect")
    if not fits(key, given["SIGN"], f"{stamp}{method}{target}{body}"):
        raise ApiError("40009", "sign signature error")
    return key


def check_window(venue: CoinVenue, stamp: str, window_ms: int | None) -> None:
    """An order's own `receiveWindow`, ms; raises what is wrong."""
    if window_ms is None:
        return
    if window_ms >= WINDOW_MAX_MS:
        raise ApiError("40078", "receiveWindow must be less than 60 seconds")
    if millis(venue.door_ns()) - int(stamp) > window_ms:
        raise ApiError("40079", "The request is outside of its receiveWindow")


def check_login(venue: CoinVenue, given: Mapping[str, str]) -> ApiKey | int:
    """The key that logs in, or the websocket's error code."""
    stamp = given.get("timestamp", "")
    if not stamp.isdecimal() or len(stamp) not in (_DIGITS_S, _DIGITS_MS):
        return 30013
    sent_ms = int(stamp) * (1000 if len(stamp) == _DIGITS_S else 1)
    # A second has no milliseconds: it may be almost one older than it says.
    if abs(millis(venue.door_ns()) - sent_ms) > WINDOW_MS + 999:
        return 30014
    key = key_of(venue, given.get("apiKey", ""))
    if key is None:
        return 30011
    if not _same(given.get("passphrase", ""), key.passphrase):
        return 30012
    return key if fits(key, given.get("sign", ""), f"{stamp}GET/user/verify") else 30015


def key_of(venue: CoinVenue, api_key: str) -> ApiKey | None:
    """The key by its public name."""
    owner = venue.key_owner.get(api_key)
    return None if owner is None else venue.keys[owner]


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def fits(key: ApiKey, signature: str, payload: str) -> bool:
    """Whether this is the key's signature."""
    text = payload.encode()
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if key.pair is None:
        wanted = hmac.new(key.secret.encode(), text, hashlib.sha256).digest()
        return hmac.compare_digest(wanted, raw)
    public = key.pair.public_key
    if not isinstance(public, RSAPublicKey):
        return False
    try:
        public.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
