"""Who signed this request: HMAC-SHA256, RSA or Ed25519 over the parameters. No I/O.

REST signs the query string and the body as sent, glued together; the websocket API signs the
sorted parameters. `signature` itself is last and left out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from decimal import Decimal
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daemon.paper.binance.errors import ApiError, bad, invalid_key, missing
from daemon.paper.binance.params import Params
from daemon.paper.crypto.keys import ApiKey
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.units import millis

KEY_HEADER = "X-MBX-APIKEY"
_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)$")
_AHEAD_MS = 1000
_WINDOW_MS = 5000
_WINDOW_MAX_MS = 60_000
_MICROSECONDS = 10**15


def key_of(venue: CoinVenue, api_key: str) -> ApiKey:
    """The key by its public name, or the 401 of none."""
    if not api_key:
        raise ApiError(401, -2014, "API-key format invalid.")
    if api_key not in venue.key_owner:
        raise invalid_key()
    return venue.keys[venue.key_owner[api_key]]


def check_form(venue: CoinVenue, key: ApiKey, query: str, body: str) -> None:
    """Raise what is wrong with the signature or the time of a REST request, raw as sent."""
    params = Params.of_form(query, body)
    check_time(venue, params)
    params.need("signature")
    found = _SIGNATURE.search(body) or _SIGNATURE.search(query)
    payload = _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)
    if found is None or not _fits(key, unquote(found[1]), payload):
        raise bad(-1022, "Signature for this request is not valid.")


def check_message(venue: CoinVenue, key: ApiKey, params: Params) -> None:
    """The same for a message of the websocket API."""
    check_time(venue, params)
    signature = params.need("signature")
    rows = sorted((n, v) for n, v in params.values.items() if n != "signature")
    if not _fits(key, signature, "&".join(f"{n}={v}" for n, v in rows)):
        raise bad(-1022, "Signature for this request is not valid.")


def check_time(venue: CoinVenue, params: Params) -> None:
    """The timestamp, ms or microseconds, must lie in the receive window."""
    stamp = params.number("timestamp")
    if stamp is None:
        raise missing("timestamp")
    sent_ms = Decimal(stamp) / 1000 if stamp > _MICROSECONDS else Decimal(stamp)
    window_ms = params.decimal("recvWindow") or Decimal(_WINDOW_MS)
    if window_ms > _WINDOW_MAX_MS:
        raise bad(-1131, "recvWindow must be less than 60000.")
    now_ms = millis(venue.door_ns())
    if sent_ms >= now_ms + _AHEAD_MS:
        text = "Timestamp for this request was 1000ms ahead of the server's time."
        raise bad(-1021, text)
    if now_ms - sent_ms > window_ms:
        raise bad(-1021, "Timestamp for this request is outside of the recvWindow.")


def _fits(key: ApiKey, signature: str, payload: str) -> bool:
    text = payload.encode()
    if key.pair is None:
        wanted = hmac.new(key.secret.encode(), text, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, signature.lower())
    public = key.pair.public_key
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(public, Ed25519PublicKey):
            public.verify(raw, text)
        else:
            public.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True
