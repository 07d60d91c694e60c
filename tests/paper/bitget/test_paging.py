"""Pages walked backwards by id, within times, never cut between equal ids."""

from __future__ import annotations

import pytest

from daemon.paper.bitget.errors import ApiError
from daemon.paper.bitget.paging import page
from daemon.paper.bitget.params import CLASSIC_ID, UTA_ID, Params
from tests.paper.bitget.builders import SYMBOL, Client, a_market

DAY = 86_400_000
NOW = 100 * DAY


def pages(rows: list[tuple[int, int]], span_days: int = 90, **params: str) -> list[int]:
    """(id, ms), the highest id first."""
    found = page(
        rows,
        Params(params),
        NOW * 1_000_000,
        id_of=lambda row: row[0],
        ns_of=lambda row: row[1] * 1_000_000,
        span_days=span_days,
    )
    return [number for number, _ in found]


def test_ids_limits_and_times() -> None:
    rows = [(number, NOW - 10 + number) for number in (5, 4, 3, 2, 1)]
    assert pages(rows, limit="2") == [5, 4]
    assert pages(rows, limit="2", idLessThan="4") == [3, 2]
    assert pages(rows, cursor="2") == [1]
    assert pages(rows, startTime=str(NOW - 7), endTime=str(NOW - 6)) == [4, 3]
    assert pages([(1, NOW - 91 * DAY)]) == []


def test_equal_ids_stay_on_one_page() -> None:
    rows = [(3, NOW), (2, NOW), (2, NOW), (2, NOW), (1, NOW)]
    assert pages(rows, limit="2") == [3, 2, 2, 2]
    assert pages(rows, limit="2", idLessThan="2") == [1]


@pytest.mark.parametrize(
    ("start", "end", "code"), [(2, 1, "40707"), (0, 8 * DAY, "40705"), (0, 7 * DAY, "")]
)
def test_windows(start: int, end: int, code: str) -> None:
    if not code:
        assert pages([], 7, startTime=str(start), endTime=str(end)) == []
        return
    with pytest.raises(ApiError, match=code):
        pages([], 7, startTime=str(start), endTime=str(end))


def test_client_ids_of_either_kind() -> None:
    assert CLASSIC_ID.match("a-b_c+d#e:f")
    assert not CLASSIC_ID.match("a" * 51)
    assert UTA_ID.match("a.b/c:d")
    assert not UTA_ID.match("a+b")


async def test_fills_of_two_symbols_have_equal_ids_and_none_is_lost() -> None:
    async with a_market() as alice:
        for symbol in (SYMBOL, "BTCUSDT") * 2:
            await buy(alice, symbol)
        seen: list[tuple[str, str]] = []
        below: dict[str, str] = {}
        while rows := (await alice.get("/api/v2/spot/trade/fills", limit="1", **below)).data:
            seen += [(row["symbol"], row["tradeId"]) for row in rows]
            below = {"idLessThan": rows[-1]["tradeId"]}
        assert len(seen) == len(set(seen)) == 4
        assert len({number for _symbol, number in seen}) == 2


async def buy(client: Client, symbol: str) -> None:
    order = {"symbol": symbol, "side": "buy", "orderType": "limit", "force": "ioc"}
    made = await client.post("/api/v2/spot/trade/place-order", **order, size="0.1", price="2501")
    assert made.data
