"""One order's frames in any order, any of them twice or lost and read back: the same book."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.book import Book
from daemon.core.commands import PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import Event, Fill, OrderSnapshot
from daemon.core.terms import NANOS, ClientOrderId, OrdStatus, Side
from daemon.venues.decoding import Stamp
from daemon.venues.kalshi.fill_wire import decode_fill_row
from daemon.venues.kalshi.order_wire import decode_order
from daemon.venues.kalshi.stream_wire import decode_frame
from tests import builders as make
from tests.core.play import Play
from tests.venues.kalshi.builders import AT_NS, CLIENT_ID, ORDER_ID, TICKER, frame

STAMP = Stamp(
    receive_time_ns=AT_NS + 2 * NANOS, mono_ns=10**15, account=make.ACCOUNT, venue=make.VENUE
)


@dataclass(frozen=True)
class Life:
    """The trades of an exit of 100 and how it ended."""

    trades: tuple[tuple[str, str], ...]
    status: str
    end: OrdStatus


LIVES = {
    "filled": Life((("40.00", "0.5800"), ("60.00", "0.5700")), "executed", OrdStatus.FILLED),
    "canceled": Life((("40.00", "0.5800"), ("9.75", "0.5650")), "canceled", OrdStatus.CANCELED),
    "nothing": Life((), "canceled", OrdStatus.CANCELED),
}


def placed() -> tuple[Engine, ClientOrderId]:
    """An engine that has just sent the exit of 100 YES."""
    play = Play()
    orders: list[PlaceOrder] = []
    for event in (
        make.started(),
        make.rules_loaded(make.rule()),
        make.market_read(),
        make.fill(exec_id="entry", side=Side.BUY, last_qty="100", last_px="0.65"),
        make.positions("100"),
        make.quote(bid="0.66", ask="0.67"),
        make.quote(bid="0.58", ask="0.60"),
    ):
        play.now_ns += NANOS
        commands = play.engine.handle(play.stamped(event))
        orders += [command for command in commands if isinstance(command, PlaceOrder)]
    return play.engine, orders[0].client_order_id


ENGINE, PLACED = placed()


def named(text: str) -> str:
    return text.replace(CLIENT_ID, PLACED).replace(TICKER, make.SYMBOL)


def edited(name: str, inside: str, **fields: str) -> str:
    body = json.loads(named(frame(name).decode()))
    body[inside] |= {"side": "yes", "outcome_side": "no", "book_side": "ask", **fields}
    return json.dumps(body)


def trade(number: int, life: Life) -> dict[str, str]:
    count, price = life.trades[number]
    return {
        "trade_id": f"trade-{number}",
        "count_fp": count,
        "yes_price_dollars": price,
        "action": "sell",
    }


def counts(filled: Decimal, status: str) -> dict[str, str]:
    left = "0.00" if status != "resting" else f"{100 - filled:.2f}"
    return {
        "status": status,
        "fill_count_fp": f"{filled:.2f}",
        "remaining_count_fp": left,
        "initial_count_fp": "100.00",
    }


def frames_of(life: Life) -> list[str]:
    """The order at rest, each trade with the order after it, and the end."""
    filled = Decimal(0)
    frames = [edited("ws_user_order", "msg", **counts(filled, "resting"))]
    for number, (count, _) in enumerate(life.trades):
        filled += Decimal(count)
        frames.append(
            edited("ws_fill", "msg", post_position_fp=f"{100 - filled:.2f}", **trade(number, life))
        )
        status = life.status if number == len(life.trades) - 1 else "resting"
        frames.append(edited("ws_user_order", "msg", **counts(filled, status)))
    return (
        frames
        if life.trades
        else [*frames, edited("ws_user_order", "msg", **counts(filled, life.status))]
    )


def heard(raw: str) -> Event:
    body = decode_frame(STAMP, raw.encode(), 0).body
    assert isinstance(body, Fill | OrderSnapshot)
    return body


def read_back(life: Life) -> list[Event]:
    """The same facts as REST tells them: every trade, then the order."""
    row = json.loads(named(frame("fills").decode()))["fills"][0]
    rows = [
        row | trade(number, life) | {"fill_id": f"trade-{number}"}
        for number in range(len(life.trades))
    ]
    fills = [decode_fill_row(STAMP, json.dumps(each).encode()) for each in rows]
    filled = sum((Decimal(count) for count, _ in life.trades), Decimal(0))
    body = edited("order", "order", **counts(filled, life.status))
    return [*fills, decode_order(STAMP, body.encode(), AT_NS)]


def told(events: Sequence[Event]) -> Book:
    engine = Engine(copy.deepcopy(ENGINE.book.state()))
    for event in events:
        engine.handle(event)
    return engine.book


def essence(book: Book) -> tuple[object, ...]:
    """What the book says of money and orders."""
    order, position = book.orders[PLACED], book.positions[make.KEY]
    return (
        (order.status, order.cum_qty, order.final_qty, order.notional, order.fees),
        order.venue_order_id,
        (position.qty, position.generation, position.realized_pnl, position.fees),
        sorted((key[3], book.fills.said(key)) for key in book.fills),
        (len(book.orphans), list(book.resting)),
    )


@pytest.mark.parametrize("name", LIVES)
def test_the_book_after_a_life(name: str) -> None:
    life = LIVES[name]
    book = told([heard(raw) for raw in frames_of(life)])
    order, position = book.orders[PLACED], book.positions[make.KEY]
    filled = sum((Decimal(count) for count, _ in life.trades), Decimal(0))
    assert (order.status, order.cum_qty) == (life.end, filled)
    assert (position.qty, order.venue_order_id) == (100 - filled, ORDER_ID)


@given(st.data())
def test_any_order_and_any_repetition_give_the_same_book(data: st.DataObject) -> None:
    frames = frames_of(LIVES[data.draw(st.sampled_from(sorted(LIVES)))])
    again = data.draw(st.lists(st.sampled_from(frames), max_size=4))
    shuffled = data.draw(st.permutations([*frames, *again]))
    expected = essence(told([heard(raw) for raw in frames]))
    assert essence(told([heard(raw) for raw in shuffled])) == expected


@given(st.data())
def test_any_cut_healed_by_rest_gives_the_same_book(data: st.DataObject) -> None:
    life = LIVES[data.draw(st.sampled_from(sorted(LIVES)))]
    frames = frames_of(life)
    first = data.draw(st.integers(0, len(frames)))
    again = data.draw(st.integers(first, len(frames)))
    kept = [heard(raw) for raw in (*frames[:first], *frames[again:])]
    expected = essence(told([heard(raw) for raw in frames]))
    assert essence(told([*kept, *read_back(life)])) == expected
