"""What every venue's part of the admin door is made of: JSON in and out, faults, scripts.

Errors of the caller are 400 {"error": sentence}.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from daemon.paper.faults import AT_ONCE, Fault, FaultKind, Faults
from daemon.paper.matching import Priced
from daemon.paper.refusal import OperatorError, RefusedError
from daemon.paper.traders import OtherTraders, ScriptSpec

T = TypeVar("T", bound=msgspec.Struct)
P = TypeVar("P", bound=Priced)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Routes = tuple[tuple[str, str, Handler], ...]
DONE = {"ok": True}


class FaultBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A fault to arm; see `faults.Fault` for the meaning of each key."""

    kind: str
    count: int | None = 1
    skip: int = 0
    per_million: int = 1_000_000
    endpoint: str = ""
    channel: str = ""
    account: str = ""
    ticker: str = ""
    seconds: float = 1
    status: int = 503
    code: str = ""
    shape: Literal["nested", "flat", "bare", "text", "html"] = "nested"
    on_frame: bool = False


class StepBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many moves."""

    moves: int = 1


class FaultDoor:
    """Arms and clears faults. `strike` carries out one that does not wait; it says how many hit."""

    def __init__(self, faults: Faults, strike: Callable[[Fault], int]) -> None:
        self._faults = faults
        self._strike = strike

    def routes(self) -> Routes:
        """Below the venue's own path."""
        return (
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.arm),
            ("DELETE", "/faults", self.clear),
            ("POST", "/disconnect", self.disconnect),
        )

    async def list_faults(self, _request: web.Request) -> web.Response:
        """What is armed, and how often each kind has struck."""
        return answer({"armed": self._faults.armed(), "applied": dict(self._faults.applied)})

    async def arm(self, request: web.Request) -> web.Response:
        """Arm a fault; those of `AT_ONCE` strike at once unless told to wait for a frame."""
        body = await body_of(request, FaultBody)
        fault = Fault(**msgspec.structs.asdict(body) | {"kind": _kind(body.kind)})
        if fault.kind in AT_ONCE and not fault.on_frame:
            return answer({"id": 0, "hit": self._hit(fault)})
        return answer({"id": self._faults.arm(fault).fault_id, "hit": 0})

    async def clear(self, request: web.Request) -> web.Response:
        """Disarm all, one kind, or one id."""
        kind, number = request.query.get("kind"), request.query.get("id")
        gone = self._faults.clear(_kind(kind) if kind else None, int(number) if number else None)
        return answer({"cleared": gone})

    async def disconnect(self, _request: web.Request) -> web.Response:
        """Cut every websocket."""
        return answer({"hit": self._hit(Fault(kind=FaultKind.WS_DISCONNECT))})

    def _hit(self, fault: Fault) -> int:
        hit = self._strike(fault)
        self._faults.applied[fault.kind] += hit
        return hit


class ScriptDoor(Generic[P]):
    """Starts, moves and stops the scripts of the other traders."""

    def __init__(self, traders: OtherTraders[P]) -> None:
        self._traders = traders

    def routes(self) -> Routes:
        """Below the venue's own path."""
        return (
            ("GET", "/scripts", self.list_scripts),
            ("POST", "/scripts", self.start_script),
            ("POST", "/scripts/{name}/step", self.step_script),
            ("DELETE", "/scripts/{name}", self.stop_script),
        )

    async def list_scripts(self, _request: web.Request) -> web.Response:
        """Every script and whether it runs."""
        rows = [
            {
                "name": n,
                "ticker": s.spec.ticker,
                "running": s.is_running,
                "moves": s.moves,
                "error": s.error,
            }
            for n, s in self._traders.scripts.items()
        ]
        return answer({"scripts": rows})

    async def start_script(self, request: web.Request) -> web.Response:
        """Start a script, or start it again."""
        spec = await body_of(request, ScriptSpec)
        self._traders.start(spec)
        return answer({"name": spec.name}, 201)

    async def step_script(self, request: web.Request) -> web.Response:
        """Make a script move now."""
        body = await body_of(request, StepBody)
        self._traders.advance(request.match_info["name"], body.moves)
        return answer(DONE)

    async def stop_script(self, request: web.Request) -> web.Response:
        """Hold a script."""
        self._traders.stop(request.match_info["name"])
        return answer(DONE)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The middleware of the admin door: what the caller got wrong is a 400 with its sentence."""
    try:
        return await handler(request)
    except (OperatorError, RefusedError, ValueError, msgspec.DecodeError) as error:
        return answer({"error": str(error)}, 400)


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The request's JSON as a struct; an empty body is {}."""
    raw = await request.read()
    return msgspec.json.decode(raw or b"{}", type=kind)


def answer(body: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    raw = msgspec.json.encode(body)
    return web.Response(body=raw, status=status, content_type="application/json")


def _kind(name: str) -> FaultKind:
    try:
        return FaultKind(name)
    except ValueError as error:
        raise OperatorError(f"kind = {name!r}: accepted are {', '.join(FaultKind)}") from error
