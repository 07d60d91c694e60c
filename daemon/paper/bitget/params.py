"""The parameters of one request, from its query or its JSON body, with Bitget's complaints. Pure.

Words are folded: production takes `GTC` as well as `gtc`, `usdt-futures` as well as upper case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from daemon.paper.bitget.errors import ApiError, missing, wrong

T = TypeVar("T")
_NUMBER = re.compile(r"^[0-9]{1,20}$")
_DECIMAL = re.compile(r"^[0-9]{1,20}(\.[0-9]{1,20})?$")
CLASSIC_ID = re.compile(r"^[0-9a-zA-Z\-+_#:]{1,50}$")
UTA_ID = re.compile(r"^[\.A-Z\:/a-z0-9_-]{1,32}$")


class Params:
    """Names and values, all texts."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    @staticmethod
    def of_request(query: str, body: bytes) -> Params:
        """From a query string and a JSON object."""
        values = dict(parse_qsl(query, keep_blank_values=True))
        if not body:
            return Params(values)
        try:
            found: object = msgspec.json.decode(body)
        except msgspec.DecodeError:
            found = None
        if not isinstance(found, dict):
            raise ApiError("40017", "Parameter verification failed")
        return Params(values | {str(name): _text(value) for name, value in found.items()})

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

    def word(self, name: str, default: str = "") -> str:
        """A text in lower case."""
        return self.text(name, default).lower()

    def symbol(self) -> str:
        """`symbol` in upper case, "" when absent."""
        return self.text("symbol").upper()

    def number(self, name: str) -> int | None:
        """A whole number, None when absent."""
        if name not in self:
            return None
        if not _NUMBER.match(self.values[name]):
            raise wrong(name)
        return int(self.values[name])

    def decimal(self, name: str) -> Decimal | None:
        """A number with decimals, None when absent or 0."""
        if name not in self:
            return None
        if not _DECIMAL.match(self.values[name]):
            raise wrong(name)
        return Decimal(self.values[name]) or None

    def one_of(self, name: str, known: Mapping[str, T], default: str = "") -> T:
        """What a word of a list means; without a default it must be there."""
        word = self.word(name, default)
        if not word:
            raise missing(name)
        if word not in known:
            raise wrong(name)
        return known[word]

    def client_id(self, legal: re.Pattern[str]) -> str:
        """A client order id, "" when absent."""
        text = self.text("clientOid")
        if text and not legal.match(text):
            least = "Client_oid length is not greater than 50, and cannot be Martian characters"
            raise ApiError("40305", least)
        return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
