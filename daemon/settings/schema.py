"""The JSON schema (2020-12) of the TOML file, for editors: shapes from the tree, words of the file.

Secrets that only the environment or a credential may give are marked writeOnly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.settings.tree import Settings
from daemon.settings.written import Entry, defaults, entries

Schema = dict[str, object]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
# Pydantic says a bound on a value of several types in its own words.
_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def config_schema() -> Schema:
    """The schema; every key has its comment in config/filld.toml as its description."""
    made = Settings.model_json_schema()
    defs = _table(made.pop("$defs"))
    words, values = entries(), defaults()
    properties: Schema = {}
    for name, spec in _table(made["properties"]).items():
        properties[name] = _described(name, _plain(spec, defs), words, values.get(name))
    return {
        "$schema": _DIALECT,
        "title": "filld.toml",
        "description": "The settings of filld.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _table(value: object) -> Schema:
    assert isinstance(value, dict), value
    return value


def _plain(value: object, defs: Mapping[str, object]) -> Schema:
    """A schema without references, without null, which TOML has not, in JSON schema's own words."""
    spec = {key: part for key, part in _table(value).items() if key not in {"title", "default"}}
    reference = spec.pop("$ref", None)
    if reference is not None:
        spec = _plain(defs[str(reference).removeprefix(_REF)], defs) | spec
    choices = spec.pop("anyOf", None)
    if isinstance(choices, list):
        left = [_plain(one, defs) for one in choices if one != {"type": "null"}]
        spec |= left[0] if len(left) == 1 else {"anyOf": left}
    if "items" in spec:
        spec["items"] = _plain(spec["items"], defs)
    if "properties" in spec:
        named = _table(spec["properties"])
        spec["properties"] = {name: _plain(part, defs) for name, part in named.items()}
    return {_BOUNDS.get(key, key): part for key, part in spec.items()}


def _described(key: str, spec: Schema, words: Mapping[str, Entry], value: object) -> Schema:
    """With the words of the file at every key, and the default where it has one."""
    rows = spec.get("items")
    if isinstance(rows, dict) and "properties" in rows:
        return spec | {"items": _described(key, rows, words, None)}
    if "properties" not in spec:
        # A rule may give what [exits] gives to all.
        entry = words.get(key) or words.get(f"exits.{key.rpartition('.')[2]}")
        told = spec if entry is None else {"description": entry.text, **spec}
        return told if value is None else told | {"default": value}
    given = value if isinstance(value, dict) else {}
    spec["properties"] = {
        name: _described(f"{key}.{name}", _table(part), words, given.get(name))
        for name, part in _table(spec["properties"]).items()
    }
    return spec
