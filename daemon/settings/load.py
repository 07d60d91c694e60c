"""Makes the settings of all sources, or says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from daemon.settings.errors import SettingsError
from daemon.settings.problems import HIDDEN, lines_of, places_of, without
from daemon.settings.sources import (
    KEYS,
    PLACES,
    Layer,
    from_credentials,
    from_env_file,
    from_environment,
    from_overrides,
    from_toml,
    merge,
)
from daemon.settings.tree import Settings, StopSettings

_KEY_FILE: Final = "kalshi.private_key_file"
_KEY: Final = "kalshi.private_key"
_SAY_WHERE: Final = "where the daemon's socket is cannot be known: say --set control.socket=PATH"


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
    settings, problems = read_settings(toml_path, env_file, overrides, environ)
    if problems:
        raise SettingsError(problems)
    return settings


def read_settings(
    toml_path: Path | None,
    env_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> tuple[Settings, list[str]]:
    """What is usable of all sources, the rest at its default, and a line for each problem."""
    return _usable(_layers(toml_path, env_file, overrides, environ), environ)


def load_places(
    toml_path: Path | None,
    env_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> Settings:
    """Settings that say where the socket and the journal are, whatever else is wrong with them.

    Raises `SettingsError` where a flag is wrong, or where the file or value that may say where
    the socket is cannot be used and nothing else says it: no other daemon may be taken for ours.
    """
    layers = _layers(toml_path, env_file, overrides, environ)
    if layers[0].problems:
        raise SettingsError(layers[0].problems)
    settings, problems = _usable(layers, environ)
    given = {key for layer in layers for key in PLACES & layer.values.keys()}
    known = all(settings.source(key) != "default" for key in given)
    if settings.control.socket is None and (not known or any(layer.lost for layer in layers)):
        raise SettingsError([*problems, _SAY_WHERE])
    return settings


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


def _usable(layers: Sequence[Layer], environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    values, sources, problems = merge(layers)
    order = {layer.name: rank for rank, layer in enumerate(layers)}
    if _KEY in values and _KEY_FILE in values:
        # The key of the higher source counts; a default file's path must not shadow a credential.
        del values[max(_KEY, _KEY_FILE, key=lambda key: order[sources[key]])]
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory and _KEY_FILE in values:
        values[_KEY_FILE] = _credential(Path(directory), str(values[_KEY_FILE]))
    while True:
        sources = {key: sources[key] for key in values}
        try:
            return Settings.model_validate(_nested(values)).with_sources(sources), problems
        except ValidationError as error:
            problems += lines_of(error, values, sources)
            left = without(values, places_of(error))
            assert left != values
            values = left


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
        return HIDDEN
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return str(getattr(value, "value", value))
