"""API keys of coin venues: made here, written for the client. A shared secret, or a key pair.

Secrets are random, not seeded: nobody who knows the seed of an exchange may sign for its members.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from daemon.paper.credentials import Credential, make_credential
from daemon.paper.refusal import OperatorError

_LETTERS = string.ascii_letters + string.digits
_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A member's key. `secret` is empty where `pair` (RSA or Ed25519) signs instead."""

    account: str
    api_key: str
    secret: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    pair: Credential | None = field(default=None, repr=False)


def make_key(account: str, key_type: str, *, passphrase: bool = False) -> ApiKey:
    """A new key: `hmac`, `rsa` or `ed25519`; raises `OperatorError` for another type."""
    api_key = random_text(_LENGTH)
    phrase = random_text(12) if passphrase else ""
    if key_type == "hmac":
        return ApiKey(
            account=account, api_key=api_key, secret=random_text(_LENGTH), passphrase=phrase
        )
    if key_type not in ("rsa", "ed25519"):
        raise OperatorError(f"key_type = {key_type!r}: accepted are hmac, rsa, ed25519")
    pair = make_credential(account, api_key, key_type)
    return ApiKey(account=account, api_key=api_key, passphrase=phrase, pair=pair)


def random_text(length: int) -> str:
    """Letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
