"""The kinds of values that settings have. Money is never a float. Reads no source."""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

OFF: Final = "off"
MODEL: Final = "model"
# What is kept in the journal and said in every line of the log has a limit.
NAME_CHARACTERS: Final = 128
_TOKEN: Final = re.compile(r"[!-~]{32,256}")
_PORT_MAX: Final = 65_535
_WEB: Final = re.compile(r"https?://\S+")
# Longer than anything meant, and far below what 64 bits of nanoseconds can hold.
_SECONDS_MAX: Final = 10 * 365 * 86_400


def _exact(value: object) -> object:
    if isinstance(value, float | bool):
        text = f'a {type(value).__name__} is not exact: write it in quotes, "{value}"'
        raise ValueError(text)  # noqa: TRY004 - pydantic reports ValueError
    return None if value == OFF else value


def _or_model(value: object, number: ValidatorFunctionWrapHandler) -> object:
    return value if value == MODEL else number(value)


def _number_or(*words: str) -> BeforeValidator:
    """Say of a text that is no number which words would do in its place."""

    def check(value: object) -> object:
        if isinstance(value, str) and value not in words:
            try:
                Decimal(value)
            except InvalidOperation:
                accepted = " or ".join(["a number", *(f'"{word}"' for word in words)])
                raise ValueError(f"accepted: {accepted}") from None
        return value

    return BeforeValidator(check)


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


def _loopback(value: str | None) -> str | None:
    """An address that only this machine can reach, and a port."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    try:
        inside = ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        inside = False
    if not inside or not (port.isascii() and port.isdigit() and 0 < int(port) <= _PORT_MAX):
        raise ValueError("accepted: a loopback address and a port, as 127.0.0.1:8790")
    return value


def _token(value: SecretStr | None) -> SecretStr | None:
    """What opens a door: long enough, and of characters that a header can carry."""
    if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("accepted: 32 to 256 letters, digits and signs, no spaces (filld keygen)")
    return value


def _home(value: object) -> object:
    if not isinstance(value, str | Path):
        return value
    if value == "" or "\0" in str(value):
        raise ValueError("accepted: a path")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        text = f"{value}: whoever runs this has no home directory: write the whole path"
        raise ValueError(text) from None


def state_home() -> Path:
    """Where state lies unless a path is set; a service's own user has no home."""
    try:
        return Path("~/.local/state/filld").expanduser()
    except RuntimeError:
        return Path("/var/lib/filld")


# As a schema says them: a number of TOML may be a float, which money never is.
_MONEY: Final = {"type": ["integer", "string"], "pattern": r"^[0-9]+(\.[0-9]+)?$"}
_BOUND: Final = {"type": ["integer", "string"], "pattern": rf"^({OFF}|[0-9]+(\.[0-9]+)?)$"}
_WAIT: Final = {"type": ["number", "string"], "exclusiveMinimum": 0, "maximum": _SECONDS_MAX}

Money = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({**_MONEY})]
_NotNegative = Annotated[Annotated[Decimal, Field(ge=0)] | None, BeforeValidator(_exact)]
Bound = Annotated[_NotNegative, _number_or(OFF), WithJsonSchema({**_BOUND, "minimum": 0})]
# As one type, so that what is wrong with a number is said once, and not for each kind it may be.
BoundOrModel = Annotated[
    Decimal | Literal["model"] | None,
    GetPydanticSchema(lambda _kind, made: made(Annotated[_NotNegative, WrapValidator(_or_model)])),
    _number_or(OFF, MODEL),
    WithJsonSchema({**_BOUND, "pattern": rf"^({OFF}|{MODEL}|[0-9]+(\.[0-9]+)?)$"}),
]
Level = Annotated[
    Annotated[Decimal, Field(gt=0)] | None,
    BeforeValidator(_exact),
    _number_or(OFF),
    WithJsonSchema({**_BOUND, "exclusiveMinimum": 0}),
]
Seconds = Annotated[
    Decimal, BeforeValidator(_seconds), Field(gt=0, le=_SECONDS_MAX), WithJsonSchema({**_WAIT})
]
Pattern = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Place = Annotated[Path, BeforeValidator(_home)]
PlaceOrNone = Annotated[Path | None, BeforeValidator(_home), BeforeValidator(none)]


Loopback = Annotated[str | None, AfterValidator(_loopback), BeforeValidator(none)]
Token = Annotated[SecretStr | None, AfterValidator(_token), BeforeValidator(none)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=NAME_CHARACTERS)]
Web = Annotated[str, Field(pattern="^https?://.+")]
WebSocket = Annotated[str, Field(pattern="^wss?://.+")]


class Section(BaseModel):
    """A table of the TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
