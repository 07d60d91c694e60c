"""Why an order was sent and what became of it, out of the journal: the whole causal chain. Pure.

Quote, rule, exit, its orders one after the other, their answers and fills, corrections, the end:
each with the record (`seq`) that it stands in. Prices are the instrument's: on Kalshi that of YES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from daemon.analytics.figures import Step
from daemon.analytics.scene import View, plain, utc
from daemon.core.commands import CancelOrder, Command, PlaceOrder
from daemon.core.decisions import (
    AdoptOrder,
    CloseExit,
    DeclareDead,
    InferFill,
    OpenExit,
    RefuseTrade,
    RetriggerExit,
    SettlePosition,
)
from daemon.core.events import (
    CancelRejected,
    Event,
    Fill,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    Quote,
    RulesLoaded,
)
from daemon.core.requests import ExitRequested, OrderResolved, TradeRequested
from daemon.core.terms import ZERO, ClientOrderId, PositionKey, RuleKind, VenueOrderId, proper

Search = Callable[[str], Iterable[Step]]
"""At least the steps that name a text or bring rules, in the journal's order."""


class _Purpose(NamedTuple):
    """What an order served: an exit or a trade of one position."""

    key: PositionKey
    exit_no: int
    trade_no: int


class _Link(NamedTuple):
    """One link of the chain: what it is in a word, of which order, in a sentence."""

    what: str
    order_id: ClientOrderId | None
    text: str


def why_view(search: Search, name: str) -> View | None:
    """The chain of the order whose id, ours or the venue's, is `name`; None where none has it."""
    found = _find(search, name)
    if found is None:
        return None
    order_id, purpose = found
    chain = _Chain(purpose)
    links = [
        {
            "seq": step.seq,
            "time": utc(step.event.receive_time_ns),
            "event": type(step.event).__name__,
            "what": link.what,
            "client_order_id": link.order_id,
            "text": link.text,
        }
        for step in search(purpose.key.symbol)
        for link in chain.take(step)
    ]
    return {
        "client_order_id": order_id,
        "order_ids": sorted(chain.venue_ids),
        "account": purpose.key.account,
        "venue": purpose.key.venue,
        "symbol": purpose.key.symbol,
        "exit_no": purpose.exit_no or None,
        "trade_no": purpose.trade_no or None,
        "chain": links,
    }


def _find(search: Search, name: str) -> tuple[ClientOrderId, _Purpose] | None:
    """The order of that id, and what it served."""
    others: set[ClientOrderId] = set()
    for step in search(name):
        for command in step.commands:
            if isinstance(command, PlaceOrder | AdoptOrder) and name in _ids_of(command):
                purpose = _Purpose(command.key, command.exit_no, command.trade_no)
                return command.client_order_id, purpose
        event = step.event
        if not isinstance(event, OrderEvent) or event.venue_order_id != name:
            continue
        ours = event.client_order_id
        if ours is None or ours == name or ours in others:
            continue
        others.add(ours)  # what answered to the venue's id; a stranger's order was placed nowhere
        found = _find(search, ours)
        if found is not None:
            return found
    return None


def _ids_of(command: PlaceOrder | AdoptOrder) -> tuple[str | None, ...]:
    if isinstance(command, AdoptOrder):
        return (command.client_order_id, command.venue_order_id)
    return (command.client_order_id,)


@dataclass(slots=True)
class _Chain:
    """Follows one exit or trade through the journal."""

    purpose: _Purpose
    order_ids: set[ClientOrderId] = field(default_factory=set)
    venue_ids: set[VenueOrderId] = field(default_factory=set)
    open: bool = False
    rules_seq: int = 0
    inferred_qty: Decimal = ZERO

    def take(self, step: Step) -> Iterator[_Link]:
        """The links in one record: the fact first, if it is one of ours, then what it caused."""
        event = step.event
        if isinstance(event, RulesLoaded):
            self.rules_seq = step.seq
        decided = [link for command in step.commands for link in self._command(command)]
        yield from self._event(event, caused=bool(decided))
        yield from decided

    def _event(self, event: Event, *, caused: bool) -> Iterator[_Link]:
        match event:
            case Fill() if self._ours(event):
                yield _Link("fill", event.client_order_id, self._fill(event))
            case OrderEvent() if self._ours(event):
                self._learn(event)
                yield _Link("answer", event.client_order_id, _answer(event))
            case OrderResolved() if event.client_order_id in self.order_ids:
                text = f"the operator: dead, {proper(event.cum_qty)} filled ({event.text})"
                yield _Link("operator", event.client_order_id, text)
            case Quote() if caused:
                yield _Link("quote", None, _quote(event))
            case ExitRequested() if caused:
                yield _Link("operator", None, f"asked to exit {plain(event.qty) or 'all'}")
            case TradeRequested() if caused:
                wanted = f"{event.side.value} {proper(event.order_qty)}"
                yield _Link("request", None, f"trade {event.token}: {wanted}")
            case _:
                pass

    def _ours(self, event: OrderEvent) -> bool:
        key = self.purpose.key
        if (event.account, event.venue, event.symbol) != (key.account, key.venue, key.symbol):
            return False
        return event.client_order_id in self.order_ids or event.venue_order_id in self.venue_ids

    def _learn(self, event: OrderEvent) -> None:
        if event.venue_order_id is not None:
            self.venue_ids.add(event.venue_order_id)

    def _fill(self, fill: Fill) -> str:
        self._learn(fill)
        fee = f"{proper(fill.commission)} {fill.commission_currency}"
        text = f"{proper(fill.last_qty)} at {proper(fill.last_px)}, fee {fee}, id {fill.exec_id}"
        replaced = min(self.inferred_qty, fill.last_qty)
        if not replaced:
            return text
        self.inferred_qty -= replaced
        return f"{text}; corrects {proper(replaced)} that had been inferred"

    def _command(self, command: Command) -> Iterator[_Link]:
        key, exit_no, trade_no = self.purpose
        match command:
            case OpenExit(key=of, exit_no=no) if (of, no) == (key, exit_no):
                self.open = True
                yield _Link("rule", None, _rule(command, self.rules_seq))
                yield _Link("exit", None, f"exit {no} of {proper(command.exit_qty)} opened")
            case RetriggerExit(key=of) if of == key and self.open:
                yield _Link("exit", None, f"goes on from {proper(command.trigger_px)}")
            case CloseExit(key=of, exit_no=no) if (of, no) == (key, exit_no):
                self.open = False
                yield _Link("end", None, f"exit {no} ended: {command.end.value}")
            case PlaceOrder() | AdoptOrder() if self.purpose == (
                command.key,
                command.exit_no,
                command.trade_no,
            ):
                self.order_ids.add(command.client_order_id)
                yield _Link("order", command.client_order_id, _order(command))
            case RefuseTrade(key=of, trade_no=no) if trade_no and (of, no) == (key, trade_no):
                yield _Link("end", None, f"attempt {command.attempt} refused: {command.text}")
            case _:
                yield from self._correction(command)

    def _correction(self, command: Command) -> Iterator[_Link]:
        match command:
            case CancelOrder(client_order_id=order_id) if order_id in self.order_ids:
                yield _Link("order", order_id, "asked to cancel")
            case DeclareDead(client_order_id=order_id) if order_id in self.order_ids:
                text = f"proven dead: {command.reason.value} {command.text}".rstrip()
                yield _Link("correction", order_id, text)
            case InferFill(client_order_id=order_id) if self._inferred(command):
                self.inferred_qty += command.last_qty
                text = f"{proper(command.last_qty)} inferred at {plain(command.last_px) or '?'}"
                yield _Link("correction", order_id, text)
            case SettlePosition(key=of) if of == self.purpose.key and self.order_ids:
                text = f"settled at {proper(command.settl_px)}"
                if command.replaced_qty:
                    text += f"; replaces {proper(abs(command.replaced_qty))} inferred"
                yield _Link("correction", None, text)
            case _:
                pass

    def _inferred(self, command: InferFill) -> bool:
        """Whether it stands for a fill of ours: one of no order may, while the exit is open."""
        if command.client_order_id is None:
            return command.key == self.purpose.key and self.open
        return command.client_order_id in self.order_ids


def _quote(quote: Quote) -> str:
    bid, ask = plain(quote.bid_px) or "none", plain(quote.ask_px) or "none"
    sizes = f"{proper(quote.bid_qty)} x {proper(quote.ask_qty)}"
    return f"bid {bid}, ask {ask} ({sizes}) from {quote.source.value}"


def _rule(command: OpenExit, rules_seq: int) -> str:
    if command.reason is RuleKind.OPERATOR:
        return f"the operator's request, at {proper(command.trigger_px)}"
    level = "" if command.level_px is None else f" with its level at {proper(command.level_px)}"
    met = f"met by {proper(command.trigger_px)}"
    return f"{command.reason.value} rule{level}, {met}; rules of record {rules_seq}"


def _order(command: PlaceOrder | AdoptOrder) -> str:
    price = "at any price" if command.limit_px is None else f"at {proper(command.limit_px)}"
    terms = f"{command.side.value} {proper(command.order_qty)} {price}"
    if isinstance(command, AdoptOrder):
        return f"found at the venue: {terms}"
    again = "sent again: " if command.resend else ""
    return f"{again}{terms}, {command.time_in_force.value}, attempt {command.attempt}"


def _answer(event: OrderEvent) -> str:
    match event:
        case OrderAccepted():
            said = f"accepted as {event.venue_order_id}"
        case OrderRejected():
            said = f"rejected: {event.reason.value} {event.text}".rstrip()
        case OrderInDoubt():
            said = f"in doubt: {event.reason.value} {event.text}".rstrip()
        case OrderCanceled() | OrderExpired():
            filled = plain(event.cum_qty) or "an unknown part"
            word = "canceled" if isinstance(event, OrderCanceled) else "expired"
            said = f"{word}, {filled} filled"
        case CancelRejected():
            said = f"not canceled: {event.reason.value} {event.text}".rstrip()
        case OrderSnapshot():
            said = f"looked up: {event.status.value}, {proper(event.cum_qty)} filled"
        case OrderAbsent():
            said = "looked up: the venue does not know it"
        case _:
            said = type(event).__name__
    return said
