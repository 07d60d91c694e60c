"""The configuration: the example in the repository, and every way to get it wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from daemon.paper.admission import make_venue, populate
from daemon.paper.clock import SystemClock
from daemon.paper.config import load_config, parse_config
from daemon.paper.credentials import make_credential, read_credential
from daemon.paper.crypto.keys import make_key
from daemon.paper.environment import (
    coin_values,
    kalshi_values,
    old_coin_key,
    old_kalshi_key,
    write_environment,
)
from daemon.paper.refusal import OperatorError

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "paper.toml"


def test_the_example_makes_an_exchange() -> None:
    venue = make_venue(load_config(EXAMPLE), SystemClock())
    populate(venue)
    assert len(venue.exchange.markets) == 3
    assert venue.exchange.ledger.positions
    assert set(venue.exchange.shards) == {0, 2}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "prot = 1: unknown key, accepted are host, port"),
        ("port = 'x'", "port = 'x': Expected `int`, got `str`"),
        ("[[markets]]\nticker = 'T'\nbid = 3", "markets[0].bid = 3: unknown key, accepted are"),
        ("host = '0.0.0.0'", "host = '0.0.0.0': only loopback is accepted"),
        ("[[accounts]]\nname = 'a'\ntier = 'gold'", "accounts[0].tier = 'gold': Invalid enum"),
        ("port =", "Invalid value"),
    ],
)
def test_a_wrong_key_is_named_with_what_is_accepted(text: str, sentence: str) -> None:
    with pytest.raises(OperatorError) as refused:
        parse_config(text)
    assert sentence in str(refused.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_keys_are_private_and_can_be_read_again(tmp_path: Path, kind: str) -> None:
    made = make_credential("a", "id-1", kind)
    assert old_kalshi_key(tmp_path, "a") is None
    values = kalshi_values(tmp_path, made, {"rest": "r", "ws": "w"})
    env = write_environment(tmp_path, "a", values)
    pem = tmp_path / "a.pem"
    assert stat.S_IMODE(pem.stat().st_mode) == stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "FILLD_KALSHI__KEY_ID=id-1\n" in env.read_text()
    assert f"FILLD_KALSHI__PRIVATE_KEY_FILE={pem}\n" in env.read_text()
    assert read_credential("a", "id-1", pem.read_text()).public_key == made.public_key
    old = old_kalshi_key(tmp_path, "a")
    assert old is not None
    assert (old.key_id, old.public_key) == ("id-1", made.public_key)
    with pytest.raises(OperatorError):
        make_credential("a", "id", "dsa")


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_a_coin_key_is_used_again(tmp_path: Path, kind: str) -> None:
    key = make_key("a", kind, passphrase=True)
    assert old_coin_key(tmp_path, "binance_spot", "a") is None
    values = coin_values("binance_spot", key, {"REST_URL": "http://h:1"})
    assert values["FILLD_BINANCE_SPOT__REST_URL"] == "http://h:1"
    assert values["FILLD_BINANCE_SPOT__API_SECRET"].count("BEGIN PRIVATE KEY") == (kind != "hmac")
    write_environment(tmp_path, "a", values)
    old = old_coin_key(tmp_path, "binance_spot", "a")
    assert old is not None
    assert (old.api_key, old.secret, old.passphrase) == (key.api_key, key.secret, key.passphrase)
    assert (old.pair is None) is (key.pair is None)
