"""The verb that trades: through the running daemon, else by one that runs as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from daemon.analytics.scene import View
from daemon.cli.exits import ExitCode, code_of, line_of
from daemon.cli.output import tell, tell_error, tell_json, views
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.core.errors import FilldError
from daemon.fill_handler.exchange_manager import ExchangeManager
from daemon.fill_handler.trade_result import TradeResult

Limit = Annotated[str | None, typer.Option("--limit", metavar="PX", help="Or better.")]
Market = Annotated[
    bool, typer.Option("--market", help="At any price; on Kalshi within [exits] slippage.")
]
Tif = Annotated[str, typer.Option("--tif", metavar="TIF", help="ioc, fok or gtc.")]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout", metavar="S", help="Seconds for all of it, further attempts included."
    ),
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

    Exit code 0: all of it is filled; 5: a part; 1: nothing; 2: nothing, and what was asked for is
    no order there (--json: error.code); 3: the daemon was gone; 6: an order whose outcome nobody
    knows: it may be filled yet, so ask again with the same --token only.
    """
    ord_type = _ord_type(limit, at_market=market)
    view: View = {}

    def note(now: View) -> None:
        view.update(now)
        if not call.json_output:
            tell_progress(now)

    ask = partial(
        ExchangeManager.execute_trade,
        exchange=venue,
        symbol=symbol,
        side=side,
        amount=qty,
        order_type=ord_type,
        price=limit,
        time_in_force=tif,
        timeout_s=timeout,
        reduce_only=reduce_only,
        position_side=position_side,
        account=account,
        token=token,
        progress=note,
    )
    return _told(call, view, *_done(call, ask))


Ask = Callable[[ExchangeManager], Awaitable[TradeResult]]


def _done(call: Call, ask: Ask) -> tuple[TradeResult | None, FilldError | None]:
    """What the trade has come to, or why nobody can say."""

    async def run() -> TradeResult:
        async with ExchangeManager(call.settings()) as manager:
            return await ask(manager)

    try:
        result = asyncio.run(run())
    except FilldError as error:
        return None, error
    return result, result.error


def _ord_type(limit: str | None, *, at_market: bool) -> str:
    if at_market is (limit is not None):
        raise BadInputError("--limit PX or --market: accepted is one of them")
    return "market" if at_market else "limit"


def _told(call: Call, view: View, result: TradeResult | None, error: FilldError | None) -> int:
    if call.json_output:
        tell_json({**view, "error": None if error is None else error_view(error)})
    elif result is not None:
        _tell_end(view, error)
    if result is None and error is not None:
        tell_error(line_of(error))
    if result is not None and result.total_filled and error is not None:
        return ExitCode.PARTLY
    return ExitCode.OK if error is None else code_of(error)


def error_view(error: FilldError) -> View:
    """An error as JSON: its class, what every error of filld's carries, and its text."""
    return {
        "error": type(error).__name__,
        "venue": error.venue,
        "code": error.code,
        "retryable": error.retryable,
        "tried": error.tried,
        "text": str(error),
    }


def tell_progress(view: View) -> None:
    """One line for the newest attempt."""
    for attempt in views(view, "attempts")[-1:]:
        why = f" ({attempt['retry_reason']})" if attempt["retry_reason"] else ""
        order, state = attempt["client_order_id"], attempt["status"]
        told = f"{order} {state}" if order else f"refused: {attempt['text']}"
        filled = f", {attempt['cum_qty']} filled" if attempt["cum_qty"] else ""
        tell(f"attempt {attempt['attempt']}{why}: {told}{filled}", flush=True)


def _tell_end(view: View, error: FilldError | None) -> None:
    fees = view["fees"]
    paid = fees.items() if isinstance(fees, dict) else ()
    costs = "".join(f", fee {qty} {currency}" for currency, qty in paid)
    at = f" at {view['avg_px']}" if view["avg_px"] else ""
    why = "" if error is None else f": {error}"
    tell(
        f"{view['side']} {view['filled_qty']} of {view['order_qty']} {view['symbol']}{at}{costs}"
        f" ({view['status']}{why})"
    )
