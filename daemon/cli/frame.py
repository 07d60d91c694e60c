"""One frame of `filld top` as text: the account on one screen, what is nearest to its stop first.

Made of the door's views alone. Nothing is wrapped: a row that does not fit is cut, rows that do
not fit are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from daemon.analytics.scene import View
from daemon.cli.output import cell, pick, views
from daemon.core.terms import proper

# What is left to the stop, as a share of the price at which one could get out now.
_NEAR: Final = Decimal("0.02")
_CLOSE: Final = Decimal("0.1")
_ACCOUNTS: Final = 3
_SEVERAL: Final = 2
_PARTS: Final = 3
# A heading for each part, and the last line.
_LINES_BESIDE: Final = _PARTS + 1
_WATCHED: Final = frozenset({"ARMED", "EXITING", "IGNORED"})
_SECONDS_SHOWN: Final = 600
_CLOCK: Final = slice(11, 19)
_DECIMALS: Final = 4
_FIGURES: Final = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """What the door said at one moment; all empty before it ever answered."""

    status: View = field(default_factory=dict)
    positions: View = field(default_factory=dict)
    exits: View = field(default_factory=dict)
    health: View = field(default_factory=dict)
    fills: tuple[View, ...] = ()
    """Lines of the log: whatever was filled, by us or by a stranger."""


def frame(shot: Shot, height: int, gone: str = "") -> RenderableType:
    """The whole screen; `gone` says why there is no daemon, the shot being the last one of it."""
    accounts = views(shot.status, "accounts")
    exits = views(shot.exits, "exits")
    held = _named(shot, sorted(views(shot.positions, "positions"), key=nearness))
    work = _named(shot, [one for one in exits if one.get("open")])
    fills = _named(shot, _last_fills(shot, exits))
    heads: list[RenderableType] = [_head(shot, gone), _health(shot, gone)]
    heads += [_account(shot, one) for one in accounts[:_ACCOUNTS]]
    if len(accounts) > _ACCOUNTS:
        heads.append(Text(f"and {len(accounts) - _ACCOUNTS} more accounts", style="dim"))
    room = max(height - len(heads) - _LINES_BESIDE, _PARTS)
    # A third for exits and fills each where they need it; positions get what is left.
    for_work, for_fills = (min(len(rows), room // _PARTS) for rows in (work, fills))
    for_held = room - for_work - for_fills
    return Group(
        *heads,
        _section("no positions", _POSITION, [_position(one) for one in held], for_held),
        _section("no exits at work", _EXIT, [_exit(shot, one) for one in work], for_work),
        _section("no fills", _FILL, [_fill(one) for one in fills], for_fills),
        _line("q ends", "dim"),
    )


def _named(shot: Shot, rows: list[View]) -> list[View]:
    """The rows, with the venue behind the symbol where the accounts are on several."""
    if len({account.get("venue") for account in views(shot.status, "accounts")}) < _SEVERAL:
        return rows
    return [{**row, "symbol": f"{row.get('symbol')} {row.get('venue')}"} for row in rows]


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _head(shot: Shot, gone: str) -> Text:
    status = shot.status
    if gone:
        return _line(f"filld: no daemon ({gone})", "bold red")
    mode = "live orders" if status.get("live") else "live orders are off"
    halted = "HALTED  " if status.get("halted") else ""
    line = _line(f"filld  {cell(status.get('time'))[_CLOCK]} UTC  record {status.get('seq')}  ")
    return line.append(halted, "bold red").append(mode, "" if status.get("live") else "yellow")


def _health(shot: Shot, gone: str) -> Text:
    if gone:
        return _line("what follows is what it said last" if shot.status else "", "yellow")
    ready = bool(shot.health.get("ready"))
    words = cell(shot.health.get("sentence"))
    return _line(f"{'ready: ' if ready else ''}{words}", "green" if ready else "bold red")


def _account(shot: Shot, account: View) -> Text:
    name, venue, pnl = (cell(value) for value in pick(account, "account", "venue", "realized_pnl"))
    held, doubt = pick(account, "positions_held", "orders_in_doubt")
    passed = _passed(shot.status.get("time"), account.get("last_reconcile"))
    compared = f"compared {passed} ago" if passed else "not compared yet"
    line = _line(f"{venue} ({name})  {held} held, pnl {pnl}, {compared}")
    states = [
        ("HALTED", account.get("halted")),
        ("paused", account.get("paused")),
        ("stream down", not account.get("stream_up")),
        (f"{doubt} IN DOUBT", doubt),
        ("only recorded", not account.get("live")),
    ]
    for text, so in states:
        if so:
            line.append(f"  {text}", "yellow" if text == "only recorded" else "bold red")
    return line


def _passed(now: object, then: object) -> str:
    if not isinstance(now, str) or not isinstance(then, str):
        return ""
    seconds = int((datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds())
    seconds = max(seconds, 0)
    return f"{seconds} s" if seconds < _SECONDS_SHOWN else f"{seconds // 60} min"


def nearness(position: View) -> tuple[bool, Decimal]:
    """What a position is sorted by: unwatched ones first, then the share left to the stop."""
    share = share_left(position)
    return position.get("guard") in _WATCHED, Decimal("Infinity") if share is None else share


def nearest(position: View) -> View:
    """The level with the least left to it; {} where no price tells."""
    known = [one for one in views(position, "levels") if one.get("distance") is not None]
    return min(known, key=lambda one: Decimal(str(one["distance"])), default={})


def share_left(position: View) -> Decimal | None:
    """The distance to the nearest level as a share of the executable price."""
    distance, price = nearest(position).get("distance"), position.get("executable_price")
    if distance is None or price is None or not Decimal(str(price)):
        return None
    return Decimal(str(distance)) / Decimal(str(price))


def _colour(position: View) -> str:
    if position.get("guard") not in _WATCHED:
        return "bold red"
    share = share_left(position)
    if position.get("guard") == "EXITING" or (share is not None and share <= 0):
        return "bold magenta"
    if share is None:
        return "dim"
    return "red" if share <= _NEAR else "yellow" if share <= _CLOSE else "green"


_POSITION: Final = ("position", "side", "held", "entry", "now", "stop", "left", "guard", "pnl")
_EXIT: Final = ("exit at work", "why", "filled", "of", "tries", "last price", "for")
_FILL: Final = ("last fill", "time", "qty", "price", "why", "pnl")
_LEFT: Final = frozenset({"position", "exit at work", "last fill", "side", "guard", "why"})
Row = tuple[str, Sequence[object]]


def _position(view: View) -> Row:
    level = nearest(view)
    names = pick(view, "symbol", "side", "stake")
    prices = [
        *pick(view, "entry_price", "executable_price"),
        *pick(level, "level_price", "distance"),
    ]
    pnl = brief(view.get("unrealized_pnl"))
    return _colour(view), [*names, *(brief(price) for price in prices), view.get("guard"), pnl]


def brief(number: object) -> object:
    """A number as text with no more than four digits after the point, or that count.

    A screen is no ledger: averages have digits without end. What is no number stays as it is.
    """
    if not isinstance(number, str):
        return number
    exact = Decimal(number)
    last = max(-exact.adjusted() + _FIGURES - 1, _DECIMALS) if exact else _DECIMALS
    rounded = exact.quantize(Decimal(1).scaleb(-last))
    return proper(rounded) if rounded != exact else number


def _exit(shot: Shot, view: View) -> Row:
    names = ("symbol", "exit_reason", "filled_qty", "exit_qty", "attempts", "last_exit_price")
    passed = _passed(shot.exits.get("time"), view.get("opened_time"))
    return "bold magenta", [*pick(view, *names), passed]


def _last_fills(shot: Shot, exits: list[View]) -> list[View]:
    """The parts of the exits shown, and the fills of trades and strangers, newest first."""
    parts = [
        {"venue": one.get("venue"), "symbol": one.get("symbol"), **part}
        for one in exits
        for part in views(one, "partial_fills")
    ]
    told = {part.get("exec_id") for part in parts}
    noes = {
        (one.get("venue"), one.get("symbol"))
        for one in views(shot.positions, "positions")
        if one.get("side") == "no"
    }
    parts += [_other_fill(line, noes) for line in shot.fills if line.get("exec_id") not in told]
    return sorted(parts, key=lambda part: cell(part.get("time")), reverse=True)


def _other_fill(line: View, noes: Collection[tuple[object, object]]) -> View:
    """A fill as the log has it; `noes` are held as NO, of which the log tells the price of YES."""
    where, price = (line.get("venue"), line.get("symbol")), str(line.get("last_px"))
    side = cell(line.get("side"))
    return {
        "venue": where[0],
        "symbol": where[1],
        "time": line.get("timestamp"),
        "qty": line.get("last_qty"),
        "price": proper(1 - Decimal(price)) if where in noes else price,
        "reason": f"{side}, ours" if line.get("cause") else f"{side}, stranger's",
    }


def _fill(view: View) -> Row:
    symbol, time, *rest = pick(view, "symbol", "time", "qty", "price", "reason", "pnl")
    return "", [symbol, cell(time)[_CLOCK], *rest]


def _section(nothing: str, names: Sequence[str], rows: list[Row], room: int) -> RenderableType:
    """A heading and as many rows as there is room for; the last one counts those that are not."""
    if not rows:
        return _line(nothing, "dim")
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name in names:
        table.add_column(
            name,
            justify="left" if name in _LEFT else "right",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if name == names[0] else None,
        )
    shown = rows if len(rows) <= room else rows[: room - 1]
    for style, values in shown:
        table.add_row(*(Text(cell(value)) for value in values), style=style)
    if len(shown) < len(rows):
        table.add_row(f"and {len(rows) - len(shown)} more", style="dim")
    return table
