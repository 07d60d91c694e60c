"""Spot's websocket API: requests, sessions, and the user data that its subscriptions get."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daemon.paper import mishaps
from daemon.paper.binance.auth import check_message, check_time, key_of
from daemon.paper.binance.calls import Call, Json, Route, Security
from daemon.paper.binance.errors import ApiError, bad, invalid_key
from daemon.paper.binance.front import Front, Reply
from daemon.paper.binance.params import Params
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.keys import ApiKey
from daemon.paper.units import millis

_SUBSCRIPTIONS_MAX = 65_535
_SESSION = Route(handler=lambda _call: {}, weight=2)


@dataclass(slots=True)
class SpotSession:
    """One connection. `subscriptions`: subscriptionId -> account."""

    front: Front
    methods: dict[str, Route]
    connection: Connection
    request: web.Request
    connected_ms: int
    subscriptions: dict[int, str] = field(default_factory=dict)
    key: ApiKey | None = None
    authorized_ms: int = 0
    next_subscription: int = 0

    async def obey(self, text: str) -> None:
        """Answer one request."""
        self.front.venue.tick()
        message = _decode(text)
        number = message.get("id")
        method, given = message.get("method"), message.get("params")
        try:
            params = Params.of_json(given if isinstance(given, dict) else {})
            reply = await self._answer(str(method), params)
        except mishaps.HungUpError:
            return
        except ApiError as error:
            reply = Reply(error.status, None, error)
        view: Json = {"id": number, "status": reply.status}
        if reply.error is None:
            view["result"] = reply.body
        else:
            view["error"] = self._error_view(reply.error)
        route = self.methods.get(str(method), _SESSION)
        now_ns = self.front.venue.now_ns()
        account = self.connection.account
        view["rateLimits"] = self.front.limits.views(account, now_ns, orders=route.is_order)
        self.connection.tell(view)

    def _error_view(self, error: ApiError) -> Json:
        view: Json = dict(error.body)
        if error.retry_after_s is not None:
            now_ms = millis(self.front.venue.door_ns())
            until_ms = now_ms + error.retry_after_s * 1000
            view["data"] = {"serverTime": now_ms, "retryAfter": until_ms}
        return view

    async def _answer(self, method: str, params: Params) -> Reply:
        own = {
            "session.logon": self._log_on,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._list,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }
        if method in own:
            self.front.limits.charge(_SESSION.weight, self.front.venue.now_ns())
            return Reply(200, own[method](params))
        route = self.methods.get(method)
        if route is None:
            raise ApiError(404, -1000, f"Method {method} was not found.")
        account = self._who(route, params)
        where = self.front.where(f"WS {method}", account, params)
        call = Call(self.front.venue, account, params, where)
        return await self.front.answer(route, call, self.request)

    def _who(self, route: Route, params: Params) -> str:
        """The account that asks: of the session, or of the key and the signature it brings."""
        if route.security is Security.NONE:
            return ""
        if "apiKey" not in params and self.key is not None:
            check_time(self.front.venue, params)
            return self.key.account
        key = key_of(self.front.venue, params.text("apiKey"))
        check_message(self.front.venue, key, params)
        return key.account

    # Session

    def _log_on(self, params: Params) -> object:
        key = key_of(self.front.venue, params.text("apiKey"))
        is_allowed = key.pair is not None and isinstance(key.pair.public_key, Ed25519PublicKey)
        if not is_allowed:
            raise bad(-4056, "HMAC_SHA256 API key is not supported.")
        check_message(self.front.venue, key, params)
        self.key, self.authorized_ms = key, millis(self.front.venue.now_ns())
        self.connection.account = key.account
        return self._status(params)

    def _status(self, _params: Params) -> object:
        return {
            "apiKey": self.key.api_key if self.key else None,
            "authorizedSince": self.authorized_ms if self.key else None,
            "connectedSince": self.connected_ms,
            "returnRateLimits": True,
            "serverTime": millis(self.front.venue.door_ns()),
            "userDataStream": bool(self.subscriptions),
        }

    def _log_out(self, params: Params) -> object:
        if self.key is not None:
            for number, account in list(self.subscriptions.items()):
                if account == self.key.account:
                    self._end(number)
        self.key = None
        return self._status(params)

    # Subscriptions

    def _list(self, _params: Params) -> object:
        return [{"subscriptionId": number} for number in self.subscriptions]

    def _subscribe(self, _params: Params) -> object:
        if self.key is None:
            raise invalid_key()
        return self._begin(self.key)

    def _subscribe_signed(self, params: Params) -> object:
        key = key_of(self.front.venue, params.text("apiKey"))
        check_message(self.front.venue, key, params)
        return self._begin(key)

    def _begin(self, key: ApiKey) -> object:
        if key.account in self.subscriptions.values():
            raise bad(-2035, "User Data Stream subscription already active.")
        if self.next_subscription >= _SUBSCRIPTIONS_MAX:
            raise bad(-2042, "User Data Stream subscriptions are used up.")
        number = self.next_subscription
        self.next_subscription += 1
        self.subscriptions[number] = key.account
        self.connection.account = key.account
        return {"subscriptionId": number}

    def _unsubscribe(self, params: Params) -> object:
        number = params.number("subscriptionId")
        if number is not None and number not in self.subscriptions:
            raise bad(-2036, "User Data Stream subscription not found.")
        for each in [number] if number is not None else list(self.subscriptions):
            self._end(each)
        return {}

    def _end(self, number: int) -> None:
        del self.subscriptions[number]
        event = {"e": "eventStreamTerminated", "E": millis(self.front.venue.door_ns())}
        frame = {"subscriptionId": number, "event": event}
        self.connection.tell(frame, "eventStreamTerminated")

    # What the hub says

    def tell(self, account: str, event: Json, symbol: str) -> None:
        """An event of an account, to every subscription of it."""
        for number, owner in self.subscriptions.items():
            if owner == account:
                frame = {"subscriptionId": number, "event": event}
                self.connection.tell_private(frame, str(event["e"]), symbol)

    def say_goodbye(self) -> None:
        """serverShutdown: of the connection, not of a subscription."""
        event = {"e": "serverShutdown", "E": millis(self.front.venue.door_ns())}
        self.connection.tell({"event": event}, "serverShutdown")


def _decode(text: str) -> dict[str, object]:
    try:
        message: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return message if isinstance(message, dict) else {}
