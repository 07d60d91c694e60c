"""From happenings to frames: which connection hears what. It owns the list of connections."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import WSMsgType, web

from daemon.paper.faults import AT_ONCE, Fault, FaultKind, Where
from daemon.paper.happenings import (
    BookChanged,
    FillDone,
    Happening,
    MarketMoved,
    OrderChanged,
    PositionChanged,
    QuoteChanged,
    TradeDone,
)
from daemon.paper.kalshi.context import Venue
from daemon.paper.kalshi.errors import SOCKET_UNAUTHORIZED, ApiError
from daemon.paper.kalshi.frames import delta_msg, lifecycle_msg, ticker_msg, trade_msg
from daemon.paper.kalshi.gate import SOCKET_PATH
from daemon.paper.kalshi.session import Session
from daemon.paper.kalshi.subscriptions import Subscription, WsCode
from daemon.paper.kalshi.views import user_order_view, ws_fill_view, ws_position_view
from daemon.paper.kalshi.wire import Json, answer
from daemon.paper.outgoing import cut


class Hub:
    """All websocket connections of the exchange."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self.sessions: list[Session] = []
        self._book_clock = 0
        self._moved: dict[str, int] = {}
        venue.exchange.observers.append(self.hear)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /trade-api/ws/v2: check the signature, then talk until one side has enough."""
        venue = self._venue
        try:
            member = venue.keyring.identify(request.headers, "GET", SOCKET_PATH, venue.door_ns())
        except ApiError:
            return answer(SOCKET_UNAUTHORIZED, 401)
        refused = venue.exchange.faults.take(FaultKind.WS_REFUSE, Where(account=member.account))
        if refused:
            return web.Response(status=refused.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(venue, member.account, socket, partial(cut, request), self._clock)
        self.sessions.append(session)
        try:
            await _talk(session, socket)
        finally:
            self.sessions.remove(session)
        return socket

    def strike(self, fault: Fault) -> int:
        """Carry out a fault that does not wait for a frame; returns how many it hit."""
        if fault.kind not in AT_ONCE or fault.on_frame:
            return 0
        hit = 0
        for session in list(self.sessions):
            if fault.account not in ("", session.account):
                continue
            if fault.kind is FaultKind.WS_DISCONNECT:
                session.disconnect()
                hit += 1
                continue
            code = WsCode.OVERFLOW if fault.kind is FaultKind.WS_ERROR_25 else WsCode.CHANNEL_ERROR
            for subscription in _matching(session, fault.channel):
                session.end_subscription(subscription, code)
                hit += 1
        return hit

    def close(self) -> None:
        """Cut every connection: the exchange is going away."""
        for session in list(self.sessions):
            session.disconnect()

    # Happenings

    def hear(self, happening: Happening) -> None:
        """Tell everyone concerned."""
        match happening:
            case BookChanged():
                self._book_clock += 1
                for session, sub in self._listeners("orderbook_delta", happening.ticker):
                    self._tell_delta(session, sub, happening)
            case TradeDone():
                ticker = happening.trade.ticker
                self._public("trade", "trade", ticker, trade_msg(happening.trade))
            case MarketMoved():
                kind = "market_lifecycle_v2"
                self._public(kind, kind, happening.ticker, lifecycle_msg(happening))
            case QuoteChanged():
                self._quote_soon(happening)
            case _:
                self._hear_private(happening)

    def _hear_private(self, happening: FillDone | OrderChanged | PositionChanged) -> None:
        accounts = self._venue.exchange.accounts
        match happening:
            case FillDone(fill=fill):
                view = ws_fill_view(fill)
                self._private("fill", "fill", fill.ticker, fill.owner.account, view)
            case OrderChanged(order=order):
                name = order.owner.account
                view = user_order_view(order, accounts[name].user_id)
                self._private("user_orders", "user_order", order.ticker, name, view)
            case PositionChanged(position=position):
                name = position.owner.account
                view = ws_position_view(position, accounts[name].user_id)
                self._private("market_positions", "market_position", position.ticker, name, view)

    def _tell_delta(self, session: Session, sub: Subscription, change: BookChanged) -> None:
        msg = delta_msg(
            change,
            self._venue.exchange.markets[change.ticker],
            self._book_clock,
            use_yes_price=sub.use_yes_price,
            account=session.account,
        )
        session.tell(sub, "orderbook_delta", msg, change.ticker)

    def _public(self, channel: str, kind: str, ticker: str, msg: Json) -> None:
        for session, sub in self._listeners(channel, ticker):
            session.tell(sub, kind, dict(msg), ticker)

    def _private(self, channel: str, kind: str, ticker: str, account: str, msg: Json) -> None:
        for session, sub in self._listeners(channel, ticker):
            if session.account == account:
                session.tell(sub, kind, dict(msg), ticker)

    def _listeners(self, channel: str, ticker: str) -> list[tuple[Session, Subscription]]:
        return [
            (session, sub)
            for session in self.sessions
            for sub in session.subscriptions.by_sid.values()
            if sub.channel == channel and sub.covers(ticker)
        ]

    def _quote_soon(self, changed: QuoteChanged) -> None:
        """Conflate: one ticker frame for all that happens in one turn of the loop."""
        if not self.sessions:
            return
        if not self._moved:
            asyncio.get_running_loop().call_soon(self._tell_quotes)
        self._moved[changed.ticker] = changed.time_ns

    def _tell_quotes(self) -> None:
        exchange = self._venue.exchange
        moved, self._moved = self._moved, {}
        for ticker, time_ns in moved.items():
            interest = self._venue.open_interest(ticker)
            msg = ticker_msg(exchange.markets[ticker], exchange.books[ticker], interest, time_ns)
            self._public("ticker", "ticker", ticker, msg)

    def _clock(self) -> int:
        return self._book_clock


def _matching(session: Session, channel: str) -> list[Subscription]:
    subs = list(session.subscriptions.by_sid.values())
    return [sub for sub in subs if channel in ("", sub.channel)]


async def _talk(session: Session, socket: web.WebSocketResponse) -> None:
    """Read commands until the connection ends; a writer and a pinger live as long."""
    async with asyncio.TaskGroup() as group:
        tasks = (
            group.create_task(session.outgoing.write(), name=f"paper-ws-writer-{session.account}"),
            group.create_task(session.ping(), name=f"paper-ws-pinger-{session.account}"),
        )
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                session.command(message.data)
        for task in tasks:
            task.cancel()
