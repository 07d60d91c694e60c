"""Tables of sums under names (venue, symbol, hour, ...), which add up however they are cut. Pure.

A cell holds whole numbers and exact Decimals and nothing else, so that taking a contribution back
(a correction) is adding its negative, and two tables merge by adding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

Key = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Cell:
    """Sums of one place in a table."""

    def add(self, other: Self, times: int = 1) -> None:
        """Add each sum of `other`, `times` over; -1 takes it back. Exact in the EXACT context."""
        names: tuple[str, ...] = self.__slots__
        for name in names:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


Sums = TypeVar("Sums", bound=Cell)


class Table(Generic[Sums]):
    """Cells by key, in the order of their first use; `rows` are of a state."""

    def __init__(self, make: Callable[[], Sums], rows: Iterable[tuple[Key, Sums]] = ()) -> None:
        self._make = make
        self.cells: dict[Key, Sums] = {}
        for key, cell in rows:
            self.at(key).add(cell)

    def at(self, key: Key) -> Sums:
        """The cell of `key`, made empty if there is none."""
        found = self.cells.get(key)
        if found is None:
            found = self.cells[key] = self._make()
        return found

    def merge(self, other: Table[Sums]) -> None:
        """Add every cell of `other`."""
        for key, cell in other.cells.items():
            self.at(key).add(cell)

    def by(self, *places: int) -> dict[Key, Sums]:
        """The sums by these parts of the key, sorted; all in one under () where none is named."""
        grouped = Table(self._make)
        for key, cell in self.cells.items():
            grouped.at(tuple(key[place] for place in places)).add(cell)
        return dict(sorted(grouped.cells.items()))

    def rows(self) -> list[tuple[Key, Sums]]:
        """All of it as plain values."""
        return list(self.cells.items())
