"""Why a request of a member was refused, in no venue's words."""

from __future__ import annotations

from enum import StrEnum

from daemon.paper.refusal import RefusedError


class Why(StrEnum):
    """The reasons. A venue has a code and a text for each that it can give."""

    SYMBOL = "symbol"
    HALTED = "halted"
    NO_OPENING = "no_opening"
    PRICE_TICK = "price_tick"
    QTY_LOT = "qty_lot"
    QTY_SMALL = "qty_small"
    QTY_LARGE = "qty_large"
    NOTIONAL = "notional"
    DUPLICATE_ID = "duplicate_id"
    FUNDS = "funds"
    FOK = "fok"
    POST_ONLY = "post_only"
    REDUCE_ONLY = "reduce_only"
    POSITION_SIDE = "position_side"
    NOT_OPEN = "not_open"
    NO_CHANGE = "no_change"
    MODE_IN_USE = "mode_in_use"


class CoinRefusalError(RefusedError):
    """A refusal that a venue will put into its own words."""

    def __init__(self, why: Why, details: str = "") -> None:
        super().__init__(f"{why}: {details}" if details else str(why))
        self.why = why
        self.details = details
