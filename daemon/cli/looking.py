"""Verbs that look: status, positions, orders, order, exits. From the daemon, else the journal.

And health, from the daemon alone.
"""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.analytics.exit_views import DEFAULT_LIMIT, exits_view, orders_view
from daemon.analytics.scene import Scene, View
from daemon.analytics.views import positions_view, status_view
from daemon.cli.asking import FROM_JOURNAL, view_of
from daemon.cli.exits import ExitCode
from daemon.cli.fill_file import From
from daemon.cli.fill_views import show_order, show_orders, show_status
from daemon.cli.output import pick, table, tell, tell_json, views
from daemon.cli.verb import Call, number, verb
from daemon.control.bodies import BadInputError
from daemon.control.routes import LIMIT_MAX, order_reader

_POSITION = (
    *("venue", "symbol", "side", "stake", "entry_price", "guard", "guard_reason", "exit_reason"),
    *(
        "original_stake_on_exit",
        "last_exit_price",
        "closing_in_progress",
        "realized_pnl",
        "fees",
        "settled",
    ),
)
_ORDER = (
    *(
        "client_order_id",
        "order_id",
        "venue",
        "symbol",
        "side",
        "action",
        "status",
        "order_qty",
        "cum_qty",
    ),
    *("leaves_qty", "limit_price", "avg_price", "time_in_force", "sent_time"),
)
_EXIT = (
    *(
        "venue",
        "symbol",
        "side",
        "exit_no",
        "exit_reason",
        "rule",
        "open",
        "original_stake_on_exit",
    ),
    *("filled_qty", "last_exit_price", "avg_price", "attempts", "fees", "pnl", "opened_time"),
)
_ACCOUNT = (
    *("account", "venue", "live", "halted", "halt_reason", "stream_up", "last_reconcile"),
    *("positions_held", "exits_at_work", "orders_in_doubt", "realized_pnl", "fees"),
    *("wins", "losses"),
)
_IMPOSED = ("funding", "funding_pnl", "liquidation_pnl", "adl_pnl")
_UNWATCHED = ("no_rule", "unconfirmed", "unguarded", "refused", "unseen", "ignored")
_PART = ("qty", "price", "time", "order_id", "reason", "pnl", "fee", "estimated")
_LEVEL = ("rule", "pattern", "level_price", "distance", "from_time", "refused")

Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", parser=number(0, LIMIT_MAX), help="Past ones shown."),
]

OnVenue = Annotated[str | None, typer.Option("--venue", metavar="V", help="Where two have the id.")]
OfSymbol = Annotated[str | None, typer.Option("--symbol", metavar="S", help="Likewise.")]


def add_verbs(app: typer.Typer) -> None:
    """Register them."""
    verb(app, "status")(status)
    verb(app, "positions")(positions)
    verb(app, "orders")(orders)
    verb(app, "order")(order)
    verb(app, "exits")(exits)


def status(call: Call, *, file: From = None) -> int:
    """The account at a glance: halted, live, in doubt, and held positions that nothing watches."""
    if file is not None:
        return show_status(call, file)
    view = view_of(call.places(), "/status", {}, status_view)
    if _printed(call, view):
        return ExitCode.OK
    halted = "HALTED: no new exits" if view.get("halted") else "not halted"
    live = "live orders" if view.get("live") else "live orders are off: exits are only recorded"
    held, work, doubt = pick(view, "positions_held", "exits_at_work", "orders_in_doubt")
    tell(f"{halted}; {live}; as of record {view.get('seq')}, {view.get('time')}")
    tell(f"{held} positions held, {work} exits at work, {doubt} orders in doubt")
    accounts = views(view, "accounts")
    _table("accounts", (*_ACCOUNT, *_imposed(accounts)), accounts)
    for state in _UNWATCHED:
        for row in views(view, state):
            venue, symbol, side, held = pick(row, "venue", "symbol", "side", "stake")
            tell(f"{state.upper()}: {held} {side} {symbol} on {venue} ({row.get('reason')})")
    for name in view.get("doubtful_orders") or []:  # type: ignore[attr-defined] # a list of ids
        tell(f"IN DOUBT: order {name}")
    return ExitCode.OK


def positions(
    call: Call,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also flat and settled ones.")] = False,
) -> int:
    """Positions with their guard, levels, partial fills and results."""

    def read(scene: Scene) -> View:
        return positions_view(scene, every=every)

    view = view_of(call.places(), "/positions", {"every": "1"} if every else {}, read)
    if _printed(call, view):
        return ExitCode.OK
    rows = views(view, "positions")
    _table("positions", (*_POSITION, *_imposed(rows), *_currency(rows)), rows)
    for row in rows:
        if row.get("blocked"):
            tell(f"{row.get('symbol')} on {row.get('venue')}: {row.get('blocked')}")
    _table("levels (prices of the side held)", ("venue", "symbol", *_LEVEL), _inner(rows, "levels"))
    parts = _inner(rows, "partial_fills")
    _table("partial fills", ("venue", "symbol", *_PART, *_currency(parts)), parts)
    return ExitCode.OK


def orders(call: Call, limit: Limit = DEFAULT_LIMIT, *, file: From = None) -> int:
    """Our orders, those that may still fill first, and strangers' resting ones."""
    if file is not None:
        return show_orders(call, file, limit)

    def read(scene: Scene) -> View:
        return orders_view(scene, limit=limit)

    view = view_of(call.places(), "/orders", {"limit": str(limit)}, read)
    if _printed(call, view):
        return ExitCode.OK
    _table("orders (prices of the side held)", _ORDER, views(view, "orders"))
    names = ("order_id", "venue", "symbol", "action", "leaves_qty", "limit_px")
    _table("strangers' resting orders", names, views(view, "strangers"))
    return ExitCode.OK


def order(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="ID", help="Ours or the venue's.")],
    *,
    venue: OnVenue = None,
    symbol: OfSymbol = None,
    file: From = None,
) -> int:
    """One order's life: fills, fees, retries, slippage, times, its exit and that one's orders."""
    if file is not None:
        return show_order(call, file, name, venue, symbol)
    if not name.strip(".") or "/" in name:
        raise BadInputError(f"ID = {name!r}: accepted: an order's id, see filld orders")
    where = {"venue": venue, "symbol": symbol}
    options = {key: value for key, value in where.items() if value is not None}
    view = view_of(call.places(), f"/orders/{name}", options, order_reader(name, venue, symbol))
    if _printed(call, view):
        return ExitCode.OK
    found, work = view.get("order"), view.get("exit")
    if isinstance(found, dict):
        table("order", ("field", "value"), list(found.items()))
    _table("fills", _PART, views(view, "fills"))
    times = view.get("timings")
    if isinstance(times, dict):
        table("slippage and times", ("what", "value"), [*_slippage(view), *times.items()])
    _table("retries", ("attempt", "time", "reason", "text", "order_id"), views(view, "retries"))
    if isinstance(work, dict):
        _table("exit", _EXIT, [work])
    begun = "exit" if isinstance(work, dict) else "trade"
    _table(f"other orders of this {begun}", _ORDER, views(view, "other_orders"))
    return ExitCode.OK


def exits(call: Call, limit: Limit = DEFAULT_LIMIT) -> int:
    """Exits at work and past ones, each with its parts."""

    def read(scene: Scene) -> View:
        return exits_view(scene, limit=limit)

    view = view_of(call.places(), "/exits", {"limit": str(limit)}, read)
    if _printed(call, view):
        return ExitCode.OK
    rows = views(view, "exits")
    parts = _inner(rows, "partial_fills")
    _table("exits (prices of the side held)", (*_EXIT, *_currency(rows)), rows)
    _table("partial fills", ("symbol", "exit_no", *_PART, *_currency(parts)), parts)
    return ExitCode.OK


def _printed(call: Call, view: View) -> bool:
    """Print the JSON, or, where people read, where it comes from."""
    if call.json_output:
        tell_json(view)
        return True
    if view.get("source") == "journal":
        tell(FROM_JOURNAL)
    return False


def _table(title: str, names: tuple[str, ...], rows: list[View]) -> None:
    """A table of views; an empty one is one line."""
    if not rows:
        tell(f"no {title}")
        return
    table(title, [name.replace("_", " ") for name in names], [pick(row, *names) for row in rows])


def _slippage(view: View) -> list[tuple[str, object]]:
    return [("slippage price", view.get("slippage_price")), ("bps", view.get("slippage_bps"))]


def _imposed(rows: list[View]) -> tuple[str, ...]:
    """The columns of funding, liquidation and ADL that any row has."""
    return tuple(name for name in _IMPOSED if any(name in row for row in rows))


def _currency(rows: list[View]) -> tuple[str, ...]:
    """The column of what money is in, where that is not the same in all rows."""
    return ("currency",) if len({row.get("currency") for row in rows}) > 1 else ()


def _inner(rows: list[View], name: str) -> list[View]:
    """The rows below each row, with its venue, symbol, currency and number."""
    keys = ("venue", "symbol", "exit_no", "currency")
    return [
        {**{key: row.get(key) for key in keys}, **inner}
        for row in rows
        for inner in views(row, name)
    ]
