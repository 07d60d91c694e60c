"""One websocket connection: its commands, and what it is told of its subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

from daemon.paper.clock import MILLI_NS
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.kalshi.context import Venue
from daemon.paper.kalshi.frames import snapshot_msg, ticker_msg
from daemon.paper.kalshi.limits import Bucket
from daemon.paper.kalshi.subscriptions import (
    Reply,
    Subscription,
    Subscriptions,
    WsCode,
    error_frame,
)
from daemon.paper.kalshi.wire import Json
from daemon.paper.outgoing import Outgoing
from daemon.paper.units import millis

PING = b"heartbeat"
_TERMINAL = {FaultKind.WS_ERROR_25: WsCode.OVERFLOW, FaultKind.WS_ERROR_10: WsCode.CHANNEL_ERROR}


class Session:
    """A member's connection. `abort` cuts it without a closing handshake."""

    def __init__(
        self,
        venue: Venue,
        account: str,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
        book_clock: Callable[[], int],
    ) -> None:
        self._venue = venue
        self.account = account
        self._socket = socket
        self._abort = abort
        self._book_clock = book_clock
        exchange, settings = venue.exchange, venue.config.websocket
        self.outgoing = Outgoing(
            socket, exchange.faults, exchange.clock, settings.max_queue, self._overflow
        )
        rate = settings.max_commands_per_s
        self._commands = Bucket(rate, rate)
        self.subscriptions = Subscriptions(
            knows_market=exchange.markets.__contains__,
            max_markets=settings.max_markets,
        )

    # Commands

    def command(self, text: str) -> None:
        """Obey a command and queue its answers."""
        if not self._commands.take(1, self._venue.exchange.clock.mono_ns()):
            self._send(error_frame(WsCode.TOO_MANY_COMMANDS), "")
            return
        for reply in self.subscriptions.command(text):
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        channel = reply.subscription.channel if reply.subscription else ""
        if reply.frame:
            self._send(reply.frame, channel)
        for ticker in reply.snapshots:
            if reply.subscription is not None:
                self._snapshot(reply.subscription, ticker, reply.snapshot_id)

    def _snapshot(self, subscription: Subscription, ticker: str, command_id: int) -> None:
        exchange = self._venue.exchange
        market, book = exchange.markets[ticker], exchange.books[ticker]
        frame: Json = {"id": command_id} if command_id else {}
        if subscription.channel == "ticker":
            interest = self._venue.open_interest(ticker)
            msg = ticker_msg(market, book, interest, self._venue.now_ns())
            self.tell(subscription, "ticker", msg, ticker)
        elif subscription.channel == "orderbook_delta":
            msg = snapshot_msg(
                market, book, self._book_clock(), use_yes_price=subscription.use_yes_price
            )
            self.tell(subscription, "orderbook_snapshot", msg, ticker, frame)

    # Frames

    def tell(
        self,
        sub: Subscription,
        kind: str,
        msg: Json,
        ticker: str,
        head: Json | None = None,
    ) -> None:
        """Queue one message of a subscription, numbered where its channel is."""
        where = Where(channel=sub.channel, account=self.account, ticker=ticker)
        if kind == "orderbook_delta" and self._strikes(FaultKind.WS_SEQ_GAP, where):
            sub.next_seq()
        frame: Json = {"type": kind, "sid": sub.sid}
        seq = sub.next_seq()
        if seq is not None:
            frame["seq"] = seq
        frame["msg"] = msg
        self._send((head or {}) | frame, sub.channel, ticker)
        for fault_kind, code in _TERMINAL.items():
            fault = self._strikes(fault_kind, where)
            if fault:
                self.end_subscription(sub, code)
        if self._strikes(FaultKind.WS_DISCONNECT, where):
            self.disconnect()

    def end_subscription(self, subscription: Subscription, code: WsCode) -> None:
        """A terminal error: the subscription is gone, the connection stays."""
        frame = error_frame(code, sid=subscription.sid)
        seq = subscription.next_seq()
        if seq is not None:
            frame["seq"] = seq
        self.subscriptions.drop(subscription.sid)
        self._send(frame, subscription.channel)

    def disconnect(self) -> None:
        """Cut the connection without a word."""
        self._abort()

    def _send(self, frame: Json, channel: str, ticker: str = "") -> None:
        where = Where(channel=channel, account=self.account, ticker=ticker)
        frame["sending_ts_ms"] = millis(self._venue.door_ns())
        text = msgspec.json.encode(frame).decode() + "\n"
        reads = self._venue.exchange.reads
        is_private = channel in ("fill", "user_orders", "market_positions")
        is_late = is_private and reads.private_frames == "after_ack"
        self.outgoing.send(text, where, reads.after_ack_ms * MILLI_NS if is_late else 0)

    def _overflow(self) -> None:
        """The reader is too slow: every subscription ends with error 25, as on Kalshi."""
        for subscription in list(self.subscriptions.by_sid.values()):
            self.end_subscription(subscription, WsCode.OVERFLOW)

    def _strikes(self, kind: FaultKind, where: Where) -> Fault | None:
        return self._venue.exchange.faults.take(kind, where)

    async def ping(self) -> None:
        """Send Kalshi's heartbeat; the client's library answers it."""
        while True:
            await asyncio.sleep(self._venue.config.websocket.ping_interval_s)
            try:
                await self._socket.ping(PING)
            except ConnectionError:
                return
