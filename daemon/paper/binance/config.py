"""What Binance's tables in `config/paper.toml` have besides the coin venues' common keys."""

from __future__ import annotations

from typing import Literal

from daemon.paper.crypto.config import CoinConfig


class UsdmConfig(CoinConfig, forbid_unknown_fields=True, kw_only=True):
    """USD-M futures.

    `listen_key_s`: how long a listen key lives without a keep-alive. `account_frames`: whether
    ACCOUNT_UPDATE comes before or after its ORDER_TRADE_UPDATE, or by (seeded) chance.
    """

    ping_interval_s: float = 180
    pong_limit_s: float = 600
    listen_key_s: float = 3600
    account_frames: Literal["before", "after", "race"] = "race"
