"""Finding what the operator means, without a socket: hedged positions, names that are near."""

from __future__ import annotations

from daemon.control.acts import Target, find_target, near, no_order
from daemon.control.bodies import SymbolBody
from daemon.control.door import Refusal
from tests import builders as make
from tests.control.doors import FakeDoor
from tests.core.play import Play, guarded


async def found(play: Play, symbol: str, venue: str | None = None) -> Target | Refusal:
    body = SymbolBody(symbol=symbol, venue=venue)
    return await FakeDoor(play).look(lambda scene: find_target(scene, body))


async def test_a_symbol_is_a_target() -> None:
    wanted = Target(make.ACCOUNT, make.VENUE, make.SYMBOL)
    assert await found(guarded(), "NFL-1") == wanted
    assert await found(guarded(), "NFL-1", "kalshi") == wanted


async def test_a_wrong_venue_is_no_target() -> None:
    refusal = await found(guarded(), "NFL-1", "binance-spot")
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.near) == (404, ("NFL-1",))


def test_near_names_ignore_case_and_keep_theirs() -> None:
    known = ["KXRAIN-26DEC31-NYC", "KXSNOW-26DEC31-MIA", "other"]
    assert near("kxrain-26dec31-nyc", known)[0] == "KXRAIN-26DEC31-NYC"
    assert near("zzz", known) == ()


async def test_an_order_by_the_beginning_of_its_id() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    begun = play.order_id[:6]
    refusal = await FakeDoor(play).look(lambda scene: no_order(begun, [], scene))
    assert refusal.near == (play.order_id,)
    assert refusal.line.endswith(f"did you mean {play.order_id}?")
