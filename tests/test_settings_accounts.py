"""The venues' tables: which are in use, how exits are bounded there, what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.terms import Venue
from daemon.settings import Settings, SettingsError, account_policies, load_settings, stop_rules
from daemon.settings.accounts import BitgetSettings, CryptoSettings, KalshiSettings
from daemon.settings.kinds import NAME_CHARACTERS

CANARY = "canary-5f2b"


def load(tmp_path: Path, toml: str, **environ: str) -> Settings:
    path = tmp_path / "filld.toml"
    path.write_text(toml)
    return load_settings(path, None, (), environ)


def test_a_venue_is_in_use_when_it_has_a_key_and_kalshi_where_none_has(tmp_path: Path) -> None:
    assert list(load(tmp_path, "").accounts) == ["kalshi"]
    spot = '[binance_spot]\napi_key = "k"\n'
    assert list(load(tmp_path, spot).accounts) == ["binance-spot"]
    both = load(tmp_path, spot + '[kalshi]\nkey_id = "k"\n').accounts
    assert {name: type(section) for name, section in both.items()} == {
        "kalshi": KalshiSettings,
        "binance-spot": type(both[Venue("binance-spot")]),
    }
    bitget = load(tmp_path, "", FILLD_BITGET_SPOT__API_KEY="k").accounts[Venue("bitget-spot")]
    assert isinstance(bitget, BitgetSettings)


def test_each_account_has_its_own_switch_and_only_kalshi_sends_an_id_again(
    tmp_path: Path,
) -> None:
    toml = """
    [kalshi]
    key_id = "k"
    [phemex_usdt_perp]
    api_key = "p"
    account = "hedge"
    place_live_orders = true
    """
    kalshi, phemex = account_policies(load(tmp_path, toml))
    assert (kalshi.place_live_orders, kalshi.resend_same_id) == (False, True)
    assert (phemex.venue, phemex.account) == ("phemex-usdt-perp", "hedge")
    assert (phemex.place_live_orders, phemex.resend_same_id) == (True, False)
    assert (kalshi.in_flight_bound_s, phemex.in_flight_bound_s) == (Decimal(90), Decimal(75))


def test_prices_and_contracts_of_exits_are_kalshis_and_a_rule_may_give_its_own(
    tmp_path: Path,
) -> None:
    toml = """
    [binance_usdm]
    api_key = "k"
    [exits]
    max_slippage_px = "0.03"
    floor_px = "0.2"
    max_spread_px = "0.1"
    crypto_slippage_bps = 40
    [[stops]]
    venue = "binance-usdm"
    symbol = "BTC*"
    stop_px = "61000"
    [[stops]]
    venue = "binance-usdm"
    symbol = "*"
    stop_percent = "4"
    max_slippage_px = "2.5"
    trigger_min_qty = "0.01"
    """
    settings = load(tmp_path, toml)
    by_price, by_percent = (rule.exits for rule in stop_rules(settings))
    assert (by_price.max_slippage_px, by_price.max_slippage_bps) == (None, Decimal(40))
    assert (by_price.floor_px, by_price.max_spread_px) == (None, None)
    assert by_price.trigger_min_qty == 0
    assert (by_percent.max_slippage_px, by_percent.max_slippage_bps) == (
        Decimal("2.5"),
        Decimal(40),
    )
    assert by_percent.trigger_min_qty == Decimal("0.01")
    (policy,) = account_policies(settings)
    assert policy.exits == by_price, "filld exit is bounded the same way"


def test_a_model_bounds_within_a_cap_of_the_venues_own_kind(tmp_path: Path) -> None:
    toml = """
    [exits]
    max_slippage_px = "model"
    slippage_cap_px = "0.04"
    crypto_slippage_bps = 40
    learn_retry_delay = true
    [[stops]]
    symbol = "*"
    stop_px = "0.5"
    [[stops]]
    venue = "binance-usdm"
    symbol = "BTC*"
    stop_px = "61000"
    [[stops]]
    symbol = "NFL-*"
    stop_distance = "0.1"
    max_slippage_px = "0.01"
    """
    kalshi, crypto, own = (rule.exits for rule in stop_rules(load(tmp_path, toml)))
    assert (kalshi.bound_by_estimate, kalshi.max_slippage_px) == (True, Decimal("0.04"))
    assert (crypto.bound_by_estimate, crypto.max_slippage_px) == (True, None)
    assert crypto.max_slippage_bps == Decimal(40)
    assert (own.bound_by_estimate, own.max_slippage_px) == (False, Decimal("0.01"))
    assert kalshi.learn_retry_delay


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[binance_spot]\napi_secret = "s"', ("api_secret", "binance_spot_api_secret")),
        ('[bitget_spot]\npassphrase = "s"', ("passphrase", "bitget_spot_passphrase")),
        ('[bitget_spot]\ndialect = "v1"', ("bitget_spot.dialect", "uta")),
        ('[phemex_spot]\nrest_url = "phemex.com"', ("phemex_spot.rest_url", "https?://")),
        ('[phemex_spot]\naccount = "a b"', ("phemex_spot.account", "pattern")),
        (f'[phemex_spot]\naccount = "{"a" * (NAME_CHARACTERS + 1)}"', ("at most 128",)),
        ("[binance_usdm]\nhedge = true", ("binance_usdm.hedge", "unknown key")),
        ('[[holdings]]\nvenue = "binance-usdm"\nsymbol = "X"', ("holdings[0].venue", "spot")),
        (
            '[[holdings]]\nvenue = "binance-spot"\nsymbol = "X"\nkept_qty = 0.5',
            ("holdings[0].kept_qty", "in quotes"),
        ),
        (
            '[[stops]]\nvenue = "phemex-spot"\nsymbol = "*"\nexit_before_close_s = 5',
            ("exit_before_close_s", "do not close"),
        ),
        (
            '[[stops]]\nvenue = "phemex-spot"\nsymbol = "*"\nstop_px = 5\nmax_slippage_bps="off"',
            ("max_slippage_bps", "without a bound"),
        ),
        (
            (
                '[[stops]]\nvenue = "phemex-spot"\nsymbol = "*"\nstop_px = 5\n'
                'max_slippage_bps = "off"\nmax_slippage_px = "model"'
            ),
            ("max_slippage_bps", "without a bound"),
        ),
        ('[[stops]]\nvenue = "ftx"\nsymbol = "*"\nstop_px = "5"', ("stops[0].venue", "kalshi")),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, toml: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml)
    for word in words:
        assert word in str(caught.value)


def test_a_secret_is_in_no_repr(tmp_path: Path) -> None:
    settings = load(tmp_path, "", FILLD_BINANCE_SPOT__API_SECRET=CANARY)
    assert isinstance(settings.binance_spot, CryptoSettings)
    assert CANARY not in repr(settings)
    assert settings.binance_spot.api_secret is not None
