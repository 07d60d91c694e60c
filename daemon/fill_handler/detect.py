"""Whose a record is, and what it says: any venue's fill, alone or in the answer that carried it.

Nothing is guessed. What fits no form is unknown; what fits forms of several venues is ambiguous,
and the error says what to add.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.control.bodies import shown, typed
from daemon.core.events import Fill, OrderEvent, Undecodable
from daemon.core.terms import ZERO, Venue
from daemon.fill_handler import accept
from daemon.fill_handler.errors import (
    AmbiguousFormatError,
    BadInputError,
    UnknownFormatError,
    UnreadableFillError,
)
from daemon.fill_handler.form import Context, Form, Row
from daemon.fill_handler.forms import FORMS, VENUES

_LISTS: Final = ("fillList", "list", "rows")
_NOTES: Final = frozenset({"fee of a second coin", "PT fee"})
"""What the venues' decoders tell beside a fill that is sound: its main fee is booked."""

_SHOWN_KEYS: Final = 12
# Of a fill, what has to be there and can be told.
_TEXTS: Final = ["account", "venue", "symbol", "venue_order_id", "exec_id", "commission_currency"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One record as facts: its fills and what it says of their orders; `notes` for people."""

    venue: Venue
    form: str
    events: tuple[OrderEvent, ...]
    notes: tuple[str, ...] = ()

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The fills among the facts."""
        return tuple(event for event in self.events if isinstance(event, Fill))


def read_json(data: object) -> object:
    """`data` as plain values: bytes and text are JSON; raises `UnknownFormatError`.

    A name that stands twice in an object is refused: which of the two was meant, nobody can say.
    """
    if not isinstance(data, bytes | str):
        return data
    try:
        value = msgspec.json.decode(data)
        json.loads(data, object_pairs_hook=_each_once)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnknownFormatError(f"this is no JSON: {error}") from None
    return value


def _each_once(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnknownFormatError(f"{shown(twice)} stands twice in one object: accepted: once")


def records(data: object) -> Iterator[Row]:
    """The records in `data`: one, a list, or the rows of a venue's answer to a look at fills.

    Raises `UnknownFormatError`.
    """
    match data:
        case Mapping():
            yield from _of_answer(data)
        case Sequence() if not isinstance(data, str | bytes):
            for one in data:
                yield from records(one)
        case _:
            raise UnknownFormatError(f"a fill is a JSON object, not {type(data).__name__}")


def _of_answer(answer: Row) -> Iterator[Row]:
    rows: object = None
    if "fills" in answer and "orderId" not in answer:
        rows = answer["fills"]
    elif "code" in answer and "data" in answer:
        inner = answer["data"]
        rows = inner
        if isinstance(inner, Mapping):
            rows = next((inner[name] for name in _LISTS if name in inner), None)
    if isinstance(rows, Sequence) and not isinstance(rows, str):
        yield from records(rows)
    else:
        yield answer


def find_form(row: Row, venue: str | None = None) -> Form:
    """The one form that `row` has, among those of `venue` (`binance`: both of its markets).

    Raises `UnknownFormatError` and `AmbiguousFormatError`.
    """
    venues = allowed(venue)
    fitting = [form for form in FORMS if form.venue in venues and form.fits(row)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " or ".join(f"{form.venue} ({form.name})" for form in fitting)
        raise AmbiguousFormatError(f"this may be of {names}: name the venue")
    keys = ", ".join(sorted(shown(key).strip("'") for key in row)[:_SHOWN_KEYS]) or "none"
    where = "any venue" if venue is None else venue
    raise UnknownFormatError(f"no fill of {where} has this form (its keys: {keys})")


def allowed(venue: str | None) -> tuple[Venue, ...]:
    """The venues that are meant; raises `BadInputError` for what is no text, and
    `UnknownFormatError`."""
    if venue is None:
        return VENUES
    if not isinstance(venue, str):
        raise accept.refused("venue", venue, ", ".join(VENUES))
    word = venue.lower()
    found = tuple(one for one in VENUES if one == word or one.startswith(f"{word}-"))
    if not found:
        near = difflib.get_close_matches(word, VENUES, n=1)
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(VENUES)}"
        raise UnknownFormatError(f"venue {shown(venue)} is unknown: {meant}", venue=venue)
    return found


def decode_all(context: Context, data: object, venue: str | None = None) -> list[Decoded]:
    """Whatever was handed in, a core fill as well; raises as `allowed` does, and a `FillError`."""
    allowed(venue)
    if isinstance(data, Fill):
        fill = _sound(data)
        return [Decoded(fill.venue, "fill", (fill,))]
    try:
        return [decode(context, row, venue) for row in records(read_json(data))]
    except RecursionError:
        raise UnknownFormatError("this is nested too deep to be a fill") from None


def _sound(fill: Fill) -> Fill:
    """A fill that a program made, as one that a venue might tell; raises `UnreadableFillError`."""
    try:
        told = msgspec.json.decode(msgspec.json.encode(fill))
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableFillError(f"the fill cannot be written down: {error}") from None
    try:
        found = typed(told, Fill, "fill")
        for name in _TEXTS:
            accept.text(name, getattr(found, name))
        accept.text_or_none("client_order_id", found.client_order_id)
        for name in ("last_qty", "last_px", "commission"):
            accept.number(name, getattr(found, name))
    except BadInputError as error:
        raise UnreadableFillError(str(error)) from None
    if found.last_qty <= ZERO or found.last_px < ZERO:
        text = f"last_qty = {found.last_qty}, last_px = {found.last_px}"
        raise UnreadableFillError(f"{text}: accepted: above 0, and 0 or more")
    return found


def decode(context: Context, row: Row, venue: str | None = None) -> Decoded:
    """What one record says; raises a `FillError`."""
    try:
        raw = msgspec.json.encode(row)
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UnknownFormatError(f"this is no JSON: {error}") from None
    form = find_form(row, venue)
    found = form.decode(context, context.stamp(form.venue), raw)
    unread = [event for event in found if isinstance(event, Undecodable)]
    bad = [event for event in unread if event.source not in _NOTES]
    if bad:
        kind = AmbiguousFormatError if "ambiguous" in bad[0].text else UnreadableFillError
        raise kind(f"{form.venue} {form.name}: {bad[0].text}", venue=form.venue)
    events = tuple(event for event in found if isinstance(event, OrderEvent))
    return Decoded(form.venue, form.name, events, tuple(event.text for event in unread))
