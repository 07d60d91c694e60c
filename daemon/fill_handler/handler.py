"""The fill handler: fills of any venue in, order states out. Sends nothing, decides nothing.

Every fact goes through the core's own fold and, with a `journal`, into a file before the call
returns. A fill that is known changes nothing and says so; one that contradicts what is known is
refused. Not for two tasks of two loops: one handler belongs to one event loop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from daemon.core.commands import Command
from daemon.core.errors import UnknownOrderError
from daemon.core.events import Event, Fill
from daemon.fill_handler import accept, portable
from daemon.fill_handler.config import HandlerConfig
from daemon.fill_handler.detect import Decoded, allowed, decode_all
from daemon.fill_handler.errors import FillConflictError, FillError, UnknownFormatError
from daemon.fill_handler.form import Context
from daemon.fill_handler.forms import read_products, told_order
from daemon.fill_handler.ledger import FOR_GOOD_H, Ledger, Limits
from daemon.fill_handler.life import Life, the_one
from daemon.fill_handler.merging import (
    Beside,
    ImportReport,
    Known,
    Source,
    Steps,
    check_sums,
    refuse,
    rehearse,
)
from daemon.fill_handler.state import (
    FillEvent,
    OrderState,
    PartialFillResult,
    fill_view,
    order_state,
    partial_fill_result,
)
from daemon.fill_handler.statefile import StateFile, Told, Written, write_steps
from daemon.fill_handler.store import Store, drafted, open_store, read_ledger
from daemon.fill_handler.tally import Tally, statistics
from daemon.journal.errors import JournalError
from daemon.ports import Clock, Record

_BATCH: Final = 1_000

Data = Mapping[str, object] | list[object] | bytes | str
Taken = list[tuple[Event, tuple[Command, ...]]]


class FillHandler:
    """Made by `create_fill_handler`; close it, or use it in `async with`."""

    def __init__(self, config: HandlerConfig, clock: Clock, journal: Store | None = None) -> None:
        self.config = config
        self._clock = clock
        self._journal = journal
        self._ledger = self._new_ledger()
        self._products = read_products(config.phemex_products)
        self._duplicates = self._conflicts = 0
        self._ended = ""
        self._seq = 0 if journal is None else self._recover(journal)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the journal, and take nothing more; a second call does nothing."""
        self._ended = self._ended or "the fill handler is closed"
        journal, self._journal = self._journal, None
        if journal is not None:
            await journal.leave()

    async def process(self, data: Data, venue: str | None = None) -> tuple[FillEvent, ...]:
        """Take one record or many, as objects or JSON; returns the fills that they hold.

        A record that tells only of an order (accepted, canceled, ...) is taken and gives no fill.
        `venue`: `kalshi`, `binance`, `binance-usdm`, ...; needed where the data do not tell.
        Raises a `FillError` (nothing of a record in an unusable format is taken; records before a
        contradiction are), `BadInputError` for a `venue` that is no text, and `JournalError` where
        the journal cannot be written.
        """
        return await self._book(decode_all(self._context(), data, venue))

    async def process_each(
        self, batch: Iterable[Data], venue: str | None = None
    ) -> list[tuple[FillEvent, ...] | FillError]:
        """Take each record of a batch by itself, in one commit: what a bad one raised stands in
        its place, and costs the others nothing."""
        taken: Taken = []
        results: list[tuple[FillEvent, ...] | FillError] = []
        context, rows = self._context(), accept.rows("batch", batch)
        allowed(venue)
        try:
            for data in rows:
                try:
                    decoded = decode_all(context, data, venue)
                    views = [view for one in decoded for view in self._fold(one, taken)]
                    results.append(tuple(views))
                except FillError as error:
                    results.append(error)
        finally:
            await self._commit(taken)
        return results

    async def process_fill_event(self, fill: Data | Fill, venue: str | None = None) -> FillEvent:
        """Take exactly one fill; raises as `process` does, and where it is none or several."""
        decoded = decode_all(self._context(), fill, venue)
        count = sum(len(one.fills) for one in decoded)
        if count != 1:
            raise UnknownFormatError(f"this holds {count} fills: process() takes any number")
        return (await self._book(decoded))[0]

    async def handle_partial_fill(
        self, order_id: str, fill_data: Data | Fill, venue: str | None = None
    ) -> PartialFillResult:
        """Take fills of one order; returns where it stands and what would have to be resubmitted.

        Raises `FillConflictError` for a fill of another order, and as `process` does.
        """
        accept.text("order_id", order_id)
        decoded = decode_all(self._context(), fill_data, venue)
        events = [event for one in decoded for event in one.events]
        for event in events:
            if order_id not in (event.venue_order_id, event.client_order_id):
                text = f"this tells of order {event.venue_order_id}, not of {order_id}"
                raise FillConflictError(text, venue=event.venue)
        if not events:
            raise UnknownFormatError(f"this tells nothing of order {order_id}")
        fills = await self._book(decoded)
        life = self._ledger.of(events[0])
        if life is None:
            raise UnknownOrderError(f"order {order_id}: nothing tells what it trades yet")
        duplicate = bool(fills) and all(fill.duplicate for fill in fills)
        return partial_fill_result(self._state(life), duplicate=duplicate)

    async def track_order(
        self,
        order_id: str,
        *,
        venue: str,
        symbol: str,
        side: str,
        amount: Decimal | str,
        price: Decimal | str | None = None,
    ) -> OrderState:
        """Tell of an order whose fills alone would not say its size: `amount` > 0, `price` its
        limit or what it was meant to trade at (the instrument's; slippage is measured from it).
        Raises `BadInputError`."""
        event = told_order(self._context(), order_id, (venue, symbol, side), amount, price)
        await self._book([Decoded(event.venue, "order", (event,))])
        life = self._ledger.of(event)
        assert life is not None
        return self._state(life)

    def get_order_state(
        self, order_id: str, venue: str | None = None, symbol: str | None = None
    ) -> OrderState:
        """One order by the venue's id or ours; what memory has let go of is read from the journal.

        Raises `UnknownOrderError` for no order, and for several of that id, and `BadInputError`.
        """
        where = (
            accept.text("order_id", order_id),
            accept.text_or_none("venue", venue),
            accept.text_or_none("symbol", symbol),
        )
        found = self._ledger.find(*where)
        whole = found and self._ledger.returned.isdisjoint(
            one.order.client_order_id for one in found
        )
        if not whole and self._journal is not None:
            watched = frozenset({order_id})
            limits = Limits(self.config.fill_history_limit, FOR_GOOD_H, watched)
            found = read_ledger(self._journal, limits).find(*where)
        return self._state(the_one(found, order_id))

    def orders(self, *, active: bool = False) -> list[OrderState]:
        """The orders in memory, those at work first; `active`: without those that have ended."""
        states = [self._state(life) for life in self._ledger]
        return [state for state in states if not active or not state.is_over]

    def get_fill_statistics(self) -> dict[str, object]:
        """Counts since the journal (or this handler) began.

        `total_fills_processed`, `duplicate_fills` and `conflicting_fills` (of this process),
        `total_orders`, `active_orders` (not ended), `completed_orders`, `ended_orders`,
        `completion_rate` (completed of ended, 0 to 1), `total_retries`, `retry_rate` (orders that
        were retried, 0 to 1), `average_fill_time` (seconds, None before the first completed
        order), `total_fees` (by currency, + = paid).

        These are of every order that a fill was told of, whoever placed it. The figures of `filld
        performance` are of orders that filld placed, by our clock from their first sending: with
        strangers' orders they would have none, so they are not the same sums.
        """
        return {
            **statistics(self._ledger.tally.with_all(self._ledger)),
            "duplicate_fills": self._duplicates,
            "conflicting_fills": self._conflicts,
        }

    def clear_completed_orders(self) -> int:
        """Let go of the orders that have ended, from memory alone; returns how many."""
        return self._ledger.drop_ended()

    def export_state(self) -> portable.State:
        """All facts as one plain dict (`portable` says its form): the journal's where there is
        one, else what memory has kept, and the sums of what it has not."""
        return portable.export(*self._all())

    def export_file(self, path: Path) -> Written:
        """The same as a file that streams (`statefile` says its form), sealed with `keys`;
        raises `StateError` where it cannot be written."""
        return write_steps(accept.path("path", path), *self._all(), self.config.keys)

    async def import_state(
        self, state: Mapping[str, object], *, replace: bool = False, dry_run: bool = False
    ) -> ImportReport:
        """Take an export: beside what is known, or, with `replace`, in its place.

        Raises `StateError` for an export that is not whole, or contradicts what is known (each
        line names the order, the field and both values); then nothing was taken. A journal that is
        replaced is kept under another name. `dry_run` reports and changes nothing. A journal has
        taken all of it or, where anything ends it in the middle, none; so has the handler ended.
        """
        source = Steps(*portable.steps_of(state))
        report = await self._import(source, replace=replace, dry_run=dry_run)
        if not dry_run:
            refuse(report)
        return report

    async def import_file(
        self,
        path: Path,
        *,
        replace: bool = False,
        dry_run: bool = False,
        told: Told | None = None,
    ) -> ImportReport:
        """The same from a file of any length, which is read twice; `told` as `StateFile` says.

        Contradictions stand in the report, and then nothing was taken.
        """
        accept.function_or_none("told", told)
        source = StateFile(accept.path("path", path), self.config.keys, told)
        return await self._import(source, replace=replace, dry_run=dry_run)

    async def _import(self, source: Source, *, replace: bool, dry_run: bool) -> ImportReport:
        self._require_open()
        beside = self._beside(nothing=replace)
        try:
            ledger = beside.known.ledger
            sums, empty = ledger.tally.with_all(()), not ledger.order_count
            report = rehearse(beside, source.steps())
            takes_sums = self._journal is None and (empty or source.tally == sums)
            check_sums(source.tally, takes_them=takes_sums)
            if dry_run or report.contradictions:
                return dataclasses.replace(report, dry_run=dry_run)
            news = (step for step, is_new in beside.news(source.steps()) if is_new)
            await self._keep_whole(news, replace=replace)
        finally:
            beside.met.close()
        if source.tally != Tally():
            self._ledger.tally = source.tally.with_all(())
        return report

    def _all(self) -> tuple[Iterable[Record], Tally]:
        """Every step that is known, and the sums of those that are not any more."""
        if self._journal is not None:
            return self._journal.replay(), Tally()
        return self._ledger.steps(), self._ledger.tally

    def _beside(self, *, nothing: bool) -> Beside:
        """What an import comes beside, for it alone to change."""
        if nothing:
            return Beside(Known(self._new_ledger()))
        if self._journal is None:
            beside = Beside(Known(Ledger()))
            beside.known.ledger.tally = self._ledger.tally.with_all(())
        else:
            beside = Beside(Known(self._new_ledger(), self._journal))
        beside.remember(self._all()[0])
        return beside

    @property
    def _known(self) -> Known:
        return Known(self._ledger, self._journal)

    def _new_ledger(self) -> Ledger:
        config = self.config
        return Ledger(Limits(config.fill_history_limit, config.max_order_age_hours))

    def _recover(self, journal: Store) -> int:
        seq = 0
        for record in journal.replay():
            self._ledger.fold(record.event, record.commands)
            seq = record.seq
        return seq

    def _context(self) -> Context:
        return Context(
            account=self.config.account,
            receive_time_ns=self._clock.wall_ns(),
            mono_ns=self._clock.mono_ns(),
            subaccount=self.config.subaccount,
            hedged=self.config.hedged,
            products=self._products,
        )

    async def _book(self, decoded: Iterable[Decoded]) -> tuple[FillEvent, ...]:
        taken: Taken = []
        try:
            return tuple(view for one in decoded for view in self._fold(one, taken))
        finally:
            await self._commit(taken)

    def _fold(self, one: Decoded, taken: Taken) -> list[FillEvent]:
        """Fold a record's facts; those that changed anything are put on `taken`."""
        self._require_open()
        views: list[FillEvent] = []
        for event in one.events:
            changed = self._take(event)
            taken += [(event, ())] if changed else []
            if isinstance(event, Fill):
                self._duplicates += not changed
                views.append(fill_view(event, duplicate=not changed, notes=one.notes))
        return views

    def _take(self, event: Event) -> bool:
        if isinstance(event, Fill):
            line = self._known.contradiction(event)
            if line is not None:
                self._conflicts += 1
                raise FillConflictError(f"{line}: the first one stands", venue=event.venue)
        return self._known.fold(event)

    def _require_open(self) -> None:
        if self._ended:
            raise JournalError(f"nothing more is taken: {self._ended}")

    async def _keep_whole(self, steps: Iterable[Record], *, replace: bool) -> None:
        """Keep all of these; the journal has them all at the end, or none."""
        self._ended = "an import ended in the middle"
        if replace:
            self._ledger, self._seq = self._new_ledger(), 0
        old, used = self._journal, (self._clock, self.config.keys)
        if old is None:
            await self._keep(steps)
        else:
            try:
                async with drafted(old, *used, replace=replace) as self._journal:
                    await self._keep(steps)
            finally:
                self._journal = old
            self._journal = open_store(old.path, *used)
        self._ended = ""

    async def _keep(self, steps: Iterable[Record]) -> None:
        known, waiting = self._known, iter(steps)
        while batch := list(islice(waiting, _BATCH)):
            folded = [(s.event, s.commands) for s in batch if known.fold(s.event, s.commands)]
            await self._commit(folded)

    async def _commit(self, taken: Taken) -> None:
        if self._journal is None or not taken:
            return
        first = self._seq + 1
        self._seq += len(taken)
        try:
            await self._journal.append(
                [Record(first + at, event, commands) for at, (event, commands) in enumerate(taken)]
            )
        except JournalError as error:
            self._ended = str(error)  # memory is ahead of the file from here on
            raise

    def _state(self, life: Life) -> OrderState:
        return order_state(life, self.config.slippage_tolerance)
