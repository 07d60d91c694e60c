"""One order's frames, in any order and any number of times: the book is the same in the end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TypedDict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.commands import PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import (
    Event,
    Fill,
    MarketRead,
    OrderAccepted,
    PositionRow,
    PositionSnapshot,
    Quote,
    QuoteSource,
    RulesLoaded,
    Started,
)
from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import Currency, ExecId, JournalId, PositionKey, RuleKind, Side, VenueOrderId
from daemon.venues.decoding import Stamp
from daemon.venues.phemex.dialect import DIALECTS
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.product_wire import Products
from daemon.venues.phemex.stream_wire import Private, decode_frame
from daemon.venues.phemex.wire import FILLS, PERP, SPOT
from tests.venues.phemex.builders import (
    ACCOUNT,
    AT_NS,
    CLIENT_ID,
    ETH,
    ORDER_ID,
    PERPS,
    SOL,
    SPOT_ORDER_ID,
    SPOTS,
    frame,
)

D = Decimal
SECOND = 10**9
MARKETS = {
    PERP: (SOL, "12", "143.05", "142", ORDER_ID, PERPS),
    SPOT: (ETH, "1.5", "2600", "2500", SPOT_ORDER_ID, SPOTS),
}
LIVES = {
    "filled": (PERP, ["aop_new", "aop_partial", "aop_filled"]),
    "both in one push": (PERP, ["aop_new_and_fill", "aop_partial", "aop_filled"]),
    "canceled": (PERP, ["aop_new", "aop_partial", "aop_canceled"]),
    "expired": (PERP, ["aop_new", "aop_expired"]),
    "rejected": (PERP, ["aop_rejected"]),
    "liquidated meanwhile": (PERP, ["aop_new", "aop_partial", "aop_canceled", "aop_adl"]),
    "spot filled": (SPOT, ["wo_new", "wo_partial", "wo_filled"]),
    "spot canceled": (SPOT, ["wo_new", "wo_partial", "wo_canceled"]),
    "spot rejected": (SPOT, ["wo_rejected"]),
}


class Now(TypedDict):
    receive_time_ns: int
    mono_ns: int


class Stage:
    """An engine that holds a position and has just sent the exit order of the frames."""

    def __init__(self, market: str) -> None:
        self.venue = PERP if market == PERP else SPOT
        self.symbol, qty, entry, stop, self.order_id, self.products = MARKETS[self.venue]
        self.engine = Engine()
        self.now_ns = 50 * SECOND
        self.key = PositionKey(account=ACCOUNT, venue=self.venue, symbol=self.symbol)
        self.tell(Started(**self.clock(), journal_id=JournalId("j"), engine_version=1))
        self.tell(self.rules(D(stop)))
        terms = self.products.product(self.symbol)
        self.tell(MarketRead(**self.stamp(), instrument=terms.instrument, phase=terms.phase))
        self.tell(self.bought(D(qty), D(entry)))
        row = PositionRow(symbol=self.symbol, position_qty=D(qty))
        self.tell(
            PositionSnapshot(**self.stamp(), rows=(row,), as_of_ns=AT_NS, asked_mono_ns=self.now_ns)
        )
        self.quote(D(entry))
        placed = [one for one in self.quote(D(stop)) if isinstance(one, PlaceOrder)]
        self.client_id = placed[0].client_order_id

    def clock(self) -> Now:
        self.now_ns += SECOND
        return {"receive_time_ns": AT_NS + self.now_ns, "mono_ns": self.now_ns}

    def stamp(self) -> Stamp:
        return {**self.clock(), "account": ACCOUNT, "venue": self.venue}

    def tell(self, event: Event) -> tuple[object, ...]:
        return self.engine.handle(event)

    def rules(self, stop: Decimal) -> RulesLoaded:
        exits = ExitPolicy(max_slippage_px=D(1))
        rule = StopRule(
            venue=self.venue, pattern="*", kind=RuleKind.ABSOLUTE, level=stop, exits=exits
        )
        account = AccountPolicy(account=ACCOUNT, venue=self.venue, place_live_orders=True)
        return RulesLoaded(**self.clock(), rules=(rule,), accounts=(account,))

    def bought(self, qty: Decimal, px: Decimal) -> Fill:
        return Fill(
            **self.stamp(),
            symbol=self.symbol,
            venue_order_id=VenueOrderId("entry"),
            transact_time_ns=AT_NS - SECOND,
            exec_id=ExecId("entry"),
            side=Side.BUY,
            last_qty=qty,
            last_px=px,
            commission=D(0),
            commission_currency=Currency("USDT"),
        )

    def quote(self, px: Decimal) -> tuple[object, ...]:
        levels = {"bid_px": px, "bid_qty": D(99), "ask_px": px + 1, "ask_qty": D(99)}
        return self.tell(
            Quote(**self.stamp(), symbol=self.symbol, source=QuoteSource.BOOK, **levels)  # type: ignore[arg-type]
        )

    def hear(self, name: str) -> None:
        """A frame, or the acknowledgement of the placing."""
        stamp = self.stamp()
        if name == "ack":
            ids = {"client_order_id": self.client_id, "venue_order_id": self.order_id}
            self.tell(OrderAccepted(**stamp, symbol=self.symbol, **ids))  # type: ignore[arg-type]
            return
        for event in read(stamp, name, self.client_id, self.products):
            self.tell(event)

    def look_up(self, name: str) -> None:
        """What a frame says, asked for by REST after the stream lost it."""
        for event in asked(self.stamp(), name, self.client_id, self.products):
            self.tell(event)

    def face(self) -> tuple[object, ...]:
        """Everything about order and position that may not depend on the order of frames."""
        book = self.engine.book
        order, position = book.orders[self.client_id], book.positions[self.key]
        return (
            (order.status, order.cum_qty, order.notional, order.fees, order.dead),
            (position.qty, position.realized_pnl, position.fees, position.entry_px),
            sorted((key[3], book.fills.said(key)) for key in book.fills),
            sorted(book.resting),
        )


def read(stamp: Stamp, name: str, client_id: str, products: Products) -> tuple[Event, ...]:
    message = frame(name).replace(CLIENT_ID.encode(), client_id.encode())
    body = decode_frame(stamp, message, products)
    assert isinstance(body, Private)
    return body.events


def asked(stamp: Stamp, name: str, client_id: str, products: Products) -> tuple[Event, ...]:
    """The same facts as REST tells them: the trades, then the order as it is listed."""
    body = json.loads(frame(name).replace(CLIENT_ID.encode(), client_id.encode()))
    if "orders_p" in body:
        states = [rest_row(row) for row in body["orders_p"]]
        trades, dialect = [row for row in states if row["execStatus"] in FILLS], DIALECTS[PERP]
    else:
        states = [*body["orders"]["closed"], *body["orders"]["open"]]
        trades, dialect = body["orders"]["fills"], DIALECTS[SPOT]
    fills = [event for row in trades for event in dialect.read_trade(stamp, raw(row), products)]
    read = dialect.read_order(stamp, raw(states[-1]), products, AT_NS)
    assert isinstance(read, OrderRead)
    return (*fills, read.snapshot)


def raw(row: dict[str, object]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(row).encode())


def rest_row(row: dict[str, object]) -> dict[str, object]:
    """A row of the stream with REST's names for its quantities."""
    return {
        **row,
        **{f"{name}Rq": row[name] for name in ("execQty", "orderQty", "cumQty", "leavesQty")},
    }


def heard(life: str, names: list[str]) -> Stage:
    stage = Stage(LIVES[life][0])
    for name in names:
        stage.hear(name)
    return stage


@pytest.mark.parametrize("life", LIVES)
def test_the_order_of_the_wire_ends_it(life: str) -> None:
    stage = heard(life, ["ack", *LIVES[life][1]])
    assert stage.engine.book.orders[stage.client_id].dead


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_and_repetition_gives_the_same_book(data: st.DataObject) -> None:
    life = data.draw(st.sampled_from(sorted(LIVES)))
    names = ["ack", *LIVES[life][1]]
    repeated = data.draw(st.lists(st.sampled_from(names), max_size=4))
    shuffled = data.draw(st.permutations([*names, *repeated]))
    assert heard(life, list(shuffled)).face() == heard(life, names).face()


def test_a_replayed_snapshot_adds_nothing() -> None:
    stage = heard("filled", ["ack", "aop_new", "aop_partial", "aop_snapshot"])
    before = stage.face()
    stage.hear("aop_snapshot")
    assert stage.face() == before


@pytest.mark.parametrize("life", [life for life in LIVES if "rejected" not in life])
def test_a_cut_at_any_place_is_mended_by_the_back_fill(life: str) -> None:
    names = LIVES[life][1]
    whole = heard(life, ["ack", *names]).face()
    for place in range(len(names) + 1):
        stage = heard(life, ["ack", *names[:place]])
        for name in names[:1] if place else []:
            stage.look_up(name)  # what was heard already is told again
        for name in names[place:]:
            stage.look_up(name)
        assert stage.face() == whole
