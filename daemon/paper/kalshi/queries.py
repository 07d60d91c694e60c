"""Query parameters and pages: parsing, Kalshi's validation message, opaque cursors. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from daemon.paper.kalshi.errors import bad_query

T = TypeVar("T")
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """The query of one request, with the name Kalshi gives its parameter struct."""

    struct: str
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A parameter, "" when absent."""
        return self.values.get(name, "")

    def words(self, name: str) -> list[str]:
        """A comma-separated parameter."""
        return [word for word in self.text(name).split(",") if word]

    def number(self, name: str) -> int | None:
        """A whole number, None when absent."""
        text = self.text(name)
        if not text:
            return None
        if not text.removeprefix("-").isdecimal():
            raise bad_query(self.struct, _go_name(name), "numeric")
        return int(text)

    def bounded(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number inside its bounds."""
        value = self.number(name)
        if value is None:
            return default
        if value > high:
            raise bad_query(self.struct, _go_name(name), "lte")
        if value < low:
            raise bad_query(self.struct, _go_name(name), "gte")
        return value

    def limit(self, default: int = 100) -> int:
        """The page size, 1 to 1000."""
        return self.bounded("limit", default, 1, MAX_LIMIT)

    def page(self, rows: list[T], key: Callable[[T], str]) -> tuple[list[T], str]:
        """One page and the cursor of the next; "" says that this was the last.

        A cursor that means nothing starts again from the first row, without an error.
        """
        limit, last = self.limit(), _decode(self.text("cursor"))
        names = [key(row) for row in rows]
        start = names.index(last) + 1 if last in names else 0
        page = rows[start : start + limit]
        is_last = start + limit >= len(rows)
        return page, "" if is_last else _encode(key(page[-1]))


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _go_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
