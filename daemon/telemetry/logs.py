"""Structured lines: one JSON object per change.

The loop only fills a bounded queue; a thread writes. When the reader of our output stalls, lines
are dropped and counted, and trading goes on. Whatever a symbol or text contains, a line stays one
line: unprintable characters are escaped.
"""

from __future__ import annotations

import enum
import functools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from daemon.core.commands import Command, Notify
from daemon.core.events import Event, MarketRead
from daemon.core.terms import NANOS, PositionKey, PositionSide, Symbol, Venue, Word, proper
from daemon.telemetry.causes import Causes
from daemon.telemetry.repeats import WINDOW_S, Kind, Repeats
from daemon.telemetry.table import COMMAND_LINES, DEBUG, ERROR, EVENT_LINES, WARNING, Line
from daemon.telemetry.views import VIEWS, seed_view

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_QUEUE_LINES: Final = 20_000
_RECENT_LINES: Final = 2_000
_CLOSE_S: Final = 2.0
# How long lines gather before they are written: a wake-up for each would stop the loop each time.
_GATHER_S: Final = 0.01
_MICROS: Final = 1_000
_LEVEL_NAMES: Final = {number: name for name, number in LEVELS.items()}
_ENCODE: Final = msgspec.json.Encoder().encode
_ESCAPE: Final = ord("\\")
_DELETE: Final = 0x7F  # the one unprintable character of ASCII that JSON leaves as it is
_IDS: Final = ("account", "venue", "symbol", "client_order_id", "venue_order_id")
# What every line begins with, where it has them.
_FIRST: Final = ("timestamp", "level", "seq", "cause")
# Evidence and terms show what matters of them.
UNFOLDED: Final = {
    "quote": ("bid_px", "ask_px", "source"),
    "instrument": ("symbol", "close_time_ns"),
}
# `cause` is the step that a line followed from; why a fill came about has another name.
RENAMED: Final = {"cause": "fill_cause"}
_KEY: Final = ("account", "venue", "symbol", "position_side")
# What is rendered as it is; texts are looked at afterwards, all at once.
_AS_IS: Final = {type(None), str, int, bool, *Word.__subclasses__(), *enum.Enum.__subclasses__()}
# The same few prices, counts and fees come again and again.
_exact: Final = functools.lru_cache(maxsize=4_096)(proper)
# What tells two kinds of one repeated event apart.
_KIND: Final = ("account", "venue", "query", "reason")

Shape = type[msgspec.Struct]


class Stream(Protocol):
    """Where lines go: a file, or what takes lines as one."""

    def write(self, lines: bytes, /) -> object:
        """Take whole lines."""
        ...

    def flush(self) -> object:
        """Hold nothing back."""
        ...


class LineSink:
    """Writes lines from a thread of its own; never blocks the caller. Limit: 20,000 lines.

    The latest 2,000 are kept for who asks.
    """

    def __init__(self, stream: Stream, limit: int = _QUEUE_LINES) -> None:
        self._stream = stream
        self._limit = limit
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._recent: deque[bytes] = deque(maxlen=_RECENT_LINES)
        self._count = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="filld-log", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Queue one line (without its end), or drop and count it."""
        self._recent.append(line)
        self._count += 1
        if self._lines.qsize() >= self._limit:
            self.dropped += 1
            return
        self._lines.put(line)

    def after(self, number: int, limit: int) -> tuple[list[str], int]:
        """Of the lines that are kept those after `number`, and the number of the last of them."""
        gone = self._count - len(self._recent)
        begin = min(max(number, gone), self._count)
        lines = [line.decode() for line in islice(self._recent, begin - gone, begin - gone + limit)]
        return lines, begin + len(lines)

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._lines.get()]
            time.sleep(_GATHER_S)
            batch += [self._lines.get() for _ in range(self._lines.qsize())]
            going = None not in batch
            lines = [line for line in batch if line is not None]
            try:
                self._stream.write(b"\n".join([*lines, b""]))
                self._stream.flush()
            except (OSError, ValueError):
                # Nobody reads us any more (closed pipe): not a reason to stop guarding.
                self.dropped += len(lines)

    def close(self) -> None:
        """Write what is queued, for two seconds at most."""
        self._lines.put(None)
        self._thread.join(_CLOSE_S)


def printable(text: str) -> str:
    """`text` with every character escaped that could end, hide or recolour a line."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _shown(value: object) -> object:
    """A field as JSON may show it, but for what is not printable."""
    if isinstance(value, Decimal) and not value.is_snan():  # which nothing can be kept by
        return _exact(value)
    return value if type(value) in _AS_IS else _safe(value)


def _safe(value: object) -> object:
    """A field as JSON may show it: numbers as exact text, enumerations by value."""
    match value:
        case str():
            return printable(value)
        case Decimal():
            return proper(value)
        case enum.Enum():
            return value.value
        case tuple() | list():
            return [_safe(item) for item in value]
        case _:
            return value if isinstance(value, int) else printable(str(value))


def timestamp(wall_ns: int) -> str:
    """UTC with microseconds, e.g. 2026-11-21T08:00:00.000001Z."""
    seconds, nanos = divmod(wall_ns, NANOS)
    return f"{_second(seconds)}.{nanos // _MICROS:06d}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class LineWriter:
    """Lines at `level` (debug, info, warning, error) and above, as bytes into a sink.

    `log` is structlog's, for words of the daemon's own. `write` takes the line of a committed
    step the short way: there are thousands of them a second.
    """

    def __init__(
        self,
        sink: LineSink,
        wall_ns: Callable[[], int],
        level: str = "info",
    ) -> None:
        self.level = LEVELS[level]
        self._sink = sink
        self._wall_ns = wall_ns
        wrapped = structlog.wrap_logger(
            _Bytes(sink),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                self._rendered,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(self.level),
            cache_logger_on_first_use=True,
        )
        self.log: FilteringBoundLogger = wrapped.bind()

    def write(self, level: int, shape: Shape, values: Iterable[object]) -> None:
        """One line: of `shape`, whose names after the level have these values; None is left out."""
        shown = [value if type(value) in _AS_IS else _shown(value) for value in values]
        now = timestamp(self._wall_ns())
        self._sink.write(_printed(shape(now, _LEVEL_NAMES[level], *shown)))

    def _rendered(self, _logger: WrappedLogger, _method: str, said: EventDict) -> bytes:
        line = {"timestamp": timestamp(self._wall_ns()), "level": said.pop("level")}
        line |= {name: _shown(value) for name, value in said.items() if value is not None}
        return _printed(line)


def _printed(line: dict[str, object] | msgspec.Struct) -> bytes:
    """`line` in JSON, its texts escaped where that is not enough to keep it one line."""
    try:
        text = _ENCODE(line)
        # By number: a look for bytes takes twice as long.
        if text.isascii() and text.find(_ESCAPE) < 0 and text.find(_DELETE) < 0:
            return text
    except UnicodeEncodeError:
        pass  # half a character, as in the name of a file
    named = msgspec.structs.asdict(line) if isinstance(line, msgspec.Struct) else line
    return _ENCODE({name: _safe(value) for name, value in named.items() if value is not None})


class _Bytes:
    """What structlog calls with a rendered line, whatever the level."""

    def __init__(self, sink: LineSink) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = sink.write


class _Form(NamedTuple):
    """How a class becomes a line: its names in order, and where the values of its fields are."""

    shape: Shape
    has_key: bool
    values: Callable[[object], Iterable[object]]
    unfolded: tuple[str, ...]


def _form_of(cls: type[Event | Command], line: Line) -> _Form:
    own = [field.name for field in fields(cls)]
    said = [*(name for name in own if name in _IDS), *line.fields]
    plain = [name for name in said if name not in UNFOLDED]
    unfolded = tuple(name for name in said if name in UNFOLDED)
    names = [
        *(_KEY if "key" in own else ()),
        *VIEWS.get(cls, ()),
        *(RENAMED.get(name, name) for name in plain),
        *(name for whole in unfolded for name in UNFOLDED[whole]),
    ]
    shape = msgspec.defstruct(
        cls.__name__,
        [(name, object, None) for name in (*_FIRST, *names, "event")],
        omit_defaults=True,
    )
    return _Form(shape, "key" in own, _values_of(plain), unfolded)


def _values_of(names: Sequence[str]) -> Callable[[object], Iterable[object]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda source: [getattr(source, name) for name in names]


_FORMS: Final[dict[type[Event | Command], _Form]] = {
    **{cls: _form_of(cls, line) for cls, line in EVENT_LINES.items()},
    **{cls: _form_of(cls, line) for cls, line in COMMAND_LINES.items()},
}
NAMES: Final = {cls: form.shape.__struct_fields__[len(_FIRST) : -1] for cls, form in _FORMS.items()}
"""The fields of the line of each class in its order, besides those that every line has."""


class LogObserver:
    """ports.Observer: a line for each committed event and each of its commands."""

    def __init__(self, lines: LineWriter, causes: Causes | None = None) -> None:
        self._lines = lines
        self._log = lines.log
        self._payouts: dict[tuple[Venue, Symbol], Decimal | None] = {}
        self._causes = causes or Causes()
        self._repeats = Repeats()

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Write the lines of one committed step."""
        for kind, left_out, over in self._repeats.ended(event.mono_ns):
            self._tell_repeats(kind, left_out, over=over)
        if isinstance(event, MarketRead):
            instrument = event.instrument
            self._payouts[instrument.venue, instrument.symbol] = instrument.payout_px
        line = EVENT_LINES[type(event)]
        # Without a seq it changed nothing: a repetition, or a quiet look.
        level = line.level if seq or line.level >= WARNING else DEBUG
        if level >= self._lines.level:
            self._write(line, level, (seq, event, commands), event.mono_ns)
        for command in commands:
            line = COMMAND_LINES[type(command)]
            urgent = isinstance(command, Notify) and command.urgent
            level = ERROR if urgent else line.level
            if level >= self._lines.level:
                self._write(line, level, (seq, command, commands), event.mono_ns)
            else:
                self._causes.of(seq, command)

    def _tell_repeats(self, kind: Kind, left_out: int, *, over: bool) -> None:
        of, account, venue, query, reason = kind
        named = {"of": of, "account": account, "venue": venue, "query": query, "reason": reason}
        if left_out:
            self._log.warning("lines_left_out", **named, count=left_out, in_s=WINDOW_S)
        if over:
            self._log.info("quiet_again", **named)

    def _write(
        self,
        line: Line,
        level: int,
        step: tuple[int, Event | Command, Sequence[Command]],
        mono_ns: int,
    ) -> None:
        seq, source, together = step
        cause = self._causes.of(seq, source)
        if line.per_minute:
            kind = (line.event, *(getattr(source, name, None) for name in _KIND))
            if not self._repeats.admits(kind, line.per_minute, mono_ns):
                return
        form = _FORMS[type(source)]
        values = form.values(source)
        if form.has_key:
            values = (*self._of_key(source, together), *values)
        for whole in form.unfolded:
            found: object = getattr(source, whole)
            values = (*values, *(getattr(found, name, None) for name in UNFOLDED[whole]))
        self._lines.write(level, form.shape, (seq, cause, *values, line.event))

    def _of_key(self, source: Event | Command, together: Sequence[Command]) -> Iterator[object]:
        """The position that a line is of, and the seed's words for it."""
        key: object = getattr(source, "key", None)
        payout: Decimal | None = None
        if isinstance(key, PositionKey):
            hedged = key.position_side is not PositionSide.NET
            yield from (key.account, key.venue, key.symbol, key.position_side if hedged else None)
            payout = self._payouts.get((key.venue, key.symbol))
        else:
            yield from (None for _ in _KEY)
        if isinstance(source, Command):
            yield from seed_view(source, together, payout)


def reads_logged(log: FilteringBoundLogger) -> Callable[[Venue, str, bool], None]:
    """Who is told that the reads of a venue are shut, and why, or open again."""

    def told(venue: Venue, text: str, shut: bool) -> None:  # noqa: FBT001 - the breaker calls it so
        if shut:
            log.warning("reads_shut", venue=venue, text=text)
        else:
            log.info("reads_open_again", venue=venue)

    return told
