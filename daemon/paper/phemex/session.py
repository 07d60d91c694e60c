"""One websocket of a client: its commands, its login, what it listens to.

Commands are `{"id", "method", "params"}`; pushes have no id. The heartbeat is the client's.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from daemon.paper.crypto.connection import Connection
from daemon.paper.phemex.auth import check_login
from daemon.paper.phemex.errors import ApiError
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.public import DEPTH, Levels

_INVALID = (6001, "invalid argument")
_NOT_LOGGED_IN = (6011, "not authenticated")
_BAD_LOGIN = (6012, "invalid login token")
_SUBSCRIPTIONS_MOST = 20
_DEPTHS = (0, 1, 5, 10, 30)
_LOGIN_PARTS = 4
_DEPTH_AT = 2
_DONE = {"status": "success"}


class _Command(msgspec.Struct):
    method: str
    id: int | None = None
    params: list[str | int | bool] = []


_COMMAND = msgspec.json.Decoder(_Command)


class Refused(Exception):  # noqa: N818 - the answer to a command, no fault of the program
    """An error that the client is told."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Session:
    """A connection and its subscriptions. `told`: each book as its client should have it."""

    def __init__(
        self,
        market: Market,
        connection: Connection,
        channels: tuple[str, str],
        *,
        admit: Callable[[str], bool],
        begin: Callable[[Session, str], None],
    ) -> None:
        """`channels`: the private one, that of the books. `begin`: what a subscription begins with.

        `admit` says whether the account may have one more connection.
        """
        self.connection = connection
        self.is_subscribed = False
        self.books: dict[str, int] = {}
        self.told: dict[str, list[Levels]] = {}
        self._market = market
        self._private, self._book = channels
        self._admit = admit
        self._begin = begin

    @property
    def account(self) -> str:
        """Who has logged in, "" before."""
        return self.connection.account

    async def obey(self, text: str) -> None:
        """Answer one command."""
        number: int | None = None
        try:
            command = _COMMAND.decode(text)
            number = command.id
            self._obey(command)
        except msgspec.DecodeError:
            self._refuse(number, *_INVALID)
        except Refused as refused:
            self._refuse(number, refused.code, str(refused))

    def _obey(self, command: _Command) -> None:
        match command.method:
            case "server.ping":
                self.connection.alive()
                self._answer(command, "pong")
            case "user.auth":
                self._login(command)
                self._answer(command, _DONE)
            case method if method == f"{self._private}.subscribe":
                if not self.account:
                    raise Refused(*_NOT_LOGGED_IN)
                self._answer(command, _DONE)
                self.is_subscribed = True
                self._begin(self, "")
            case method if method == f"{self._private}.unsubscribe":
                self.is_subscribed = False
                self._answer(command, _DONE)
            case method if method == f"{self._book}.subscribe":
                symbol, depth = self._book_of(command.params)
                self._answer(command, _DONE)
                self.books[symbol] = depth
                self._begin(self, symbol)
            case method if method == f"{self._book}.unsubscribe":
                self.books.clear()
                self.told.clear()
                self._answer(command, _DONE)
            case _:
                raise Refused(*_INVALID)

    def _login(self, command: _Command) -> None:
        match command.params:
            case ["API", str(api_key), str(signature), int(expiry_s)]:
                try:
                    key = check_login(self._market.venue, api_key, signature, expiry_s)
                except ApiError as error:
                    raise Refused(*_BAD_LOGIN) from error
            case _:
                raise Refused(*_INVALID)
        if not self._admit(key.account):
            raise Refused(*_BAD_LOGIN)
        self.connection.account = key.account

    def _book_of(self, params: list[str | int | bool]) -> tuple[str, int]:
        """[symbol], [symbol, whole] of spot, [symbol, slow, depth] of perpetuals."""
        symbol = str(params[0]) if params else ""
        if symbol not in self._market.venue.exchange.instruments:
            raise Refused(*_INVALID)
        is_new = symbol not in self.books
        if is_new and len(self.books) + self.is_subscribed >= _SUBSCRIPTIONS_MOST:
            raise Refused(*_INVALID)
        if len(params) > _DEPTH_AT:
            text = str(params[_DEPTH_AT])
            if text not in map(str, _DEPTHS):
                raise Refused(*_INVALID)
            return symbol, int(text)
        is_whole = params[1:] == [True] and not self._market.venue.is_contract
        return symbol, 0 if is_whole else DEPTH

    def _answer(self, command: _Command, result: object) -> None:
        self.connection.tell({"error": None, "id": command.id, "result": result})

    def _refuse(self, number: int | None, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self.connection.tell({"error": error, "id": number, "result": None})
