"""The library face: fills of any venue in, order states out, over the daemon's own core.

Ten lines that work without a daemon stand in the README ("As a library"). The seed's words
(`amount`, `total_fees`, ...) are spoken here and in the views, and nowhere below. Trades need the
whole daemon, so they have a door of their own: `daemon.fill_handler.exchange_manager`. What can
go wrong is one tree of errors, drawn in `daemon.fill_handler.errors`; the finer classes are there.
"""

from __future__ import annotations

from daemon.fill_handler.config import HandlerConfig, RetryConfig, handler_config
from daemon.fill_handler.errors import (
    AmbiguousFormatError,
    BadInputError,
    ConfigError,
    ExchangeError,
    FillConflictError,
    FilldError,
    FillError,
    InsufficientFundsError,
    NetworkError,
    RateLimitError,
    StateError,
    UnknownFormatError,
    UnknownOutcomeError,
    UnreadableFillError,
)
from daemon.fill_handler.handler import FillHandler
from daemon.fill_handler.merging import ImportReport
from daemon.fill_handler.opening import create_fill_handler, process_exchange_fill
from daemon.fill_handler.state import (
    FillEvent,
    OrderState,
    PartialFillResult,
    Resubmission,
    as_dict,
)
from daemon.fill_handler.trade_result import TradeFill, TradeResult, TradeRetry

__all__ = [
    "AmbiguousFormatError",
    "BadInputError",
    "ConfigError",
    "ExchangeError",
    "FillConflictError",
    "FillError",
    "FillEvent",
    "FillHandler",
    "FilldError",
    "HandlerConfig",
    "ImportReport",
    "InsufficientFundsError",
    "NetworkError",
    "OrderState",
    "PartialFillResult",
    "RateLimitError",
    "Resubmission",
    "RetryConfig",
    "StateError",
    "TradeFill",
    "TradeResult",
    "TradeRetry",
    "UnknownFormatError",
    "UnknownOutcomeError",
    "UnreadableFillError",
    "as_dict",
    "create_fill_handler",
    "handler_config",
    "process_exchange_fill",
]
