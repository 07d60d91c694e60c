"""Records and book states to bytes and back, exactly. Knows no file and decides nothing.

A record is the msgpack array `[event name, event, [[command name, command], ...]]`; an event or
command is a map of its fields, so a later field with a default can still read older rows.
Decimals travel as their exact text, enumerations by value. Both registries are literal: a class
that is not named here cannot be journalled, and a test compares them with the modules.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core import commands as co
from daemon.core import decisions as de
from daemon.core import estimates as es
from daemon.core import events as ev
from daemon.core import requests as rq
from daemon.core.book import BookState
from daemon.core.errors import FilldError, OursError
from daemon.journal.chain import RESTORE
from daemon.journal.errors import JournalCorruptError
from daemon.ports import Record

EVENTS: Final[tuple[type[ev.Event], ...]] = (
    ev.OrderAccepted,
    ev.OrderRejected,
    ev.OrderInDoubt,
    ev.OrderCanceled,
    ev.OrderExpired,
    ev.CancelRejected,
    ev.OrderSnapshot,
    ev.OrderAbsent,
    ev.Fill,
    ev.FillsRead,
    ev.OrdersRead,
    ev.PositionSnapshot,
    ev.MarketRead,
    ev.MarketChanged,
    ev.Settlement,
    ev.Funding,
    ev.MarginCall,
    ev.VenuePaused,
    ev.VenueResumed,
    ev.Quote,
    ev.FeedLost,
    ev.FeedRestored,
    ev.StreamLost,
    ev.VenueNotOpened,
    ev.StreamRestored,
    ev.QueryFailed,
    ev.Undecodable,
    ev.Started,
    ev.RulesLoaded,
    ev.StopRequested,
    ev.TimerFired,
    rq.HaltRequested,
    rq.ResumeRequested,
    rq.ExitRequested,
    rq.CancelRequested,
    rq.ConfirmRequested,
    rq.UnguardRequested,
    rq.OrderResolved,
    rq.PositionsImported,
    rq.TradeRequested,
    es.SlippageEstimated,
    es.RetryDelayLearned,
)

COMMANDS: Final[tuple[type[co.Command], ...]] = (
    co.PlaceOrder,
    co.CancelOrder,
    co.QueryOrder,
    co.QueryFills,
    co.QueryBook,
    co.QueryQuote,
    co.QueryMarket,
    co.WatchSymbols,
    co.OfferQuote,
    co.StartTimer,
    co.Notify,
    de.OpenExit,
    de.RetriggerExit,
    de.CloseExit,
    de.WithholdExit,
    de.RearmStop,
    de.ArmStop,
    de.HoldUnconfirmed,
    de.RefuseRule,
    de.RaiseHighWater,
    de.BeginConfirmation,
    de.InferFill,
    de.NoteMismatch,
    de.NoteAgreement,
    de.DeclareDead,
    de.AdoptOrder,
    de.SettlePosition,
    de.MarkSettled,
    de.HaltAccount,
    de.RefuseTrade,
)

_EVENT_NAMES: Final = {cls: cls.__name__ for cls in EVENTS}
_COMMAND_NAMES: Final = {cls: cls.__name__ for cls in COMMANDS}
_DECODE_EVENT: Final = {cls.__name__: msgspec.msgpack.Decoder(cls).decode for cls in EVENTS}
_DECODE_COMMAND: Final = {cls.__name__: msgspec.msgpack.Decoder(cls).decode for cls in COMMANDS}
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODE_ENVELOPE: Final = msgspec.msgpack.Decoder(
    tuple[str, msgspec.Raw, list[tuple[str, msgspec.Raw]]],
).decode
_STATE: Final = msgspec.msgpack.Decoder(BookState)


class UnregisteredError(OursError):
    """A class that the codec's registry does not name was to be journalled."""


def encode_record(record: Record) -> bytes:
    """The bytes of a record, without its seq; `UnregisteredError` for an unknown class."""
    try:
        kind = _EVENT_NAMES[type(record.event)]
        commands = [(_COMMAND_NAMES[type(command)], command) for command in record.commands]
    except KeyError as error:
        raise UnregisteredError(f"{error.args[0]} is not in the registry of the codec") from error
    return _ENCODER.encode((kind, record.event, commands))


def decode_record(seq: int, payload: bytes, engine_version: int | None = None) -> Record:
    """The record that `payload` holds; `JournalCorruptError` names `seq` if it holds none."""
    try:
        kind, event, decisions = _DECODE_ENVELOPE(payload)
        commands: tuple[co.Command, ...] = ()
        if decisions:  # a list: a generator would take longer than what it decodes
            commands = tuple([_DECODE_COMMAND[name](raw) for name, raw in decisions])
        return Record(seq, _DECODE_EVENT[kind](event), commands, engine_version)
    except KeyError as error:
        raise JournalCorruptError(
            f"journal record {seq}: unknown kind {error.args[0]!r}; it was written by another"
            f" version of filld, which still reads it, or the file is damaged: {RESTORE}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, FilldError) as error:
        raise JournalCorruptError(
            f"journal record {seq} cannot be read ({error}): {RESTORE}"
        ) from error


def encode_command(command: co.Command) -> bytes:
    """The bytes of one command alone: what \"the same content\" of an order means."""
    return _ENCODER.encode(command)


def encode_state(state: BookState) -> bytes:
    """The bytes of a snapshot; dicts keep their order."""
    return _ENCODER.encode(state)


def decode_state(payload: bytes) -> BookState:
    """The book that a snapshot holds; `JournalCorruptError` if it holds none."""
    try:
        return _STATE.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, FilldError) as error:
        raise JournalCorruptError(f"snapshot cannot be read ({error})") from error
