"""One order's frames, by every channel, shuffled and repeated: the book ends the same."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.commands import Command, PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import (
    Event,
    Fill,
    MarketPhase,
    MarketRead,
    PositionRow,
    PositionSnapshot,
    Quote,
    QuoteSource,
    RulesLoaded,
    Started,
    VenueEvent,
)
from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import (
    NANOS,
    ExecId,
    JournalId,
    OrdStatus,
    PositionKey,
    PositionSide,
    RuleKind,
    Side,
    VenueOrderId,
)
from daemon.venues.bitget.account_wire import decode_page
from daemon.venues.bitget.fill_wire import PAID_IS_NEGATIVE, decode_classic_fill, decode_uta_fill
from daemon.venues.bitget.market_wire import decode_market
from daemon.venues.bitget.order_wire import decode_classic_order, decode_uta_order
from daemon.venues.bitget.push_wire import Rows, Told
from daemon.venues.bitget.stream_wire import decode_frame
from daemon.venues.bitget.wire import USDT, Dialect, Market
from daemon.venues.decoding import Stamp
from tests.venues.bitget.builders import (
    ACCOUNT,
    AT_NS,
    CLIENT_ID,
    ETH,
    FUTURES_TOLD,
    HEDGED_TOLD,
    SOL,
    SPOT_TOLD,
    D,
    data,
    frame,
    row,
)

SPOT_FRAMES = (
    "spot_orders_live",
    "spot_orders_partial",
    "spot_orders_last_partial",
    "spot_orders_filled",
    "spot_fill",
)
MIX_FILLED = ("mix_orders_live", "mix_orders_partial", "mix_orders_filled", "mix_fill")
MIX_CANCELED = ("mix_orders_live", "mix_orders_partial", "mix_orders_canceled", "mix_fill")
UTA_CANCELED = ("uta_order", "uta_fill", "uta_order_canceled")


class World:
    """A position of `qty` that a stop has just sent to market, and what the order is called.

    `turns` turns the text of frames about: the same story, of another position.
    """

    def __init__(
        self, told: Told, qty: str, held: PositionSide, turns: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.engine = Engine()
        self.told = told
        self.turns = turns
        symbol = SOL if told.market is Market.SPOT else ETH
        self.key = PositionKey(
            account=ACCOUNT, venue=told.market.venue, symbol=symbol, position_side=held
        )
        self.commands: list[Command] = []
        self._mono_ns = NANOS
        terms = "spot_rest_symbols" if told.market is Market.SPOT else "mix_rest_contracts"
        terms_read = decode_market(told.stamp, told.market, symbol, data(terms))
        assert isinstance(terms_read, MarketRead)
        assert terms_read.phase is MarketPhase.ACTIVE
        live = PositionRow(symbol=symbol, position_qty=D(qty), position_side=held)
        self.tell(
            Started(receive_time_ns=0, mono_ns=0, journal_id=JournalId("j"), engine_version=1),
            self.rules(),
            terms_read,
            self.entry(qty),
            PositionSnapshot(**told.stamp, rows=(live,), as_of_ns=AT_NS, asked_mono_ns=90 * NANOS),
            *(self.quote(px) for px in (("9000", "50") if D(qty) > 0 else ("50", "9000"))),
        )
        placed = [command for command in self.commands if isinstance(command, PlaceOrder)]
        assert [order.order_qty for order in placed] == [abs(D(qty))]
        self.order_id = placed[0].client_order_id

    def tell(self, *events: Event) -> None:
        for event in events:
            self._mono_ns += NANOS
            now = replace(event, mono_ns=self._mono_ns, receive_time_ns=AT_NS)
            self.commands += self.engine.handle(now)

    def rules(self) -> RulesLoaded:
        rule = StopRule(
            venue=self.told.market.venue,
            pattern="*",
            kind=RuleKind.ABSOLUTE,
            level=D(100),
            exits=ExitPolicy(max_slippage_px=D(1), trigger_min_qty=D(0)),
        )
        policy = AccountPolicy(
            account=ACCOUNT, venue=self.told.market.venue, place_live_orders=True
        )
        return RulesLoaded(receive_time_ns=0, mono_ns=0, rules=(rule,), accounts=(policy,))

    def entry(self, qty: str) -> Fill:
        return Fill(
            **self.told.stamp,
            symbol=self.key.symbol,
            venue_order_id=VenueOrderId("1"),
            exec_id=ExecId("1"),
            side=Side.BUY if D(qty) > 0 else Side.SELL,
            last_qty=abs(D(qty)),
            last_px=D(160) if D(qty) > 0 else D(60),
            commission=D("0.1"),
            commission_currency=USDT,
            position_side=self.key.position_side,
            transact_time_ns=AT_NS - 3_600 * NANOS,
        )

    def quote(self, px: str) -> Quote:
        return Quote(
            **self.told.stamp,
            symbol=self.key.symbol,
            bid_px=D(px),
            bid_qty=D(10),
            ask_px=D(px) + 1,
            ask_qty=D(10),
            source=QuoteSource.BOOK,
        )

    def facts(self) -> tuple[object, ...]:
        """What the book holds, but for the moments at which it learnt it."""
        order = self.engine.book.orders[self.order_id]
        position = self.engine.book.positions[self.key]
        terms = (order.status, order.cum_qty, order.notional, order.fees, order.final_qty)
        held = (position.qty, position.realized_pnl, position.fees, position.pool.open_qty)
        return (terms, held, sorted(self.engine.book.fills), order.venue_order_id)

    def turned(self, raw: bytes) -> bytes:
        text = raw.decode().replace(CLIENT_ID, self.order_id)
        for old, new in self.turns:
            text = text.replace(old, new)
        return text.encode()


def pushed(world: World, dialect: Dialect, name: str) -> tuple[VenueEvent, ...]:
    body = decode_frame(world.told, dialect, world.turned(frame(name))).body
    assert isinstance(body, Rows)
    return body.events


def listed(world: World, dialect: Dialect, names: Sequence[str]) -> list[VenueEvent]:
    """The same facts out of REST answers."""
    events: list[VenueEvent] = []
    for name in names:
        rows = [row(name, orderStatus="cancelled")]
        for raw in decode_page(data(name)).rows if "fills" in name else rows:
            turned = world.turned(bytes(raw))
            events += read(world.told.stamp, world.told.market, dialect, name, turned)
    return events


def read(
    stamp: Stamp, market: Market, dialect: Dialect, name: str, raw: bytes
) -> tuple[VenueEvent, ...]:
    if "fills" not in name:
        decode = decode_uta_order if dialect is Dialect.UTA else decode_classic_order
        return (decode(stamp, market, raw, AT_NS + NANOS),)
    if dialect is Dialect.UTA:
        return decode_uta_fill(stamp, market, raw, hedged=True)
    return decode_classic_fill(stamp, market, raw, PAID_IS_NEGATIVE)


NET, LONG, SHORT = PositionSide.NET, PositionSide.LONG, PositionSide.SHORT
CLASSIC, UTA = Dialect.CLASSIC, Dialect.UTA
MIX_LISTED = ("mix_rest_fills", "mix_rest_detail")
UTA_LISTED = ("uta_rest_fills", "uta_rest_order")
TO_SHORT = (('"posSide": "long"', '"posSide": "short"'), ('"side": "buy"', '"side": "sell"'))
TO_UTA_SHORT = (
    ('"posSide": "long"', '"posSide": "short"'),
    ('"holdSide": "long"', '"holdSide": "short"'),
    ('"side": "sell"', '"side": "buy"'),
)
TO_ONE_WAY = (
    ('"posMode": "hedge_mode"', '"posMode": "one_way_mode"'),
    ('"posSide": "long"', '"posSide": "net"'),
    ('"tradeSide": "close"', '"tradeSide": "buy_single"'),
)
CUT = (OrdStatus.CANCELED, D("0.45"), D("0.15"))
FULL = OrdStatus.FILLED


@dataclass(frozen=True)
class Story:
    told: Told
    qty: str
    held: PositionSide
    dialect: Dialect
    frames: tuple[str, ...]
    answers: tuple[str, ...]
    end: tuple[OrdStatus, Decimal, Decimal]
    turns: tuple[tuple[str, str], ...] = ()
    later: tuple[tuple[str, Mapping[str, object]], ...] = ()


SPOT_LATER = (
    (
        "spot_rest_fills",
        {
            "tradeId": "1300000000000000102",
            "priceAvg": "150.25",
            "size": "1.75",
            "feeDetail": {"deduction": "no", "feeCoin": "BGB", "totalFee": "-8.9E-10"},
        },
    ),
    ("spot_rest_order", {"status": "filled", "baseVolume": "2.5000"}),
)
MIX_LATER = (
    (
        "mix_rest_fills",
        {
            "tradeId": "1400000000000000102",
            "price": "3050.5",
            "baseVolume": "0.15",
            "feeDetail": [{"deduction": "no", "feeCoin": "USDT", "totalFee": "-0.274545"}],
        },
    ),
    ("mix_rest_detail", {"state": "filled", "baseVolume": "0.60"}),
)
SHORT_CUT = (OrdStatus.CANCELED, D("0.45"), D("-0.15"))
STORIES = {
    "spot filled": Story(
        *(SPOT_TOLD, "2.5", NET, CLASSIC, SPOT_FRAMES, ("spot_rest_fills",)),
        end=(FULL, D("2.5"), D(0)),
        later=SPOT_LATER,
    ),
    "long filled": Story(
        *(FUTURES_TOLD, "0.60", LONG, CLASSIC, MIX_FILLED, MIX_LISTED[:1]),
        end=(FULL, D("0.60"), D(0)),
        later=MIX_LATER,
    ),
    "long canceled": Story(FUTURES_TOLD, "0.60", LONG, CLASSIC, MIX_CANCELED, MIX_LISTED, CUT),
    "short canceled": Story(
        FUTURES_TOLD, "-0.60", SHORT, CLASSIC, MIX_CANCELED, MIX_LISTED, SHORT_CUT, TO_SHORT
    ),
    "one-way short canceled": Story(
        FUTURES_TOLD, "-0.60", NET, CLASSIC, MIX_CANCELED, MIX_LISTED, SHORT_CUT, TO_ONE_WAY
    ),
    "unified long canceled": Story(HEDGED_TOLD, "0.60", LONG, UTA, UTA_CANCELED, UTA_LISTED, CUT),
    "unified short canceled": Story(
        HEDGED_TOLD, "-0.60", SHORT, UTA, UTA_CANCELED, UTA_LISTED, SHORT_CUT, TO_UTA_SHORT
    ),
}


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=40, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_any_order_of_frames_gives_the_same_book(name: str, rng: random.Random) -> None:
    story = STORIES[name]
    plain, shuffled = (World(story.told, story.qty, story.held, story.turns) for _ in range(2))
    for one in story.frames:
        plain.tell(*pushed(plain, story.dialect, one))
    mixed = [event for one in story.frames for event in pushed(shuffled, story.dialect, one)]
    mixed += listed(shuffled, story.dialect, story.answers)
    mixed += rng.choices(mixed, k=rng.randint(0, 6))
    rng.shuffle(mixed)
    shuffled.tell(*mixed)
    assert shuffled.facts() == plain.facts()
    order = shuffled.engine.book.orders[shuffled.order_id]
    left = shuffled.engine.book.positions[shuffled.key].qty
    assert (order.status, order.cum_qty, left) == story.end


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=40, deadline=None)
@given(choice=st.data())
def test_any_cut_healed_by_rest_gives_the_same_book(name: str, choice: st.DataObject) -> None:
    story = STORIES[name]
    plain, cut = (World(story.told, story.qty, story.held, story.turns) for _ in range(2))
    for one in story.frames:
        plain.tell(*pushed(plain, story.dialect, one))
    first = choice.draw(st.integers(0, len(story.frames)))
    again = choice.draw(st.integers(first, len(story.frames)))
    for one in (*story.frames[:first], *story.frames[again:]):
        cut.tell(*pushed(cut, story.dialect, one))
    cut.tell(*listed(cut, story.dialect, story.answers))
    for one, changes in story.later:
        raw = cut.turned(bytes(row(one, **changes)))
        cut.tell(*read(cut.told.stamp, cut.told.market, story.dialect, one, raw))
    assert cut.facts() == plain.facts()
