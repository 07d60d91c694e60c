"""One order's frames in any order, any of them twice: the same book through the real engine."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.book import Book
from daemon.core.commands import PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import Event, Fill, PositionRow, PositionSnapshot, VenueEvent
from daemon.core.exits import Exit
from daemon.core.rules import AccountPolicy, StopRule
from daemon.core.terms import (
    ClientOrderId,
    Currency,
    PositionKey,
    PositionSide,
    RuleKind,
    Side,
    VenueOrderId,
)
from daemon.venues.binance.market_wire import decode_market, decode_symbols
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT, USDM, Heard
from daemon.venues.decoding import Stamp
from tests import builders as make
from tests.venues.binance.builders import SOL, SPOT_STAMP, SUI, USDM_STAMP, changed, frame, key, ms

D = Decimal
E = TypeVar("E", bound=VenueEvent)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where an exit was placed: its key, the stamp of the stream, the messages and the decoder."""

    key: PositionKey
    stamp: Stamp
    info: str
    decode: Callable[[Stamp, bytes], Heard]
    inside: str
    held_qty: str
    level: str
    bid: str


SPOT_SCENE = Scene(
    key=key(SPOT, SOL), stamp=SPOT_STAMP, info="spot_exchange_info", decode=decode_spot_frame,
    inside="event", held_qty="7.5", level="150", bid="141.4",
)  # fmt: skip
USDM_SCENE = Scene(
    key=key(USDM, SUI), stamp=USDM_STAMP, info="usdm_exchange_info", decode=decode_usdm_frame,
    inside="o", held_qty="310.5", level="3.6", bid="3.43",
)  # fmt: skip
HEDGED_SCENE = replace(USDM_SCENE, key=key(USDM, SUI, PositionSide.LONG))


def exiting(scene: Scene) -> tuple[Engine, ClientOrderId]:
    """An engine that has just sent the whole position's exit."""
    engine, at = Engine(), scene.stamp

    def tell(event: Event) -> list[PlaceOrder]:
        commands = engine.handle(replace(event, receive_time_ns=ms(-1), mono_ns=70))
        return [command for command in commands if isinstance(command, PlaceOrder)]

    def here(event: E, **other: object) -> E:
        fields = {"account": at["account"], "venue": at["venue"], **other}
        return replace(event, **fields)  # type: ignore[arg-type]

    policy = AccountPolicy(account=at["account"], venue=at["venue"], place_live_orders=True)
    rule = StopRule(
        venue=at["venue"], pattern="S*", kind=RuleKind.ABSOLUTE, level=D(scene.level),
        exits=make.exits(slippage_px="0.2"),
    )  # fmt: skip
    tell(make.started())
    tell(replace(make.rules_loaded(), rules=(rule,), accounts=(policy,)))
    tell(decode_market(at, decode_symbols(frame(scene.info))[scene.key.symbol]))
    entry = make.fill(exec_id="1", side=Side.BUY, last_qty=scene.held_qty, last_px="160",
                      transact_time_ns=ms(-5_000))  # fmt: skip
    symbol, side = scene.key.symbol, scene.key.position_side
    tell(here(entry, symbol=symbol, position_side=side, venue_order_id=VenueOrderId("7")))
    row = PositionRow(symbol=symbol, position_side=side, position_qty=D(scene.held_qty))
    tell(PositionSnapshot(**at, rows=(row,), as_of_ns=ms(-10), asked_mono_ns=75))
    tell(here(make.quote(bid="161", ask="162"), symbol=symbol))
    (placed,) = tell(here(make.quote(bid=scene.bid, ask="150"), symbol=symbol))
    return engine, placed.client_order_id


def frames_of(scene: Scene, names: Sequence[str], order_id: str, **fields: object) -> list[bytes]:
    """Messages about our order: a cancel names it in `C`, everything else in `c`."""
    made = []
    for name in names:
        named = "C" if name == "spot_canceled" else "c"
        side = {} if scene.inside == "event" else {"ps": scene.key.position_side.name}
        side = {"ps": "BOTH"} if side.get("ps") == "NET" else side
        path = () if name == "usdm_trade_lite" else (scene.inside,)
        made.append(changed(name, *path, **{named: order_id, **side, **fields}))
    return made


def told(engine: Engine, scene: Scene, frames: Sequence[bytes]) -> Book:
    """The book after these messages, each of them decided on as well."""
    listener = Engine(copy.deepcopy(engine.book.state()))
    for raw in frames:
        for event in scene.decode(scene.stamp, raw).events:
            listener.handle(event)
    return listener.book


def essence(book: Book, scene: Scene, order_id: ClientOrderId) -> dict[str, object]:
    """What the book says of money and orders; the parts of an exit have no order of their own."""
    position, order = book.positions[scene.key], book.orders[order_id]
    works: list[Exit] = [*book.exits.values(), *book.past_exits]
    parts = [part for work in works for part in work.partial_fills]
    return {
        "held": (position.qty, position.generation, position.realized_pnl, position.fees),
        "order": (order.status, order.cum_qty, order.final_qty, order.notional, order.fees),
        "venue id": order.venue_order_id,
        "parts": {(p.exec_id, p.qty, p.px, p.commission) for p in parts},
        "fills": set(book.fills),
        "orphans": len(book.orphans),
        "resting": list(book.resting.values()),
    }


LIVES = [
    (SPOT_SCENE, ["spot_new", "spot_trade_partial", "spot_trade_filled"]),
    (SPOT_SCENE, ["spot_new", "spot_trade_partial", "spot_expired_ioc"]),
    (SPOT_SCENE, ["spot_new", "spot_trade_partial", "spot_canceled"]),
    (SPOT_SCENE, ["spot_new", "spot_trade_partial", "spot_prevented"]),
    (USDM_SCENE, ["usdm_new", "usdm_trade_lite", "usdm_trade_partial", "usdm_trade_rebate"]),
    (USDM_SCENE, ["usdm_new", "usdm_trade_partial", "usdm_trade_lite", "usdm_expired"]),
    (USDM_SCENE, ["usdm_new", "usdm_amended", "usdm_trade_partial", "usdm_canceled"]),
    (HEDGED_SCENE, ["usdm_new", "usdm_trade_lite", "usdm_trade_partial", "usdm_trade_rebate"]),
]
ENGINES = [exiting(scene) for scene, _names in LIVES]


@given(st.data())
def test_any_order_and_any_repetition_give_the_same_book(data: st.DataObject) -> None:
    life = data.draw(st.integers(0, len(LIVES) - 1))
    (scene, names), (engine, order_id) = LIVES[life], ENGINES[life]
    frames = frames_of(scene, names, order_id)
    again = data.draw(st.lists(st.sampled_from(frames), max_size=4))
    shuffled = data.draw(st.permutations([*frames, *again]))
    expected = essence(told(engine, scene, frames), scene, order_id)
    assert essence(told(engine, scene, shuffled), scene, order_id) == expected


def healed(scene: Scene, frames: Sequence[bytes]) -> list[Event]:
    """What a look at the account after a cut gives: the order's trades as REST rows, its end."""
    events = [event for raw in frames for event in scene.decode(scene.stamp, raw).events]
    fills = {event.exec_id: event for event in events if isinstance(event, Fill)}
    rows = [replace(fill, client_order_id=None) for fill in fills.values()]
    return [*rows, events[-1]]


@given(st.data())
def test_any_cut_healed_by_rest_gives_the_same_book(data: st.DataObject) -> None:
    life = data.draw(st.integers(0, len(LIVES) - 1))
    (scene, names), (engine, order_id) = LIVES[life], ENGINES[life]
    frames = frames_of(scene, names, order_id)
    first = data.draw(st.integers(0, len(frames)))
    again = data.draw(st.integers(first, len(frames)))
    cut = Engine(copy.deepcopy(engine.book.state()))
    kept = [*frames[:first], *frames[again:]]
    seen = [event for raw in kept for event in scene.decode(scene.stamp, raw).events]
    for event in (*seen, *healed(scene, frames)):
        cut.handle(event)
    expected = essence(told(engine, scene, frames), scene, order_id)
    assert essence(cut.book, scene, order_id) == expected


@pytest.mark.parametrize("life", range(len(LIVES)))
def test_the_book_after_a_life(life: int) -> None:
    (scene, names), (engine, order_id) = LIVES[life], ENGINES[life]
    book = told(engine, scene, frames_of(scene, names, order_id))
    traded = {"spot_trade_filled": D("5.25"), "usdm_trade_rebate": D(200)}
    first = D("2.25") if scene is SPOT_SCENE else D("110.5")
    filled = first + sum((traded[name] for name in names if name in traded), D(0))
    position, order = book.positions[scene.key], book.orders[order_id]
    assert position.qty == D(scene.held_qty) - filled
    assert order.cum_qty == filled
    assert order.status.terminal
    # USDT is the quote coin; BNB and USDC are kept beside it.
    coins = {Currency("BNB"), Currency("USDC"), Currency("USDT"), Currency("USD")}
    assert set(position.fees) <= coins


def test_the_quick_twin_loses_no_fee() -> None:
    scene, (engine, order_id) = USDM_SCENE, ENGINES[4]
    frames = frames_of(scene, ["usdm_trade_lite", "usdm_trade_partial"], order_id)
    position = told(engine, scene, frames).positions[scene.key]
    assert position.fees[Currency("USDT")] == D("0.18857378")


def test_one_trade_id_on_two_symbols_is_two_fills() -> None:
    scene, (engine, order_id) = SPOT_SCENE, ENGINES[0]
    ours = frames_of(scene, ["spot_trade_partial"], order_id)
    other = json.loads(ours[0])
    other["event"].update(s="ETHUSDT", c="web_1", i=12)
    book = told(engine, scene, [*ours, json.dumps(other).encode()])
    held = {name.symbol: position.qty for name, position in book.positions.items()}
    assert held == {"SOLUSDT": D("5.25"), "ETHUSDT": D("-2.25")}


def test_a_liquidation_closes_a_position_without_an_order_of_ours() -> None:
    scene, (engine, _order_id) = USDM_SCENE, ENGINES[4]
    raw = changed("usdm_liq_fill", "o", q="310.5", l="310.5", z="310.5")
    book = told(engine, scene, [frame("usdm_liq_new"), raw, raw])
    assert book.positions[scene.key].qty == 0
