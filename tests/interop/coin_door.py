"""A coin venue's admin door and oracle, for the clients of a run. Standard library only."""

from __future__ import annotations

from decimal import Decimal

from tests.interop.door import Door, Row

SYMBOL = "ETHUSDT"
FRESH = {
    "bids": [["2499.00", "2"], ["2498.00", "3"]],
    "asks": [["2501.00", "2"], ["2502.00", "30"]],
}


class CoinDoor:
    """The operator's door of one market, and what the exchange knows about one account."""

    def __init__(self, admin_url: str, venue: str, account: str, symbol: str = SYMBOL) -> None:
        self._door = Door(admin_url, account)
        self._venue, self._account, self._symbol = venue, account, symbol

    def ask(self, method: str, path: str, body: Row | None = None) -> Row:
        """An operator's request that must succeed."""
        return self._door.ask(method, f"/{self._venue}{path}", body)

    def fresh_book(self) -> None:
        """The book that every check begins with."""
        self.ask("PUT", f"/instruments/{self._symbol}/book", FRESH)

    def no_bids(self) -> None:
        """Nobody but the member buys."""
        self.ask("PUT", f"/instruments/{self._symbol}/book", {"bids": []})

    def sweep(self, side: str, price: str, qty: str) -> None:
        """Another trader takes."""
        path = f"/instruments/{self._symbol}/orders"
        self.ask("POST", path, {"side": side, "price": price, "qty": qty})

    def arm(self, kind: str, **terms: object) -> None:
        """Arm a fault."""
        self.ask("POST", "/faults", {"kind": kind, **terms})

    def truth(self) -> Row:
        """All about the account."""
        return self.ask("GET", f"/oracle/{self._account}")

    def fills(self) -> list[Row]:
        """Its fills, oldest first."""
        rows: list[Row] = self.truth()["fills"]
        return rows

    def order(self, order_id: object) -> Row:
        """One order as it is."""
        rows: list[Row] = self.truth()["orders"]
        return next(row for row in rows if str(row["order_id"]) == str(order_id))

    def balance(self, coin: str, part: str = "total") -> Decimal:
        """A coin: its total, free or locked."""
        return Decimal(self.truth()["balances"][coin][part])

    def position(self) -> Decimal:
        """Signed contracts of the symbol."""
        rows: list[Row] = self.truth()["positions"]
        return sum((Decimal(row["qty"]) for row in rows), Decimal(0))
