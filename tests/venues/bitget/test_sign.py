"""Signatures: the documented texts, HMAC against a published vector, RSA with the public key."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.errors import WrongKeyError

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLAIN = NoEncryption()
BODY = (
    b'{"productType":"usdt-futures","symbol":"BTCUSDT","size":"8","marginMode":"crossed",'
    b'"side":"buy","orderType":"limit","clientOid":"channel#123456"}'
)


def pem(key: rsa.RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN).decode()


def test_hmac_against_the_vector_of_rfc_4231() -> None:
    signer = BitgetSigner.from_secret("key", "words", "Jefe")
    digest = base64.b64decode(signer.sign("what do ya want for nothing?"), validate=True)
    assert digest.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert not signer.slow


@pytest.mark.parametrize(
    ("method", "target", "body", "text"),
    [
        (
            "get",
            "/api/mix/v2/market/depth?limit=20&symbol=BTCUSDT",
            None,
            b"16273667805456GET/api/mix/v2/market/depth?limit=20&symbol=BTCUSDT",
        ),
        (
            "POST",
            "/api/v2/mix/order/place-order",
            BODY,
            b"16273667805456POST/api/v2/mix/order/place-order" + BODY,
        ),
    ],
)
def test_the_documented_texts(method: str, target: str, body: bytes | None, text: bytes) -> None:
    signer = BitgetSigner.from_secret("key", "words", "secret")
    headers = signer.headers(16273667805456, method, target, body)
    digest = hmac.new(b"secret", text, hashlib.sha256).digest()
    assert headers == {
        "ACCESS-KEY": "key",
        "ACCESS-SIGN": base64.b64encode(digest).decode(),
        "ACCESS-TIMESTAMP": "16273667805456",
        "ACCESS-PASSPHRASE": "words",
    }


@pytest.mark.parametrize("timestamp", ["1538054050", "1538054050714"])
def test_a_login_signs_seconds_or_milliseconds_as_they_are_sent(timestamp: str) -> None:
    passphrase, sign = BitgetSigner.from_secret("key", "words", "secret").login(timestamp)
    digest = hmac.new(b"secret", f"{timestamp}GET/user/verify".encode(), hashlib.sha256).digest()
    assert (passphrase, base64.b64decode(sign)) == ("words", digest)


def test_rsa_signs_with_pkcs1_and_sha256() -> None:
    signer = BitgetSigner.from_secret("key", "words", pem(RSA_KEY))
    signature = base64.b64decode(signer.sign("text"), validate=True)
    RSA_KEY.public_key().verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        RSA_KEY.public_key().verify(signature, b"test", padding.PKCS1v15(), hashes.SHA256())
    assert signer.slow


LOCKED = RSA_KEY.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")
).decode()


@pytest.mark.parametrize(
    ("key_id", "passphrase", "secret", "hint"),
    [
        ("", "words", "secret", "are all needed"),
        ("key", "", "secret", "are all needed"),
        ("key", "words", "", "are all needed"),
        ("key", "words", pem(RSA_KEY)[:200], "not a readable PEM"),
        ("key", "words", LOCKED, "encrypted"),
        ("key", "words", pem(Ed25519PrivateKey.generate()), "not RSA"),
    ],
    ids=["no key", "no words", "no secret", "cut", "locked", "curve"],
)
def test_a_key_that_is_not_usable(key_id: str, passphrase: str, secret: str, hint: str) -> None:
    with pytest.raises(WrongKeyError, match=hint) as caught:
        BitgetSigner.from_secret(key_id, passphrase, secret)
    assert secret[40:80] not in str(caught.value) or not secret[40:80]


def test_nothing_prints_a_secret() -> None:
    signer = BitgetSigner.from_secret("key", "words", "hunter2secret")
    assert "hunter2" not in repr(signer)
    assert "words" not in repr(signer)
