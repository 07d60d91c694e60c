"""A coin venue that lies: whatever it does, nothing is left behind, nothing is sold twice.

In each play a stop fires, a part fills, the venue misbehaves, and the rest has to follow. In the
end what filld says of quantity, fees and PnL is what the exchange itself knows.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.paper.crypto.connection import Connection
from daemon.paper.faults import Fault, FaultKind
from tests.acceptance.play import Play
from tests.acceptance.stage import staged
from tests.acceptance.test_coins import VENUES, Coins, Venue, play_of

D = Decimal
PLACES = {
    "binance_spot": "POST /api/v3/order",
    "binance_usdm": "POST /fapi/v1/order",
    "bitget_spot": "POST /api/v*/order",
    "phemex_spot": "POST /spot/orders",
    "phemex_usdt_perp": "POST /g-orders",
}
SOME = [VENUES[number] for number in (0, 4, 8, 13)]


def ids(value: object) -> str | None:
    if not isinstance(value, Venue):
        return None
    return f"{value.table}{value.qty}{'-hedged' * value.hedged}{'-uta' * bool(value.terms)}"


@dataclass(frozen=True)
class Lie:
    """What goes wrong once the first part is sold, under which settings."""

    faults: Mapping[FaultKind, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


def refusal(code: str, count: int = 2) -> Lie:
    return Lie({FaultKind.HTTP_ERROR_BEFORE: {"code": code, "status": 400, "count": count}})


def explained(coins: Coins, row: Mapping[str, Any]) -> None:
    """Every coin: quantity, fees by currency, and what the position earned."""
    truth = coins.truth()
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for fill in truth["fills"]:
        fees[fill["fee_coin"]] += D(fill["fee"])
    ours = {coin: D(fee) for coin, fee in row["fees"].items() if D(fee)}
    assert D(row["position_qty"]) == 0
    assert ours == {coin: fee for coin, fee in fees.items() if fee}
    assert not row["estimated"]
    twice = [got for got in truth["client_order_ids"].values() if not got["identical"]]
    assert not twice
    if not coins.venue.spot:
        earned = sum((D(fill["realized"]) for fill in truth["fills"]), D(0))
        assert abs(D(row["realized_pnl"]) - (earned - fees["USDT"])) < D("1e-8")


async def told(tmp_path: Path, venue: Venue, lie: Lie, play: Play | None = None) -> list[Any]:
    """Play it to its end; the exchange's own fills."""
    place = PLACES.get(venue.table, "POST *place-order")
    async with staged(tmp_path, play or play_of(venue)) as stage:
        stage.settings.update(lie.settings)
        stage.write_config()
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.against("0.4")
        await stage.until("a part", lambda: coins.sold() >= D("0.4"))
        for kind, terms in lie.faults.items():
            where = {"endpoint": place} if kind.startswith("http_") else {}
            coins.arm(kind, **{**where, **terms})
        coins.against("50")
        await coins.flat()
        assert coins.sold() == venue.net_qty
        row = await coins.row()
        assert row is not None
        explained(coins, row)
        fills: list[Any] = coins.truth()["fills"]
        return fills


REDUCE_ONLY = {
    "binance_usdm": ("-2022", "-4061"),
    "bitget_usdt_futures": ("22002",),
    "phemex_usdt_perp": ("11011", "11150"),
}


@pytest.mark.parametrize(
    ("venue", "code"),
    [(venue, code) for venue in SOME for code in REDUCE_ONLY.get(venue.table, ())],
    ids=ids,
)
async def test_reduce_only_is_refused_while_a_position_is_there(
    tmp_path: Path, venue: Venue, code: str
) -> None:
    await told(tmp_path, venue, refusal(code))


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_frames_come_twice_and_out_of_order(tmp_path: Path, venue: Venue) -> None:
    forever = {"count": None, "per_million": 500_000}
    await told(
        tmp_path,
        venue,
        Lie({FaultKind.WS_DUPLICATE: forever, FaultKind.WS_REORDER: forever}),
    )


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_a_503_and_the_order_lives(tmp_path: Path, venue: Venue) -> None:
    await told(tmp_path, venue, Lie({FaultKind.HTTP_ERROR_AFTER: {"status": 503}}))


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_a_ban_in_the_middle(tmp_path: Path, venue: Venue) -> None:
    kind = FaultKind.HTTP_418 if venue.table.startswith("binance") else FaultKind.HTTP_429
    await told(tmp_path, venue, Lie({kind: {"seconds": 2, "endpoint": "*"}}))


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_the_clock_moves_by_5_s(tmp_path: Path, venue: Venue) -> None:
    await told(tmp_path, venue, Lie({FaultKind.CLOCK_SKEW: {"seconds": 5, "count": None}}))


@pytest.mark.parametrize("venue", [VENUES[1], VENUES[4]], ids=ids)
async def test_the_listen_key_ends(tmp_path: Path, venue: Venue) -> None:
    async with staged(tmp_path, play_of(venue)) as stage:
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.against("0.4")
        await stage.until("a part", lambda: coins.sold() == D("0.4"))

        coins.door.strike(Fault(kind=FaultKind.KEY_EXPIRES))
        coins.against("50")
        await coins.flat()
        row = await coins.row()
        assert row is not None
        explained(coins, row)


OTHER = {"l": "0.001", "baseVolume": "0.001", "execQty": "0.001", "execBaseQtyEv": 100_000}


def other_numbers(value: Any) -> Iterator[bool]:
    """Changes the quantity of every execution in a frame; says for each that it did."""
    if isinstance(value, dict):
        for key in OTHER.keys() & value.keys():
            if D(str(value[key])) and isinstance(value[key], type(OTHER[key])):
                value[key] = OTHER[key]
                yield True
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from other_numbers(inner)


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_a_fill_is_told_again_with_another_quantity(
    tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell: Callable[..., None] = Connection.tell_private

    def lying(connection: Connection, frame: object, *where: Any, **more: Any) -> None:
        tell(connection, frame, *where, **more)
        again = msgspec.json.decode(msgspec.json.encode(frame))
        if any(list(other_numbers(again))):
            tell(connection, again, *where, **more)

    monkeypatch.setattr(Connection, "tell_private", lying)
    await told(tmp_path, venue, Lie())


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_a_cancel_loses_the_race_and_is_granted_all_the_same(
    tmp_path: Path, venue: Venue
) -> None:
    rests = {"exits.order": "gtc", "exits.order_timeout_s": 0.5}
    await told(
        tmp_path,
        venue,
        Lie({FaultKind.CANCEL_RACE: {"code": "accepted"}}, rests),
    )


@pytest.mark.parametrize("venue", SOME, ids=ids)
async def test_positions_are_shown_late(tmp_path: Path, venue: Venue) -> None:
    play = play_of(venue)
    for table in play.coins.values():
        table.reads.position_lag_ms = (700, 900)
        table.reads.order_lag_ms = (0, 300)
        table.reads.fill_lag_ms = (0, 300)
    await told(tmp_path, venue, Lie(), play)


async def test_rebates_and_fees_in_a_third_coin(tmp_path: Path) -> None:
    venue = VENUES[1]
    play = play_of(venue)
    table = play.coins[venue.table]
    table.instruments[0].maker_rate = "-0.0002"
    table.accounts[0].fee_coin = "BNB"
    table.accounts[0].balances["BNB"] = "0.003"
    fills = await told(tmp_path, venue, Lie(settings={"exits.order": "gtc"}), play)
    assert {"USDT", "BNB"} <= {fill["fee_coin"] for fill in fills}
    assert min(D(fill["fee"]) for fill in fills) < 0


@pytest.mark.parametrize("venue", [VENUES[0], VENUES[5], VENUES[12]], ids=ids)
async def test_what_is_too_little_to_sell_is_named_and_left_alone(
    tmp_path: Path, venue: Venue
) -> None:
    async with staged(tmp_path, play_of(venue)) as stage:
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.against(str(venue.net_qty - D("0.001")))
        await stage.until("all but a rest", lambda: coins.left() == D("0.001"))
        orders = len(coins.truth()["orders"])
        coins.against("50")
        await stage.until("the dust to be named", lambda: stage.notices("dust"))
        await asyncio.sleep(1)
        assert coins.left() == D("0.001")
        assert len(coins.truth()["orders"]) == orders
        assert len(stage.notices("dust")) == 1
