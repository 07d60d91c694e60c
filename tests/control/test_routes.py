"""Every route over a real socket: what it answers, what it commits, what it refuses and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.analytics.scene import View
from daemon.control.door import DoorRefusedError
from daemon.core.events import Event
from daemon.core.requests import (
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    OrderResolved,
    PositionsImported,
    ResumeRequested,
    UnguardRequested,
)
from daemon.core.rules import ImportedPosition
from daemon.core.terms import Account, Symbol, VenueOrderId
from tests import builders as make
from tests.control.doors import FakeDoor, inner, rows, served
from tests.core.play import Play, guarded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def doubtful() -> Play:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    return play


def unconfirmed() -> Play:
    play = guarded(seen=False)
    play.tell(make.quote(bid="0.50", ask="0.52"))
    return play


async def ask(path: Path, play: Play, route: str, body: View) -> tuple[View, list[Event]]:
    door = FakeDoor(play)
    async with served(path, door) as client:
        return await client.post(route, body), door.events


async def refusal(path: Path, play: Play, route: str, body: View) -> tuple[int, str]:
    door = FakeDoor(play)
    async with served(path, door) as client:
        with pytest.raises(DoorRefusedError) as error:
            await client.post(route, body)
    assert door.events == []
    return error.value.status, str(error.value)


async def test_every_view(path: Path) -> None:
    play = doubtful()
    async with served(path, FakeDoor(play)) as client:
        assert (await client.get("/status"))["orders_in_doubt"] == 1
        for options in ({}, {"every": "true"}):
            (row,) = rows(await client.get("/positions", options), "positions")
            assert row["symbol"] == "NFL-1"
        (order,) = rows(await client.get("/orders", {"limit": "5"}), "orders")
        (work,) = rows(await client.get("/exits"), "exits")
        assert work["order_ids"] == [order["client_order_id"]] == [play.order_id]
        life = await client.get(f"/orders/{play.order_id}")
        assert life["order"] == order


@pytest.mark.parametrize(
    ("route", "options", "text"),
    [
        ("/positions", {"every": "maybe"}, "every = 'maybe': accepted: 1, true, 0, false"),
        ("/orders", {"limit": "-1"}, "limit = '-1': accepted: whole numbers from 0 to 5000"),
        ("/exits", {"limit": "9999"}, "limit = '9999': accepted: whole numbers from 0 to 5000"),
        ("/status", {"x": "1"}, "x: unknown parameter; accepted: none"),
    ],
)
async def test_bad_parameters(path: Path, route: str, options: dict[str, str], text: str) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        with pytest.raises(DoorRefusedError) as error:
            await client.get(route, options)
    assert (error.value.status, str(error.value)) == (400, text)


async def test_an_unknown_order_names_the_near_ones(path: Path) -> None:
    play = doubtful()
    async with served(path, FakeDoor(play)) as client:
        with pytest.raises(DoorRefusedError) as error:
            await client.get(f"/orders/{play.order_id[:9]}")
    assert error.value.status == 404
    assert str(error.value).endswith(
        f"no order of that id is in the book; did you mean {play.order_id}?"
    )


async def test_halt_and_resume(path: Path) -> None:
    door = FakeDoor(guarded())
    async with served(path, door) as client:
        view = await client.post("/halt", {"reason": "lunch"})
        assert (view["changed"], view["committed_seq"]) == (True, 1)
        assert inner(view, "status")["halted"] is True
        again = await client.post("/halt", {"reason": "lunch"})
        assert (again["changed"], again["committed_seq"]) == (False, 0)
        view = await client.post("/resume", {"account": "main"})
        assert inner(view, "status")["halted"] is False
    assert isinstance(door.events[0], HaltRequested)
    assert isinstance(door.events[2], ResumeRequested)


async def test_exit_of_all_and_of_a_part(path: Path) -> None:
    view, events = await ask(path, guarded(), "/exit", {"symbol": "NFL-1"})
    (row,) = rows(view, "positions")
    assert row["exit_requested_qty"] == "100"
    (event,) = events
    assert isinstance(event, ExitRequested)
    assert (event.account, event.symbol, event.qty) == (make.ACCOUNT, make.SYMBOL, None)
    _, events = await ask(path, guarded(), "/exit", {"symbol": "NFL-1", "qty": "30"})
    (event,) = events
    assert isinstance(event, ExitRequested)
    assert event.qty == Decimal(30)


async def test_confirm(path: Path) -> None:
    view, events = await ask(path, unconfirmed(), "/confirm", {"symbol": "NFL-1"})
    assert isinstance(events[0], ConfirmRequested)
    assert rows(view, "positions")[0]["guard"] == "ARMED"


async def test_unguard_for_a_while_and_again(path: Path) -> None:
    door = FakeDoor(guarded())
    async with served(path, door) as client:
        view = await client.post("/unguard", {"symbol": "NFL-1", "for_s": "3600"})
        assert rows(view, "positions")[0]["guard"] == "UNGUARDED"
        view = await client.post("/unguard", {"symbol": "NFL-1", "again": True})
        assert rows(view, "positions")[0]["guard"] == "ARMED"
    first, second = door.events
    assert isinstance(first, UnguardRequested)
    assert isinstance(second, UnguardRequested)
    assert (first.for_s, second.guard_again) == (Decimal(3600), True)


async def test_resolve_a_doubtful_order(path: Path) -> None:
    play = doubtful()
    body: View = {"order": play.order_id, "filled": "40"}
    view, events = await ask(path, play, "/resolve", body)
    (event,) = events
    assert isinstance(event, OrderResolved)
    assert (event.client_order_id, event.cum_qty) == (play.order_id, Decimal(40))
    assert inner(view, "order")["status"] == "canceled"


async def test_import_keeps_numbers_exact(path: Path) -> None:
    rows: list[View] = [
        {"symbol": "A", "position_qty": "-100", "entry_px": 0.35, "venue_order_id": "v9"},
        {"symbol": "B", "position_qty": 2, "entry_px": "0.1"},
    ]
    view, events = await ask(path, guarded(), "/import-positions", {"rows": rows})
    (event,) = events
    assert isinstance(event, PositionsImported)
    assert event.rows == (
        ImportedPosition(
            symbol=Symbol("A"),
            position_qty=Decimal(-100),
            entry_px=Decimal("0.35"),
            venue_order_id=VenueOrderId("v9"),
        ),
        ImportedPosition(symbol=Symbol("B"), position_qty=Decimal(2), entry_px=Decimal("0.1")),
    )
    assert view["positions_held"] == 3


async def test_reload_or_every_problem(path: Path) -> None:
    door = FakeDoor(guarded())
    async with served(path, door) as client:
        assert str((await client.post("/reload", {}))["text"]).endswith("in force")
        door.waiting = ("journal.path", "feed_alive_s")
        told = str((await client.post("/reload", {}))["text"])
        assert told.endswith("changed too, and only read at a start: journal.path, feed_alive_s")
        door.problems = ("stops[0].stop_px: bad", "x: unknown key")
        with pytest.raises(DoorRefusedError, match="bad\nx: unknown key") as error:
            await client.post("/reload", {})
    assert error.value.status == 400


FLAT = "NFL-1 is flat: there is nothing to"


@pytest.mark.parametrize(
    ("play", "route", "body", "status", "text"),
    [
        (guarded, "/exit", {}, 400, "symbol: is missing"),
        (guarded, "/exit", {"symbol": 5}, 400, "symbol = 5: accepted: text"),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "qty": "lots"},
            400,
            "qty = 'lots': accepted: a decimal number",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "qty": "101"},
            400,
            "qty = 101: accepted: above 0 and at most 100, the stake",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "qty": "NaN"},
            400,
            "qty = NaN: accepted: above 0",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "qty": "0.5"},
            400,
            "qty = 0.5: accepted: whole lots of 1",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "much": 1},
            400,
            "much: unknown field; accepted: symbol, account, venue, qty",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "nfl-2"},
            404,
            "symbol = 'nfl-2': no such position is known; did you mean NFL-1?",
        ),
        (
            guarded,
            "/exit",
            {"symbol": "NFL-1", "account": "other"},
            404,
            "symbol = 'NFL-1': no such position is known; did you mean NFL-1?",
        ),
        (
            guarded,
            "/halt",
            {"account": "mian"},
            404,
            "account = 'mian': no such account; known: main; did you mean main?",
        ),
        (
            guarded,
            "/resume",
            {"account": "x"},
            404,
            "account = 'x': no such account; known: main",
        ),
        (
            guarded,
            "/confirm",
            {"symbol": "NFL-1"},
            409,
            "NFL-1 is ARMED, not UNCONFIRMED: nothing to confirm",
        ),
        (guarded, "/confirm", {"symbol": ""}, 404, "symbol = '': no such position is known"),
        (
            guarded,
            "/unguard",
            {"symbol": "NFL-1", "for_s": "8639999999"},
            400,
            "for_s = 8639999999: accepted: seconds above 0, at most ten years",
        ),
        (
            guarded,
            "/unguard",
            {"symbol": "NFL-1", "for_s": "1", "again": True},
            400,
            "for_s and again are both given: accepted is one of them",
        ),
        (guarded, "/unguard", {"symbol": "zzz"}, 404, "symbol = 'zzz': no such position is known"),
        (
            guarded,
            "/resolve",
            {"order": "fdx", "filled": "1"},
            404,
            "order = 'fdx': no order of that id is in the book",
        ),
        (guarded, "/import-positions", {}, 400, "rows: is missing"),
        (
            guarded,
            "/import-positions",
            {"rows": [], "venue": "binance"},
            404,
            "account, venue: say which one; known: main on kalshi",
        ),
        (
            guarded,
            "/import-positions",
            {"rows": [{"symbol": "A", "position_qty": "1", "entry_px": 65}]},
            400,
            "rows[0].entry_px = 65: accepted: above 0 and below 1 dollar",
        ),
        (
            guarded,
            "/halt",
            {"reason": "x" * 501},
            400,
            "reason: 501 characters; accepted: at most 500",
        ),
        (guarded, "/reload", {"x": 1}, 400, "x: unknown field; accepted: none"),
    ],
)
async def test_each_refusal_names_field_value_and_what_is_accepted(
    path: Path, play: type[Play], route: str, body: View, status: int, text: str
) -> None:
    assert await refusal(path, play(), route, body) == (status, text)


async def test_a_flat_position_has_nothing_to_exit_or_to_guard(path: Path) -> None:
    def flat() -> Play:
        play = guarded()
        play.tell(make.fill(exec_id="gone", last_qty="100", venue_order_id="hand"))
        return play

    body: View = {"symbol": "NFL-1"}
    assert await refusal(path, flat(), "/exit", body) == (409, f"{FLAT} exit")
    assert await refusal(path, flat(), "/unguard", body) == (409, f"{FLAT} guard")


async def test_resolve_within_what_is_possible(path: Path) -> None:
    play = doubtful()
    play.tell(make.fill(last_qty="30", order_id=play.order_id))
    for wrong in ("29", "101", "NaN"):
        body: View = {"order": play.order_id, "filled": wrong}
        status, text = await refusal(path, play, "/resolve", body)
        assert (status, text) == (
            400,
            f"filled = {wrong}: accepted: from 30, which is proven, to 100, what was ordered",
        )
    play.tell(make.canceled(order_id=play.order_id, cum_qty="30"))
    body = {"order": "v1", "filled": "30"}
    assert await refusal(path, play, "/resolve", body) == (
        409,
        "order v1 is proven canceled with 30 filled: nothing to resolve",
    )


async def test_a_symbol_on_two_accounts_needs_the_account(path: Path) -> None:
    play = guarded()
    other = make.fill(exec_id="other", last_qty="5", venue_order_id="hand")
    play.tell(replace(other, account=Account("second")))
    status, text = await refusal(path, play, "/exit", {"symbol": "NFL-1"})
    assert status == 400
    assert text == (
        "symbol = 'NFL-1' is held more than once; say venue, account: account main on kalshi,"
        " account second on kalshi"
    )
    _, events = await ask(path, play, "/exit", {"symbol": "NFL-1", "account": "second"})
    assert isinstance(events[0], ExitRequested)
    assert events[0].account == "second"


async def test_no_json_at_all(path: Path) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        with pytest.raises(DoorRefusedError, match="body: is not JSON"):
            await client._ask("POST", "/halt", b"{halt", {})
        with pytest.raises(DoorRefusedError, match="body: accepted: an object"):
            await client._ask("POST", "/halt", b"[]", {})
