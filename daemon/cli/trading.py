"""The verb that trades: through the running daemon, else by one that runs as long as it takes."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from daemon.analytics.scene import View
from daemon.cli.exits import ExitCode
from daemon.cli.output import tell, tell_json, views
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.fill_handler.exchange_manager import ExchangeManager

Limit = Annotated[str | None, typer.Option("--limit", metavar="PX", help="Or better.")]
Market = Annotated[
    bool, typer.Option("--market", help="At any price; on Kalshi within [exits] slippage.")
]
Tif = Annotated[str, typer.Option("--tif", metavar="TIF", help="ioc, fok or gtc.")]
Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="S", help="Seconds an order may rest.")
]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Only nearer to flat.")]
HeldSide = Annotated[
    str, typer.Option("--position-side", help="net, or in hedge mode long or short.")
]
Account = Annotated[str | None, typer.Option("--account", help="Where there are several.")]
Token = Annotated[
    str | None, typer.Option("--token", help="Your name of it: given again, done once.")
]


def add_verbs(app: typer.Typer) -> None:
    """Register it."""
    verb(app, "trade")(trade)


def trade(  # noqa: PLR0913 - one parameter an option
    call: Call,
    venue: Annotated[str, typer.Argument(metavar="VENUE", help="kalshi, binance-spot, ...")],
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="The market's ticker.")],
    side: Annotated[str, typer.Argument(metavar="SIDE", help="buy or sell (YES on Kalshi).")],
    qty: Annotated[str, typer.Argument(metavar="QTY", help="Contracts or coins.")],
    *,
    limit: Limit = None,
    market: Market = False,
    tif: Tif = "ioc",
    timeout: Timeout = None,
    reduce_only: ReduceOnly = False,
    position_side: HeldSide = "net",
    account: Account = None,
    token: Token = None,
) -> int:
    """Buy or sell now, try the rest again as [trades] says, and say what was filled.

    Exit code 0: all of it is filled; 1: not all of it, or an outcome that nobody could prove.
    """
    ord_type = _ord_type(limit, at_market=market)
    view: View = {}

    def note(now: View) -> None:
        view.update(now)
        if not call.json_output:
            tell_progress(now)

    async def run() -> None:
        async with ExchangeManager(call.settings()) as manager:
            await manager.execute_trade(
                venue,
                symbol,
                side,
                qty,
                ord_type,
                limit,
                time_in_force=tif,
                timeout_s=timeout,
                reduce_only=reduce_only,
                position_side=position_side,
                account=account,
                token=token,
                progress=note,
            )

    asyncio.run(run())
    return _told(call, view)


def _ord_type(limit: str | None, *, at_market: bool) -> str:
    if at_market is (limit is not None):
        raise BadInputError("--limit PX or --market: accepted is one of them")
    return "market" if at_market else "limit"


def _told(call: Call, view: View) -> int:
    (tell_json if call.json_output else _tell_end)(view)
    return ExitCode.OK if view["status"] == "filled" else ExitCode.FAILED


def tell_progress(view: View) -> None:
    """One line for the newest attempt."""
    for attempt in views(view, "attempts")[-1:]:
        why = f" ({attempt['retry_reason']})" if attempt["retry_reason"] else ""
        order, state = attempt["client_order_id"], attempt["status"]
        told = f"{order} {state}" if order else f"refused: {attempt['text']}"
        filled = f", {attempt['cum_qty']} filled" if attempt["cum_qty"] else ""
        tell(f"attempt {attempt['attempt']}{why}: {told}{filled}", flush=True)


def _tell_end(view: View) -> None:
    fees = view["fees"]
    paid = fees.items() if isinstance(fees, dict) else ()
    costs = "".join(f", fee {qty} {currency}" for currency, qty in paid)
    at = f" at {view['avg_px']}" if view["avg_px"] else ""
    why = f": {view['text']}" if view["text"] and view["status"] != "filled" else ""
    tell(
        f"{view['side']} {view['filled_qty']} of {view['order_qty']} {view['symbol']}{at}{costs}"
        f" ({view['status']}{why})"
    )
