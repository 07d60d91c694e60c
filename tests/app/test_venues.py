"""Which adapters a run is made of, and what is said of keys that it cannot use."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.app.venues import check_keys, make_venues, writers
from daemon.core.terms import Venue
from daemon.ports import Venue as VenuePort
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings, load_settings
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.errors import WrongKeyError
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.terms_first import TermsFirst
from tests.app.test_launch import key_file

CRYPTO = {
    "binance-spot": BinanceVenue,
    "binance-usdm": BinanceVenue,
    "bitget-spot": BitgetVenue,
    "bitget-usdt-futures": BitgetVenue,
    "phemex-spot": PhemexVenue,
    "phemex-usdt-perp": PhemexVenue,
}
HOLDINGS = (
    '[{"venue": "binance-spot", "symbol": "BTCUSDT", "kept_qty": "0.5"},'
    ' {"venue": "bitget-spot", "symbol": "BTCUSDT"},'
    ' {"venue": "phemex-spot", "symbol": "sBTCUSDT"}]'
)


def every_venue(folder: Path) -> Settings:
    names = {"FILLD_KALSHI__KEY_ID": "k", "FILLD_HOLDINGS": HOLDINGS}
    names["FILLD_KALSHI__PRIVATE_KEY_FILE"] = str(key_file(folder))
    for venue in CRYPTO:
        prefix = f"FILLD_{venue.replace('-', '_').upper()}__"
        names |= {f"{prefix}API_KEY": f"key of {venue}", f"{prefix}API_SECRET": "secret"}
        if venue.startswith("bitget"):
            names[f"{prefix}PASSPHRASE"] = "words"
    return load_settings(None, None, (), names)


def inner(adapter: VenuePort) -> object:
    """What is behind the port."""
    return adapter._venue if isinstance(adapter, TermsFirst) else adapter


async def test_one_run_is_made_of_all_venues_that_have_a_key(tmp_path: Path) -> None:
    settings = every_venue(tmp_path)
    assert not check_keys(settings)
    venues = make_venues(settings, SystemClock(), pytest.fail)
    made = {venue: type(inner(adapter)) for (_, venue), adapter in venues.items()}
    assert made == {"kalshi": KalshiVenue, **CRYPTO}
    assert dict(writers(settings))[Venue("binance-usdm")] == "key of binance-usdm"
    for adapter in venues.values():
        await adapter.close()


@pytest.mark.parametrize("venue", CRYPTO)
def test_a_missing_secret_is_said_with_where_to_put_it(venue: str) -> None:
    name = venue.replace("-", "_")
    key = {f"FILLD_{name.upper()}__API_KEY": "k"}
    with pytest.raises(WrongKeyError, match=f"FILLD_{name.upper()}__API_SECRET"):
        check_keys(load_settings(None, None, (), key))


def test_bitget_needs_the_passphrase_as_well() -> None:
    names = {"FILLD_BITGET_SPOT__API_KEY": "k", "FILLD_BITGET_SPOT__API_SECRET": "s"}
    with pytest.raises(WrongKeyError, match=r"bitget_spot\.passphrase is not set"):
        check_keys(load_settings(None, None, (), names))
