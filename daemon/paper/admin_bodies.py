"""The JSON bodies of the admin door. Unknown keys are refused; numbers of money are strings."""

from __future__ import annotations

from typing import Literal

import msgspec

from daemon.paper.config import Bounds, SeedConfig

SeedBody = SeedConfig


class ReadsBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Read lags, [least, most] ms, and the timing of private frames. Absent keys stay."""

    order_lag_ms: Bounds | None = None
    fill_lag_ms: Bounds | None = None
    position_lag_ms: Bounds | None = None
    private_frames: Literal["before_ack", "after_ack", "race"] | None = None
    after_ack_ms: int | None = None


class SwitchBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The exchange's switches; no shards means all."""

    exchange_active: bool | None = None
    trading_active: bool | None = None
    shards: list[int] = []


class BookBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """[[YES price, contracts], ...] for each side to replace; [] empties a side."""

    bids: list[tuple[str, str]] | None = None
    asks: list[tuple[str, str]] | None = None


class OrderBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Another trader's IoC order."""

    side: Literal["bid", "ask"]
    price: str
    count: str


class CloseBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Close so many seconds from now."""

    in_s: float = 0


class DetermineBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The outcome; `settlement_value` (dollars of one YES) goes with scalar."""

    result: Literal["yes", "no", "scalar"]
    settlement_value: str | None = None


class StructureBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A price grid's name."""

    price_level_structure: str


class CashBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Dollars to add; a minus takes away."""

    dollars: str
    exchange_index: int = 0
    subaccount: int = 0
