"""Bands save looks and change nothing: whatever is told, an engine without them does the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.engine import Engine
from daemon.core.events import Event, MarketChanged, MarketPhase, RulesLoaded, TimerFired
from daemon.core.requests import HaltRequested, UnguardRequested
from daemon.core.terms import NANOS, RuleKind, Side
from daemon.journal.codec import encode_state
from tests import builders as make
from tests.core.play import Play, guarded

WHERE = (make.ACCOUNT, make.VENUE, make.SYMBOL)
RULES = (
    make.rules_loaded(make.rule()),
    make.rules_loaded(make.rule(kind=RuleKind.TRAILING, level="5"), make.rule()),
    make.rules_loaded(make.rule(), make.rule(kind=RuleKind.TAKE_PROFIT, level="0.80")),
    make.rules_loaded(),
)


def is_kept(engine: Engine) -> bool:
    """Whether a band holds for the symbol."""
    return engine.memory.seen[WHERE].calm_turn == engine.memory.turn


def fills() -> st.SearchStrategy[Event]:
    return st.builds(
        lambda number, side, qty: make.fill(
            exec_id=f"e{number}", venue_order_id=f"o{number}", side=side, last_qty=str(qty)
        ),
        st.integers(0, 10_000),
        st.sampled_from(Side),
        st.integers(1, 120),
    )


def quotes() -> st.SearchStrategy[Event]:
    cents = st.integers(52, 84).map(lambda cent: f"0.{cent}")
    return st.builds(
        lambda bid, ask, qty: make.quote(bid=bid, ask=ask, bid_qty=qty, ask_qty=qty),
        st.none() | cents,
        st.none() | cents,
        st.sampled_from(["0.5", "1", "500"]),
    )


FACTS: tuple[Event, ...] = (
    *RULES,
    HaltRequested(**make.NOW),
    UnguardRequested(**make.ON_SYMBOL),
    UnguardRequested(**make.ON_SYMBOL, guard_again=True),
    make.positions("100"),
    MarketChanged(**make.ON_SYMBOL, phase=MarketPhase.PAUSED),
    MarketChanged(**make.ON_SYMBOL, phase=MarketPhase.ACTIVE),
    TimerFired(**make.NOW, timer=f"guard|{make.KEY.name}"),
)
TOLD = st.lists(st.one_of(quotes(), quotes(), quotes(), fills(), st.sampled_from(FACTS)))


@settings(max_examples=300, deadline=None)
@given(told=TOLD)
def test_without_bands_the_same_is_decided(told: list[Event]) -> None:
    calm, restless = guarded().engine, guarded().engine
    for number, event in enumerate(told):
        at_ns = 2_000_000_000 * NANOS + number * NANOS
        stamped = replace(event, receive_time_ns=at_ns, mono_ns=at_ns)
        restless.memory.turn += 1  # no band holds
        assert calm.handle(stamped) == restless.handle(stamped)
        assert calm.changed is restless.changed
        assert calm.memory.mark(make.KEY) == restless.memory.mark(make.KEY)
    assert encode_state(calm.book.state()) == encode_state(restless.book.state())


def test_a_price_inside_its_band_is_not_judged_again() -> None:
    play: Play = guarded()
    play.tell(make.quote(bid="0.65", ask="0.66"))
    band = play.engine.memory.seen[WHERE]
    assert (band.long, str(band.low_px), str(band.high_px)) == (True, "0.60", "Infinity")
    engine: Engine = play.engine
    page = engine.book.pages[make.KEY]
    page.levels = None
    assert engine.handle(make.quote(bid="0.64", ask="0.67")) == ()
    assert page.levels is None, "a full look makes them anew"


def test_what_moves_the_position_voids_its_band() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.65", ask="0.66"))
    play.tell(make.fill(exec_id="more", last_qty="10", last_px="0.70"))
    assert not is_kept(play.engine)
    play.tell(make.quote(bid="0.65", ask="0.66"))
    assert is_kept(play.engine)
    rules: RulesLoaded = make.rules_loaded(make.rule(level="0.62"))
    play.tell(rules)
    assert not is_kept(play.engine)
