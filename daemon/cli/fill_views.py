"""Orders and fills of a fills journal or an export, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.analytics.scene import View, utc
from daemon.cli.exits import ExitCode
from daemon.cli.fill_file import FillFile
from daemon.cli.output import pick, progress, table, tell, tell_json, views
from daemon.cli.verb import Call
from daemon.fill_handler import HandlerConfig, as_dict
from daemon.fill_handler.ledger import FOR_GOOD_H, Ledger, Limits
from daemon.fill_handler.life import Life, the_one
from daemon.fill_handler.state import order_state
from daemon.fill_handler.tally import statistics

# What of a file is in memory at once; older orders are in the sums.
_FILLS_KEPT: Final = 5_000

_ORDER: Final = (
    *("order_id", "exchange", "symbol", "side", "status", "original_amount", "filled_amount"),
    *("remaining_amount", "average_price", "total_fees", "retry_count"),
)
_FILL: Final = ("trade_id", "amount", "price", "fee", "fee_currency", "liquidity", "time")
_RETRY: Final = ("attempt", "time", "reason", "text", "order_id")
_LIFE: Final = (
    *("order_id", "client_order_id", "account", "exchange", "symbol", "side", "status", "reason"),
    *("original_amount", "filled_amount", "remaining_amount", "average_price", "limit_price"),
    *("expected_price", "slippage", "within_tolerance", "total_fees", "attempt", "retry_count"),
    *("created", "updated", "fill_seconds"),
)


def _ledger(call: Call, path: Path, *watched: str) -> Ledger:
    """The orders in a file, each whole: the newest, those at work, and those that are watched.

    Where one had more to come after memory let go of it, the file is read again with an eye on it.
    """
    wanted = frozenset(watched)
    while True:
        ledger = _read(call, path, wanted)
        if wanted.issuperset(ledger.returned):
            return ledger
        wanted |= ledger.returned


def _read(call: Call, path: Path, watched: frozenset[str]) -> Ledger:
    with progress("reading the steps") as told:
        file = FillFile(call, path, told)
        ledger = Ledger(Limits(_FILLS_KEPT, FOR_GOOD_H, watched))
        for step in file.steps():
            ledger.fold(step.event, step.commands)
    ledger.tally = ledger.tally.plus(file.tally)
    return ledger


def _states(lives: Iterable[Life]) -> list[View]:
    return [as_dict(order_state(life, HandlerConfig().slippage_tolerance)) for life in lives]


def show_status(call: Call, path: Path) -> int:
    """The statistics of the orders in a file."""
    ledger = _ledger(call, path)
    sums = statistics(ledger.tally.with_all(ledger))
    view: View = {"source": str(path), **as_dict(sums)}
    if call.json_output:
        tell_json(view)
    else:
        rows = [(name.replace("_", " "), value) for name, value in view.items()]
        table("fills", ("what", "value"), rows)
    return ExitCode.OK


def show_orders(call: Call, path: Path, limit: int) -> int:
    """The orders in a file: those at work, then the newest `limit` of the others."""
    ledger = _ledger(call, path)
    others = sorted(
        (life for life in ledger if not life.working),
        key=lambda life: life.steps[-1].seq,
        reverse=True,
    )
    rows = _states([*(life for life in ledger if life.working), *others[:limit]])
    more = ledger.order_count - len(rows)
    if call.json_output:
        sums = {"total_orders": ledger.order_count, "not_shown": more}
        tell_json({"source": str(path), **sums, "orders": rows})
        return ExitCode.OK
    _rows("orders", _ORDER, rows)
    if more:
        reach = f"--limit for more (within the newest {_FILLS_KEPT} fills)"
        tell(f"{more} older orders are not shown: {reach}, or order ID for any one")
    return ExitCode.OK


def show_order(call: Call, path: Path, name: str, venue: str | None, symbol: str | None) -> int:
    """One order's whole life; raises UnknownOrderError."""
    found = _ledger(call, path, name).find(name, venue, symbol)
    (view,) = _states([the_one(found, name)])
    if call.json_output:
        tell_json({"source": str(path), **view})
        return ExitCode.OK
    times = {"created": _time(view, "created_ns"), "updated": _time(view, "updated_ns")}
    table("order", ("field", "value"), [(key, {**view, **times}.get(key)) for key in _LIFE])
    fills = [
        {**row, "time": _time(row, "timestamp_ns", "received_ns")} for row in views(view, "fills")
    ]
    _rows("fills", _FILL, fills)
    retries = [{**row, "time": _time(row, "time_ns")} for row in views(view, "retry_history")]
    _rows("retries", _RETRY, retries)
    return ExitCode.OK


def _time(row: View, *names: str) -> str | None:
    """The first of these times that is known."""
    for name in names:
        time_ns = row.get(name)
        if isinstance(time_ns, int) and time_ns:
            return utc(time_ns)
    return None


def _rows(title: str, names: Sequence[str], rows: list[View]) -> None:
    if rows:
        table(
            title, [name.replace("_", " ") for name in names], [pick(row, *names) for row in rows]
        )
    else:
        tell(f"no {title}")
