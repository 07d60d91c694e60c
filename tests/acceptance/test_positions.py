"""Where positions come from and how they end without us: strangers, settlement, files."""

from __future__ import annotations

import asyncio
import json
import uuid
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from daemon.core.commands import PlaceOrder
from daemon.core.decisions import WithholdExit
from daemon.paper.faults import FaultKind
from daemon.paper.model import Owner
from daemon.paper.seeding import Seed, seed_position
from tests.acceptance.play import ACCOUNT, Held, Play
from tests.acceptance.stage import CREATE, Stage, staged
from tests.paper.builders import headers_for

SYMBOL = "NFL-TEAM-Y"
THIN = [("0.58", "40")], [("0.60", "500")]
DEEP = [("0.57", "500")], [("0.59", "500")]
NO_RULES: Play = Play(stops=[{"symbol": "OTHER-*", "stop_px": "0.60"}])


# Orders are off


async def test_with_live_orders_off_everything_runs_and_nothing_reaches_the_exchange(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, Play(settings={"kalshi.place_live_orders": False})) as stage:
        await stage.started_and_armed()
        stage.book(*THIN)
        await stage.until("the order to be withheld", lambda: stage.notices("exit_withheld"))
        stage.book([("0.55", "500")], [("0.59", "500")])
        await asyncio.sleep(0.5)
        (withheld,) = stage.decided(WithholdExit)
        assert isinstance(withheld, WithholdExit)
        assert (withheld.order_qty, withheld.limit_px) == (Decimal(100), Decimal("0.53"))
        row = await stage.position()
        assert row is not None
        assert (row["withheld"], row["live"], row["stake"]) == ("absolute", False, "100")
        stage.book([("0.64", "500")], [("0.66", "500")])

        async def back() -> bool:
            row = await stage.position()
            return row is not None and str(row["executable_price"]).startswith("0.64")

        await stage.until("the price to be back", back)
        stage.book(*THIN)
        await stage.until("a second one", lambda: len(stage.decided(WithholdExit)) == 2)
        assert (stage.decided(PlaceOrder), stage.truth()["client_order_ids"]) == ([], {})


async def test_what_was_withheld_is_not_sent_later_when_live_orders_are_switched_on(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, Play(settings={"kalshi.place_live_orders": False})) as stage:
        await stage.started_and_armed()
        stage.book(*DEEP)
        await stage.until("the order to be withheld", lambda: stage.notices("exit_withheld"))
        assert await stage.stop() == 0
        stage.book([("0.64", "500")], [("0.66", "500")])
        stage.settings["kalshi.place_live_orders"] = True
        stage.write_config()
        await stage.start()
        await asyncio.sleep(0.7)
        assert stage.left() == 100
        assert not stage.truth()["client_order_ids"]
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


async def test_the_first_live_order_is_told_to_the_webhook(tmp_path: Path) -> None:
    told: list[dict[str, object]] = []

    async def take(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    url = {"alerts.webhook_url": f"http://127.0.0.1:{port}/hook"}
    try:
        async with staged(tmp_path, Play(settings=url)) as stage:
            await stage.started_and_armed()
            stage.book(*THIN)
            await stage.until("the notice", lambda: "first live order" in json.dumps(told))
            stage.book(*DEEP)
            await stage.until_left("0")
            await stage.until_agreed()
            assert await stage.stop() == 0
    finally:
        await runner.cleanup()
    assert json.dumps(told).count("first live order") == 1
    assert f":{port}/hook" not in stage.text()


# Strangers


async def by_hand(stage: Stage, side: str, qty: str, price: str, tif: str) -> dict[str, object]:
    """An order of the same account that filld did not send: signed REST, ids of its own."""
    body = {
        "ticker": SYMBOL,
        "client_order_id": str(uuid.uuid4()),  # noqa: TID251 - a stranger's id comes from chance
        "side": side,
        "count": qty,
        "price": price,
        "time_in_force": tif,
        "self_trade_prevention_type": "taker_at_cross",
        "subaccount": 0,
    }
    path = "/trade-api/v2/portfolio/events/orders"
    headers = headers_for(stage.paper.credential(ACCOUNT), "POST", path)
    url = f"{stage.paper.rest_url}/portfolio/events/orders"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=body, headers=headers) as answer,
    ):
        assert answer.status == 201, await answer.text()
        done: dict[str, object] = await answer.json()
        return done


@pytest.mark.parametrize("stream", [True, False])
async def test_a_position_opened_by_somebody_else_is_adopted_and_guarded(
    stream: bool, tmp_path: Path
) -> None:
    async with staged(tmp_path, Play(held=[Held(count="0")])) as stage:
        if not stream:
            stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.start()
        await by_hand(stage, "bid", "70", "0.66", "immediate_or_cancel")
        await stage.armed(SYMBOL)
        stage.book(*THIN)
        await stage.until_left("30")
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


async def test_a_position_without_its_fills_is_adopted_from_the_positions_list(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, Play(held=[Held(count="0")])) as stage:
        await stage.start()
        seed = Seed(
            owner=Owner(ACCOUNT),
            ticker=SYMBOL,
            qty=Decimal(80),
            price=Decimal("0.65"),
            historical=True,
        )
        seed_position(stage.paper.exchange, seed)
        await stage.armed(SYMBOL)
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until("the exit to be over", lambda: stage.lines("exit_closed"))
        assert not stage.true_position()["crossings"]


@pytest.mark.parametrize("order", ["ioc", "gtc"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_stranger_who_sells_a_part_during_our_exit_makes_nobody_oversell(
    stream: bool, order: str, tmp_path: Path
) -> None:
    settings = {"exits.order": order, "exits.resubmit": "until_flat", "exits.order_timeout_s": 60}
    async with staged(tmp_path, Play(settings=settings)) as stage:
        await stage.started_and_armed()
        if not stream:
            stage.arm(FaultKind.WS_REFUSE, count=None)
            stage.cut()
        stage.book(*THIN)
        await stage.until_left("60")
        stage.book([("0.56", "35")], [("0.80", "500")])
        if order == "ioc":
            await stage.until_left("25")
        left = stage.left()
        if left > 10:
            stage.book([("0.50", "10")], [("0.80", "500")])
            await by_hand(stage, "ask", "10", "0.50", "immediate_or_cancel")
        stage.book([("0.50", "500")], [("0.80", "500")])
        await asyncio.sleep(0.5)
        stage.book([("0.55", "500")], [("0.80", "500")])
        await stage.until("nothing to be held", lambda: stage.left() <= 0)
        await asyncio.sleep(1)
        await stage.until_agreed()
        assert stage.left() == 0


async def test_what_a_stranger_rests_to_sell_is_left_alone_and_not_sold_twice(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        await by_hand(stage, "ask", "30", "0.65", "good_till_canceled")
        stage.book(*THIN)
        await stage.until_left("60")
        stage.book([("0.57", "500")], [("0.80", "500")])
        await stage.until_left("0")
        await stage.until_agreed()
        assert not [line for line in stage.lines() if line["event"] == "cancel_requested"]


async def test_a_strangers_bid_in_the_way_of_the_exit_is_canceled_and_told(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        await by_hand(stage, "bid", "25", "0.56", "good_till_canceled")
        await stage.until(
            "the stranger's order to be counted",
            lambda: stage.lines("order_snapshot") or stage.truth()["orders"],
        )
        await asyncio.sleep(0.7)
        stage.book([("0.57", "40"), ("0.55", "60")], [("0.60", "500")])
        await stage.until_left("0")
        await stage.until_agreed()
        assert stage.notices("own_crossing")


# The market ends


@pytest.mark.parametrize(("result", "value"), [("yes", None), ("no", None), ("scalar", "0.37")])
async def test_a_position_that_is_held_to_the_end_is_paid_out(
    result: str, value: str | None, tmp_path: Path
) -> None:
    kind = "scalar" if value else "binary"
    held = [
        Held(market_type=kind),
        Held(symbol="NFL-B", count="-50", price="0.30", market_type=kind),
    ]
    async with staged(tmp_path, Play(held=held, stops=NO_RULES.stops)) as stage:
        await stage.start()
        await stage.until("both positions", lambda: held_in(stage, 2))
        for position in held:
            end_market(stage, position.symbol, result, value)
        await stage.until_agreed(25)
        await stage.until("both to be settled", lambda: all_settled(stage))
        assert not stage.notices("settlement_difference")


async def held_in(stage: Stage, count: int) -> bool:
    return bool((await stage.ask("/status"))["positions_held"] == count)


async def all_settled(stage: Stage) -> bool:
    return all([await settled(stage, held.symbol) for held in stage.play.held])


async def settled(stage: Stage, symbol: str) -> bool:
    row = await stage.position(symbol)
    return row is not None and bool(row["settled"])


def end_market(stage: Stage, symbol: str, result: str, value: str | None = None) -> None:
    """Closed, determined and paid out at once."""
    markets = stage.paper.venue.markets
    markets.move_close(symbol, stage.paper.venue.now_ns())
    stage.paper.venue.tick()
    markets.determine(symbol, result, None if value is None else Decimal(value))
    stage.paper.venue.tick()
    if not stage.true_position(symbol)["is_settled"]:
        markets.settle_now(symbol)


@pytest.mark.parametrize("order", ["ioc", "gtc"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_market_that_ends_during_the_exit_pays_out_what_was_left(
    stream: bool, order: str, tmp_path: Path
) -> None:
    settings = {"exits.order": order, "exits.order_timeout_s": 60}
    async with staged(tmp_path, Play(settings=settings)) as stage:
        await stage.started_and_armed()
        if not stream:
            stage.arm(FaultKind.WS_REFUSE, count=None)
            stage.cut()
        stage.book(*THIN)
        await stage.until_left("60")
        end_market(stage, SYMBOL, "no")
        await stage.until("it to be settled", lambda: settled(stage, SYMBOL), 25)
        await stage.until_agreed()
        assert not stage.notices("settlement_difference")


async def test_a_lost_answer_when_the_market_ends_is_cleared_up_before_the_payout_is_booked(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.WS_DROP, count=None, channel="fill")
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE)
        stage.book(*THIN)
        await stage.until_left("60")
        end_market(stage, SYMBOL, "no")
        await stage.until("it to be settled", lambda: settled(stage, SYMBOL), 25)
        await stage.until_agreed()


async def test_a_market_that_ended_while_filld_was_down_is_booked_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*THIN)
        await stage.until_left("60")
        await stage.kill()
        end_market(stage, SYMBOL, "yes")
        await stage.start()
        await stage.until("it to be settled", lambda: settled(stage, SYMBOL), 25)
        await stage.until_agreed()


# Files of the first seed's format


def seed_file(folder: Path, *rows: dict[str, object]) -> Path:
    file = folder / "positions.json"
    file.write_text(json.dumps(list(rows)))
    return file


OLD_ROW: dict[str, object] = {
    "symbol": SYMBOL,
    "entry_price": 0.65,
    "stake": 100,
    "side": "yes",
    "settled": False,
    "closing_in_progress": True,
    "exit_order_id": None,
    "original_stake_on_exit": 100,
    "last_exit_price": 0.58,
    "partial_fills": [],
}


@pytest.mark.parametrize("running", [True, False])
async def test_positions_of_an_older_file_are_taken_in_and_sold_to_the_last_contract(
    running: bool, tmp_path: Path
) -> None:
    file = seed_file(tmp_path, OLD_ROW)
    async with staged(tmp_path) as stage:
        if running:
            await stage.start()
        code, said = await stage.run("import-positions", str(file))
        assert code == 0, said
        if not running:
            await stage.start()
        await stage.armed()
        stage.book(*THIN)
        await stage.until_left("60")
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


async def test_a_file_that_knows_more_than_the_venue_is_put_right_by_the_venue(
    tmp_path: Path,
) -> None:
    file = seed_file(tmp_path, {**OLD_ROW, "stake": 140})
    async with staged(tmp_path) as stage:
        code, said = await stage.run("import-positions", str(file))
        assert code == 0, said
        await stage.started_and_armed()
        await stage.until("the 40 too many to go", lambda: stage.lines("fill_inferred"))
        stage.book(*DEEP)
        await stage.until_left("0")
        await asyncio.sleep(1)
        row = await stage.position()
        assert row is not None
        assert (stage.true_position()["crossings"], row["stake"]) == ([], "0")
