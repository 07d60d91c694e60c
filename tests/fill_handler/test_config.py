"""Configuration: typed, every key checked, a slip told with what was meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.terms import RejectReason
from daemon.fill_handler import ConfigError, HandlerConfig, RetryConfig, create_fill_handler
from daemon.fill_handler.config import handler_config, retry_config
from daemon.fill_handler.errors import NetworkError, RateLimitError, exchange_error

SEED = {
    "retry_config": {
        "max_retries": 3,
        "base_delay": 1.0,
        "max_delay": 30.0,
        "exponential_base": 2.0,
        "jitter_factor": 0.1,
        "retryable_errors": ["network_error", "rate_limit", "timeout", "exchange_error"],
    },
    "slippage_tolerance": 0.005,
    "max_order_age_hours": 24,
    "fill_history_limit": 1000,
}


def test_the_seeds_configuration_is_taken() -> None:
    config = handler_config(SEED)
    assert config.retry_config.max_delay == 30
    assert config.slippage_tolerance == Decimal("0.005")
    assert config.retry_config.retryable_errors[-1] == "exchange_error"
    assert handler_config(config) == config
    assert handler_config(None) == HandlerConfig()
    assert handler_config({"journal": "fills.db"}).journal == Path("fills.db")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fill_histry_limit": 1}, "fill_histry_limit .*did you mean 'fill_history_limit'"),
        ({"zzz": 1}, "zzz .*known are retry_config"),
        ({"retry_config": {"max_retry": 1}}, r"retry_config\.max_retry .*'max_retries'"),
        ({"retry_config": 3}, "retry_config is int"),
        ({"retry_config": {"max_retries": -1}}, "max_retries = -1: accepted: whole numbers from 0"),
        ({"retry_config": {"max_retries": True}}, "max_retries = true"),
        ({"retry_config": {"jitter_factor": 2}}, "jitter_factor = 2: accepted: 0 to 1"),
        ({"retry_config": {"base_delay": "x"}}, "base_delay = 'x': accepted: a decimal number"),
        ({"retry_config": {"base_delay": "nan"}}, "base_delay = 'nan': accepted: 0 to 86400"),
        ({"retry_config": {"base_delay": []}}, r"base_delay = \[\]: accepted: a decimal number"),
        ({"retry_config": {"base_delay": 9, "max_delay": 1}}, "max_delay 1 is below base_delay"),
        (
            {"retry_config": {"retryable_errors": ["ghost"]}},
            "'ghost': accepted: network_error, rate_limit",
        ),
        ({"retry_config": {"retryable_errors": 3}}, "retryable_errors = 3: accepted: a list of"),
        ({"slippage_tolerance": -0.1}, "slippage_tolerance = -0.1: accepted: 0 to 1"),
        ({"fill_history_limit": 0}, "fill_history_limit = 0"),
        ({"journal": ""}, "journal = ''"),
        ({"account": ""}, "account = ''"),
        ({"hedged": "yes"}, "hedged is str: accepted: True or False"),
        ({"phemex_products": b"{}"}, "phemex_products: "),
    ],
)
async def test_a_slip_is_told(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        await create_fill_handler(given)


def test_only_named_errors_are_retryable() -> None:
    config = retry_config({"retryable_errors": "rate_limit"})
    assert config.retryable(RateLimitError())
    assert not config.retryable(NetworkError())
    assert not RetryConfig().retryable(ValueError())


def test_an_error_says_where_and_what_was_tried() -> None:
    error = exchange_error(
        RejectReason.RATE_LIMIT, "slow down", venue="kalshi", code="429", tried=("1: 429",)
    )
    assert isinstance(error, RateLimitError)
    assert (error.venue, error.code, error.retryable) == ("kalshi", "429", True)
    assert (error.tried, error.reason) == (("1: 429",), RejectReason.RATE_LIMIT)
    assert isinstance(exchange_error(RejectReason.ABSENT, "gone"), NetworkError)
