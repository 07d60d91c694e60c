"""The private connection without its socket: login, facts, parking, and silence."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import (
    Event,
    Fill,
    OrderCanceled,
    OrderSnapshot,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import Symbol, Venue
from daemon.venues.phemex.private_feed import PARKED_LIMIT, PrivateFeed
from daemon.venues.phemex.product_wire import decode_products
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import AT_NS, ETH, SOL, StillClock, frame, session, stocked

OK = {"error": None, "result": {"status": "success"}}


class Wire:
    """A feed, what it sent and what it told."""

    def __init__(self, venue: Venue = PERP) -> None:
        self.clock = StillClock()
        self.session = session(self.clock, venue)
        self.shelf = stocked(self.session)
        self.sent: list[dict[str, object]] = []
        self.told: list[Event] = []
        self.feed = PrivateFeed(self.session, self.shelf, self.told.append)

    def open(self) -> None:
        self.feed.opened(lambda raw: self.sent.append(json.loads(raw)))

    def confirm(self) -> None:
        self.open()
        for _command in ("user.auth", "subscribe"):
            self.answer(self.sent[-1])

    def answer(self, command: dict[str, object]) -> None:
        self.feed.received(json.dumps({**OK, "id": command["id"]}).encode())

    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.told]


@pytest.mark.parametrize(("venue", "method"), [(PERP, "aop_p.subscribe"), (SPOT, "wo.subscribe")])
def test_login_then_subscription_then_restored(venue: Venue, method: str) -> None:
    wire = Wire(venue)
    wire.open()
    (auth,) = wire.sent
    expiry = AT_NS // 10**9 + 60
    key_id = wire.session.config.key_id
    signature = PhemexSigner("not-a-real-secret").login(key_id, expiry)
    assert auth["params"] == ["API", key_id, signature, expiry]
    assert wire.told == []
    wire.answer(auth)
    assert wire.sent[-1]["method"] == method
    wire.answer(wire.sent[-1])
    assert wire.kinds() == [StreamRestored]
    wire.answer(auth)
    assert wire.kinds() == [StreamRestored]


def test_a_refusal_gives_the_connection_up() -> None:
    wire = Wire()
    wire.open()
    wire.feed.received(frame("ws_auth_refused"))
    assert "user.auth was refused: 6012" in (wire.feed.overdue() or "")
    wire.open()
    assert wire.feed.overdue() is None


def test_an_unconfirmed_or_silent_connection_is_given_up() -> None:
    wire = Wire()
    assert wire.feed.overdue() is None
    wire.open()
    wire.clock.pass_s(10.5)
    assert wire.feed.overdue() == "the subscription was not confirmed"
    wire.confirm()
    wire.clock.pass_s(14)
    wire.feed.received(frame("ws_pong"))
    wire.clock.pass_s(14)
    assert wire.feed.overdue() is None
    wire.feed.pinged()
    wire.clock.pass_s(15.5)
    assert wire.feed.overdue() == "the websocket answers nothing"


def test_heartbeats_go_out_every_five_seconds() -> None:
    wire = Wire()
    wire.feed.beat()
    wire.confirm()
    for _tick in range(44):
        wire.clock.pass_s(0.25)
        wire.feed.beat()
    assert [one["method"] for one in wire.sent[2:]] == ["server.ping"] * 2


def test_a_stream_that_only_pongs_is_not_alive() -> None:
    wire = Wire()
    wire.confirm()
    wire.feed.expect(wire.clock.mono_ns())
    for _second in range(9):
        wire.clock.pass_s(1)
        wire.feed.received(frame("ws_pong"))
        assert wire.feed.overdue() is None
    wire.clock.pass_s(1.5)
    wire.feed.received(frame("ws_pong"))
    assert wire.feed.overdue() == "the private stream says nothing of an accepted order"
    wire.open()
    wire.clock.pass_s(5)
    assert wire.feed.overdue() is None


def test_a_word_of_the_order_is_enough_even_before_its_answer() -> None:
    wire = Wire()
    wire.confirm()
    sent_ns = wire.clock.mono_ns()
    wire.feed.received(frame("aop_new"))
    wire.feed.expect(sent_ns)
    wire.clock.pass_s(11)
    wire.feed.received(frame("ws_pong"))
    assert wire.feed.overdue() is None
    wire.feed.expect(wire.clock.mono_ns())
    wire.clock.pass_s(3)
    wire.feed.expect(wire.clock.mono_ns())  # the older one is waited for
    wire.clock.pass_s(8)
    wire.feed.received(frame("ws_pong"))
    assert wire.feed.overdue() is not None


def test_old_fills_of_a_snapshot_are_left_to_the_back_fill() -> None:
    wire = Wire()
    wire.confirm()
    wire.feed.received(frame("aop_snapshot"))
    assert wire.kinds() == [StreamRestored, OrderSnapshot, OrderCanceled, OrderSnapshot]
    assert set(wire.shelf.tracked) == {SOL, Symbol("XRPUSDT")}
    message = json.loads(frame("aop_snapshot"))
    message["orders_p"][0]["transactTimeNs"] = AT_NS + 1
    wire.feed.received(json.dumps(message).encode())
    assert [kind for kind in wire.kinds() if kind is Fill] == [Fill]


def test_live_facts_are_told_and_their_symbols_kept_in_mind() -> None:
    wire = Wire()
    wire.confirm()
    wire.feed.received(frame("aop_partial"))
    assert wire.kinds() == [StreamRestored, Fill, OrderSnapshot]
    assert wire.shelf.tracked == (SOL,)
    wire.feed.received(b"noise")
    assert wire.kinds()[-1] is Undecodable
    wire.feed.received(frame("ws_ticker"))
    assert len(wire.told) == 4


def test_the_loss_is_told_once_and_the_return_as_well() -> None:
    wire = Wire()
    wire.feed.closed("first")
    wire.feed.closed("second")
    wire.confirm()
    wire.feed.closed("third")
    assert wire.kinds() == [StreamLost, StreamRestored, StreamLost]
    wire.feed.received(frame("aop_new"))
    wire.feed.pinged()
    wire.feed.beat()
    assert len(wire.told) == 3


def test_frames_of_a_new_product_wait_for_it() -> None:
    wire = Wire(SPOT)
    wire.confirm()
    wire.feed.received(frame("wo_unlisted"))
    assert wire.feed.waits_for_products
    assert wire.kinds() == [StreamRestored]
    body = json.loads(frame("products"))
    new = {**body["data"]["products"][1], "symbol": "sNEWUSDT"}
    body["data"]["products"].append(new)
    wire.shelf.products = decode_products(json.dumps(body).encode(), SPOT)
    wire.feed.unpark()
    assert wire.kinds() == [StreamRestored, Fill, Fill]
    assert set(wire.shelf.tracked) == {ETH, Symbol("sNEWUSDT")}
    assert not wire.feed.waits_for_products


def test_what_stays_unknown_is_told_and_the_rest_not_lost() -> None:
    wire = Wire(SPOT)
    wire.confirm()
    wire.feed.received(frame("wo_unlisted"))
    wire.feed.unpark()
    assert wire.kinds() == [StreamRestored, Undecodable, Fill]


def test_only_so_many_frames_wait() -> None:
    wire = Wire(SPOT)
    wire.confirm()
    for _number in range(PARKED_LIMIT + 1):
        wire.feed.received(frame("wo_unlisted"))
    assert wire.kinds() == [StreamRestored, Undecodable, Fill]
