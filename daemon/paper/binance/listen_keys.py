"""USD-M's listen keys: one live key an account, sixty minutes, extended by a keep-alive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daemon.paper.clock import SECOND_NS, Clock
from daemon.paper.crypto.keys import random_text

_LENGTH = 64


@dataclass(slots=True)
class ListenKey:
    """A key and the monotonic time at which it ends, ns."""

    text: str
    account: str
    ends_ns: int


class ListenKeys:
    """All keys. `expired` is told of each that has run out; one that was deleted is just gone."""

    def __init__(self, clock: Clock, life_s: float, expired: Callable[[ListenKey], None]) -> None:
        self._clock = clock
        self._life_ns = int(life_s * SECOND_NS)
        self._expired = expired
        self._by_account: dict[str, ListenKey] = {}

    def open(self, account: str) -> str:
        """The account's live key, extended, or a new one."""
        key = self._by_account.get(account)
        if key is None:
            key = self._by_account[account] = ListenKey(random_text(_LENGTH), account, 0)
        key.ends_ns = self._clock.mono_ns() + self._life_ns
        return key.text

    def keep(self, account: str) -> str | None:
        """Extend the account's key; None when it has none."""
        return self.open(account) if account in self._by_account else None

    def delete(self, account: str) -> None:
        """End the account's key for everybody who shares it."""
        self._by_account.pop(account, None)

    def owner(self, text: str) -> str | None:
        """Whose live key this is."""
        return next((k.account for k in self._by_account.values() if k.text == text), None)

    def tick(self) -> None:
        """Expire what has run out."""
        now = self._clock.mono_ns()
        for key in list(self._by_account.values()):
            if key.ends_ns <= now:
                self.expire(key.account)

    def expire(self, account: str = "") -> int:
        """Let the keys of an account, or all, run out now; says how many."""
        chosen = [k for k in self._by_account.values() if account in ("", k.account)]
        for key in chosen:
            del self._by_account[key.account]
            self._expired(key)
        return len(chosen)
