"""What a form of a venue's record is, and what a record does not say of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.core.events import VenueEvent
from daemon.core.terms import Account, Venue
from daemon.venues.decoding import Stamp
from daemon.venues.phemex.product_wire import Products

Row = Mapping[str, object]
Events = tuple[VenueEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a record does not say of itself: whose it is, when it came, how its account is set."""

    account: Account
    receive_time_ns: int
    mono_ns: int
    subaccount: int = 0
    hedged: bool | None = None
    products: Products | None = None

    def stamp(self, venue: Venue) -> Stamp:
        """What every event carries."""
        return Stamp(
            receive_time_ns=self.receive_time_ns,
            mono_ns=self.mono_ns,
            account=self.account,
            venue=venue,
        )


Decode = Callable[[Context, Stamp, bytes], Events]


@dataclass(frozen=True, slots=True)
class Form:
    """One shape: where it comes from, the keys that it has, and what else must be true of it."""

    venue: Venue
    name: str
    keys: frozenset[str]
    when: Callable[[Row], bool]
    decode: Decode

    def fits(self, row: Row) -> bool:
        """True when `row` is of this shape."""
        return self.keys <= row.keys() and self.when(row)


def form(
    venue: Venue, name: str, keys: str, decode: Decode, when: Callable[[Row], bool] = lambda _: True
) -> Form:
    return Form(venue, name, frozenset(keys.split()), when, decode)


def inner(row: Row, key: str) -> Row:
    found = row.get(key)
    return found if isinstance(found, Mapping) else {}
