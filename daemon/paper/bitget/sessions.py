"""One websocket of Bitget: login, subscriptions, text ping and pong. What is told is the hub's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from daemon.paper.bitget.auth import check_login
from daemon.paper.bitget.words import Json
from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Where

_MESSAGE_BYTES = 4096
_PER_S = 10
_TEXTS = {
    30001: "{text} doesn't exist",
    30002: "Illegal request",
    30003: "Invalid op",
    30004: "User needs to log in",
    30007: "request over limit, connection close",
    30011: "Invalid ACCESS_KEY",
    30012: "Invalid ACCESS_PASSPHRASE",
    30013: "Invalid ACCESS_TIMESTAMP",
    30014: "Request timestamp expired",
    30015: "Invalid sign",
    30016: "Param error",
}


@dataclass(frozen=True, slots=True)
class Arg:
    """A subscription: as it was asked for, and what it means. `symbol` "" is all."""

    raw: tuple[tuple[str, str], ...]
    market: str
    channel: str
    symbol: str

    @property
    def echo(self) -> dict[str, str]:
        """The same words."""
        return dict(self.raw)


Check = Callable[["Session", Arg], bool]
Begin = Callable[["Session", Arg], None]


@dataclass(slots=True, eq=False)
class Session:
    """A connection. `check` says whether there is such a channel, `begin` starts telling it."""

    venue: CoinVenue
    connection: Connection
    is_private: bool
    check: Check
    begin: Begin
    args: list[Arg] = field(default_factory=list)
    heard: deque[int] = field(default_factory=deque)

    async def obey(self, text: str) -> None:
        """A ping, a login, or a change of the subscriptions."""
        if self._is_flood():
            await self._leave(30007)
            return
        if text == "ping":
            self.connection.alive()
            # Without an account: a fault that silences a member's stream leaves it its pongs.
            self.connection.outgoing.send("pong", Where(channel="pong"))
            return
        message, args = _decode(text)
        op = message.get("op")
        if len(text.encode()) > _MESSAGE_BYTES or not message:
            self._error(30002)
        elif op == "login" and self.is_private:
            await self._log_in(args[0] if args else {})
        elif op in ("subscribe", "unsubscribe"):
            change = self._subscribe if op == "subscribe" else self._unsubscribe
            for given in args:
                change(given)
        else:
            self._error(30003)

    def _is_flood(self) -> bool:
        now = self.venue.exchange.clock.mono_ns()
        self.heard.append(now)
        while now - self.heard[0] >= SECOND_NS:
            self.heard.popleft()
        return self.venue.config.rate_limits and len(self.heard) > _PER_S

    async def _log_in(self, given: dict[str, str]) -> None:
        key = check_login(self.venue, given)
        if isinstance(key, int):
            await self._leave(key)
            return
        self.connection.account = key.account
        self.connection.tell({"event": "login", "code": "0", "msg": ""})

    async def _leave(self, code: int) -> None:
        """Say why, and close."""
        frame = {"event": "error", "code": str(code), "msg": _TEXTS[code]}
        with suppress(ConnectionError):
            await self.connection.socket.send_str(msgspec.json.encode(frame).decode())
            await self.connection.socket.close()

    def _subscribe(self, given: dict[str, str]) -> None:
        arg = arg_of(given)
        if self.is_private and not self.connection.account:
            self._error(30004, given)
        elif not self.check(self, arg):
            self._error(30001, given)
        else:
            if arg not in self.args:
                self.args.append(arg)
            self.connection.tell({"event": "subscribe", "arg": given})
            self.begin(self, arg)

    def _unsubscribe(self, given: dict[str, str]) -> None:
        self.args = [arg for arg in self.args if arg.echo != given]
        self.connection.tell({"event": "unsubscribe", "arg": given})

    def _error(self, code: int, given: dict[str, str] | None = None) -> None:
        view: Json = {"event": "error", "code": code}
        if given is not None:
            view["arg"] = given
        text = ",".join(f"{name}:{value}" for name, value in (given or {}).items())
        self.connection.tell(view | {"msg": _TEXTS[code].format(text=text)})


def arg_of(given: dict[str, str]) -> Arg:
    """What is asked for, in either dialect; `default` is all."""
    symbol = given.get("instId") or given.get("symbol") or "default"
    return Arg(
        tuple(given.items()),
        given.get("instType", "").upper(),
        given.get("channel") or given.get("topic", ""),
        "" if symbol == "default" else symbol.upper(),
    )


def _decode(text: str) -> tuple[Json, list[dict[str, str]]]:
    try:
        message: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}, []
    if not isinstance(message, dict):
        return {}, []
    given = message.get("args")
    rows = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    return message, [{str(n): str(v) for n, v in row.items()} for row in rows]
