"""The parameters of one request, from its query or its JSON, with Phemex's complaints. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from daemon.paper.phemex.errors import ApiError, Row, missing, wrong

E = TypeVar("E", bound=Enum)
_INTEGER = re.compile(r"[0-9]{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_CLIENT_ID_MAX = 40
_BODY = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


class Params:
    """Names and values, all texts."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    @staticmethod
    def of_request(query: str, body: bytes) -> Params:
        """From the query and a JSON body."""
        values = dict(parse_qsl(query, keep_blank_values=True))
        try:
            found = _BODY.decode(body) if body else {}
        except msgspec.DecodeError as error:
            raise wrong() from error
        return Params(values | {name: _text(value) for name, value in found.items()})

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name))

    def text(self, name: str, default: str = "") -> str:
        """A text, the default when absent or empty."""
        return self.values.get(name) or default

    def need(self, name: str) -> str:
        """A text that must be there."""
        if name not in self:
            raise missing(name)
        return self.values[name]

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number, the default when absent."""
        if name not in self:
            return default
        if _INTEGER.fullmatch(self.values[name]) is None:
            raise wrong()
        return int(self.values[name])

    def decimal(self, name: str) -> Decimal | None:
        """A number with decimals, None when absent."""
        if name not in self:
            return None
        if _DECIMAL.fullmatch(self.values[name]) is None:
            raise wrong()
        return Decimal(self.values[name])

    def flag(self, name: str) -> bool:
        """true or false, false when absent."""
        text = self.text(name, "false").lower()
        if text not in ("true", "false"):
            raise wrong()
        return text == "true"

    def one_of(self, name: str, known: Mapping[str, E], row: Row, default: str = "") -> E:
        """A word of a list; without a default it must be there."""
        found = known.get(self.text(name, default) or self.need(name))
        if found is None:
            raise ApiError(*row)
        return found

    def client_id(self) -> str:
        """The client order id, "" when absent: none is made then."""
        text = self.text("clOrdID")
        if len(text) > _CLIENT_ID_MAX:
            raise wrong()
        return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
