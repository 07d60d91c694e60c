"""Verbs that act through the daemon's socket; each returns after its commit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

import typer

from daemon.analytics.scene import View
from daemon.cli.door import act
from daemon.cli.exits import ExitCode
from daemon.cli.output import pick, tell, tell_json, views
from daemon.cli.verb import Call, verb
from daemon.control.bodies import (
    BadInputError,
    Body,
    ExitBody,
    HaltBody,
    ReloadBody,
    ResolveBody,
    SymbolBody,
    UnguardBody,
    typed,
)
from daemon.core.terms import proper

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}

Symbol = Annotated[str, typer.Argument(metavar="SYMBOL", help="The market's ticker.")]
Account = Annotated[str | None, typer.Option("--account", help="Where there are several.")]
OnVenue = Annotated[
    str | None, typer.Option("--venue", help="Where a symbol is held on several, e.g. bitget-spot.")
]


def add_verbs(app: typer.Typer) -> None:
    """Register them."""
    verb(app, "halt")(halt)
    verb(app, "resume")(resume)
    verb(app, "exit")(leave)
    verb(app, "confirm")(confirm)
    verb(app, "unguard")(unguard)
    verb(app, "resolve")(resolve)
    verb(app, "reload")(reload)


def halt(
    call: Call,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the journal.")] = "",
    account: Account = None,
) -> int:
    """Stop new exits; working ones go on. Survives a restart."""
    view = _act(call, "/halt", HaltBody, reason=reason, account=account)
    return _told(call, view, "halted: no new exits until filld resume", "was halted already")


def resume(call: Call, account: Account = None) -> int:
    """Allow new exits again."""
    view = _act(call, "/resume", HaltBody, account=account)
    return _told(call, view, "new exits are allowed again", "was not halted")


def leave(
    call: Call,
    symbol: Symbol,
    qty: Annotated[str | None, typer.Option("--qty", help="Part of it; default: all.")] = None,
    account: Account = None,
    venue: OnVenue = None,
) -> int:
    """Get out of a position now, within the bounds of [exits]."""
    view = _act(call, "/exit", ExitBody, symbol=symbol, qty=qty, account=account, venue=venue)
    return _told(
        call, view, f"exit of {symbol} requested", f"exit of {symbol} was requested already"
    )


def confirm(call: Call, symbol: Symbol, account: Account = None, venue: OnVenue = None) -> int:
    """Let the stop of an UNCONFIRMED position fire."""
    view = _act(call, "/confirm", SymbolBody, symbol=symbol, account=account, venue=venue)
    return _told(
        call, view, f"the stop of {symbol} is confirmed", f"{symbol} was confirmed already"
    )


def unguard(
    call: Call,
    symbol: Symbol,
    *,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="90s, 30m, 1h, 2d; default: no end.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Guard it again.")] = False,
    account: Account = None,
    venue: OnVenue = None,
) -> int:
    """Take a position out of guard, for a while or until --again."""
    for_s = None if span is None else proper(seconds(span))
    said = {"symbol": symbol, "for_s": for_s, "again": again, "account": account, "venue": venue}
    view = _act(call, "/unguard", UnguardBody, **said)
    done = f"{symbol} is guarded again" if again else f"{symbol} is out of guard"
    return _told(call, view, done, f"nothing changed for {symbol}")


def resolve(
    call: Call,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Either id.")],
    filled: Annotated[str, typer.Option("--filled", metavar="QTY", help="Of it, as you know.")],
    reason: Annotated[str, typer.Option("--reason", help="Kept in the journal.")] = "",
) -> int:
    """Your word on a doubtful order: it is dead, and this much of it was filled."""
    view = _act(call, "/resolve", ResolveBody, order=order, filled=filled, reason=reason)
    return _told(call, view, f"order {order} is resolved: {filled} filled", "nothing changed")


def reload(call: Call) -> int:
    """Read the rules again; all of them come into force, or none."""
    view = _act(call, "/reload", ReloadBody)
    return _told(call, {"changed": True, **view}, str(view.get("text", "reloaded")), "")


def seconds(span: str, option: str = "--for") -> Decimal:
    """`1h`, `30m`, `90s`, `2d` or plain seconds, as seconds above 0."""
    match = _SPAN.fullmatch(span)
    found = Decimal(match[1]) * _UNIT_S[match[2]] if match else Decimal(0)
    if not found:
        raise BadInputError(f"{option} = {span!r}: accepted: 90s, 30m, 1h, 2d, or seconds, above 0")
    return found


def _act(call: Call, route: str, kind: type[Body], **fields: object) -> View:
    """Ask the daemon, once the body is one that it takes: what is wrong needs no daemon to say."""
    given = {name: value for name, value in fields.items() if value is not None}
    return act(call.places(), route, typed(given, kind, route))


def _told(call: Call, view: View, done: str, idle: str) -> int:
    if call.json_output:
        tell_json(view)
        return ExitCode.OK
    tell(done if view.get("changed") else idle)
    for row in views(view, "positions"):
        symbol, stake, guard, why = pick(row, "symbol", "stake", "guard", "guard_reason")
        tell(f"{symbol}: {stake} held, {guard}{f' ({why})' if why else ''}")
        if row.get("blocked"):
            tell(f"{symbol}: waits, {row['blocked']}")
        elif not row.get("live"):
            tell(f"{symbol}: live orders are off, so an exit is only recorded")
    return ExitCode.OK
