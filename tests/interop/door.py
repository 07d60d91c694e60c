"""The paper exchange's admin door and its oracle, for every side of an interop run.

Standard library only: it is imported by our own interpreter and by those of the clients.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from tests.interop.sheet import MismatchError, require

T = TypeVar("T")
Row = dict[str, Any]


class Door:
    """The operator's door, and what the exchange itself knows about one account."""

    def __init__(self, url: str, account: str) -> None:
        self._url, self._account = url, account

    def ask(self, method: str, path: str, body: Row | None = None) -> Row:
        """An operator's request that must succeed."""
        request = urllib.request.Request(
            f"{self._url}/admin{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as found:
                answer: Row = json.load(found)
        except urllib.error.HTTPError as error:
            raise MismatchError(f"{method} /admin{path}: {error.read().decode()}") from error
        return answer

    def truth(self) -> Row:
        """All about the account."""
        return self.ask("GET", f"/oracle/{self._account}")

    def order(self, order_id: str) -> Row:
        """One order as it is."""
        return _one(self.truth()["orders"], "order_id", order_id)

    def position(self, ticker: str) -> Row:
        """The position in a market as it is."""
        return _one(self.truth()["positions"], "ticker", ticker)

    def fills(self, **wanted: str) -> list[Row]:
        """The fills that clients may see, newest first, of an order or a market."""
        rows = [f for f in reversed(self.truth()["fills"]) if not f["historical"]]
        return [f for f in rows if all(f[name] == value for name, value in wanted.items())]

    def settlement(self, ticker: str) -> Row:
        """What a market paid the account."""
        return _one(self.truth()["settlements"], "ticker", ticker)

    def market(self, ticker: str) -> Row:
        """A market and its whole book, as the exchange lists them."""
        rows = self.ask("GET", "/markets")["markets"]
        return next(row for row in rows if row["market"]["ticker"] == ticker)

    def available(self) -> Decimal:
        """Cash that no resting order of subaccount 0 holds, over all shards."""
        parts = [c for c in self.truth()["cash"] if c["subaccount"] == 0]
        return sum((Decimal(c["cash"]) - Decimal(c["reserved"]) for c in parts), Decimal(0))

    def settle(self, ticker: str, result: str = "yes") -> None:
        """Determine a market and pay it out."""
        self.ask("POST", f"/markets/{ticker}/determine", {"result": result})
        if self.market(ticker)["market"]["status"] != "finalized":
            self.ask("POST", f"/markets/{ticker}/settle")


def _one(rows: list[Row], name: str, value: str) -> Row:
    found = [row for row in rows if row[name] == value]
    require(found, f"the oracle knows nothing with {name} {value}")
    return found[-1]


def until(what: str, look: Callable[[], T | None], limit_s: float = 10) -> T:
    """Look again until there is something to see."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.02)
    raise MismatchError(f"{what}: not within {limit_s} s")
