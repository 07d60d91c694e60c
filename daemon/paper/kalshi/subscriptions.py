"""One websocket's subscriptions and the commands that change them. No I/O, no exchange.

A command goes in as text, `Reply` values come out; the session turns them into frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from daemon.paper.kalshi.wire import Json

SEQUENCED = frozenset({"orderbook_delta", "trade", "market_lifecycle_v2", "order_group_updates"})
CHANNELS = SEQUENCED | {"ticker", "fill", "user_orders", "market_positions"}
_ALL_MARKETS = frozenset({"market_lifecycle_v2", "order_group_updates"})


class WsCode(IntEnum):
    """The error codes of the socket."""

    UNABLE = 1
    PARAMS_REQUIRED = 2
    CHANNELS_REQUIRED = 3
    SIDS_REQUIRED = 4
    UNKNOWN_COMMAND = 5
    UNKNOWN_SID = 7
    UNKNOWN_CHANNEL = 8
    CHANNEL_ERROR = 10
    INVALID_PARAMETER = 11
    ONE_SID = 12
    UNSUPPORTED_ACTION = 13
    TICKER_REQUIRED = 14
    ACTION_REQUIRED = 15
    OVERFLOW = 25
    MARKET_LIMIT = 26
    TOO_MANY_COMMANDS = 27


TEXTS: dict[WsCode, str] = {
    WsCode.UNABLE: "Unable to process message",
    WsCode.PARAMS_REQUIRED: "Params required",
    WsCode.CHANNELS_REQUIRED: "Channels required",
    WsCode.SIDS_REQUIRED: "Subscription IDs required",
    WsCode.UNKNOWN_COMMAND: "Unknown command",
    WsCode.UNKNOWN_SID: "Unknown subscription ID",
    WsCode.UNKNOWN_CHANNEL: "Unknown channel name",
    WsCode.CHANNEL_ERROR: "Channel error",
    WsCode.INVALID_PARAMETER: "Invalid parameter",
    WsCode.ONE_SID: "Exactly one subscription ID is required",
    WsCode.UNSUPPORTED_ACTION: "Unsupported action",
    WsCode.TICKER_REQUIRED: "Market Ticker required",
    WsCode.ACTION_REQUIRED: "Action required",
    WsCode.OVERFLOW: "Subscription buffer overflow",
    WsCode.MARKET_LIMIT: "Market limit per subscription exceeded",
    WsCode.TOO_MANY_COMMANDS: "Too many commands",
}


class CommandError(Exception):
    """Theirs: a command that is answered with an error frame."""

    def __init__(self, code: WsCode, sid: int | None = None, ticker: str = "") -> None:
        super().__init__(TEXTS[code])
        self.code, self.sid, self.ticker = code, sid, ticker


@dataclass(slots=True)
class Subscription:
    """One sid: its channel, its markets (None is all) and its running number."""

    sid: int
    channel: str
    tickers: set[str] | None
    use_yes_price: bool = False
    skip_ack: bool = False
    seq: int = 0

    def covers(self, ticker: str) -> bool:
        """Whether a market's messages belong here."""
        return self.tickers is None or ticker in self.tickers

    def next_seq(self) -> int | None:
        """The number of the next message; None on channels that have none."""
        if self.channel not in SEQUENCED:
            return None
        self.seq += 1
        return self.seq


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame to send, and the snapshots (market tickers) that follow it."""

    frame: Json
    subscription: Subscription | None = None
    snapshots: tuple[str, ...] = ()
    snapshot_id: int = 0


@dataclass(slots=True)
class Subscriptions:
    """All subscriptions of one connection."""

    knows_market: Callable[[str], bool]
    max_markets: int
    by_sid: dict[int, Subscription] = field(default_factory=dict)
    _last_sid: int = 0

    def command(self, text: str) -> list[Reply]:
        """Obey one command."""
        message = _decode(text)
        number = message.get("id")
        command_id = number if isinstance(number, int) else 0
        try:
            return self._obey(message, command_id)
        except CommandError as error:
            return [Reply(error_frame(error.code, command_id, error.sid, error.ticker))]

    def drop(self, sid: int) -> None:
        """End a subscription from the exchange's side."""
        self.by_sid.pop(sid, None)

    def _obey(self, message: Json, command_id: int) -> list[Reply]:
        name = message.get("cmd")
        if name == "list_subscriptions":
            rows = [{"channel": s.channel, "sid": s.sid} for s in self.by_sid.values()]
            return [Reply(_with_id({"type": "ok", "msg": rows}, command_id))]
        if name not in ("subscribe", "unsubscribe", "update_subscription"):
            raise CommandError(WsCode.UNKNOWN_COMMAND if name else WsCode.UNABLE)
        params = message.get("params")
        if not isinstance(params, dict):
            raise CommandError(WsCode.PARAMS_REQUIRED)
        if name == "subscribe":
            return self._subscribe(params, command_id)
        if name == "unsubscribe":
            return self._unsubscribe(params, command_id)
        return self._update(params, command_id)

    def _subscribe(self, params: Json, command_id: int) -> list[Reply]:
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            raise CommandError(WsCode.CHANNELS_REQUIRED)
        tickers = self._tickers(params)
        for channel in channels:
            if channel not in CHANNELS:
                raise CommandError(WsCode.UNKNOWN_CHANNEL)
            if channel == "orderbook_delta" and not tickers:
                raise CommandError(WsCode.TICKER_REQUIRED)
        return [self._join(channel, tickers, params, command_id) for channel in channels]

    def _join(self, channel: str, tickers: list[str], params: Json, command_id: int) -> Reply:
        """Subscribe, or add the markets to the channel's subscription that is there already."""
        is_all = channel in _ALL_MARKETS or not tickers
        found = next((s for s in self.by_sid.values() if s.channel == channel), None)
        if found is None:
            self._last_sid += 1
            found = Subscription(self._last_sid, channel, None if is_all else set())
            self.by_sid[found.sid] = found
        found.use_yes_price = params.get("use_yes_price") is True
        found.skip_ack = params.get("skip_ticker_ack") is True
        if is_all:
            found.tickers = None
        elif found.tickers is not None:
            found.tickers |= set(tickers)
        msg = {"channel": channel, "sid": found.sid}
        frame = _with_id({"type": "subscribed", "msg": msg}, command_id)
        wants = channel == "orderbook_delta" or params.get("send_initial_snapshot") is True
        return Reply(frame, found, tuple(tickers) if wants else ())

    def _unsubscribe(self, params: Json, command_id: int) -> list[Reply]:
        sids = params.get("sids")
        if not isinstance(sids, list) or not sids:
            raise CommandError(WsCode.SIDS_REQUIRED)
        for sid in sids:
            if sid not in self.by_sid:
                raise CommandError(WsCode.UNKNOWN_SID)
        gone = [self.by_sid.pop(sid) for sid in sids]
        # The last frame of a subscription is numbered on every channel.
        return [
            Reply(_with_id({"type": "unsubscribed", "sid": s.sid, "seq": s.seq + 1}, command_id))
            for s in gone
        ]

    def _update(self, params: Json, command_id: int) -> list[Reply]:
        found = self._one(params)
        action = params.get("action")
        if not action:
            raise CommandError(WsCode.ACTION_REQUIRED)
        if action not in ("add_markets", "delete_markets", "get_snapshot"):
            raise CommandError(WsCode.UNSUPPORTED_ACTION)
        tickers = self._tickers(params)
        if not tickers:
            raise CommandError(WsCode.TICKER_REQUIRED)
        if action == "get_snapshot":
            return [Reply({}, found, tuple(tickers), command_id)]
        current = found.tickers or set()
        if action == "add_markets":
            found.tickers = current | set(tickers)
            new = tuple(t for t in tickers if t not in current)
        else:
            found.tickers = current - set(tickers)
            new = ()
        msg: Json = {} if found.skip_ack else {"market_tickers": sorted(found.tickers)}
        frame = _numbered({"type": "ok", "sid": found.sid, "msg": msg}, found)
        wants = found.channel == "orderbook_delta" or params.get("send_initial_snapshot") is True
        return [Reply(_with_id(frame, command_id), found, new if wants else ())]

    def _one(self, params: Json) -> Subscription:
        sids = params.get("sids")
        chosen = sids if isinstance(sids, list) else [params["sid"]] if "sid" in params else []
        if len(chosen) != 1:
            raise CommandError(WsCode.ONE_SID)
        if chosen[0] not in self.by_sid:
            raise CommandError(WsCode.UNKNOWN_SID)
        return self.by_sid[chosen[0]]

    def _tickers(self, params: Json) -> list[str]:
        several = params.get("market_tickers")
        single = params.get("market_ticker")
        found = several if isinstance(several, list) else [single] if single else []
        for ticker in found:
            if not isinstance(ticker, str) or not self.knows_market(ticker):
                raise CommandError(WsCode.INVALID_PARAMETER, ticker=str(ticker))
        if len(found) > self.max_markets:
            raise CommandError(WsCode.MARKET_LIMIT)
        return list(dict.fromkeys(found))


def error_frame(
    code: WsCode, command_id: int = 0, sid: int | None = None, ticker: str = ""
) -> Json:
    """An error as the socket sends it."""
    msg: Json = {"code": int(code), "msg": TEXTS[code]}
    if ticker:
        msg["market_ticker"] = ticker
    frame: Json = {"type": "error", "msg": msg}
    if sid is not None:
        frame["sid"] = sid
    return _with_id(frame, command_id)


def _with_id(frame: Json, command_id: int) -> Json:
    """0 is no id."""
    return {"id": command_id, **frame} if command_id else frame


def _numbered(frame: Json, subscription: Subscription) -> Json:
    seq = subscription.next_seq()
    return frame if seq is None else frame | {"seq": seq}


def _decode(text: str) -> Json:
    try:
        message: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return message if isinstance(message, dict) else {}
