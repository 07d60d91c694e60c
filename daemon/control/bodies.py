"""What may be asked, as typed bodies, and the message for what may not: field, value, accepted.

JSON numbers are read exactly: a float never exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from daemon.core.errors import TheirsError

_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_NAMED: Final = re.compile(r"`(\w+)`$")
_SHOWN_CHARACTERS: Final = 60
_WHOLE_DIGITS: Final = 12
_DECIMALS: Final = 20
_NAMES: Final = {
    "decimal": "a decimal number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "int": "a whole number",
    "float": "a number",
    "null": "null",
}


class BadInputError(TheirsError):
    """Input that cannot be used: it names the field, the value and what is accepted."""


def sized(name: str, value: Decimal) -> None:
    """Refuse a number that exact arithmetic could not carry; infinities are left to the reader."""
    if not value.is_finite() or not value:
        return
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if value.adjusted() >= _WHOLE_DIGITS or exponent < -_DECIMALS:
        accepted = f"at most {_WHOLE_DIGITS} digits before the point and {_DECIMALS} after it"
        raise BadInputError(f"{name} = {shown(value)}: accepted: {accepted}")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request's JSON object; unknown fields are refused, and so are numbers without measure."""

    def __post_init__(self) -> None:
        """Look at every number before anything counts with it."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal):
                sized(name, value)


class HaltBody(Body):
    """POST /halt and /resume: one account, or all."""

    account: str | None = None
    text: str = ""


class SymbolBody(Body):
    """POST /confirm; account and venue only where a symbol is held more than once."""

    symbol: str
    account: str | None = None
    venue: str | None = None


class ExitBody(SymbolBody):
    """POST /exit: all of it, or `qty` > 0 of it."""

    qty: Decimal | None = None


class UnguardBody(SymbolBody):
    """POST /unguard: for `for_s` seconds, or until `again`."""

    for_s: Decimal | None = None
    again: bool = False


class ResolveBody(Body):
    """POST /resolve: `order` (either id) is dead and `filled` of it was filled."""

    order: str
    filled: Decimal
    text: str = ""


class ImportRow(Body):
    """One position: signed quantity, entry in the instrument's price (YES dollars on Kalshi)."""

    symbol: str
    position_qty: Decimal
    entry_px: Decimal
    venue_order_id: str | None = None


class ImportBody(Body):
    """POST /import-positions."""

    rows: list[ImportRow]
    account: str | None = None
    venue: str | None = None


class ReloadBody(Body):
    """POST /reload: nothing to say."""


Kind = TypeVar("Kind")


def read_json(raw: bytes, what: str) -> object:
    """The JSON document in `raw`, numbers with a point as Decimal; `what` names it in errors."""
    try:
        document: object = _JSON.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{what}: is not JSON ({error})") from None
    except RecursionError:
        raise BadInputError(f"{what}: is nested too deep") from None
    return document


def typed(document: object, kind: type[Kind], what: str) -> Kind:
    """`document` as a `kind`; BadInputError names the field, its value and what is accepted."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise BadInputError(_explained(str(error), document, kind, what)) from None


def _explained(text: str, document: object, kind: type, what: str) -> str:
    match = _PLACE.match(text)
    said, path = (match["what"], match["path"] or "") if match else (text, "")
    place = path.lstrip(".")
    named = _NAMED.search(said)
    if named and "missing required field" in said:
        return f"{_under(place, named[1])}: is missing"
    if named and "unknown field" in said:
        known = "" if place else f"; accepted: {', '.join(_fields(kind)) or 'none'}"
        return f"{_under(place, named[1])}: unknown field{known}"
    found = _at(document, path)
    if not place:
        return f"{what}: {_accepted(said)}"
    return f"{place} = {shown(found)}: {_accepted(said)}"


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _fields(kind: type) -> Iterable[str]:
    return kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else ()


def _at(document: object, path: str) -> object:
    """The value at a path like `.rows[0].qty`."""
    for name, index in _STEP.findall(path):
        if name and isinstance(document, dict):
            document = document.get(name)
        elif index and isinstance(document, list):
            document = document[int(index)]
    return document


def _accepted(said: str) -> str:
    if said.startswith("Invalid decimal"):
        return "accepted: a decimal number"
    names = re.findall(r"`([^`]+)`", said.partition(", got")[0])
    kinds = [_NAMES.get(kind, kind) for name in names for kind in name.split(" | ")]
    return f"accepted: {' or '.join(kinds)}" if kinds else said


def shown(value: object) -> str:
    """A value as the operator wrote it, cut to a limit."""
    text = repr(value) if isinstance(value, str) else _text(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _text(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else msgspec.json.encode(value).decode()
