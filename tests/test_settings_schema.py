"""The schema of the TOML file, held to the tree and to config/filld.toml; and a first file.

Covers daemon.settings.schema, daemon.settings.written and daemon.settings.starter.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from daemon.settings import SettingsError, load_settings
from daemon.settings.schema import config_schema
from daemon.settings.sources import KEYS, SECRET_KEYS
from daemon.settings.starter import VENUES, starter, venues_of
from daemon.settings.tree import LEVELS, Settings
from daemon.settings.written import defaults, documented, entries

ROOT = Path(__file__).parents[1]
SCHEMA: Any = config_schema()
UNITS = {
    "_s": ("second",),
    "_ms": ("millisecond",),
    "_bps": ("basis point",),
    "_notional": ("dollars", "the same"),
}


def keys(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key of a schema with its own."""
    for name, spec in schema["properties"].items():
        inner = spec.get("items", {}) if "items" in spec else spec
        if "properties" in inner:
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, spec


def valid(toml: str) -> bool:
    return bool(jsonschema_rs.Draft202012Validator(SCHEMA).is_valid(tomllib.loads(toml)))


def test_the_file_lies_beside_the_module_too() -> None:
    assert documented() == (ROOT / "config" / "filld.toml").read_text()


def test_the_schema_is_one_and_the_documented_file_is_valid() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")
    assert valid(documented())
    assert "$ref" not in json.dumps(SCHEMA)
    assert '"null"' not in json.dumps(SCHEMA)


def test_every_key_of_the_tree_is_in_the_schema_with_the_words_of_the_file() -> None:
    found = dict(keys(SCHEMA))
    tables = {"stops", "ignore", "holdings", "alerts.rules"}
    assert set(KEYS) - tables <= found.keys()
    words = entries()
    for key, spec in found.items():
        entry = words.get(key) or words[f"exits.{key.rpartition('.')[2]}"]
        assert spec.get("description") == entry.text, key
    assert {f"stops.{level}" for level in LEVELS} <= found.keys()


def test_defaults_are_those_of_the_file() -> None:
    found = dict(keys(SCHEMA))
    file = defaults()
    for key in KEYS:
        section, _, name = key.rpartition(".")
        table: Any = file.get(section, {}) if section else file
        if key in found and name in table:
            assert found[key]["default"] == table[name], key
        elif key in SECRET_KEYS:
            assert "default" not in found[key]


def test_secrets_are_write_only() -> None:
    for key, spec in keys(SCHEMA):
        assert spec.get("writeOnly", False) is KEYS.get(key, False), key


def test_the_words_say_units() -> None:
    for key, spec in keys(SCHEMA):
        for ending, words in UNITS.items():
            if key.endswith(ending) and not key.endswith("_bps_s"):
                assert any(word in spec["description"] for word in words), key


@pytest.mark.parametrize(
    ("toml", "sound"),
    [
        ("refresh_active = 0.5", True),
        ('refresh_active = "2"', True),
        ("refresh_active = 0", False),
        ("refresh_actve = 2", False),
        ('[exits]\nfloor_px = "off"', True),
        ('[exits]\nfloor_px = "0.10"', True),
        ("[exits]\nfloor_px = 0.10", False),
        ('[exits]\nfloor_px = "low"', False),
        ('[exits]\norder = "fok"', False),
        ('[alerts]\nnotices = ["halted"]', True),
        ('[alerts]\nnotices = ["haltet"]', False),
        ('[[stops]]\nsymbol = "A"\nstop_px = "0.5"\nmax_attempts = 3', True),
        ('[[stops]]\nstop_px = "0.5"', False),
        ('[[stops]]\nsymbol = "A"\nstop_price = "0.5"', False),
    ],
)
def test_what_an_editor_would_mark(tmp_path: Path, toml: str, *, sound: bool) -> None:
    """The schema says of each what the daemon says of it."""
    assert valid(toml) is sound
    file = tmp_path / "filld.toml"
    file.write_text(toml)
    if sound:
        load_settings(file, None, (), {})
    else:
        with pytest.raises(SettingsError):
            load_settings(file, None, (), {})


@pytest.mark.parametrize("venue", VENUES)
def test_a_first_file_is_the_default_with_a_rule_to_uncomment(tmp_path: Path, venue: str) -> None:
    text = starter(venues_of([venue]))
    assert valid(text)
    file = tmp_path / "filld.toml"
    file.write_text(text)
    assert load_settings(file, None, (), {}).model_dump() == Settings().model_dump()
    section = venue.replace("-", "_")
    assert "place_live_orders = false" in text
    secret = "PRIVATE_KEY" if venue == "kalshi" else "API_SECRET"
    assert f"FILLD_{section.upper()}__{secret}" in text
    rules = text.partition("one level in each.\n")[2]
    file.write_text("\n".join(line.removeprefix("# ") for line in rules.splitlines()))
    made = load_settings(file, None, (), {})
    assert [rule.venue for rule in made.stops] == [venue]
    assert len(made.holdings) == venue.endswith("spot")


def test_venues_are_named_either_way_and_once() -> None:
    assert venues_of(["binance_usdm", "kalshi", "binance-usdm"]) == ("binance-usdm", "kalshi")
    assert venues_of([]) == ("kalshi",)
    with pytest.raises(SettingsError, match=r"--venue binance_usd: .* did you mean binance-usdm"):
        venues_of(["binance_usd"])
