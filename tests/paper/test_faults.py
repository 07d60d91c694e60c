"""A fault strikes where, when and as often as it was told to."""

from __future__ import annotations

from daemon.paper.clock import Chance
from daemon.paper.faults import AT_ONCE, Fault, FaultKind, Faults, Where

HERE = Where(endpoint="POST /portfolio/events/orders", channel="fill", account="a", ticker="T")


def test_count_and_skip() -> None:
    faults = Faults(Chance(1))
    faults.arm(Fault(kind=FaultKind.HTTP_429, count=2, skip=1))
    struck = [faults.take(FaultKind.HTTP_429, HERE) is not None for _ in range(4)]
    assert struck == [False, True, True, False]
    assert faults.applied == {"http_429": 2}
    assert not faults.armed()


def test_places_and_kinds_are_matched() -> None:
    faults = Faults(Chance(1))
    faults.arm(Fault(kind=FaultKind.HTTP_429, endpoint="GET *", count=None))
    faults.arm(Fault(kind=FaultKind.WS_DROP, channel="trade", count=None))
    assert faults.take(FaultKind.HTTP_429, HERE) is None
    assert faults.take(FaultKind.WS_DROP, HERE) is None
    assert faults.take(FaultKind.HTTP_429, Where(endpoint="GET /markets"))
    assert faults.standing(FaultKind.WS_DROP) is not None
    assert faults.clear(FaultKind.WS_DROP) == 1
    assert faults.clear() == 1


def test_probability_is_seeded() -> None:
    def pattern(seed: int) -> list[bool]:
        faults = Faults(Chance(seed))
        faults.arm(Fault(kind=FaultKind.WS_DROP, count=None, per_million=300_000))
        return [faults.take(FaultKind.WS_DROP, HERE) is not None for _ in range(50)]

    assert pattern(1) == pattern(1) != pattern(2)
    assert 5 < sum(pattern(1)) < 30
    assert FaultKind.WS_DISCONNECT in AT_ONCE
