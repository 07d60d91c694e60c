"""The kinds of values that settings have. Money is never a float. Reads no source."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

OFF: Final = "off"
# What is kept in the journal and said in every line of the log has a limit.
NAME_CHARACTERS: Final = 128
_WEB: Final = re.compile(r"https?://\S+")
# Longer than anything meant, and far below what 64 bits of nanoseconds can hold.
_SECONDS_MAX: Final = 10 * 365 * 86_400


def _exact(value: object) -> object:
    if isinstance(value, float | bool):
        text = f'a {type(value).__name__} is not exact: write it in quotes, "{value}"'
        raise ValueError(text)  # noqa: TRY004 - pydantic reports ValueError
    return None if value == OFF else value


def _seconds(value: object) -> object:
    return Decimal(repr(value)) if isinstance(value, float) else value


def none(value: object) -> object:
    """An empty text is no value."""
    return None if value == "" else value


def web(value: SecretStr | None) -> SecretStr | None:
    """An address; it may hold a secret, so it is never shown."""
    if value is not None and not _WEB.fullmatch(value.get_secret_value()):
        raise ValueError("accepted: an address that begins with http:// or https://")
    return value


def _home(value: object) -> object:
    if value == "":
        raise ValueError("accepted: a path")
    return Path(value).expanduser() if isinstance(value, str | Path) else value


Money = Annotated[Decimal, BeforeValidator(_exact)]
Bound = Annotated[Annotated[Decimal, Field(ge=0)] | None, BeforeValidator(_exact)]
Level = Annotated[Annotated[Decimal, Field(gt=0)] | None, BeforeValidator(_exact)]
Seconds = Annotated[Decimal, BeforeValidator(_seconds), Field(gt=0, le=_SECONDS_MAX)]
Pattern = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Place = Annotated[Path, BeforeValidator(_home)]
PlaceOrNone = Annotated[Path | None, BeforeValidator(_home), BeforeValidator(none)]


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=NAME_CHARACTERS)]
Web = Annotated[str, Field(pattern="^https?://.+")]
WebSocket = Annotated[str, Field(pattern="^wss?://.+")]


class Section(BaseModel):
    """A table of the TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
