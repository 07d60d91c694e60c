"""What an export comes beside: whether it can be true there, and what it would add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from daemon.core.commands import Command, PlaceOrder
from daemon.core.errors import FilldError
from daemon.core.events import Event, Fill
from daemon.core.fills import fill_key
from daemon.core.known_fills import FillKey
from daemon.fill_handler.errors import StateError
from daemon.fill_handler.ledger import Ledger, differing, kept
from daemon.fill_handler.statefile import step_line
from daemon.fill_handler.tally import Tally
from daemon.journal.digests import Digests
from daemon.ports import Record

_SHOWN: Final = 10
_CONTRADICTIONS_MOST: Final = 100


class Index(Protocol):
    """A journal's memory of fills, which is longer than any ledger's."""

    def find_fill(self, key: FillKey) -> Record | None:
        """The record of this execution; None if there is none."""
        ...


class Source(Protocol):
    """An export: its steps, as often as they are asked for, then its sums."""

    tally: Tally

    def steps(self) -> Iterable[Record]:
        """Each step, in order."""
        ...


@dataclass(slots=True)
class Steps:
    """An export in memory."""

    found: list[Record]
    tally: Tally

    def steps(self) -> list[Record]:
        """All of them."""
        return self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do: counts, and contradictions (the first 100) as a line each.

    A line names the order, the field and both values. Where there is one, nothing was taken.
    """

    new_fills: int
    known_fills: int
    new_orders: int
    contradictions: tuple[str, ...] = ()
    dry_run: bool = False


class Known:
    """A ledger, and behind it the journal that remembers what it has let go of."""

    def __init__(self, ledger: Ledger, index: Index | None = None) -> None:
        self.ledger, self._index = ledger, index

    def contradiction(self, fill: Fill) -> str | None:
        """Why `fill` cannot be true beside what is known; None where it can, or repeats it."""
        line = self.ledger.contradiction(fill)
        forgotten = None if line else self._forgotten(fill)
        return line if forgotten is None else differing(forgotten, fill)

    def fold(self, event: Event, commands: Iterable[Command] = ()) -> bool:
        """Take one step; False where it changes nothing, as that of a fill that is known."""
        if isinstance(event, Fill) and self._forgotten(event) is not None:
            return False
        return self.ledger.fold(event, commands)

    def _forgotten(self, fill: Fill) -> Fill | None:
        """What the journal alone remembers of this execution."""
        if self._index is None or not self.ledger.book.fills.forgotten:
            return None
        key = fill_key(fill)
        found = None if key in self.ledger.book.fills else self._index.find_fill(key)
        return found.event if found is not None and isinstance(found.event, Fill) else None


@dataclass(slots=True)
class Beside:
    """All that an import comes beside: what is known, and every step of it.

    The steps count where a ledger has let go of their order: told again, it would be a new one.
    """

    known: Known
    met: Digests = field(default_factory=Digests)

    def remember(self, steps: Iterable[Record]) -> None:
        """Take what is there."""
        for step in steps:
            self.known.ledger.fold(step.event, step.commands)
            self.met.add(step_line(step))

    def news(self, steps: Iterable[Record]) -> Iterator[tuple[Record, bool]]:
        """Each step of an export with what is kept of it, and whether it is not here yet."""
        for step in steps:
            found = Record(step.seq, step.event, kept(step.commands))
            yield found, step_line(found) not in self.met


def rehearse(beside: Beside, steps: Iterable[Record]) -> ImportReport:
    """Fold `steps` into what is known, which is given up for that, noting what cannot be true.

    Raises `StateError` for steps that no ledger can take.
    """
    ledger = beside.known.ledger
    orders, new, old = ledger.order_count, 0, 0
    wrong: list[str] = []
    for step, is_new in beside.news(steps):
        lines = _contradictions(beside.known, step) if is_new else []
        wrong += lines[: _CONTRADICTIONS_MOST - len(wrong)]
        if lines:
            continue
        try:
            changed = is_new and beside.known.fold(step.event, step.commands)
        except (FilldError, ArithmeticError) as error:
            raise StateError(f"step {step.seq}: cannot be: {error}") from None
        if isinstance(step.event, Fill):
            new, old = new + changed, old + (not changed)
    added = ledger.order_count - orders
    return ImportReport(
        new_fills=new, known_fills=old, new_orders=added, contradictions=tuple(wrong)
    )


def refuse(report: ImportReport) -> None:
    """Raise `StateError` where there is a contradiction, naming the first ones."""
    if not report.contradictions:
        return
    shown = report.contradictions[:_SHOWN]
    more = len(report.contradictions) - len(shown)
    tail = (f"and {more} more",) if more else ()
    raise StateError(
        "\n".join(("nothing was imported, it contradicts what is known:", *shown, *tail))
    )


def check_sums(tally: Tally, *, takes_them: bool) -> None:
    """Sums without their orders can be taken over, never added: nobody could tell twice."""
    if tally != Tally() and not takes_them:
        raise StateError(
            f"tally: the export has let go of {tally.orders} orders, and only their sums are"
            f" in it: import it into an empty handler without a journal"
        )


def _contradictions(known: Known, step: Record) -> list[str]:
    found: list[str] = []
    if isinstance(step.event, Fill):
        line = known.contradiction(step.event)
        found += [] if line is None else [line]
    for command in step.commands:
        order_id = command.client_order_id if isinstance(command, PlaceOrder) else None
        life = None if order_id is None else known.ledger.get(order_id)
        if life is None or not isinstance(command, PlaceOrder) or command.resend:
            continue
        for name in ("key", "side", "order_qty", "limit_px"):
            before, now = getattr(life.order, name), getattr(command, name)
            if before != now:
                found.append(f"order {order_id}: {name}: known {before}, now {now}")
    return found
