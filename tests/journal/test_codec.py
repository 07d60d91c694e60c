"""The codec: every registered class survives the round trip exactly; damage is named by seq."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from dataclasses import fields, is_dataclass
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.core import commands, decisions, estimates, events, requests
from daemon.core.book import Book, BookState
from daemon.core.commands import Command
from daemon.core.events import Event, VenueEvent
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.requests import HaltRequested
from daemon.core.terms import JournalId, Symbol, Venue
from daemon.journal import codec
from daemon.journal.codec import (
    COMMANDS,
    EVENTS,
    UnregisteredError,
    decode_record,
    decode_state,
    encode_record,
    encode_state,
)
from daemon.journal.errors import JournalCorruptError
from daemon.ports import Record
from tests import builders as make

ABSTRACT = {Event, VenueEvent, events.OrderEvent, Command}
INSTRUMENT = Instrument(
    venue=Venue("kalshi"),
    symbol=Symbol("NFL-1"),
    price_ranges=(PriceRange(start_px=Decimal(0), end_px=Decimal(1), step_px=Decimal("0.01")),),
    lot_qty=Decimal("0.01"),
    payout_px=Decimal("1.00"),
)
STAMPS = {"receive_time_ns": 1, "mono_ns": 1}
LEAVES: dict[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    Instrument: st.just(INSTRUMENT),
    type(None): st.none(),
}


def strategy(hint: object) -> st.SearchStrategy[object]:
    """Values of a type as the core's dataclasses use them."""
    if isinstance(hint, typing.NewType):
        return strategy(hint.__supertype__)
    if hint in LEAVES:
        return LEAVES[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([strategy(arg) for arg in args])
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(strategy(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*[strategy(arg) for arg in args])
    if origin is list:
        return st.lists(strategy(args[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(strategy(args[0]), strategy(args[1]), max_size=2)
    assert isinstance(hint, type), hint
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint), hint
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{f.name: strategy(hints[f.name]) for f in fields(hint) if f.init})


def defined_in(module: types.ModuleType, base: type) -> set[type]:
    return {
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, base) and cls.__module__ == module.__name__ and cls not in ABSTRACT
    }


def test_registry_names_every_event_and_command() -> None:
    homes = (events, requests, estimates)
    assert set(EVENTS) == set().union(*(defined_in(home, Event) for home in homes))
    assert set(COMMANDS) == defined_in(commands, Command) | defined_in(decisions, Command)


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_every_event_survives_exactly(cls: type[Event]) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(event=strategy(cls))
    def check(event: Event) -> None:
        record = Record(seq=7, event=event, commands=())
        payload = encode_record(record)
        assert decode_record(7, payload) == record
        assert encode_record(decode_record(7, payload)) == payload

    check()


@pytest.mark.parametrize("cls", COMMANDS, ids=lambda cls: cls.__name__)
def test_every_command_survives_exactly(cls: type[Command]) -> None:
    cause = HaltRequested(receive_time_ns=1, mono_ns=2)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(command=strategy(cls))
    def check(command: Command) -> None:
        record = Record(seq=7, event=cause, commands=(command, command))
        payload = encode_record(record)
        assert decode_record(7, payload) == record
        assert encode_record(decode_record(7, payload)) == payload

    check()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(state=strategy(BookState))
def test_a_book_survives_exactly(state: BookState) -> None:
    payload = encode_state(state)
    assert decode_state(payload) == state
    assert encode_state(decode_state(payload)) == payload


def test_what_an_older_version_wrote_is_an_ordinary_fill_and_a_position_without_funding() -> None:
    fill = make.fill()
    old = {f.name: getattr(fill, f.name) for f in fields(fill) if f.name != "cause"}
    payload = msgspec.msgpack.encode(("Fill", old, []))
    assert decode_record(7, payload).event == fill
    book = Book(journal_id=JournalId("abc"))
    book.position(make.KEY)
    state = msgspec.msgpack.decode(encode_state(book.state()))
    for name in ("funding", "liquidation_pnl", "adl_pnl"):
        del state["positions"][0][name]
    assert decode_state(msgspec.msgpack.encode(state)) == book.state()


def test_an_empty_book_survives() -> None:
    state = Book(journal_id=JournalId("abc")).state()
    assert decode_state(encode_state(state)) == state


def test_decimals_keep_their_digits() -> None:
    event = requests.OrderResolved(
        receive_time_ns=1,
        mono_ns=1,
        client_order_id=typing.cast("typing.Any", "fd"),
        cum_qty=Decimal("1.2300"),
    )
    back = decode_record(1, encode_record(Record(1, event, ()))).event
    assert isinstance(back, requests.OrderResolved)
    assert str(back.cum_qty) == "1.2300"


def test_an_unregistered_class_is_a_bug_of_ours() -> None:
    with pytest.raises(UnregisteredError, match="Event"):
        encode_record(Record(1, Event(receive_time_ns=1, mono_ns=1), ()))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "cannot be read"),
        (b"\xc1", "cannot be read"),
        (msgspec.msgpack.encode(["Fill", {}, []]), "cannot be read"),
        (msgspec.msgpack.encode(["Fill"]), "cannot be read"),
        (msgspec.msgpack.encode(["Nonsense", {}, []]), "unknown kind 'Nonsense'"),
        (msgspec.msgpack.encode(["StopRequested", STAMPS, [], 4]), "cannot be read"),
        (msgspec.msgpack.encode(["StopRequested", STAMPS, [["StartTimer"]]]), "cannot be read"),
        (msgspec.msgpack.encode(["StopRequested", STAMPS, [["Fill", {}]]]), "unknown kind 'Fill'"),
        (
            msgspec.msgpack.encode(
                ["StreamLost", {"receive_time_ns": 1, "mono_ns": 1, "account": 4, "venue": "k"}, []]
            ),
            "cannot be read",
        ),
        (
            encode_record(Record(1, HaltRequested(receive_time_ns=1, mono_ns=1), ()))[:-1]
            + msgspec.msgpack.encode([["Sell", {}]]),
            "unknown kind 'Sell'",
        ),
    ],
)
def test_damage_is_named_by_seq(payload: bytes, reason: str) -> None:
    with pytest.raises(JournalCorruptError, match=f"record 42.*{reason}.*move the journal aside"):
        decode_record(42, payload)


@given(payload=st.binary(max_size=60))
def test_any_bytes_are_a_record_or_corrupt(payload: bytes) -> None:
    try:
        decode_record(1, payload)
    except JournalCorruptError:
        return


def test_an_impossible_instrument_is_corrupt_too() -> None:
    event = events.MarketRead(
        receive_time_ns=1,
        mono_ns=1,
        account=typing.cast("typing.Any", "main"),
        venue=Venue("kalshi"),
        instrument=INSTRUMENT,
        phase=events.MarketPhase.ACTIVE,
    )
    payload = encode_record(Record(1, event, ())).replace(b"\xa40.01", b"\xa40.00")
    with pytest.raises(JournalCorruptError, match="record 1 "):
        decode_record(1, payload)


def test_a_damaged_snapshot_is_corrupt() -> None:
    with pytest.raises(JournalCorruptError, match="snapshot"):
        decode_state(b"\x80")


def test_command_bytes_tell_contents_apart() -> None:
    one = commands.StartTimer(timer="a", delay_s=Decimal(1))
    two = commands.StartTimer(timer="a", delay_s=Decimal("1.0"))
    assert codec.encode_command(one) != codec.encode_command(two)
