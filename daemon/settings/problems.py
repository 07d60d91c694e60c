"""What pydantic finds, as lines for the operator: key, value unless secret, source, accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ValidationError

from daemon.settings.accounts import HoldingSettings
from daemon.settings.alerts import AlertRule
from daemon.settings.kinds import OFF
from daemon.settings.sources import KEYS, suggestion
from daemon.settings.tree import LEVELS, IgnoreSettings, StopSettings, wrong_levels

HIDDEN: Final = "(hidden)"
_SHOWN_CHARACTERS: Final = 60
_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "stops": StopSettings,
    "ignore": IgnoreSettings,
    "holdings": HoldingSettings,
    "alerts.rules": AlertRule,
}

Place = tuple[int | str, ...]


def places_of(error: ValidationError) -> list[Place]:
    """Where something is wrong: ("exits", "order"), ("stops", 0, "symbol"), ("alerts",)."""
    return [finding["loc"] for finding in error.errors(include_url=False)]


def lines_of(
    error: ValidationError, values: Mapping[str, object], sources: Mapping[str, str]
) -> Iterator[str]:
    """One line per finding, and one for each rule whose level nobody looked at because of them."""
    for finding in error.errors(include_url=False):
        place = finding["loc"]
        key, dotted = _written(place), _dotted(place)
        where = _where(dotted, sources)
        if finding["type"] == "extra_forbidden":
            hint = suggestion(str(place[-1]), list(_TABLES[_table(place)].model_fields))
            yield f"{key}{where}: unknown key; {hint}"
        elif finding["type"] == "missing":
            yield f"{key}{where}: is missing"
        elif finding["type"] == "tuple_type" and dotted in _TABLES:
            yield f"{key}{where}: is a list of tables, write [[{dotted}]]"
        elif finding["type"] == "tuple_type":
            yield f"{key}{_shown(dotted, finding['input'])}{where}: accepted: a list"
        else:
            message = finding["msg"].removeprefix("Value error, ")
            yield f"{key}{_shown(dotted, finding['input'])}{where}: {message}"
    yield from _unseen_levels(places_of(error), values, sources)


def _unseen_levels(
    places: Sequence[Place], values: Mapping[str, object], sources: Mapping[str, str]
) -> Iterator[str]:
    """A rule is looked at as a whole only once each of its keys is sound."""
    stops = values.get("stops")
    if not isinstance(stops, Sequence):
        return
    for number in dict.fromkeys(place[1] for place in places if _in_rule(place)):
        rule = stops[int(number)]
        given = [key for key in LEVELS if rule.get(key) not in (None, OFF)]
        problem = wrong_levels(given)
        if problem is not None:
            yield f"stops[{number}]{_where('stops', sources)}: {problem}"


def _in_rule(place: Place) -> bool:
    return place[0] == "stops" and len(place) > len(("stops", 0))


def _table(place: Place) -> str:
    """The list of tables that something is in."""
    number = next(at for at, part in enumerate(place) if isinstance(part, int))
    return _dotted(place[:number])


def _written(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)[1:]


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _where(dotted: str, sources: Mapping[str, str]) -> str:
    """The source of the key itself, of the list that holds it, or of what is in its table."""
    near = [source for key, source in sources.items() if _overlap(dotted, key)]
    return f" ({', '.join(dict.fromkeys(near))})" if near else ""


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _shown(key: str, value: object) -> str:
    if KEYS.get(key, False):
        return f" = {HIDDEN}"
    if isinstance(value, dict | BaseModel):
        return ""
    text = repr(value)
    return f" = {text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + '...'}"


def without(values: Mapping[str, object], places: Sequence[Place]) -> dict[str, object]:
    """`values` without what is wrong: a setting, all of a table, or one item of a list."""
    left = dict(values)
    for table in _TABLES:
        items = values.get(table)
        bad = {place[1] for place in places if place[0] == table and len(place) > 1}
        if bad and isinstance(items, Sequence):
            left[table] = [item for number, item in enumerate(items) if number not in bad]
    whole = [_dotted(place) for place in places if place[0] not in _TABLES or len(place) == 1]
    return {
        key: value
        for key, value in left.items()
        if not any(_overlap(dotted, key) for dotted in whole)
    }
