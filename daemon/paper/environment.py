"""The env files of the members: one an account, with its keys for every venue that knows it.

Keys that lie there from an earlier run are used again. Everything is written with mode 0600.
"""

from __future__ import annotations

import os
from pathlib import Path

from daemon.paper.credentials import Credential, read_credential
from daemon.paper.crypto.keys import ApiKey

Values = dict[str, str]
_KALSHI = "FILLD_KALSHI__"


def read_environment(directory: Path, account: str) -> Values:
    """What an earlier run wrote, {} when there was none."""
    env = directory / f"{account}.env"
    lines = env.read_text(encoding="utf-8").splitlines() if env.is_file() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write_environment(directory: Path, account: str, values: Values) -> Path:
    """Write the env file for `filld run --env-file`."""
    env = directory / f"{account}.env"
    _write_private(env, "".join(f"{name}={value}\n" for name, value in values.items()))
    return env


def kalshi_values(directory: Path, credential: Credential, urls: Values) -> Values:
    """Write a Kalshi key to ACCOUNT.pem; returns the settings that go with it."""
    pem = (directory / f"{credential.account}.pem").resolve()
    _write_private(pem, credential.private_pem)
    return {
        f"{_KALSHI}REST_URL": urls["rest"],
        f"{_KALSHI}WS_URL": urls["ws"],
        f"{_KALSHI}KEY_ID": credential.key_id,
        f"{_KALSHI}PRIVATE_KEY_FILE": str(pem),
    }


def old_kalshi_key(directory: Path, account: str) -> Credential | None:
    """The Kalshi key of an earlier run."""
    key_id = read_environment(directory, account).get(f"{_KALSHI}KEY_ID", "")
    pem = directory / f"{account}.pem"
    if not key_id or not pem.is_file():
        return None
    return read_credential(account, key_id, pem.read_text(encoding="utf-8"))


def coin_values(venue: str, key: ApiKey, urls: Values) -> Values:
    """Settings of a coin venue, e.g. FILLD_BINANCE_SPOT__API_KEY; a PEM is one quoted line."""
    prefix = _prefix(venue)
    values = {f"{prefix}{name}": url for name, url in urls.items()}
    values[f"{prefix}API_KEY"] = key.api_key
    secret = key.secret
    if key.pair is not None:
        secret = '"' + key.pair.private_pem.replace("\n", "\\n") + '"'
    values[f"{prefix}API_SECRET"] = secret
    if key.passphrase:
        values[f"{prefix}PASSPHRASE"] = key.passphrase
    return values


def old_coin_key(directory: Path, venue: str, account: str) -> ApiKey | None:
    """A coin venue's key of an earlier run."""
    prefix = _prefix(venue)
    values = read_environment(directory, account)
    api_key = values.get(f"{prefix}API_KEY", "")
    secret = values.get(f"{prefix}API_SECRET", "")
    pair = None
    if secret.startswith('"'):
        pem, secret = secret.strip('"').replace("\\n", "\n"), ""
        pair = read_credential(account, api_key, pem)
    if not api_key or not (secret or pair):
        return None
    return ApiKey(
        account=account,
        api_key=api_key,
        secret=secret,
        passphrase=values.get(f"{prefix}PASSPHRASE", ""),
        pair=pair,
    )


def _prefix(venue: str) -> str:
    return f"FILLD_{venue.upper()}__"


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    path.chmod(0o600)
