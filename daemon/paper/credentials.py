"""Key pairs of the paper exchange's members: made here, handed over, checked by a venue."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

from daemon.paper.refusal import OperatorError

PublicKey = RSAPublicKey | Ed25519PublicKey
RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A member's key: the id, the PEM text to sign with, and the public half."""

    account: str
    key_id: str
    private_pem: str
    public_key: PublicKey


def make_credential(account: str, key_id: str, key_type: str) -> Credential:
    """Generate a key: `rsa` as the PKCS#1 that Kalshi hands out, `ed25519` as PKCS#8."""
    key: RSAPrivateKey | Ed25519PrivateKey
    if key_type == "rsa":
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        form = serialization.PrivateFormat.TraditionalOpenSSL
    elif key_type == "ed25519":
        key = Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.PKCS8
    else:
        raise OperatorError(f"key_type = {key_type!r}: accepted are rsa, ed25519")
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return Credential(
        account=account,
        key_id=key_id,
        private_pem=pem.decode(),
        public_key=key.public_key(),
    )


def read_credential(account: str, key_id: str, pem: str) -> Credential:
    """A credential from a private key that was made earlier."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise OperatorError(f"the key of {account} is neither RSA nor Ed25519")
    return Credential(account=account, key_id=key_id, private_pem=pem, public_key=key.public_key())
