"""The published vectors, the three kinds of key, and no secret in any text."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.errors import WrongKeyError

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
REST = {
    "symbol": "LTCBTC",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "0.1",
    "recvWindow": "5000",
    "timestamp": "1499827319559",
}


def pem(key: object) -> str:
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_the_published_rest_vector() -> None:
    query = BinanceSigner.from_secret(SECRET).query(REST)
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert query.endswith(f"&timestamp=1499827319559&signature={signature}")
    assert query.startswith("symbol=LTCBTC&side=BUY&")


def test_the_published_websocket_vector() -> None:
    params: dict[str, str | int] = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": 100,
        "timestamp": 1645423376532,
        "apiKey": API_KEY,
    }
    signed = BinanceSigner.from_secret(SECRET).params(params)
    assert signed["signature"] == "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    assert signed | {"signature": 0} == {**params, "signature": 0}


def test_what_is_signed_is_percent_encoded_first() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    query = BinanceSigner(key).query({"symbol": "币安USDT", "timestamp": "1"})
    text, _, signature = query.rpartition("&signature=")
    assert text == "symbol=%E5%B8%81%E5%AE%89USDT&timestamp=1"
    assert "=" not in signature
    key.public_key().verify(base64.b64decode(unquote(signature)), text.encode())


def test_rsa_is_pkcs1_and_only_ed25519_may_log_on() -> None:
    key = generate_rsa(public_exponent=65537, key_size=2048)
    signer = BinanceSigner.from_secret(pem(key))
    text, _, _ = signer.query(REST).rpartition("&signature=")
    (signature,) = parse_qs(signer.query(REST))["signature"]
    key.public_key().verify(
        base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert not signer.may_log_on
    assert not BinanceSigner.from_secret(SECRET).may_log_on
    ed25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert BinanceSigner.from_secret("\n" + pem(ed25519)).may_log_on


@pytest.mark.parametrize(
    "secret",
    [
        "  ",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
        pem(generate_private_key(SECP256R1())),
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"locked"),
        )
        .decode(),
    ],
)
def test_a_key_that_is_of_no_use_is_not_shown(secret: str) -> None:
    with pytest.raises(WrongKeyError) as caught:
        BinanceSigner.from_secret(secret)
    assert secret.strip()[30:60] not in caught.value.text or not secret.strip()


def test_a_signer_shows_nothing() -> None:
    assert SECRET not in repr(BinanceSigner.from_secret(SECRET))
