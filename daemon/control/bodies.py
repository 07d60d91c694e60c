"""What may be asked, as typed bodies, and the message for what may not: field, value, accepted.

JSON numbers are read exactly: a float never exists.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta
from typing_extensions import override

from daemon.core.errors import TheirsError
from daemon.core.terms import ONE, ZERO

_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_NAMED: Final = re.compile(r"`(\w+)`$")
_SHOWN_CHARACTERS: Final = 60
_SHOWN_BITS: Final = 256
WHOLE_DIGITS: Final = 12
_DECIMALS: Final = 20
NAME_CHARACTERS: Final = 128
_REASON_CHARACTERS: Final = 500
_ROWS: Final = 5_000
_TRADE_S: Final = 86_400
_SPAN_S: Final = 10 * 365 * 86_400
_ENCODED: Final = "text that UTF-8 can hold"
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


# What is described of a field, in the plainest form that is accepted; `Body` accepts.
_PART: Final = r"0\.[0-9]{0,19}[1-9]"
_FRACTION: Final = r"(\.[0-9]{1,20})?"
Name = Annotated[str, Meta(extra_json_schema={"maxLength": NAME_CHARACTERS})]
Visible = Annotated[str, Meta(extra_json_schema={"pattern": f"^[!-~]{{1,{NAME_CHARACTERS}}}$"})]
# A part of a path as well: GET /trades/{token}.
Token = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^[0-9A-Za-z][!-.0-~]{{0,{NAME_CHARACTERS - 1}}}$"})
]
Reason = Annotated[str, Meta(extra_json_schema={"maxLength": _REASON_CHARACTERS})]


def _digits(most: int) -> str:
    return f"({_PART}|[1-9][0-9]{{0,{most - 1}}}{_FRACTION})"


Filled = Annotated[
    Decimal,
    Meta(extra_json_schema={"pattern": f"^(0|[1-9][0-9]{{0,{WHOLE_DIGITS - 1}}}){_FRACTION}$"}),
]
Above0 = Annotated[Decimal, Meta(extra_json_schema={"pattern": f"^{_digits(WHOLE_DIGITS)}$"})]
Signed = Annotated[Decimal, Meta(extra_json_schema={"pattern": f"^-?{_digits(WHOLE_DIGITS)}$"})]
Span = Annotated[Decimal, Meta(extra_json_schema={"pattern": f"^{_digits(8)}$"})]
Wait = Annotated[Decimal, Meta(extra_json_schema={"pattern": f"^{_digits(4)}$"})]
Dollars = Annotated[Decimal, Meta(extra_json_schema={"pattern": f"^{_PART}$"})]


class BadInputError(TheirsError, ValueError):
    """Input that cannot be used: it names the field, the value and what is accepted."""


def sized(name: str, value: Decimal) -> None:
    """Refuse a number that exact arithmetic could not carry; infinities are left to the reader."""
    if not value.is_finite() or not value:
        return
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if value.adjusted() >= WHOLE_DIGITS or exponent < -_DECIMALS:
        accepted = f"at most {WHOLE_DIGITS} digits before the point and {_DECIMALS} after it"
        raise BadInputError(f"{name} = {shown(value)}: accepted: {accepted}")


def whole(text: str, least: int, most: int | None = None) -> int:
    """A whole number from `least` to `most`; the error names value and range, not the field."""
    # As many digits as any range has, so that no text is read that takes long.
    if text.isascii() and text.isdigit() and len(text) <= WHOLE_DIGITS:
        found = int(text)
        if least <= found and (most is None or found <= most):
            return found
    end = "on" if most is None else f"to {most}"
    raise BadInputError(f"{shown(text)}: accepted: whole numbers from {least} {end}")


def dollars(name: str, value: Decimal) -> None:
    """Refuse what cannot be the price of a contract that pays one dollar."""
    if not value.is_finite() or not ZERO < value < ONE:
        raise BadInputError(f"{name} = {shown(value)}: accepted: above 0 and below 1 dollar")


def _short(name: str, text: str) -> None:
    """Refuse what would fill the journal and every line of the log, or could be in neither."""
    most = _REASON_CHARACTERS if name == "reason" else NAME_CHARACTERS
    if len(text) > most:
        raise BadInputError(f"{name}: {len(text)} characters; accepted: at most {most}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInputError(f"{name} = {shown(text)}: accepted: {_ENCODED}") from None


def _visible(name: str, text: str | None) -> None:
    if text is not None and not (text.strip() and text.isprintable()):
        raise BadInputError(f"{name} = {shown(text)}: accepted: characters that can be seen")


def trade_name(token: str) -> None:
    """Refuse what cannot be the name of a trade, and so a part of its path."""
    _visible("token", token)
    if "/" in token or token in {".", ".."}:
        raise BadInputError(f"token = {shown(token)}: accepted: a name without /")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request's JSON object; unknown fields, numbers without measure and long texts are refused.

    What a field may hold is said here alone: the command line makes the same bodies. `together`
    is the JSON schema of what fields may be together.
    """

    together: ClassVar[Mapping[str, object]] = {}

    def __post_init__(self) -> None:
        """Look at every number before anything counts with it, at every text before it is kept."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal):
                sized(name, value)
            elif isinstance(value, str):
                _short(name, value)


class HaltBody(Body):
    """POST /halt and /resume: one account, or all."""

    account: Name | None = None
    reason: Reason = ""


class SymbolBody(Body):
    """POST /confirm; account and venue only where a symbol is held more than once."""

    symbol: Name
    account: Name | None = None
    venue: Name | None = None


class ExitBody(SymbolBody):
    """POST /exit: all of it, or `qty` > 0 of it."""

    qty: Above0 | None = None

    @override
    def __post_init__(self) -> None:
        """Refuse what is no quantity to sell."""
        super().__post_init__()
        if self.qty is not None and not (self.qty.is_finite() and self.qty > ZERO):
            raise BadInputError(f"qty = {self.qty}: accepted: above 0")


class UnguardBody(SymbolBody):
    """POST /unguard: for `for_s` seconds, or until `again`."""

    together: ClassVar[Mapping[str, object]] = {
        "anyOf": [
            {"properties": {"for_s": {"type": "null"}}},
            {"properties": {"again": {"const": False}}},
        ]
    }
    for_s: Span | None = None
    again: bool = False

    @override
    def __post_init__(self) -> None:
        """Refuse a time that 64 bits of nanoseconds cannot hold, or that says nothing."""
        super().__post_init__()
        if self.for_s is None:
            return
        if self.again:
            raise BadInputError("for_s and again are both given: accepted is one of them")
        if not (self.for_s.is_finite() and ZERO < self.for_s <= _SPAN_S):
            accepted = "seconds above 0, at most ten years"
            raise BadInputError(f"for_s = {self.for_s}: accepted: {accepted}")


class ResolveBody(Body):
    """POST /resolve: `order` (either id) is dead and `filled` of it was filled."""

    order: Name
    filled: Filled
    reason: Reason = ""


class ImportRow(Body):
    """One position: signed quantity, entry in the instrument's price (YES dollars on Kalshi)."""

    symbol: Visible
    position_qty: Signed
    entry_px: Dollars
    venue_order_id: Visible | None = None

    @override
    def __post_init__(self) -> None:
        """Refuse what is no position, whoever read it."""
        super().__post_init__()
        _visible("symbol", self.symbol)
        _visible("venue_order_id", self.venue_order_id)
        if not self.position_qty.is_finite() or not self.position_qty:
            raise BadInputError(f"position_qty = {self.position_qty}: accepted: not 0")
        dollars("entry_px", self.entry_px)


class ImportBody(Body):
    """POST /import-positions."""

    rows: Annotated[list[ImportRow], Meta(extra_json_schema={"maxItems": _ROWS})]
    account: Name | None = None
    venue: Name | None = None

    @override
    def __post_init__(self) -> None:
        """Refuse more than one request, and one record of the journal, should carry."""
        super().__post_init__()
        if len(self.rows) > _ROWS:
            raise BadInputError(f"rows: {len(self.rows)} of them; accepted: at most {_ROWS}")


class TradeBody(Body, kw_only=True):
    """POST /trade: `token` is the caller's name of the trade, which is done once.

    Prices are the instrument's (YES dollars on Kalshi), `order_qty` > 0; `timeout_s` is for all
    attempts together. A market order has no `limit_px`.
    """

    together: ClassVar[Mapping[str, object]] = {
        "anyOf": [
            {
                "properties": {"ord_type": {"const": "limit"}, "limit_px": {"type": "string"}},
                "required": ["limit_px"],
            },
            {
                "properties": {"ord_type": {"const": "market"}, "limit_px": {"type": "null"}},
                "required": ["ord_type"],
            },
        ]
    }
    token: Token
    venue: Name
    symbol: Visible
    account: Name | None = None
    side: Literal["buy", "sell"]
    order_qty: Above0
    ord_type: Literal["limit", "market"] = "limit"
    limit_px: Above0 | None = None
    time_in_force: Literal["ioc", "fok", "gtc"] = "ioc"
    reduce_only: bool = False
    position_side: Literal["net", "long", "short"] = "net"
    timeout_s: Wait | None = None

    @override
    def __post_init__(self) -> None:
        """Refuse what is no order, whoever wrote it."""
        super().__post_init__()
        trade_name(self.token)
        _visible("symbol", self.symbol)
        for name in ("order_qty", "limit_px", "timeout_s"):
            value = getattr(self, name)
            if value is not None and not (value.is_finite() and value > ZERO):
                raise BadInputError(f"{name} = {value}: accepted: above 0")
        if self.timeout_s is not None and self.timeout_s > _TRADE_S:
            raise BadInputError(f"timeout_s = {self.timeout_s}: accepted: at most {_TRADE_S}")
        if (self.ord_type == "limit") is not (self.limit_px is not None):
            accepted = "a price for a limit order, none for a market order"
            raise BadInputError(f"limit_px = {self.limit_px}: accepted: {accepted}")


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
    except UnicodeEncodeError as error:
        raise BadInputError(f"{what}: {shown(error.object)}: accepted: {_ENCODED}") from None
    except msgspec.ValidationError as error:
        said, path = _split(str(error))
        if isinstance(error.__cause__, BadInputError):
            text = _under(path.lstrip("."), said)  # our own words: only the place is missing
        else:
            text = _explained(said, path, document, kind, what)
        raise BadInputError(text) from None


def _explained(said: str, path: str, document: object, kind: type, what: str) -> str:
    place = path.lstrip(".")
    named = _NAMED.search(said)
    if named and "missing required field" in said:
        return f"{_under(place, named[1])}: is missing"
    if named and "unknown field" in said:
        known = "" if place else f"; accepted: {', '.join(_fields(kind)) or 'none'}"
        return f"{_under(place, named[1])}: unknown field{known}"
    found = _at(document, path)
    if said.startswith("Invalid enum value"):
        words = ", ".join(_words(get_type_hints(kind)[place]))
        return f"{place} = {shown(found)}: accepted: {words}"
    if not place:
        return f"{what}: {_accepted(said)}"
    return f"{place} = {shown(found)}: {_accepted(said)}"


def _words(kind: object) -> list[str]:
    """What a field of literals, or of an enumeration, may hold."""
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(one.value) for one in kind]
    return [word for part in get_args(kind) for word in _words(part)]


def _split(text: str) -> tuple[str, str]:
    """What msgspec says, and the path of where: `.rows[0].qty`."""
    match = _PLACE.match(text)
    return (match["what"], match["path"] or "") if match else (text, "")


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
    text = _text(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _text(value: object) -> str:
    if isinstance(value, str | bytes | float):
        return repr(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return f"a number of {value.bit_length()} bits"  # Python makes no text of so many digits
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return f"a {type(value).__name__}"  # a program's own object, which no JSON can hold
