"""Trying again what may pass, by tenacity: how often, how patiently, and for which errors."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from daemon.core.errors import FilldError
from daemon.fill_handler.config import RetryConfig
from daemon.ports import Clock

Result = TypeVar("Result")


def delay_s(config: RetryConfig, retry: int, chance: float) -> float:
    """Seconds before retry number `retry` (from 1); `chance` in -1 to 1 is where jitter falls."""
    grown = config.base_delay * config.exponential_base ** (retry - 1)
    return float(min(grown, config.max_delay)) * (1 + float(config.jitter_factor) * chance)


async def retrying(
    config: RetryConfig, clock: Clock, call: Callable[[], Awaitable[Result]]
) -> Result:
    """What `call` returns, tried again where its error is retryable.

    Raises its last error, whose `tried` tells of the attempts before it.
    """
    tried: list[str] = []

    def wait(state: RetryCallState) -> float:
        return delay_s(config, state.attempt_number, random.uniform(-1, 1))  # noqa: S311 - jitter

    def note(state: RetryCallState) -> None:
        error = None if state.outcome is None else state.outcome.exception()
        tried.append(f"attempt {state.attempt_number}: {error}")

    attempts = AsyncRetrying(
        after=note,
        stop=stop_after_attempt(config.max_retries + 1),
        wait=wait,
        retry=retry_if_exception(config.retryable),
        sleep=clock.sleep,
        reraise=True,
    )
    try:
        return await attempts(call)
    except FilldError as error:
        error.tried = error.tried or tuple(tried)
        raise
