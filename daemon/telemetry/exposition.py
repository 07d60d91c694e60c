"""Every metric that filld tells, and how Prometheus reads it. The one home of prometheus-client.

Money and durations are exact up to here; floats begin where a line is written. Rendering takes
milliseconds, so it works on a copy and belongs in a thread.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from typing_extensions import override

from daemon.core.terms import NANOS
from daemon.telemetry.metrics import Buckets, Labels, Value

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Kind(enum.Enum):
    """How a metric moves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Told(NamedTuple):
    """One metric: its kind, what it says, its labels. A histogram's values are ns or bytes."""

    kind: Kind
    text: str
    labels: tuple[str, ...] = ()


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_OWNER: Final = ("account", "venue")
_HELD: Final = (*_OWNER, "symbol", "position_side")

METRICS: Final[Mapping[str, Told]] = {
    # how it stands
    "filld_build_info": Told(
        _G, "1, labelled with what runs.", ("version", "engine_version", "python_version")
    ),
    "filld_start_time_seconds": Told(_G, "When this process began, Unix time."),
    "filld_ready": Told(_G, "1 while every stop would fire."),
    "filld_stuck": Told(_G, "1 while something asks for a new process."),
    "filld_loop_lag_seconds": Told(_G, "How late the loop was for its last beat."),
    # positions and money
    "filld_positions": Told(_G, "Positions held, by how they are guarded.", (*_OWNER, "guard")),
    "filld_position_quantity": Told(_G, "Signed quantity held, of the first 200.", _HELD),
    "filld_position_unrealized_pnl": Told(
        _G, "What closing now would bring, before fees, of the first 200.", (*_HELD, "currency")
    ),
    "filld_positions_unlisted": Told(_G, "Positions held that have no line of their own."),
    "filld_exposure": Told(
        _G, "Held at the executable price of the side held.", (*_OWNER, "currency")
    ),
    "filld_positions_unpriced": Told(_G, "Positions held whose price is not known.", _OWNER),
    "filld_realized_pnl": Told(_G, "Realised, net of fees and funding.", (*_OWNER, "currency")),
    "filld_fees_paid": Told(_G, "Fees by the coin they were paid in.", (*_OWNER, "currency")),
    "filld_positions_pnl_unknown": Told(_G, "Positions with an entry nobody knows.", _OWNER),
    # exits
    "filld_exits_working": Told(_G, "Exits at work.", _OWNER),
    "filld_exit_oldest_seconds": Told(_G, "Age of the oldest exit at work, 0: none.", _OWNER),
    "filld_exits_opened_total": Told(_C, "Exits that opened, by rule.", (*_OWNER, "rule")),
    "filld_exits_ended_total": Told(_C, "Exits that ended, by how.", (*_OWNER, "end")),
    "filld_exit_exposed_seconds": Told(_H, "From a trigger to the exit's end.", ("venue",)),
    "filld_trigger_to_order_seconds": Told(
        _H, "From the receipt of what triggered to the first order's way out.", ("venue",)
    ),
    "filld_fill_to_order_seconds": Told(
        _H, "From the receipt of a fill to the way out of the order it led to.", ("venue",)
    ),
    "filld_slippage_ratio": Told(
        _G,
        "Slippage of orders, + = worse, as a share of the price it is measured against.",
        ("venue", "against", "quantile"),
    ),
    # orders and fills
    "filld_orders": Told(_G, "Orders in the book; dead ones leave it.", (*_OWNER, "status")),
    "filld_orders_in_doubt": Told(_G, "Orders that nobody answered for.", _OWNER),
    "filld_orders_placed_total": Told(_C, "Orders let out.", (*_OWNER, "purpose")),
    "filld_order_answers_total": Told(_C, "What was said of orders.", (*_OWNER, "answer")),
    "filld_retries_total": Told(
        _C, "Orders made again, by reason, as filld performance counts them.", (*_OWNER, "reason")
    ),
    "filld_fills_total": Told(_C, "Fills, each once.", _OWNER),
    "filld_fills_inferred_total": Told(_C, "Fills deduced by reconciliation.", _OWNER),
    "filld_fill_delay_seconds": Told(
        _H, "From the venue's stamp of a fill to its receipt.", ("venue",)
    ),
    "filld_fill_unseen_bound_seconds": Told(
        _G, "Every fill older than this is known: age of the last read of fills.", _OWNER
    ),
    # the venues
    "filld_venue_open": Told(_G, "1 once the venue was opened.", _OWNER),
    "filld_stream_up": Told(_G, "1 while the private stream is up.", _OWNER),
    "filld_stream_losses_total": Told(_C, "Times the private stream was lost.", _OWNER),
    "filld_account_live": Told(_G, "1 where orders are sent.", _OWNER),
    "filld_account_halted": Told(_G, "1 while no new exit may open.", _OWNER),
    "filld_account_paused": Told(_G, "1 while the venue has paused.", _OWNER),
    "filld_reconcile_age_seconds": Told(
        _G, "Since the last full comparison, or since the start.", _OWNER
    ),
    "filld_reconciliations_total": Told(_C, "Full comparisons with the venue.", _OWNER),
    "filld_reconcile_mismatches_total": Told(_C, "Reads that differed from the book.", _OWNER),
    "filld_rate_limit_headroom_ratio": Told(
        _G, "What is left of our own allowance, 0 while shut out.", (*_OWNER, "bucket")
    ),
    "filld_query_failures_total": Told(
        _C, "Looks without a usable answer.", (*_OWNER, "query", "reason")
    ),
    "filld_undecodable_total": Told(_C, "Messages that could not be read.", _OWNER),
    # inside
    "filld_inbox_events": Told(_G, "Facts that wait for the loop, by lane.", ("venue",)),
    "filld_untold_batches": Told(_G, "Committed batches that observers have not been told of."),
    "filld_figures_behind_records": Told(_G, "Records that the figures have to catch up with."),
    "filld_log_lines_dropped_total": Told(_C, "Log lines dropped: the reader stalled."),
    "filld_notices_total": Told(_C, "Notices to the operator.", ("notice", "urgent")),
    "filld_alerts_waiting": Told(_G, "Alerts that wait to be sent.", ("rule", "target")),
    "filld_alerts_sent_total": Told(_C, "Alerts that were taken.", ("rule", "target")),
    "filld_alerts_dropped_total": Told(_C, "Alerts given up.", ("rule", "target")),
    "filld_journal_seq": Told(_G, "The last committed record."),
    "filld_journal_bytes": Told(_G, "Size of the journal on disk, with its log."),
    "filld_journal_records_total": Told(_C, "Records committed."),
    "filld_journal_commit_seconds": Told(_H, "How long one commit takes."),
    "filld_journal_commit_bytes": Told(_H, "Size of one commit before it is sealed."),
}

Reading = Mapping[str, Mapping[Labels, Value]]
_NANOS_PER: Final = {"seconds": NANOS}


def render(values: Reading) -> bytes:
    """`values` as Prometheus' text; a name that is not in METRICS is a bug and raises KeyError."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(values))
    return generate_latest(registry)


class _Once(Collector):
    """A collector of one reading."""

    def __init__(self, values: Reading) -> None:
        self._values = values

    @override
    def collect(self) -> Iterator[Metric]:
        for name, by_labels in self._values.items():
            yield _family(name, METRICS[name], by_labels)


def _family(name: str, told: Told, by_labels: Mapping[Labels, Value]) -> Metric:
    match told.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(name, told.text, labels=told.labels)
            for labels, value in by_labels.items():
                counter.add_metric(labels, _plain(value))
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(name, told.text, labels=told.labels)
            for labels, value in by_labels.items():
                gauge.add_metric(labels, _plain(value))
            return gauge
        case Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(name, told.text, labels=told.labels)
            unit = _NANOS_PER.get(name.rpartition("_")[2], 1)
            for labels, value in by_labels.items():
                assert isinstance(value, Buckets)
                histogram.add_metric(labels, _ranks(value, unit), value.total / unit)
            return histogram


def _plain(value: Value) -> float:
    assert not isinstance(value, Buckets)
    return float(value)


def _ranks(buckets: Buckets, unit: int) -> list[tuple[str, float]]:
    """(upper bound, how many up to it), as Prometheus counts."""
    bounds = [repr(bound / unit) for bound in buckets.bounds]
    return list(zip([*bounds, "+Inf"], map(float, accumulate(buckets.counts)), strict=True))
