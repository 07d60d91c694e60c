"""The oracle, the other traders, the read lags, and what a configuration makes."""

from __future__ import annotations

import random

import pytest

from daemon.paper.clock import ManualClock
from daemon.paper.crypto.config import (
    CoinAccountConfig,
    CoinConfig,
    CoinReadConfig,
    CoinSeedConfig,
    InstrumentConfig,
)
from daemon.paper.crypto.keys import make_key
from daemon.paper.crypto.model import Phase
from daemon.paper.crypto.oracle import account_truth, plain, truth
from daemon.paper.crypto.pit import CoinPit
from daemon.paper.crypto.venue import Nature, make_venue
from daemon.paper.model import Side
from daemon.paper.refusal import OperatorError, RefusedError
from daemon.paper.traders import ScriptSpec
from tests.paper.crypto.builders import LAX, SYMBOL, D, perp, spot


def test_the_oracle_tells_all_of_it() -> None:
    room = spot()
    room.place("bob", "ask", "2", "100")
    order = room.place("alice", "bid", "1", "100", client_order_id="mine")
    seen = account_truth(room.exchange, "alice")
    assert seen["balances"]["ETH"] == {  # type: ignore[index]
        "total": "10.999",
        "free": "10.999",
        "locked": "0",
    }
    fills = seen["fills"]
    assert isinstance(fills, list)
    assert {k: fills[0][k] for k in ("client_order_id", "qty", "fee", "fee_coin", "is_maker")} == {
        "client_order_id": "mine",
        "qty": "1",
        "fee": "0.001",
        "fee_coin": "ETH",
        "is_maker": False,
    }
    orders = seen["orders"]
    assert isinstance(orders, list)
    assert (orders[0]["order_id"], orders[0]["status"]) == (order.order_id, "filled")
    assert set(truth(room.exchange)["accounts"]) >= {"alice", "bob"}  # type: ignore[call-overload]
    assert plain(D("1E+2")) == "100"
    with pytest.raises(OperatorError, match="no account"):
        account_truth(room.exchange, "eve")


def test_nothing_is_lost_and_nothing_is_made_up() -> None:
    """Any orders: coins are conserved but for fees, and positions cancel out."""
    for make, seed in ((spot, 1), (perp, 2), (spot, 3), (perp, 4)):
        room, dice = make(), random.Random(seed)
        for _ in range(200):
            name, side = dice.choice(("alice", "bob")), dice.choice(("bid", "ask"))
            price = str(100 + dice.randint(-3, 3))
            try:
                order = room.place(name, side, str(dice.randint(1, 20) / 10), price)
            except RefusedError:
                continue
            if dice.random() < 0.3 and order.is_open:
                room.venue.orders.cancel(order)
        exchange = room.exchange
        positions = exchange.holdings.positions.values()
        assert sum(len(f) for f in exchange.fills.values()) > 20
        for coin in ("USDT", "ETH"):
            both = sum(exchange.holdings.total(n, coin) for n in ("alice", "bob"))
            fees = sum(
                f.fee for n in ("alice", "bob") for f in exchange.fills[n] if f.fee_coin == coin
            )
            begun = {"USDT": 2000, "ETH": 20 if make is spot else 0}[coin]
            realized = sum(p.realized for p in positions) if coin == "USDT" else 0
            assert both + fees - realized == begun
        assert sum(p.qty for p in positions) == 0
        # What one has won, realized or not, the other has lost, but for the last digit.
        won = sum((p.realized + exchange.unrealized(p) for p in positions), D(0))
        assert abs(won) < D("0.00001")
        for name in ("alice", "bob"):
            assert all(b.free >= 0 <= b.locked for b in exchange.balances(name).values())


def test_the_others_set_books_sweep_and_walk() -> None:
    room = spot()
    traders = room.venue.traders
    traders.set_book(SYMBOL, [(D(99), D(5))], [(D(101), D(5)), (D(102), D(5))])
    assert traders.send(SYMBOL, Side.BID, D(102), D(7)).filled == 7
    traders.set_book(SYMBOL, None, [(D(102), D(1))])
    assert room.exchange.books[SYMBOL].levels(Side.ASK) == [(D(102), D(1))]
    mine = room.place("alice", "bid", "1", "100")
    walk = ScriptSpec(
        name="w", ticker=SYMBOL, start="100", step="1", half_spread="0.5", size="2", floor="50",
        ceiling="200", gap="5",
    )  # fmt: skip
    traders.start(walk)
    for _ in range(40):
        traders.advance("w", 1)
    assert mine.filled == 1
    pit = CoinPit(room.exchange, room.venue.orders)
    room.venue.upkeep.set_phase(SYMBOL, Phase.NO_OPENING)
    assert pit.is_open(SYMBOL)
    traders.set_book(SYMBOL, [], [])
    assert pit.resting(SYMBOL, Side.BID) == []
    assert not room.exchange.orders.keys() - {
        o.order_id for o in room.exchange.orders.values() if o.account in ("alice", "bob")
    }


def test_a_read_lags_as_it_is_told_to() -> None:
    room = spot()
    room.exchange.reads.order_lag_ms = (100, 100)
    order = room.place("alice", "bid", "1", "100")
    history = room.exchange.order_history[order.order_id]
    assert history.at(room.clock.wall_ns()) is None
    room.clock.advance_ns(100_000_000)
    found = history.at(room.clock.wall_ns())
    assert found is not None
    assert found is not order


def test_a_configuration_makes_a_venue_or_says_what_is_wrong() -> None:
    seed = CoinSeedConfig(symbol="XUSDT", qty="2", price="10", age_s=60)
    account = CoinAccountConfig(name="a", balances={"USDT": "100"}, positions=[seed])
    book = {"bids": [("9.99", "5")], "asks": [("10.01", "5")]}
    spec = InstrumentConfig(symbol="XUSDT", base="X", maker_rate="-0.0001", **book)  # type: ignore[arg-type]
    config = CoinConfig(
        instruments=[spec], accounts=[account], reads=CoinReadConfig(order_lag_ms=(1, 2))
    )
    nature = Nature(name="n", is_contract=False, rules=LAX, needs_passphrase=True)
    venue = make_venue(nature, config, ManualClock(), 1)
    venue.populate()
    assert venue.exchange.reads.order_lag_ms == (1, 2)
    assert venue.exchange.holdings.total("a", "X") == D("1.998")
    assert venue.exchange.instruments["XUSDT"].maker_rate == D("-0.0001")
    assert len(venue.keys["a"].passphrase) == 12
    wrong = CoinConfig(instruments=[InstrumentConfig(symbol="X", base="X", tick="x")])
    with pytest.raises(OperatorError, match="n: tick = 'x'"):
        make_venue(nature, wrong, ManualClock(), 1).populate()


def test_a_key_hides_its_secret() -> None:
    key = make_key("a", "hmac")
    assert len(key.api_key) == len(key.secret) == 64
    assert key.secret not in repr(key)
    pair = make_key("a", "ed25519").pair
    assert pair is not None
    assert pair.private_pem not in repr(make_key("a", "rsa"))
    with pytest.raises(OperatorError, match="accepted are hmac"):
        make_key("a", "dsa")
