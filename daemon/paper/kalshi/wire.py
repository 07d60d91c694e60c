"""JSON in and out: answers as bytes, request bodies checked the way a Go server checks them.

Numbers of money and contracts must be strings; a JSON number is the flat 400.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
from aiohttp import web

from daemon.paper.kalshi.errors import HTML, ApiError, bad_json
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import decimals, parse_fixed

Json = dict[str, object]
_GO_TYPES: dict[type, str] = {str: "string", int: "int64", bool: "bool"}
_COUNT_PLACES = 2
_PRICE_PLACES = 4


def answer(body: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def failure(error: ApiError) -> web.Response:
    """The answer of an error."""
    if HTML in error.body:
        page = str(error.body[HTML])
        return web.Response(text=page, status=error.status, content_type="text/html")
    return answer(error.body, error.status)


def decode_object(raw: bytes) -> Json:
    """A JSON object, or the flat 400."""
    try:
        body: object = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise bad_json(str(error)) from error
    if not isinstance(body, dict):
        raise bad_json("json: cannot unmarshal value into Go value of type object")
    return body


class Body:
    """One request struct: typed access with Go's complaints. `struct` is the Go type's name."""

    def __init__(self, struct: str, fields: Json) -> None:
        self._struct = struct
        self.fields = fields

    def text(self, name: str) -> str:
        """A string, "" when absent or null."""
        value = self._typed(name, str)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """A boolean, false when absent."""
        return self._typed(name, bool) is True

    def number(self, name: str) -> int | None:
        """A whole number, None when absent."""
        value = self._typed(name, int)
        return value if isinstance(value, int) else None

    def price(self, name: str) -> Decimal:
        """YES dollars with 4 decimals at most."""
        text = self.text(name)
        value = parse_fixed(text)
        if value is None:
            raise RefusalError(Code.PRICE)
        if decimals(text) > _PRICE_PLACES:
            raise RefusalError(Code.ORDER, "price has more than 4 decimal places")
        return value

    def count(self, name: str) -> Decimal:
        """Contracts with 2 decimals at most."""
        text = self.text(name)
        value = parse_fixed(text)
        if value is None or decimals(text) > _COUNT_PLACES:
            raise RefusalError(Code.ORDER_SIZE)
        return value

    def require(self, *names: str) -> None:
        """All of these must be there and not empty."""
        missing = [name for name in names if self.fields.get(name) in (None, "")]
        if missing:
            raise RefusalError(Code.MISSING, f"missing {', '.join(missing)}")

    def items(self, name: str) -> list[Json]:
        """A list of objects."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise bad_json(f"json: {self._struct}.{name} must be a list of objects")
        return value

    def _typed(self, name: str, wanted: type) -> object:
        value = self.fields.get(name)
        if value is None:
            return None
        if type(value) is not wanted:
            where = f"Go struct field {self._struct}.{name} of type {_GO_TYPES[wanted]}"
            raise bad_json(f"json: cannot unmarshal {_json_kind(value)} into {where}")
        return value


def _json_kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"
