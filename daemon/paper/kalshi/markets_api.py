"""The public side of REST: markets, events, series, books, trades, the exchange's own state."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from daemon.paper.clock import SECOND_NS
from daemon.paper.exchange import Shard
from daemon.paper.kalshi.context import VENUE, Venue, as_of_ns
from daemon.paper.kalshi.errors import bad_query
from daemon.paper.kalshi.queries import Query
from daemon.paper.kalshi.views import View, market_view, orderbook_view, trade_view
from daemon.paper.kalshi.wire import answer
from daemon.paper.model import Market, MarketStatus, Trade
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import rfc3339

MAX_DEPTH = 100
# The words of ?status= and the market states they mean.
_FILTERS: Mapping[str, tuple[MarketStatus, ...]] = {
    "unopened": (MarketStatus.INITIALIZED,),
    "open": (MarketStatus.ACTIVE,),
    "paused": (MarketStatus.INACTIVE,),
    "closed": (MarketStatus.CLOSED, MarketStatus.DETERMINED),
    "settled": (MarketStatus.FINALIZED,),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _find(venue: Venue, ticker: str) -> Market:
    market = venue.exchange.markets.get(ticker)
    if market is None:
        raise RefusalError(Code.NOT_FOUND)
    return market


def _view(venue: Venue, market: Market) -> View:
    """A market as a cache shows it: up to markets_cache_s old, as behind Kalshi's CDN."""
    now = venue.now_ns()
    made_ns, view = venue.cached.get(market.ticker, (0, {}))
    if not view or now - made_ns >= venue.config.reads.markets_cache_s * SECOND_NS:
        book = venue.exchange.books[market.ticker]
        view = market_view(market, book, venue.open_interest(market.ticker))
        venue.cached[market.ticker] = (now, view)
    return view


async def market(request: web.Request) -> web.Response:
    """GET /markets/{ticker}"""
    venue = request.app[VENUE]
    return answer({"market": _view(venue, _find(venue, request.match_info["ticker"]))})


async def markets(request: web.Request) -> web.Response:
    """GET /markets"""
    venue, query = request.app[VENUE], Query("GetMarkets", request.query)
    tickers, status = query.words("tickers"), query.text("status")
    event, series = query.text("event_ticker"), query.text("series_ticker")
    states = _FILTERS.get(status, ())
    query.limit()
    found = [
        m
        for m in venue.exchange.markets.values()
        if (not tickers or m.ticker in tickers)
        and (not status or m.status in states)
        and event in ("", m.event_ticker)
        and series in ("", m.series_ticker)
    ]
    rows, cursor = query.page(found, lambda m: m.ticker)
    return answer({"markets": [_view(venue, m) for m in rows], "cursor": cursor})


async def old_markets(request: web.Request) -> web.Response:
    """GET /historical/markets: settled before the archive's cutoff."""
    venue, query = request.app[VENUE], Query("GetHistoricalMarkets", request.query)
    query.limit()
    cutoff = venue.now_ns() - venue.config.reads.fills_archive_s * SECOND_NS
    found = [m for m in venue.exchange.markets.values() if 0 < m.settled_ns < cutoff]
    rows, cursor = query.page(found, lambda m: m.ticker)
    return answer({"markets": [_view(venue, m) for m in rows], "cursor": cursor})


async def orderbook(request: web.Request) -> web.Response:
    """GET /markets/{ticker}/orderbook"""
    venue, query = request.app[VENUE], Query("GetMarketOrderbook", request.query)
    found = _find(venue, request.match_info["ticker"])
    depth = query.bounded("depth", 0, 0, MAX_DEPTH)
    return answer({"orderbook_fp": orderbook_view(venue.exchange.books[found.ticker], depth)})


async def orderbooks(request: web.Request) -> web.Response:
    """GET /markets/orderbooks?tickers=A&tickers=B"""
    venue = request.app[VENUE]
    tickers = request.query.getall("tickers", [])
    if not 0 < len(tickers) <= MAX_DEPTH:
        raise bad_query("GetMarketOrderbooks", "Tickers", "lte" if tickers else "required")
    books = [
        {"ticker": t, "orderbook_fp": orderbook_view(venue.exchange.books[t], 0)}
        for t in tickers
        if t in venue.exchange.books
    ]
    return answer({"orderbooks": books})


def _trades(request: web.Request, *, archived: bool) -> web.Response:
    venue, query = request.app[VENUE], Query("GetTrades", request.query)
    ticker = query.text("ticker")
    first, last = query.number("min_ts") or 0, query.number("max_ts")
    query.limit()
    cutoff = venue.now_ns() - venue.config.reads.fills_archive_s * SECOND_NS
    tape = [
        trade
        for m in venue.exchange.markets.values()
        if ticker in ("", m.ticker)
        for trade in m.tape
        if (trade.time_ns < cutoff) is archived
        and trade.time_ns >= first * SECOND_NS
        and (last is None or trade.time_ns <= last * SECOND_NS)
    ]
    tape.sort(key=_time_of, reverse=True)
    rows, cursor = query.page(tape, lambda t: t.trade_id)
    return answer({"trades": [trade_view(t) for t in rows], "cursor": cursor})


def _time_of(trade: Trade) -> int:
    return trade.time_ns


async def trades(request: web.Request) -> web.Response:
    """GET /markets/trades"""
    return _trades(request, archived=False)


async def old_trades(request: web.Request) -> web.Response:
    """GET /historical/trades"""
    return _trades(request, archived=True)


def _event_view(venue: Venue, members: list[Market]) -> View:
    first = members[0]
    return {
        "event_ticker": first.event_ticker,
        "series_ticker": first.series_ticker,
        "sub_title": "",
        "title": first.title,
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "category": first.category,
        "settlement_sources": [],
        "last_updated_ts": rfc3339(max(m.updated_ns for m in members)),
        "exchange_index": first.exchange_index,
        "markets": [_view(venue, m) for m in members],
    }


def _by_event(venue: Venue) -> dict[str, list[Market]]:
    groups: dict[str, list[Market]] = {}
    for m in venue.exchange.markets.values():
        groups.setdefault(m.event_ticker, []).append(m)
    return groups


async def event(request: web.Request) -> web.Response:
    """GET /events/{event_ticker}: its markets beside it, or inside it when asked to nest them."""
    venue = request.app[VENUE]
    members = _by_event(venue).get(request.match_info["event_ticker"])
    if members is None:
        raise RefusalError(Code.NOT_FOUND)
    view = _event_view(venue, members)
    rows = view["markets"]
    if request.query.get("with_nested_markets") != "true":
        del view["markets"]
    return answer({"event": view, "markets": rows})


async def events(request: web.Request) -> web.Response:
    """GET /events"""
    venue, query = request.app[VENUE], Query("GetEvents", request.query)
    series = query.text("series_ticker")
    limit = query.bounded("limit", 200, 1, 200)
    groups = [g for g in _by_event(venue).values() if series in ("", g[0].series_ticker)]
    views = [_event_view(venue, group) for group in groups[:limit]]
    if query.text("with_nested_markets") != "true":
        for view in views:
            del view["markets"]
    return answer({"events": views, "milestones": [], "cursor": ""})


async def series(request: web.Request) -> web.Response:
    """GET /series/{series_ticker}"""
    found = _by_series(request.app[VENUE]).get(request.match_info["series_ticker"])
    if found is None:
        raise RefusalError(Code.NOT_FOUND)
    return answer({"series": _series_view(found)})


async def series_list(request: web.Request) -> web.Response:
    """GET /series"""
    found = _by_series(request.app[VENUE]).values()
    return answer({"series": [_series_view(market) for market in found]})


def _by_series(venue: Venue) -> dict[str, Market]:
    """One market of each series; a series' fee rules are its markets'."""
    return {m.series_ticker: m for m in venue.exchange.markets.values()}


def _series_view(found: Market) -> View:
    return {
        "ticker": found.series_ticker,
        "frequency": "custom",
        "title": found.series_ticker,
        "category": found.category,
        "categories": [found.category],
        "tags": [],
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": found.fee_type,
        "fee_multiplier": _json_number(found.fee_multiplier),
        "additional_prohibitions": [],
        "exchange_index": found.exchange_index,
    }


def _json_number(value: Decimal) -> int | float:
    """Kalshi sends the multiplier as a JSON number; it multiplies nothing on this side."""
    return int(value) if value == value.to_integral_value() else float(value)


async def fee_changes(request: web.Request) -> web.Response:
    """GET /series/fee_changes and /events/fee_changes: none are scheduled here."""
    if request.path.endswith("/series/fee_changes"):
        return answer({"series_fee_change_arr": []})
    return answer({"event_fee_changes": [], "cursor": ""})


def _shard_view(shard: Shard) -> View:
    return {
        "exchange_active": shard.exchange_active,
        "trading_active": shard.trading_active,
        "intra_exchange_transfers_active": shard.exchange_active,
    }


async def status(request: web.Request) -> web.Response:
    """GET /exchange/status: the top level is shard 0."""
    shards = request.app[VENUE].exchange.shards
    rows = [
        {"exchange_index": index, "description": shard.description, **_shard_view(shard)}
        for index, shard in shards.items()
    ]
    return answer({**_shard_view(shards[0]), "exchange_index_statuses": rows})


async def schedule(request: web.Request) -> web.Response:
    """GET /exchange/schedule: open all day, but for Thursday 03:00 to 05:00 Eastern."""
    now = request.app[VENUE].now_ns()
    hours: View = {day: [{"open_time": "00:00", "close_time": "00:00"}] for day in _DAYS}
    hours["thursday"] = [
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "00:00"},
    ]
    hours["start_time"] = rfc3339(now - 30 * 86_400 * SECOND_NS)
    hours["end_time"] = rfc3339(now + 365 * 86_400 * SECOND_NS)
    return answer({"schedule": {"standard_hours": [hours], "maintenance_windows": []}})


async def user_data_timestamp(request: web.Request) -> web.Response:
    """GET /exchange/user_data_timestamp: how fresh the portfolio reads are."""
    return answer({"as_of_time": rfc3339(as_of_ns(request.app[VENUE]))})


async def cutoff(request: web.Request) -> web.Response:
    """GET /historical/cutoff"""
    venue = request.app[VENUE]
    orders_ns = venue.now_ns() - venue.config.reads.orders_archive_s * SECOND_NS
    fills = rfc3339(venue.now_ns() - venue.config.reads.fills_archive_s * SECOND_NS)
    return answer(
        {
            "market_settled_ts": fills,
            "trades_created_ts": fills,
            "orders_updated_ts": rfc3339(orders_ns),
            "market_positions_last_updated_ts": fills,
        }
    )
