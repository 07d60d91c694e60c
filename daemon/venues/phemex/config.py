"""What the Phemex adapter has to be told. Reads no file and no environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from daemon.core.terms import ZERO, Account, Symbol, Venue
from daemon.venues.breaker import Told, nobody
from daemon.venues.errors import VenueSetupError
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.wire import PERP, SPOT
from daemon.venues.rest import RepeatPolicy

REST_URL: Final = "https://api.phemex.com"
WS_URL: Final = "wss://ws.phemex.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhemexConfig:
    """One account's connection to one market, `venue`. Names ending in `_s` are seconds.

    `kept_qty` names the spot pairs whose base coin is a guarded position, each with the quantity
    of that coin (>= 0) that lies in the wallet and is none of the daemon's business.
    `read_lag_s` is how much older than its asking an account read may be: Phemex dates none.
    `ping_s` is the pace of our heartbeat (the venue asks for less than 30), `silence_s` how long
    a connection may answer nothing, `echo_s` how soon the private one must speak of an order
    that REST has accepted, and `book_silence_s` how old a book may be: whole ones come every 60.
    Raises `VenueSetupError` for what cannot be meant.
    """

    venue: Venue
    account: Account
    key_id: str = field(repr=False)
    signer: PhemexSigner = field(repr=False)
    rest_url: str = REST_URL
    ws_url: str = WS_URL
    kept_qty: Mapping[Symbol, Decimal] = field(default_factory=dict)
    read_lag_s: float = 2.0
    expiry_s: int = 60
    feed_alive_s: float = 15.0
    feed_lag_s: float = 5.0
    refresh_active_s: float = 2.0
    products_s: float = 30.0
    ping_s: float = 5.0
    silence_s: float = 15.0
    echo_s: float = 10.0
    book_silence_s: float = 75.0
    confirm_s: float = 10.0
    connect_timeout_s: float = 5.0
    order_timeout_s: float = 10.0
    query_timeout_s: float = 5.0
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 30.0
    seed: int | None = None
    repeat: RepeatPolicy = RepeatPolicy()
    reads_shut: Told = nobody

    def __post_init__(self) -> None:
        if self.venue not in {SPOT, PERP}:
            raise VenueSetupError(f"{self.venue} is no market of Phemex's: use {SPOT} or {PERP}")
        if self.kept_qty and self.venue != SPOT:
            raise VenueSetupError(f"kept_qty is of spot pairs; {self.venue} tells its positions")
        for symbol, qty in self.kept_qty.items():
            if not qty.is_finite() or qty < ZERO:
                raise VenueSetupError(f"kept_qty of {symbol} is {qty}: give 0 or more")
