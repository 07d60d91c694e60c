"""What an exchange says no with. `Code` has Kalshi's words; HTTP is somebody else's."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a request was refused."""

    ORDER_EXISTS = "order_already_exists"
    FOK_VOLUME = "fill_or_kill_insufficient_resting_volume"
    TRADING_PAUSED = "trading_is_paused"
    EXCHANGE_PAUSED = "exchange_is_paused"
    BALANCE = "insufficient_balance"
    PRICE = "invalid_price"
    ORDER = "invalid_order"
    ORDER_SIZE = "invalid_order_size"
    SIDE_MISMATCH = "order_side_mismatch"
    TICKER_MISMATCH = "order_ticker_mismatch"
    ID_MISMATCH = "order_id_and_client_order_id_mismatch"
    MISSING = "missing_parameters"
    PARAMETERS = "invalid_parameters"
    MARKET_INACTIVE = "market_inactive"
    MARKET_NOT_FOUND = "market_not_found"
    NOT_FOUND = "not_found"


class RefusedError(Exception):
    """Theirs: a request was understood, refused, and changed nothing. Each family has its own."""


class RefusalError(RefusedError):
    """A refusal in Kalshi's words."""

    def __init__(self, code: Code, details: str = "") -> None:
        super().__init__(f"{code}: {details}" if details else str(code))
        self.code = code
        self.details = details


class OperatorError(Exception):
    """Ours: the admin door or the configuration asked for something impossible."""
