"""What a fill handler is told: typed, frozen, every key checked, unknown ones refused."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Final

from daemon.control.bodies import shown
from daemon.core.errors import FilldError
from daemon.core.terms import ONE, ZERO, Account
from daemon.fill_handler import accept
from daemon.fill_handler.errors import (
    AnswerTimeoutError,
    BadInputError,
    ConfigError,
    NetworkError,
    RateLimitError,
    ServerFaultError,
)
from daemon.journal.errors import JournalLockedError
from daemon.journal.sealing import KeyRing

RETRYABLE: Final[Mapping[str, tuple[type[FilldError], ...]]] = {
    "network_error": (NetworkError,),
    "rate_limit": (RateLimitError,),
    "timeout": (AnswerTimeoutError,),
    "exchange_error": (ServerFaultError,),
    "journal_locked": (JournalLockedError,),
}
"""The words of `retryable_errors`, and the classes that each stands for."""

_ATTEMPTS_MOST: Final = 100
_SECONDS_MOST: Final = 86_400
_HOURS_MOST: Final = 24 * 366
FILLS_MOST: Final = 10_000_000
"""The most that `fill_history_limit` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """How often and how patiently what may pass is tried again.

    `max_retries`: attempts after the first (0: none). The wait before retry n is
    `base_delay * exponential_base ** (n - 1)` seconds, `max_delay` at most, and then up to
    `jitter_factor` of itself longer or shorter. `retryable_errors`: keys of `RETRYABLE`.
    """

    max_retries: int = 3
    base_delay: Decimal = ONE
    max_delay: Decimal = Decimal(30)
    exponential_base: Decimal = Decimal(2)
    jitter_factor: Decimal = Decimal("0.1")
    retryable_errors: tuple[str, ...] = tuple(RETRYABLE)

    def retryable(self, error: BaseException) -> bool:
        """True where `error` is of a class that may be tried again, and says so itself."""
        kinds = tuple(kind for word in self.retryable_errors for kind in RETRYABLE[word])
        return isinstance(error, kinds) and error.retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerConfig:
    """A fill handler's settings.

    `slippage_tolerance`: a fraction (0.005 is 0.5 %) of the expected price; a worse average is
    said on the order's state. `max_order_age_hours`: how long an order that has ended stays in
    memory. `fill_history_limit`: fills kept in memory; ended orders are let go of first, orders
    known to be at work never. `journal`: a file that keeps everything (None: memory alone).
    `account`: whose fills these are. `hedged`: the account's position mode, which Bitget's UTA
    rows do not say. `phemex_products`: the answer of GET /public/products, without which spot
    rows of Phemex cannot be scaled. `keys`: seals exported files, and opens sealed ones.
    """

    retry_config: RetryConfig = field(default_factory=RetryConfig)
    slippage_tolerance: Decimal = Decimal("0.005")
    max_order_age_hours: Decimal = Decimal(24)
    fill_history_limit: int = 1_000
    journal: Path | None = None
    account: Account = Account("main")
    subaccount: int = 0
    hedged: bool | None = None
    phemex_products: bytes | None = None
    keys: KeyRing | None = field(default=None, repr=False)


def handler_config(given: Mapping[str, object] | HandlerConfig | None = None) -> HandlerConfig:
    """The configuration that `given` says, the rest at its default; raises `ConfigError`."""
    if given is None:
        return HandlerConfig()
    told = _said(given) if isinstance(given, HandlerConfig) else given
    if not isinstance(told, Mapping):
        raise ConfigError(f"the configuration is {type(given).__name__}: give a mapping")
    return HandlerConfig(**_read(told, _HANDLER, ""))  # type: ignore[arg-type] # read above


def retry_config(given: object) -> RetryConfig:
    """The retries that `given` (a mapping or a `RetryConfig`) says; raises `ConfigError`."""
    told = _said(given) if isinstance(given, RetryConfig) else given
    if not isinstance(told, Mapping):
        raise ConfigError(f"retry_config is {type(given).__name__}: give a mapping")
    found = RetryConfig(**_read(told, _RETRY, "retry_config."))  # type: ignore[arg-type]
    if found.max_delay < found.base_delay:
        raise ConfigError(
            f"retry_config.max_delay {found.max_delay} is below base_delay {found.base_delay}"
        )
    return found


def _said(config: HandlerConfig | RetryConfig) -> Mapping[str, object]:
    """An object's own words: who made it may have put anything in it."""
    return {one.name: getattr(config, one.name) for one in fields(config)}


Read = Callable[[str, object], object]


def _read(given: Mapping[str, object], known: Mapping[str, Read], path: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in given.items():
        if key not in known:
            name = shown(key).strip("'")
            near = difflib.get_close_matches(name, known, n=1)
            meant = f": did you mean {near[0]!r}?" if near else f": known are {', '.join(known)}"
            raise ConfigError(f"{path}{name} is no key of a fill handler's configuration{meant}")
        try:
            found[key] = known[key](f"{path}{key}", value)
        except BadInputError as error:
            raise ConfigError(str(error)) from None
    return found


def _decimal(least: Decimal, most: int) -> Read:
    def read(key: str, value: object) -> Decimal:
        found = accept.exact(key, value)
        if not found.is_finite() or not least <= found <= most:
            raise accept.refused(key, value, f"{least} to {most}")
        return found

    return read


def _whole(least: int, most: int) -> Read:
    def read(key: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise accept.refused(key, value, f"whole numbers from {least} to {most}")
        return value

    return read


def _words(key: str, value: object) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        raise accept.refused(key, value, f"a list of {', '.join(RETRYABLE)}")
    for word in words:
        if not isinstance(word, str) or word not in RETRYABLE:
            raise accept.refused(key, word, ", ".join(RETRYABLE))
    return tuple(dict.fromkeys(words))


def _optional(kind: type, what: str) -> Read:
    def read(key: str, value: object) -> object:
        if value is not None and not isinstance(value, kind):
            raise ConfigError(f"{key} is {type(value).__name__}: accepted: {what}, or None")
        return value

    return read


_RETRY: Final[Mapping[str, Read]] = {
    "max_retries": _whole(0, _ATTEMPTS_MOST),
    "base_delay": _decimal(ZERO, _SECONDS_MOST),
    "max_delay": _decimal(ZERO, _SECONDS_MOST),
    "exponential_base": _decimal(ONE, _ATTEMPTS_MOST),
    "jitter_factor": _decimal(ZERO, 1),
    "retryable_errors": _words,
}
_HANDLER: Final[Mapping[str, Read]] = {
    "retry_config": lambda _key, value: retry_config(value),
    "slippage_tolerance": _decimal(ZERO, 1),
    "max_order_age_hours": _decimal(ZERO, _HOURS_MOST),
    "fill_history_limit": _whole(1, FILLS_MOST),
    "journal": accept.path_or_none,
    "account": accept.text,
    "subaccount": _whole(0, _ATTEMPTS_MOST),
    "hedged": _optional(bool, "True or False"),
    "phemex_products": _optional(bytes, "the answer's bytes"),
    "keys": _optional(KeyRing, "a KeyRing"),
}
assert set(_RETRY) == {f.name for f in fields(RetryConfig)}
assert set(_HANDLER) == {f.name for f in fields(HandlerConfig)}
