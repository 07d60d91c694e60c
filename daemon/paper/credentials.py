"""Keys for the paper exchange's members: made here, written for the client, kept as public keys.

The private half is handed out once and never stored by the exchange.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
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


def key_file(directory: Path, account: str) -> Path:
    """Where a member's private key lies."""
    return directory / f"{account}.pem"


def write_environment(directory: Path, credential: Credential, urls: dict[str, str]) -> Path:
    """Write the key (mode 0600) and the env file for `filld run --env-file`; returns the latter."""
    directory.mkdir(parents=True, exist_ok=True)
    pem = key_file(directory, credential.account).resolve()
    _write_private(pem, credential.private_pem)
    values = {
        "FILLD_KALSHI__REST_URL": urls["rest"],
        "FILLD_KALSHI__WS_URL": urls["ws"],
        "FILLD_KALSHI__KEY_ID": credential.key_id,
        "FILLD_KALSHI__PRIVATE_KEY_FILE": str(pem),
        "PAPER_ADMIN_URL": urls["admin"],
    }
    env = directory / f"{credential.account}.env"
    _write_private(env, "".join(f"{name}={value}\n" for name, value in values.items()))
    return env


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    path.chmod(0o600)
