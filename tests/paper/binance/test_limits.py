"""Weights, windows, pages and words: the pure parts below the requests."""

from __future__ import annotations

import pytest

from daemon.paper.binance.calls import Route, quotient8
from daemon.paper.binance.errors import ApiError
from daemon.paper.binance.front import Front
from daemon.paper.binance.limits import Limits, OrderLimit
from daemon.paper.binance.params import Params
from daemon.paper.binance.spot import SpotDoor, make_spot
from daemon.paper.binance.streams import MarketStreams
from daemon.paper.binance.usdm import UsdmDoor, make_usdm
from daemon.paper.binance.usdm_views import places
from daemon.paper.binance.windows import page
from daemon.paper.binance.words import status_word, type_word
from daemon.paper.clock import SECOND_NS, ManualClock
from daemon.paper.crypto.model import Ending
from tests.paper.binance.builders import spot_config, usdm_config
from tests.paper.crypto.builders import D, spot

ONE = OrderLimit("10S", 10, 2, "SECOND", 10)


def test_a_window_begins_again_by_the_clock() -> None:
    limits = Limits(5, (ONE,), is_strict=True)
    limits.charge(5, 0)
    with pytest.raises(ApiError) as full:
        limits.charge(1, 30 * SECOND_NS)
    assert (full.value.status, full.value.retry_after_s) == (429, 30)
    limits.charge(5, 60 * SECOND_NS)
    assert limits.headers("a", 60 * SECOND_NS, orders=False)["X-MBX-USED-WEIGHT-1M"] == "5"
    for _ in range(2):
        limits.count_order("a", 0)
    limits.count_order("b", 0)
    with pytest.raises(ApiError, match="Too many new orders; current limit is 2 orders per 10 S"):
        limits.count_order("a", SECOND_NS)
    limits.count_order("a", 10 * SECOND_NS)
    assert limits.views("a", 10 * SECOND_NS, orders=True)[0]["count"] == 1


def test_who_goes_on_is_banned_and_who_waits_is_not() -> None:
    limits = Limits(1, (), is_strict=True)
    limits.charge(1, 0)
    codes = []
    for _ in range(13):
        with pytest.raises(ApiError) as refused:
            limits.charge(1, 0)
        codes.append(refused.value.status)
    assert codes == [429] * 11 + [418] * 2
    with pytest.raises(ApiError) as banned:
        limits.charge(1, 119 * SECOND_NS)
    assert banned.value.status == 418
    limits.charge(1, 121 * SECOND_NS)
    loose = Limits(1, (ONE,), is_strict=False)
    for _ in range(5):
        loose.charge(9, 0)
        loose.count_order("a", 0)


def test_a_page_begins_where_it_is_told_to() -> None:
    rows = [(number, number * SECOND_NS) for number in range(10)]

    def of(**params: str) -> list[int]:
        found = page(
            rows,
            Params(params),
            first_id="fromId",
            id_of=lambda row: row[0],
            ns_of=lambda row: row[1],
        )
        return [row[0] for row in found]

    assert of() == list(range(10))
    assert of(limit="3") == [7, 8, 9]
    assert of(fromId="2", limit="3") == [2, 3, 4]
    assert of(startTime="3000", endTime="5000") == [3, 4, 5]


def test_every_ending_has_a_status() -> None:
    order = spot().place("alice", "bid", "1", "100")
    assert (status_word(order), type_word(order)) == ("NEW", "LIMIT")
    for ending in Ending:
        order.ending = ending
        expired = status_word(order).startswith("EXPIRED")
        assert expired or (ending, status_word(order)) == (Ending.MEMBER, "CANCELED")


def test_numbers_of_json_and_of_steps() -> None:
    params = Params.of_json({"a": 1, "b": True, "c": None, "d": 0.5})
    assert params.values == {"a": "1", "b": "true", "c": "", "d": "0.5"}
    assert [places(D(step)) for step in ("0.001", "1", "10", "0.10")] == [3, 0, 0, 1]
    assert (quotient8(D(2), D(3)), quotient8(D(2), D(0))) == (D("0.66666667"), D(0))


@pytest.mark.parametrize("make", [make_spot, make_usdm])
def test_every_route_is_of_its_market(make: object) -> None:
    door: SpotDoor | UsdmDoor
    prefix: tuple[str, ...]
    if make is make_spot:
        # What a key may do is asked of the spot host too, below a root of its own.
        door, prefix = make_spot(spot_config(), ManualClock(), 1), ("/api/v3/", "/sapi/v1/account/")
    else:
        door, prefix = make_usdm(usdm_config(), ManualClock(), 1), ("/fapi/v",)
    front: Front = door._front
    assert isinstance(door._streams, MarketStreams)
    assert len(front.routes) > 15
    for (_, path), route in front.routes.items():
        assert isinstance(route, Route)
        assert path.startswith(prefix)
