"""What Phemex's tables in `config/paper.toml` have besides the coin venues' common keys."""

from __future__ import annotations

from typing import Literal

import msgspec

from daemon.paper.crypto.config import CoinConfig


class PhemexConfig(CoinConfig, forbid_unknown_fields=True, kw_only=True):
    """One market of Phemex. Keys without a documented answer can be set either way.

    `ping_interval_s`: how often the exchange looks whether a client has pinged within
    `pong_limit_s`; it never pings itself. `value_scales`: powers of ten of `Ev` numbers by coin,
    8 for those that are not named; `price_scales`: of `Ep` numbers by symbol, the quote coin's
    where not named. `client_ids`: how long a clOrdID is taken. `refusals`: where the trading
    engine's refusals come, as the answer's `code`, as `bizError` in its `data`, or on the stream
    after an acknowledgement. `empty_list`: open orders when there are none. `ioc_rest`: the
    execStatus of what an IoC order leaves. `rows`: all changes of one moment in one push, each
    in its own, or by (seeded) chance. `history`: /api-data as it is documented, a bare array,
    or in an envelope, as ccxt reads it. `snapshot_s`: how often whole order books come.
    """

    ping_interval_s: float = 5
    pong_limit_s: float = 30
    value_scales: dict[str, int] = msgspec.field(default_factory=dict)
    price_scales: dict[str, int] = msgspec.field(default_factory=dict)
    client_ids: Literal["while_open", "for_ever"] = "while_open"
    refusals: Literal["answer", "data", "stream"] = "answer"
    empty_list: Literal["not_found", "rows"] = "not_found"
    ioc_rest: Literal["Canceled", "Expired"] = "Canceled"
    rows: Literal["together", "apart", "race"] = "race"
    history: Literal["bare", "envelope"] = "bare"
    snapshot_s: float = 60
