"""The parameters of one request, with Binance's complaints. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

from daemon.paper.binance.errors import bad, missing
from daemon.paper.units import decimals

E = TypeVar("E", bound=Enum)
_NUMBER = re.compile(r"^[0-9]{1,20}$")
_DECIMAL = re.compile(r"^[0-9]{1,20}(\.[0-9]{1,20})?$")
_CLIENT_ID = re.compile(r"^[\.A-Z\:/a-z0-9_-]{1,36}$")


class Params:
    """Names and values, all texts."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    @staticmethod
    def of_form(*parts: str) -> Params:
        """From a query string and a form body; a name may come once."""
        values: dict[str, str] = {}
        for part in parts:
            for name, value in parse_qsl(part, keep_blank_values=True):
                if name in values:
                    raise bad(-1101, "Duplicate values for a parameter detected.")
                values[name] = value
        return Params(values)

    @staticmethod
    def of_json(values: Mapping[str, object]) -> Params:
        """From a websocket request's object; numbers and truths become their JSON texts."""
        return Params({name: _text(value) for name, value in values.items()})

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

    def number(self, name: str) -> int | None:
        """A whole number, None when absent."""
        if name not in self:
            return None
        if not _NUMBER.match(self.values[name]):
            raise _illegal(name, "^[0-9]{1,20}$")
        return int(self.values[name])

    def limit(self, default: int, most: int) -> int:
        """How many rows; more than `most` are `most`."""
        value = self.number("limit")
        if value == 0:
            raise bad(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(value or default, most)

    def decimal(self, name: str) -> Decimal | None:
        """A number with decimals, None when absent."""
        if name not in self:
            return None
        if not _DECIMAL.match(self.values[name]):
            raise _illegal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
        return Decimal(self.values[name])

    def places(self, name: str) -> int:
        """How many decimals were written, zeros at the end aside."""
        text = self.text(name)
        return decimals(text.rstrip("0")) if "." in text else 0

    def flag(self, name: str) -> bool:
        """true or false, false when absent."""
        text = self.text(name, "false").lower()
        if text not in ("true", "false"):
            raise bad(-1130, f"Data sent for parameter '{name}' is not valid.")
        return text == "true"

    def one_of(self, name: str, known: Mapping[str, E], wrong: tuple[int, str]) -> E:
        """A word of a list, which must be there."""
        found = known.get(self.need(name))
        if found is None:
            raise bad(*wrong)
        return found

    def client_id(self, name: str) -> str:
        """A client order id, "" when absent."""
        text = self.text(name)
        if text and not _CLIENT_ID.match(text):
            raise _illegal(name, _CLIENT_ID.pattern)
        return text


def _illegal(name: str, legal: str) -> Exception:
    return bad(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
