"""The dashboard and the alert rules under config/ name metrics and labels that are rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml  # type: ignore[import-untyped] # it has no stubs
from prometheus_client.parser import text_string_to_metric_families

from daemon.telemetry.exposition import METRICS, Kind, render
from daemon.telemetry.metrics import QUICK, Buckets, Value

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = re.compile(r"\bfilld_[a-z_]+\b")
SELECTOR: Final = re.compile(r"\bfilld_[a-z_]+\{([^}]*)\}")
MATCHER: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
GROUP: Final = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
LEGEND: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
IN_TEXT: Final = re.compile(r"\$labels\.(\w+)")
BINDING: Final = re.compile(r"label_values\((\w+), (\w+)\)")
# What Prometheus itself says of a target.
OWN: Final = {"up"}


class Query(NamedTuple):
    """One expression, and the labels that are shown of its result."""

    expr: str
    shown: set[str]


def rendered() -> dict[str, set[str]]:
    """Every sample of a reading that has all metrics, and its labels."""
    spread = Buckets(QUICK)
    spread.record(1)
    reading: dict[str, Mapping[tuple[str, ...], Value]] = {
        name: {told.labels: spread if told.kind is Kind.HISTOGRAM else 1}
        for name, told in METRICS.items()
    }
    text = render(reading).decode()
    families = text_string_to_metric_families(text)
    return {s.name: set(s.labels) for family in families for s in family.samples}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "config/grafana-dashboard.json").read_text())
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "config/prometheus-alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[Query]:
    board = dashboard()
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Query(target["expr"], set(LEGEND.findall(target["legendFormat"])))
    for note in board["annotations"]["list"]:
        yield Query(note["expr"], set(LEGEND.findall(note["titleFormat"])))
    for rule in rules():
        yield Query(rule["expr"], set(IN_TEXT.findall(str(rule["annotations"]))))


SAMPLES: Final = rendered()


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: query.expr)
def test_it_asks_for_what_there_is(query: Query) -> None:
    names = NAME.findall(query.expr)
    assert set(names) <= SAMPLES.keys()
    if not names:
        assert any(own in query.expr for own in OWN)
        return
    labels = set.intersection(*(SAMPLES[name] for name in names))
    for inside in SELECTOR.findall(query.expr):
        assert set(MATCHER.findall(inside)) <= labels
    grouped = [
        {label.strip() for label in inside.split(",")} for inside in GROUP.findall(query.expr)
    ]
    for group in grouped:
        assert group <= labels
    summed = "sum by" in query.expr
    assert query.shown <= (set.union(*grouped) if summed else labels)


def test_the_variables_are_labels_of_what_they_are_read_from() -> None:
    variables = [one for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    bound = [BINDING.fullmatch(one["query"]) for one in variables]
    assert [one["name"] for one in variables] == ["account", "venue"]
    for found in bound:
        assert found is not None
        assert found[2] in SAMPLES[found[1]]


def test_panels_have_places_of_their_own() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "warn"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert all(rule["annotations"].values())
