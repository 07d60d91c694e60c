"""The read side of REST that belongs to a member: orders, fills, positions, balance, settlements.

Reads go through `Reader`, so that they are as late or as stale as the exchange is told to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from aiohttp import web

from daemon.paper.clock import SECOND_NS
from daemon.paper.kalshi.context import VENUE, Reader, Venue
from daemon.paper.kalshi.gate import ENDPOINT, MEMBER
from daemon.paper.kalshi.queries import Query
from daemon.paper.kalshi.views import (
    event_positions,
    fill_view,
    order_view,
    position_view,
    settlement_view,
)
from daemon.paper.kalshi.wire import answer
from daemon.paper.ledger import Position, Settlement
from daemon.paper.model import Fill, Order, Owner, Side
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import ONE, ZERO, count2, dollars4, seconds, whole_cents

_STATUSES = frozenset({"unsettled", "settled", "all"})


@dataclass(frozen=True, slots=True)
class _Filter:
    """The filters that lists have in common; None and empty let everything through."""

    query: Query

    def passes(self, owner: Owner, ticker: str, index: int, time_ns: int) -> bool:
        tickers = self.query.words("ticker")
        subaccount = self.query.number("subaccount")
        shard = self.query.number("exchange_index")
        return (
            (not tickers or ticker in tickers)
            and subaccount in (None, owner.subaccount)
            and shard in (None, index)
            and self._in_time(time_ns)
        )

    def _in_time(self, time_ns: int) -> bool:
        first, last = self.query.number("min_ts"), self.query.number("max_ts")
        is_late_enough = first is None or time_ns >= first * SECOND_NS
        return is_late_enough and (last is None or time_ns <= last * SECOND_NS)


def _reader(request: web.Request) -> Reader:
    return Reader(request.app[VENUE], request[MEMBER], request[ENDPOINT])


def _orders(request: web.Request, *, archived: bool) -> web.Response:
    venue, query = request.app[VENUE], Query("GetOrders", request.query)
    events, status, chosen = query.words("event_ticker"), query.text("status"), _Filter(query)
    query.limit()

    def wanted(order: Order) -> bool:
        event = venue.exchange.markets[order.ticker].event_ticker
        return (
            chosen.passes(order.owner, order.ticker, order.exchange_index, order.created_ns)
            and status in ("", order.status.value)
            and (not events or event in events)
        )

    found = [o for o in _reader(request).orders(archived=archived) if wanted(o)]
    rows, cursor = query.page(found, lambda o: o.order_id)
    user = venue.exchange.accounts[request[MEMBER].account].user_id
    return answer({"orders": [order_view(o, user) for o in rows], "cursor": cursor})


async def orders(request: web.Request) -> web.Response:
    """GET /portfolio/orders"""
    return _orders(request, archived=False)


async def old_orders(request: web.Request) -> web.Response:
    """GET /historical/orders"""
    return _orders(request, archived=True)


async def order(request: web.Request) -> web.Response:
    """GET /portfolio/orders/{order_id}: 404 until the write has become readable."""
    venue, wanted = request.app[VENUE], request.match_info["order_id"]
    found = next((o for o in _reader(request).orders() if o.order_id == wanted), None)
    if found is None:
        if wanted in venue.exchange.orders:
            venue.exchange.faults.note("order_not_readable_yet")
        raise RefusalError(Code.NOT_FOUND)
    user = venue.exchange.accounts[request[MEMBER].account].user_id
    return answer({"order": order_view(found, user)})


def _resting(venue: Venue, request: web.Request) -> list[Order]:
    subaccount = Query("GetQueuePositions", request.query).number("subaccount") or 0
    owner = Owner(request[MEMBER].account, subaccount)
    return list(venue.exchange.open_orders[owner].values())


async def queue_position(request: web.Request) -> web.Response:
    """GET /portfolio/orders/{order_id}/queue_position"""
    venue, wanted = request.app[VENUE], request.match_info["order_id"]
    found = venue.exchange.orders.get(wanted)
    if found is None or not found.is_open or found.owner.account != request[MEMBER].account:
        raise RefusalError(Code.NOT_FOUND)
    ahead = venue.exchange.books[found.ticker].ahead_of(found)
    return answer({"queue_position_fp": count2(ahead)})


async def queue_positions(request: web.Request) -> web.Response:
    """GET /portfolio/orders/queue_positions"""
    venue, query = request.app[VENUE], Query("GetQueuePositions", request.query)
    tickers, event = query.words("market_tickers"), query.text("event_ticker")
    if not tickers and not event:
        raise RefusalError(Code.MISSING, "market_tickers or event_ticker is wanted")
    markets = venue.exchange.markets
    rows = [
        {
            "order_id": o.order_id,
            "market_ticker": o.ticker,
            "queue_position_fp": count2(venue.exchange.books[o.ticker].ahead_of(o)),
        }
        for o in _resting(venue, request)
        if (not tickers or o.ticker in tickers) and event in ("", markets[o.ticker].event_ticker)
    ]
    return answer({"queue_positions": rows})


def _fills(request: web.Request, *, archived: bool) -> web.Response:
    query = Query("GetFills", request.query)
    order_id, chosen = query.text("order_id"), _Filter(query)
    query.limit()

    def wanted(fill: Fill) -> bool:
        fits = chosen.passes(fill.owner, fill.ticker, fill.exchange_index, fill.time_ns)
        return fits and order_id in ("", fill.order_id)

    found = [f for f in _reader(request).fills(archived=archived) if wanted(f)]
    # A trade with oneself has one trade_id and two fills, so the page key needs the order too.
    rows, cursor = query.page(found, lambda f: f"{f.trade_id}/{f.order_id}")
    return answer({"fills": [fill_view(f) for f in rows], "cursor": cursor})


async def fills(request: web.Request) -> web.Response:
    """GET /portfolio/fills"""
    return _fills(request, archived=False)


async def old_fills(request: web.Request) -> web.Response:
    """GET /historical/fills"""
    return _fills(request, archived=True)


def _positions(request: web.Request, query: Query) -> list[Position]:
    owner = Owner(request[MEMBER].account, query.number("subaccount") or 0)
    tickers, event = query.words("ticker"), query.text("event_ticker")
    shard = query.number("exchange_index")
    return [
        p
        for p in _reader(request).positions(owner)
        if (not tickers or p.ticker in tickers)
        and event in ("", p.event_ticker)
        and shard in (None, p.exchange_index)
    ]


async def positions(request: web.Request) -> web.Response:
    """GET /portfolio/positions: unsettled ones unless asked otherwise."""
    query = Query("GetPositions", request.query)
    status = query.text("settlement_status") or "unsettled"
    query.limit()
    if status not in _STATUSES:
        raise RefusalError(Code.PARAMETERS, "settlement_status: unsettled, settled or all")
    counts = query.words("count_filter")
    found = [
        p
        for p in _positions(request, query)
        if status in ("all", "settled" if p.is_settled else "unsettled")
        and (not counts or _is_counted(p, counts))
    ]
    return _positions_answer(query, found)


def _is_counted(position: Position, counts: list[str]) -> bool:
    held = "position" in counts and position.qty != ZERO
    return held or ("total_traded" in counts and position.traded != ZERO)


def _positions_answer(query: Query, found: list[Position]) -> web.Response:
    rows, cursor = query.page(found, lambda p: p.ticker)
    return answer(
        {
            "market_positions": [position_view(p) for p in rows],
            "event_positions": event_positions(rows),
            "cursor": cursor,
        }
    )


async def old_positions(request: web.Request) -> web.Response:
    """GET /historical/positions: settled longer ago than the archive's cutoff."""
    query = Query("GetHistoricalPositions", request.query)
    query.limit()
    venue = request.app[VENUE]
    cutoff_ns = venue.now_ns() - venue.config.reads.fills_archive_s * SECOND_NS
    found = [p for p in _positions(request, query) if p.is_settled and p.updated_ns < cutoff_ns]
    return _positions_answer(query, found)


async def settlements(request: web.Request) -> web.Response:
    """GET /portfolio/settlements"""
    venue, query = request.app[VENUE], Query("GetSettlements", request.query)
    account, chosen, event = request[MEMBER].account, _Filter(query), query.text("event_ticker")
    query.limit()

    def wanted(paid: Settlement) -> bool:
        fits = chosen.passes(paid.owner, paid.ticker, paid.exchange_index, paid.time_ns)
        is_ours = paid.owner.account == account and paid.qty != ZERO
        return is_ours and fits and event in ("", paid.event_ticker)

    found = [s for s in reversed(venue.exchange.ledger.settlements) if wanted(s)]
    rows, cursor = query.page(found, lambda s: f"{s.ticker}/{s.owner.subaccount}")
    return answer({"settlements": [settlement_view(s) for s in rows], "cursor": cursor})


async def balance(request: web.Request) -> web.Response:
    """GET /portfolio/balance: cash that no resting order holds, in cut cents and in dollars."""
    venue, query = request.app[VENUE], Query("GetBalance", request.query)
    owner = Owner(request[MEMBER].account, query.number("subaccount") or 0)
    index = query.number("exchange_index")
    shards = [s for s in venue.exchange.shards if index in (None, s)]
    parts = {s: venue.exchange.available(owner, s) for s in shards}
    total = sum(parts.values(), ZERO)
    worth = sum((_worth(venue, p) for p in _held(venue, owner, shards)), ZERO)
    return answer(
        {
            "balance": whole_cents(total),
            "balance_dollars": dollars4(total),
            "portfolio_value": whole_cents(worth),
            "updated_ts": seconds(venue.now_ns()),
            "balance_breakdown": [
                {"exchange_index": s, "balance": dollars4(cash)} for s, cash in parts.items()
            ],
        }
    )


def _held(venue: Venue, owner: Owner, shards: list[int]) -> list[Position]:
    rows = venue.exchange.ledger.positions.items()
    return [p for (who, _), p in rows if who == owner and p.exchange_index in shards]


def _worth(venue: Venue, position: Position) -> Decimal:
    """What a position would bring at the other side's best price."""
    book = venue.exchange.books[position.ticker]
    if position.qty > ZERO:
        return position.qty * (book.best(Side.BID) or ZERO)
    return -position.qty * (ONE - (book.best(Side.ASK) or ONE))


async def resting_value(request: web.Request) -> web.Response:
    """GET /portfolio/summary/total_resting_order_value"""
    venue = request.app[VENUE]
    owner = Owner(request[MEMBER].account)
    parts = {s: venue.exchange.reserved(owner, s) for s in venue.exchange.shards}
    return answer(
        {
            "total_resting_order_value": whole_cents(sum(parts.values(), ZERO)),
            "resting_order_value_breakdown": [
                {"exchange_index": s, "balance": dollars4(v)} for s, v in parts.items()
            ],
        }
    )
