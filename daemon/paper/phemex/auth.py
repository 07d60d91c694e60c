"""Who signed this request or login: HMAC-SHA256 in lower-case hex. No I/O.

Signed is `path + query (without ?) + expiry + body` by REST and `key + expiry` on the websocket;
the expiry is unix seconds, and at most two minutes ahead on the websocket.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from daemon.paper.crypto.keys import ApiKey
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.phemex.errors import unauthorized
from daemon.paper.units import seconds

KEY_HEADER = "x-phemex-access-token"
EXPIRY_HEADER = "x-phemex-request-expiry"
SIGNATURE_HEADER = "x-phemex-request-signature"
_LOGIN_AHEAD_S = 120
_BAD_REQUEST = 10500


def check_request(venue: CoinVenue, headers: Mapping[str, str], target: str, body: bytes) -> ApiKey:
    """The key that signed; raises the 401 of what is wrong. `target` is path and query, raw."""
    api_key, expiry = headers.get(KEY_HEADER, ""), headers.get(EXPIRY_HEADER, "")
    if not api_key:
        raise unauthorized("401 Failed to load API KEY.")
    key = _key(venue, api_key)
    if not _is_ahead(venue, expiry):
        raise unauthorized("401 Request Expired", _BAD_REQUEST)
    path, _mark, query = target.partition("?")
    text = f"{path}{query}{expiry}".encode() + body
    if not _fits(key, headers.get(SIGNATURE_HEADER, ""), text):
        raise unauthorized("API Signature verification failed.", _BAD_REQUEST)
    return key


def check_login(venue: CoinVenue, api_key: str, signature: str, expiry_s: int) -> ApiKey:
    """The key of a `user.auth`; raises `ApiError`, whatever is wrong."""
    key = _key(venue, api_key)
    left_s = expiry_s - seconds(venue.door_ns())
    if not 0 < left_s <= _LOGIN_AHEAD_S or not _fits(
        key, signature, f"{api_key}{expiry_s}".encode()
    ):
        raise unauthorized("invalid login token")
    return key


def _key(venue: CoinVenue, api_key: str) -> ApiKey:
    if api_key not in venue.key_owner:
        raise unauthorized(f"Api key not found {api_key[:40]}", _BAD_REQUEST)
    return venue.keys[venue.key_owner[api_key]]


def _is_ahead(venue: CoinVenue, expiry: str) -> bool:
    return expiry.isdecimal() and expiry.isascii() and int(expiry) > seconds(venue.door_ns())


def _fits(key: ApiKey, signature: str, text: bytes) -> bool:
    wanted = hmac.new(key.secret.encode(), text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode(errors="replace"))
