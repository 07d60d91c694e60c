"""What Prometheus reads: its own parser makes the same numbers of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.telemetry.exposition import METRICS, Kind, render
from daemon.telemetry.metrics import BYTES, QUICK, SLOW, Buckets


def test_names_have_their_unit_and_kind_as_prometheus_wants_them() -> None:
    for name, told in METRICS.items():
        assert name.startswith("filld_")
        assert name.endswith("_total") is (told.kind is Kind.COUNTER)
        if told.kind is Kind.HISTOGRAM:
            assert name.endswith(("_seconds", "_bytes"))
        assert told.text.endswith(".")
        assert not {"client_order_id", "exec_id", "le"} & set(told.labels)


def test_a_reading_comes_back_from_prometheus_own_parser() -> None:
    spread = Buckets(QUICK)
    for nanos in (200_000, 250_000, 2_000_000, 10**12, -5):
        spread.record(nanos)
    text = render(
        {
            "filld_realized_pnl": {("main", "kalshi", "USD"): Decimal("-12.0625")},
            "filld_fills_total": {("main", 'a"b\n'): 3},
            "filld_trigger_to_order_seconds": {("kalshi",): spread},
        }
    ).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    (pnl,) = families["filld_realized_pnl"].samples
    assert (pnl.value, pnl.labels["currency"]) == (-12.0625, "USD")
    (fills,) = families["filld_fills"].samples
    assert (fills.value, fills.labels["venue"]) == (3, 'a"b\n')
    ranks = {
        sample.labels["le"]: sample.value
        for sample in families["filld_trigger_to_order_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert (ranks["0.00025"], ranks["0.0025"], ranks["30.0"], ranks["+Inf"]) == (3, 4, 4, 5)


def test_a_name_that_is_not_in_the_table_is_a_bug() -> None:
    with pytest.raises(KeyError):
        render({"filld_misspelt": {(): 1}})


@pytest.mark.parametrize("bounds", [QUICK, SLOW, BYTES])
def test_bounds_rise(bounds: tuple[int, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
