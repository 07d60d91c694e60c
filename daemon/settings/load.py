"""Makes the settings of all sources, or says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from daemon.settings.errors import SettingsError
from daemon.settings.sources import (
    KEYS,
    Layer,
    from_credentials,
    from_env_file,
    from_environment,
    from_overrides,
    from_toml,
    merge,
    suggestion,
)
from daemon.settings.tree import IgnoreSettings, Settings, StopSettings

_SHOWN_CHARACTERS: Final = 60
_HIDDEN: Final = "(hidden)"
_KEY_FILE: Final = "kalshi.private_key_file"
_KEY: Final = "kalshi.private_key"
_PLACES: Final = frozenset({"control.socket", "journal.path", "journal.state_dir"})


class Effective(NamedTuple):
    """One setting as it is in force; a secret's value is never shown."""

    key: str
    value: str
    source: str


def load_settings(
    toml_path: Path | None,
    env_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> Settings:
    """The settings of all sources, highest first: overrides, environ, env file, credentials, TOML.

    Raises `SettingsError` with one line per problem.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY")
    layers = _layers(toml_path, env_file, overrides, environ)
    values, sources = merge(layers)
    order = {layer.name: rank for rank, layer in enumerate(layers)}
    if _KEY in values and _KEY_FILE in values:
        # The key of the higher source counts; a default file's path must not shadow a credential.
        lower = max(_KEY, _KEY_FILE, key=lambda key: order[sources[key]])
        del values[lower], sources[lower]
    if directory and _KEY_FILE in values:
        values[_KEY_FILE] = _credential(Path(directory), str(values[_KEY_FILE]))
    return _made(values, sources)


def load_places(
    toml_path: Path | None,
    env_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> Settings:
    """Where the socket and the journal are, and defaults for the rest, whatever is wrong with it.

    Raises `SettingsError` where a file cannot be read at all, or a flag or a place is wrong.
    """
    layers = _layers(toml_path, env_file, overrides, environ)
    if layers[0].problems:
        raise SettingsError(layers[0].problems)
    found = [(key, layer) for layer in reversed(layers) for key in _PLACES & layer.values.keys()]
    values = {key: layer.values[key] for key, layer in found}
    return _made(values, {key: layer.name for key, layer in found})


def _layers(
    toml_path: Path | None,
    env_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> tuple[Layer, ...]:
    """Every source, highest first."""
    return (
        from_overrides(overrides),
        from_environment(environ),
        from_env_file(env_file),
        from_credentials(environ.get("CREDENTIALS_DIRECTORY")),
        from_toml(toml_path),
    )


def _made(values: Mapping[str, object], sources: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(_nested(values)).with_sources(sources)
    except ValidationError as error:
        raise SettingsError(list(_problems(error, sources))) from None


def _credential(directory: Path, name: str) -> str:
    """A bare file name may be the name of a credential."""
    bare = Path(name).name == name
    return str(directory / name) if bare and (directory / name).is_file() else name


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    tree: dict[str, object] = {}
    sections: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        section, dot, name = key.rpartition(".")
        if dot:
            sections.setdefault(section, {})[name] = value
        else:
            tree[name] = value
    return {**tree, **sections}


def _problems(error: ValidationError, sources: Mapping[str, str]) -> Iterator[str]:
    """One line per finding of pydantic: key, value unless secret, source, what is accepted."""
    for finding in error.errors(include_url=False):
        place = finding["loc"]
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
        dotted = ".".join(str(part) for part in place)
        source = _source_of(dotted, sources)
        where = f" ({source})" if source else ""
        if finding["type"] == "extra_forbidden":
            table = StopSettings if place[0] == "stops" else IgnoreSettings
            hint = suggestion(str(place[-1]), list(table.model_fields))
            yield f"{key}{where}: unknown key; {hint}"
        elif finding["type"] == "missing":
            yield f"{key}{where}: is missing"
        elif finding["type"] == "tuple_type" and dotted in {"stops", "ignore"}:
            yield f"{key}{where}: is a list of tables, write [[{dotted}]]"
        elif finding["type"] == "tuple_type":
            yield f"{key}{_shown(dotted, finding['input'])}{where}: accepted: a list"
        else:
            message = finding["msg"].removeprefix("Value error, ")
            yield f"{key}{_shown(dotted, finding['input'])}{where}: {message}"


def _source_of(dotted: str, sources: Mapping[str, str]) -> str:
    """Of the key itself, of the list that holds it, or of what is written in its table."""
    near = [
        source
        for key, source in sources.items()
        if f"{dotted}.".startswith(f"{key}.") or key.startswith(f"{dotted}.")
    ]
    return ", ".join(dict.fromkeys(near))


def _shown(key: str, value: object) -> str:
    if KEYS.get(key, False):
        return f" = {_HIDDEN}"
    if isinstance(value, dict | BaseModel):
        return ""
    text = repr(value)
    return f" = {text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + '...'}"


def effective(settings: Settings) -> list[Effective]:
    """Every setting in force with its source; rules as `stops[0].symbol`. Secrets are hidden."""
    rows: list[Effective] = []
    for key in KEYS:
        value: object = settings
        for name in key.split("."):
            value = getattr(value, name)
        rows += _rows(key, value, settings.source(key))
    return rows


def _rows(key: str, value: object, source: str) -> Iterator[Effective]:
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for number, item in enumerate(value):
            for name in type(item).model_fields:
                own = name in item.model_fields_set or not isinstance(item, StopSettings)
                if own:
                    yield Effective(f"{key}[{number}].{name}", _text(getattr(item, name)), source)
        return
    yield Effective(key, _text(value), source)


def _text(value: object) -> str:
    if value is None:
        return "off"
    if isinstance(value, SecretStr):
        return _HIDDEN
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return str(getattr(value, "value", value))
