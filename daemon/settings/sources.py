"""Where settings are written: flags, environment, env file, credentials, TOML. Validates no value.

Each source becomes a layer: dotted keys with raw values. What a layer names that is no key of the
tree becomes a problem with a suggestion.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr

from daemon.settings.tree import Settings

PREFIX: Final = "FILLD_"
PLACES: Final = frozenset({"control.socket", "journal.path", "journal.state_dir"})
LISTS: Final = frozenset(
    {
        "stops",
        "ignore",
        "holdings",
        "alerts.command",
        "alerts.notices",
        "alerts.rules",
        "analytics.rates",
    }
)
# Names of the environment that are ours but no settings: the command line reads them.
_NO_SETTING: Final = frozenset({"FILLD_CONFIG", "FILLD_ENV_FILE"})
# The name of a table, though its bracket be not closed; `list` where it is a list of tables.
_HEADER: Final = re.compile(r"\s*\[(?P<list>\[)?\s*(?P<name>[\w-]+)")
_PLACE_LIVE: Final = "PLACE_LIVE_KALSHI_ORDERS"
_LEGACY: Final = {
    _PLACE_LIVE: "kalshi.place_live_orders",
    "REFRESH_ACTIVE": "refresh_active",
    "VERBOSE": "logs.level",
}
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(slots=True)
class Layer:
    """One source: its name, its raw values by dotted key, and what is wrong with it.

    `lost`: what its file says of the socket and the journal could not be read.
    """

    name: str
    lost: bool = False
    values: dict[str, object] = field(default_factory=dict)
    legacy: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def tree_keys(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, bool]:
    """Every dotted key of the tree, and whether it is a secret. Lists of tables count as one."""
    keys: dict[str, bool] = {}
    for name, spec in model.model_fields.items():
        annotation = spec.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            keys |= tree_keys(annotation, f"{prefix}{name}.")
        else:
            keys[prefix + name] = SecretStr.__name__ in repr(annotation)
    return keys


KEYS: Final = tree_keys()
CREDENTIALS: Final = frozenset(key.replace(".", "_") for key in KEYS.keys() - LISTS)
# An address that is only called may stand in the file; what moves money, or speaks as us, may not.
SECRET_KEYS: Final = {key for key, secret in KEYS.items() if secret} - {
    "alerts.webhook_url",
    "alerts.ping_url",
}


def suggestion(name: str, known: Sequence[str]) -> str:
    """`; did you mean X?`, or the accepted names when nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"accepted: {', '.join(sorted(known))}"


def from_overrides(overrides: Sequence[str]) -> Layer:
    """`--set section.key=value`; lists as JSON."""
    layer = Layer("--set")
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            layer.problems.append(f"--set {key}: write it as section.key=value")
        elif key not in KEYS:
            layer.problems.append(f"--set {key}: unknown key; {suggestion(key, list(KEYS))}")
        else:
            _put(layer, key, value)
    return layer


def from_environment(environ: Mapping[str, str], name: str = "environment") -> Layer:
    """`FILLD_SECTION__KEY` and the legacy names; an empty value says nothing."""
    layer = Layer(name)
    names = {PREFIX + key.upper().replace(".", "__"): key for key in KEYS}
    for variable, value in environ.items():
        if variable in _NO_SETTING or not value:
            continue
        if variable in names:
            _put(layer, names[variable], value)
        elif variable.startswith(PREFIX):
            hint = suggestion(variable, list(names))
            layer.problems.append(f"{variable} ({name}): unknown name; {hint}")
        elif variable in _LEGACY:
            _put_legacy(layer, variable, value)
    return layer


def from_env_file(path: Path | None) -> Layer:
    """The same names, as lines `NAME=value` of a file."""
    if path is None:
        return Layer("env file")
    name = f"env file {path}"
    try:
        with path.open(encoding="utf-8") as stream:
            values = dotenv_values(stream=stream, interpolate=False)
    except (OSError, ValueError) as error:
        return _lost(name, f"{name}: cannot be read ({_cause(error)})")
    return from_environment({k: v for k, v in values.items() if v}, name)


def _lost(name: str, problem: str) -> Layer:
    return Layer(name, lost=True, problems=[problem])


def _cause(error: OSError | ValueError) -> str:
    return str(error.strerror if isinstance(error, OSError) else error)


def from_credentials(directory: str | None) -> Layer:
    """Files of systemd's credentials directory, named section_key, e.g. kalshi_private_key.

    `LoadCredential=filld:DIRECTORY` puts `filld_` before the name of each file of a directory.
    """
    layer = Layer("credentials")
    for key in KEYS if directory else ():
        name = key.replace(".", "_")
        files = [Path(directory or "") / one for one in (name, f"filld_{name}")]
        file = next((file for file in files if file.is_file()), None)
        if key in LISTS or file is None:
            continue
        try:
            layer.values[key] = file.read_text(encoding="utf-8").strip("\n")
        except (OSError, UnicodeDecodeError) as error:
            layer.problems.append(f"{key}: credential {file} cannot be read ({error})")
    return layer


def from_toml(path: Path | None) -> Layer:
    """The configuration file. A private key in it is refused: it belongs in a file of its own."""
    if path is None:
        return Layer("default")
    layer = Layer(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return _lost(layer.name, f"{path}: cannot be read ({_cause(error)})")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        layer.problems.append(f"{path}: is not TOML ({error})")
        document = _readable_lines(text)
    _take(layer, document)
    layer.lost = bool(layer.problems) and not _places_in(text) <= layer.values.keys()
    return layer


def _take(layer: Layer, document: Mapping[str, object]) -> None:
    sections = {key.partition(".")[0] for key in KEYS if "." in key}
    for name, value in document.items():
        if name in sections and isinstance(value, dict):
            for key, inner in value.items():
                _put_toml(layer, f"{name}.{key}", inner)
        elif name in sections:
            layer.problems.append(f"{name} ({layer.name}): is a table, write [{name}]")
        else:
            _put_toml(layer, name, value)


def _places_in(text: str) -> set[str]:
    """The places that a file, sound or not, seems to give."""
    return {key for key in PLACES if re.search(rf"(?m)^[^#\n]*\b{key.partition('.')[2]}\s*=", text)}


def _readable_lines(text: str) -> dict[str, object]:
    """Of a document that is not TOML what each line says by itself; lists of tables are left out.

    A slip anywhere in the file must not hide where the daemon's socket is.
    """
    document: dict[str, object] = {}
    table = document
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header is not None:
            table = {}
            if header["list"] is None:
                document[header["name"]] = table
            continue
        with contextlib.suppress(tomllib.TOMLDecodeError, RecursionError):
            table.update(tomllib.loads(line))
    return document


def _put_toml(layer: Layer, key: str, value: object) -> None:
    if key in SECRET_KEYS:
        file = " private_key_file," if key == "kalshi.private_key" else ""
        layer.problems.append(
            f"{key} ({layer.name}): a secret is no configuration; accepted:{file} the environment,"
            f" or the credential {key.replace('.', '_')}"
        )
    elif key in KEYS:
        layer.values[key] = value
    else:
        section, dot, _ = key.rpartition(".")
        known = [k for k in KEYS if k.rpartition(".")[0] == section] if dot else _top_names()
        layer.problems.append(f"{key} ({layer.name}): unknown key; {suggestion(key, known)}")


def _top_names() -> list[str]:
    return sorted({key.partition(".")[0] for key in KEYS})


def _put(layer: Layer, key: str, value: str) -> None:
    if key not in LISTS:
        layer.values[key] = value
        return
    try:
        layer.values[key] = json.loads(value)
    except (ValueError, RecursionError) as error:
        layer.problems.append(f"{key} ({layer.name}): is not a JSON list ({error})")


def _put_legacy(layer: Layer, variable: str, value: str) -> None:
    if variable != "VERBOSE":
        layer.legacy[variable] = value
    elif value.lower() in _TRUE:
        layer.legacy[variable] = "debug"
    elif value.lower() not in _FALSE:
        layer.problems.append(f"VERBOSE={value} ({layer.name}): accepted: true, false")


def merge(layers: Sequence[Layer]) -> tuple[dict[str, object], dict[str, str], list[str]]:
    """Values and their sources by dotted key, the first layer first, and what is wrong with them.

    A legacy name must agree with the new one wherever that is written: a stale variable must
    not decide between live and not (VERBOSE only overrides the file).
    """
    problems = [problem for layer in layers for problem in layer.problems]
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for layer in reversed(layers):
        for variable, value in layer.legacy.items():
            values[_LEGACY[variable]] = value
            sources[_LEGACY[variable]] = f"{layer.name}: {variable}"
        for key, value in layer.values.items():
            values[key] = value
            sources[key] = layer.name
    for layer in layers:
        for variable, value in layer.legacy.items():
            problems += _disagreements(layers, layer, variable, value)
    return values, sources, problems


def _disagreements(
    layers: Sequence[Layer], layer: Layer, variable: str, value: object
) -> list[str]:
    key = _LEGACY[variable]
    others = layers[:-1] if variable == "VERBOSE" else layers
    return [
        f"{key} = {other.values[key]} ({other.name}), but the older name {variable} says {value}"
        f" ({layer.name}): remove one of them"
        for other in others
        if key in other.values and _plain(other.values[key]) != _plain(value)
    ]


def _plain(value: object) -> object:
    text = str(value).strip().lower()
    if text in _TRUE | _FALSE:
        return text in _TRUE
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
