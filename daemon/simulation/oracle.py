"""The judge: knows the whole truth of the venue, and stops the run at the first broken promise.

Each check raises `ViolationError` with the number of the promise (design of reliability, C2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from daemon.core.commands import PlaceOrder
from daemon.core.terms import ZERO, ClientOrderId, Side, Symbol
from daemon.simulation.ledger import Ledger


class ViolationError(AssertionError):
    """A promise was broken; the text says which one, where and when."""


@dataclass(slots=True)
class Decided:
    """An order as the daemon decided it: `known` is what it knew that strangers did by then.

    `opens` is what it may add to a position or open anew: nothing, of an exit.
    """

    command: PlaceOrder
    known: Decimal
    opens: Decimal = ZERO
    token: str | None = None
    filled: Decimal = ZERO
    beyond: Decimal = ZERO
    committed: bool = False
    arrived: bool = False


class Oracle:
    """Counts everything twice and compares."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.ledgers: dict[Symbol, Ledger] = defaultdict(Ledger)
        self.decided: dict[ClientOrderId, Decided] = {}
        self.strangers: dict[tuple[Symbol, Side], Decimal] = defaultdict(lambda: ZERO)
        self.fill_count = 0
        self.asked: dict[str, Decimal] = {}
        self.traded: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._now = now

    def fail(self, promise: str, text: str) -> ViolationError:
        """The error for a broken promise, with the time."""
        return ViolationError(f"[{promise}] at {self._now():.3f} s: {text}")

    def sold_of(self, symbols: Sequence[Symbol]) -> list[tuple[Fraction, Fraction]]:
        """What was sold and bought so far of these."""
        return [(self.ledgers[name].sold, self.ledgers[name].bought) for name in symbols]

    def decide(
        self, command: PlaceOrder, known: Decimal, opens: Decimal = ZERO, token: str | None = None
    ) -> None:
        """The daemon means to send this; what was never committed may be decided otherwise."""
        earlier = self.decided.get(command.client_order_id)
        if earlier is None or not earlier.committed:
            self.decided[command.client_order_id] = Decided(command, known, opens, token)
            return
        if not same(command, earlier.command):
            raise self.fail("5 same id, same bytes", f"{command} after {earlier.command}")
        if not command.resend:
            raise self.fail("5 an id is placed once", f"{command}")

    def commit(self, command: PlaceOrder) -> None:
        """The journal holds this order."""
        decided = self.decided.get(command.client_order_id)
        if decided is not None and same(command, decided.command):
            decided.committed = True

    def arrived(self, command: PlaceOrder) -> None:
        """The order reached the venue: it must be the one that was decided."""
        decided = self.decided.get(command.client_order_id)
        if decided is None:
            raise self.fail("5 intent before order", f"nobody decided {command}")
        if not same(command, decided.command):
            raise self.fail("5 same id, same bytes", f"{command} after {decided.command}")
        decided.arrived = True

    def filled(self, command: PlaceOrder, qty: Decimal, px: Decimal, before: Decimal) -> None:
        """An order of ours traded `qty` at `px` while the account held `before`."""
        decided = self.decided[command.client_order_id]
        decided.filled += qty
        self.fill_count += 1
        if decided.token is not None:
            self._traded(decided.token, qty)
        if decided.filled > command.order_qty:
            raise self.fail("1 filled <= ordered", f"{decided.filled} of {command}")
        limit_px = px if command.limit_px is None else command.limit_px
        if (px < limit_px) if command.side is Side.SELL else (px > limit_px):
            raise self.fail("11 limit", f"{px} is worse than {limit_px}")
        reducible = max(-before * command.side.sign, ZERO)
        decided.beyond += max(qty - reducible, ZERO)
        beyond = decided.beyond
        strangers = self.strangers[command.key.symbol, command.side] - decided.known
        excuse = strangers + decided.opens
        if beyond > excuse:
            raise self.fail(
                "2 never oversold",
                f"{command.side.value} {qty} {command.key.symbol} holding {before}: {beyond} too"
                f" much, strangers and the asking explain {excuse}; {command.client_order_id}",
            )

    def _traded(self, token: str, qty: Decimal) -> None:
        self.traded[token] += qty
        if self.traded[token] > self.asked[token]:
            text = f"{self.traded[token]} of {self.asked[token]} asked for as {token}"
            raise self.fail("2 a trade is done once", text)


def same(one: PlaceOrder, other: PlaceOrder) -> bool:
    """Whether two sendings carry the same bytes."""
    return replace(one, resend=False) == replace(other, resend=False)
