"""What Bitget's tables in `config/paper.toml` have besides the coin venues' common keys."""

from __future__ import annotations

from typing import Literal

from daemon.paper.crypto.config import CoinConfig


class BitgetConfig(CoinConfig, forbid_unknown_fields=True, kw_only=True):
    """One market of Bitget. Keys without a documented answer can be set either way.

    `dialect`: what kind the accounts are of, classic (v2) or unified (v3). `ping_interval_s`: how
    often the exchange looks whether a client has pinged within `pong_limit_s`; it never pings
    itself. `fill_frames`: whether a fill's frame on `fill` comes before or after that on `orders`,
    or by (seeded) chance. `client_ids`: how long a clientOid is taken. `echo_last_fill`: the row
    that ends an order repeats its last fill.
    """

    ping_interval_s: float = 5
    pong_limit_s: float = 120
    dialect: Literal["classic", "uta"] = "classic"
    fill_frames: Literal["before", "after", "race"] = "race"
    client_ids: Literal["while_open", "for_ever"] = "while_open"
    echo_last_fill: bool = False
