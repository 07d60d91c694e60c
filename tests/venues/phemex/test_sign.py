"""The signature against an HMAC made by the interpreter's own command, and what it never shows."""

from __future__ import annotations

import hashlib
import hmac

from daemon.venues.phemex.sign import PhemexSigner

SECRET = "not-a-real-secret"
SIGNER = PhemexSigner(SECRET)


def mac(text: str) -> str:
    return hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256).hex()


def test_a_query_is_signed_without_its_question_mark() -> None:
    headers = SIGNER.headers("the-key", 1_575_735_514, "/g-orders/activeList?symbol=BTCUSDT")
    assert headers == {
        "x-phemex-access-token": "the-key",
        "x-phemex-request-expiry": "1575735514",
        "x-phemex-request-signature": mac("/g-orders/activeListsymbol=BTCUSDT1575735514"),
    }


def test_several_parameters_stay_as_they_were_sent() -> None:
    query = "ordStatus=New&ordStatus=PartiallyFilled&symbol=BTCUSD"
    signed = SIGNER.headers("k", 1_575_735_951, f"/orders/activeList?{query}")
    text = f"/orders/activeList{query}1575735951"
    assert signed["x-phemex-request-signature"] == mac(text)


def test_a_body_follows_the_expiry() -> None:
    body = b'{"symbol":"SOLUSDT","side":"Sell"}'
    signed = SIGNER.headers("k", 1_575_735_514, "/g-orders", body)
    text = '/g-orders1575735514{"symbol":"SOLUSDT","side":"Sell"}'
    assert signed["x-phemex-request-signature"] == mac(text)


def test_a_known_vector() -> None:
    """RFC 4231, test case 2."""
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert PhemexSigner("Jefe").sign("what do ya want for nothing?") == known


def test_the_login_signs_key_and_expiry() -> None:
    assert SIGNER.login("806066b0", 1_570_091_232) == mac("806066b01570091232")


def test_the_secret_is_never_shown() -> None:
    assert SECRET not in f"{SIGNER!r} {SIGNER} {vars(PhemexSigner)}"
