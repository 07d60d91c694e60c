"""Signatures are checked with the public key; errors never show the private one."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from daemon.venues.errors import WrongKeyError
from daemon.venues.kalshi.sign import KalshiSigner, key_file_warning

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TEXT = b"1796113800123POST/trade-api/v2/portfolio/events/orders"


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_rsa_signs_with_pss_sha256_and_a_salt_of_32(form: PrivateFormat) -> None:
    signer = KalshiSigner.from_pem(RSA_KEY.private_bytes(Encoding.PEM, form, NoEncryption()))
    path = "/trade-api/v2/portfolio/events/orders?subaccount=0"
    headers = signer.headers("key-1", 1796113800123, "post", path)
    assert headers["KALSHI-ACCESS-KEY"] == "key-1"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1796113800123"
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    RSA_KEY.public_key().verify(signature, TEXT, pss, hashes.SHA256())
    with pytest.raises(InvalidSignature):
        RSA_KEY.public_key().verify(signature, TEXT + b"?", pss, hashes.SHA256())
    assert signer.slow


def test_ed25519_signs_the_same_text() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = KalshiSigner.from_pem(pem)
    headers = signer.headers("k", 1796113800123, "POST", TEXT[17:].decode())
    key.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), TEXT)
    assert not signer.slow


def bad_keys() -> dict[str, bytes]:
    curve = ec.generate_private_key(ec.SECP256R1())
    good = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "empty": b"",
        "text": b"hunter2 hunter2",
        "cut": good[:200],
        "body": good.replace(b"M", b"#"),
        "curve": curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "encrypted": RSA_KEY.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        ),
    }


@pytest.mark.parametrize("name", ["empty", "text", "cut", "body", "curve", "encrypted"])
def test_a_key_that_is_no_use_is_refused_by_name_and_without_its_bytes(name: str) -> None:
    pem = bad_keys()[name]
    with pytest.raises(WrongKeyError) as caught:
        KalshiSigner.from_pem(pem)
    text = str(caught.value)
    assert "RSA" in text
    assert caught.value.__cause__ is None
    for line in pem.decode().splitlines():
        assert len(line) < 12 or "-----" in line or line not in text
    assert ("encrypted" in text.partition(":")[0]) is (name == "encrypted")


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True)])
def test_a_key_file_that_others_may_read_is_warned_of(mode: int, warned: bool) -> None:
    text = key_file_warning("/k.pem", mode)
    assert (text is not None) is warned
    assert text is None or "chmod 600 /k.pem" in text
