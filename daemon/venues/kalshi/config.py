"""What the Kalshi adapter has to be told. Reads no file and no environment."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from daemon.core.terms import Account
from daemon.venues.breaker import Told, nobody
from daemon.venues.errors import WrongKeyError
from daemon.venues.kalshi.sign import KalshiSigner, key_file_warning
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.rest import RepeatPolicy

REST_URL = "https://external-api.kalshi.com/trade-api/v2"
WS_URL = "wss://external-api-ws.kalshi.com/trade-api/ws/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class KalshiConfig:
    """One account's connection. Names ending in `_s` are seconds.

    `feed_alive_s` and `feed_lag_s` bound a live feed (semantics ruling 12), `refresh_active_s` is
    the pace of REST order books where there is none.
    """

    account: Account
    key_id: str
    signer: KalshiSigner
    rest_url: str = REST_URL
    ws_url: str = WS_URL
    subaccount: int = 0
    feed_alive_s: float = 15.0
    feed_lag_s: float = 5.0
    refresh_active_s: float = 2.0
    connect_timeout_s: float = 5.0
    order_timeout_s: float = 10.0
    query_timeout_s: float = 5.0
    status_poll_s: float = 30.0
    schedule_poll_s: float = 3_600.0
    confirm_s: float = 10.0
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 30.0
    seed: int | None = None
    repeat: RepeatPolicy = RepeatPolicy()
    reads_shut: Told = nobody


def load_signer(path: Path) -> tuple[KalshiSigner, str | None]:
    """The signer of a key file, and a warning where others may read the file."""
    try:
        pem, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        text = f"cannot read the Kalshi key file {path}: {error.strerror}"
        raise WrongKeyError(text, venue=VENUE) from None
    try:
        signer = KalshiSigner.from_pem(pem)
    except WrongKeyError as error:
        raise WrongKeyError(f"{path}: {error.text}", venue=VENUE) from None
    return signer, key_file_warning(str(path), stat.S_IMODE(mode))
