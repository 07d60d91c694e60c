"""What moved an account's money by itself: funding, as classic bills and as UTA records."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.bitget.calls import Call
from daemon.paper.bitget.market_reads import is_here
from daemon.paper.bitget.paging import page
from daemon.paper.bitget.words import Json, ms, signed
from daemon.paper.crypto.happenings import AccountMoved, Cause
from daemon.paper.units import ZERO

_SPAN_DAYS = 30
_BILL = "contract_settle_fee"
_RECEIVED, _PAID = "CONTRACT_MAIN_SETTLE_FEE_USER_IN", "CONTRACT_MAIN_SETTLE_FEE_USER_OUT"


def bills(call: Call) -> object:
    """GET /api/v2/mix/account/bill: funding alone, 30 days at most at once."""
    is_asked = is_here(call, "productType") and call.params.word("businessType", _BILL) == _BILL
    rows = _page(call, _fundings(call) if is_asked else [])
    return {
        "bills": [_bill(number, move) for number, move in rows] or None,
        "endId": str(rows[-1][0]) if rows else None,
    }


def records(call: Call) -> object:
    """GET /api/v3/account/financial-records: funding alone, 30 days at most at once."""
    wanted = call.params.text("type")
    found = _fundings(call) if is_here(call, "category") else []
    rows = _page(call, [row for row in found if wanted in ("", _type(_change(row[1])))])
    return {
        "list": [_record(number, move) for number, move in rows],
        "cursor": str(rows[-1][0]) if rows else "",
    }


def _fundings(call: Call) -> list[tuple[int, AccountMoved]]:
    """The newest first, each with its id."""
    exchange, read_ns = call.venue.exchange, call.read_ns
    found = [
        (exchange.first_id + number, move)
        for number, move in enumerate(exchange.moves[call.account])
        if move.cause is Cause.FUNDING and move.time_ns <= read_ns
    ]
    return found[::-1]


def _page(call: Call, rows: list[tuple[int, AccountMoved]]) -> list[tuple[int, AccountMoved]]:
    return page(
        rows,
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row[0],
        ns_of=lambda row: row[1].time_ns,
        span_days=_SPAN_DAYS,
    )


def _change(move: AccountMoved) -> Decimal:
    return next(iter(move.deltas.values()))


def _type(change: Decimal) -> str:
    return _PAID if change < ZERO else _RECEIVED


def _bill(number: int, move: AccountMoved) -> Json:
    return {
        "billId": str(number),
        "symbol": move.symbol,
        "amount": signed(_change(move)),
        "fee": "0",
        "feeByCoupon": "",
        "businessType": _BILL,
        "coin": next(iter(move.deltas)),
        "cTime": ms(move.time_ns),
    }


def _record(number: int, move: AccountMoved) -> Json:
    change = _change(move)
    return {
        "category": "USDT-FUTURES",
        "id": str(number),
        "symbol": move.symbol,
        "coin": next(iter(move.deltas)),
        "type": _type(change),
        "amount": signed(change),
        "fee": "0",
        "ts": ms(move.time_ns),
    }
