"""The private websockets of one market: a teller's frames to whoever is subscribed.

Every frame of orders and fills says `snapshot`, though it is only what happened, and none is
replayed.
"""

from __future__ import annotations

from aiohttp import web

from daemon.paper.bitget.config import BitgetConfig
from daemon.paper.bitget.pushes import Push, Teller
from daemon.paper.bitget.sessions import Arg, Session
from daemon.paper.bitget.words import Json
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.happenings import Happening, OrderFilled
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.units import millis

_EVEN_CHANCE = 500_000


class PrivateHub:
    """Every private connection. `market`: the `instType` that is served."""

    def __init__(self, venue: CoinVenue, config: BitgetConfig, teller: Teller, market: str) -> None:
        self._venue = venue
        self._fill_frames = config.fill_frames
        self._teller = teller
        self._market = market
        self._sessions: list[Session] = []
        venue.exchange.observers.append(self._hear)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """/v2/ws/private or /v3/ws/private"""
        refused = self._venue.exchange.faults.take(FaultKind.WS_REFUSE, Where(channel="private"))
        if refused:
            return web.Response(status=refused.status)
        connection = Connection(self._venue, request, pings=False)
        session = Session(self._venue, connection, True, self._check, self._begin)  # noqa: FBT003
        self._sessions.append(session)
        try:
            return await connection.talk(session.obey)
        finally:
            self._sessions.remove(session)

    def strike(self, fault: Fault) -> int:
        """Cut the connections of an account, or of all."""
        if fault.kind is not FaultKind.WS_DISCONNECT:
            return 0
        chosen = [s for s in self._sessions if fault.account in ("", s.connection.account)]
        for session in chosen:
            session.connection.cut()
        return len(chosen)

    def _check(self, _session: Session, arg: Arg) -> bool:
        if arg.market != self._market or arg.channel not in self._teller.channels:
            return False
        # Futures take no symbol here, spot does.
        return not arg.symbol or not self._venue.is_contract

    def _begin(self, session: Session, arg: Arg) -> None:
        rows = self._teller.dump(session.connection.account, arg.channel)
        if rows is not None:
            self._tell(session, arg, Push(account="", channel=arg.channel, data=rows))

    def _hear(self, happening: Happening) -> None:
        if not self._sessions:
            return
        pushes = self._teller.pushes(happening)
        if isinstance(happening, OrderFilled) and self._is_fill_first():
            pushes = pushes[-1:] + pushes[:-1]
        for push in pushes:
            for session in self._sessions:
                if session.connection.account == push.account:
                    for arg in session.args:
                        if arg.channel == push.channel and arg.symbol in ("", push.symbol):
                            self._tell(session, arg, push)

    def _is_fill_first(self) -> bool:
        if self._fill_frames == "race":
            return self._venue.exchange.chance.happens(_EVEN_CHANCE)
        return self._fill_frames == "before"

    def _tell(self, session: Session, arg: Arg, push: Push) -> None:
        frame: Json = {
            "action": push.action,
            "arg": arg.echo,
            "data": push.data,
            "ts": millis(self._venue.door_ns()),
        }
        session.connection.tell_private(frame, push.channel, push.symbol)
