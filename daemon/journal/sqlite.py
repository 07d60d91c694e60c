"""SqliteJournal: the durable journal, written by a thread of its own or inline.

One append is one transaction; the awaiting task goes on after the commit. In `inline` mode the
same code runs on the caller's task between two hooks: so the simulation can let commands and
crashes fall inside a commit (semantics.md 11); the thread itself is covered by kill -9 tests.
It makes no retry: an error of a commit ends the process (semantics.md 10).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVarTuple

from daemon.core.book import BookState
from daemon.core.errors import FilldError
from daemon.core.known_fills import FillKey
from daemon.core.terms import JournalId
from daemon.journal.ballast import DEFAULT_BYTES, Ballast
from daemon.journal.chain import RESTORE
from daemon.journal.errors import JournalCorruptError, JournalError, SequenceBrokenError
from daemon.journal.image import Image
from daemon.journal.lock import FileLock, account_lock_name, lock_account
from daemon.journal.reader import Reader
from daemon.journal.rows import Batch, make_batch
from daemon.journal.sealing import NO_KEYS, KeyRing
from daemon.journal.store import Store
from daemon.journal.writer import Told, Writer
from daemon.ports import Record

Args = TypeVarTuple("Args")
Hook = Callable[[], Awaitable[None]]
OnCommit = Callable[[int, int, int], None]
Perform = Callable[[Callable[[], None]], None]

# What one transaction of a snapshot writes: about a millisecond in which a commit waits.
_PART_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteOptions:
    """How a journal is opened.

    `created_ns` (UTC wall) and `journal_id` (None = random) count only when the file is new.
    `idle_s`: seconds without an append after which the WAL is moved into the file;
    `wal_bound_pages`: pages of 4 KiB from which on that does not wait for an idle moment. With a
    current key in `keys` all that is written from here on is sealed.
    """

    engine_version: int
    created_ns: int
    journal_id: JournalId | None = None
    inline: bool = False
    before_commit: Hook | None = None
    after_commit: Hook | None = None
    ballast_bytes: int = DEFAULT_BYTES
    idle_s: float = 0.2
    wal_bound_pages: int = 8192
    keys: KeyRing = NO_KEYS


def _unheard(_nanos: int, _records: int, _size: int) -> None:
    """Nobody asks how long commits take."""


def _unheeded(_error: BaseException | None) -> None:
    """Nobody waits for it: `_failure` tells whoever writes next."""


def _nothing() -> None:
    """Nobody waits for the end."""


def random_journal_id() -> JournalId:
    """The one place where chance enters a journal: 16 random bytes as hex."""
    return JournalId(os.urandom(16).hex())


def read_only(path: Path, engine_version: int | None = None, keys: KeyRing = NO_KEYS) -> Reader:
    """A reader beside a running daemon or after its death; takes no lock, changes nothing."""
    return Reader(path.resolve(), engine_version, keys)


def lock_path(path: Path) -> Path:
    """The lock file of the journal at `path`."""
    return _beside(path.resolve(), ".lock")


class SqliteJournal:
    """ports.Journal on one SQLite file, with a lock, a reserve of disk space and two connections.

    Opening raises `JournalLockedError`, `JournalVersionError`, `JournalCorruptError`,
    `JournalSealedError` or `JournalError`. After any failed write every further write raises
    `JournalError`. `on_commit` hears of each: how long it took (ns), its records, their bytes.
    """

    def __init__(self, path: Path, options: SqliteOptions) -> None:
        self.path = path.resolve()
        self._options = options
        self.on_commit: OnCommit = _unheard
        self._failure: str | None = None
        self._locks = [FileLock(lock_path(self.path), f"the journal {self.path}")]
        self._writer = None if options.inline else Writer("filld-journal")
        self._slicer = ThreadPoolExecutor(1, thread_name_prefix="filld-snapshot")
        self._idle: asyncio.TimerHandle | None = None
        ballast = Ballast(_beside(self.path, ".ballast"), options.ballast_bytes)
        self._store = self._open_store(ballast)
        try:
            self._store.prepare(options.journal_id or random_journal_id(), options.created_ns)
            self.reserve_held = ballast.take()
            self._reader = Reader(self.path, options.engine_version, options.keys)
            self._last_seq = self._reader.head().seq
        except FilldError:
            self._store.close()
            self._locks[0].release()
            raise

    def _open_store(self, ballast: Ballast) -> Store:
        try:
            return Store(self.path, ballast, self._options.keys)
        except FilldError:
            self._locks[0].release()
            raise

    @property
    def journal_id(self) -> JournalId:
        """Made when the journal was created; goes into every client order id."""
        return self._reader.journal_id

    @property
    def last_seq(self) -> int:
        """The seq of the last record handed in; the next one is one more."""
        return self._last_seq

    def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> Coroutine[None, None, None]:
        """Commit `records` in one transaction; what is returned ends after the commit.

        `meanwhile` is called on the loop while the disk takes its time. The records are on their
        way when this returns (in `inline` mode, once that is awaited). A caller that is cancelled
        does not undo the commit. Raises, here or when awaited, `JournalError`,
        `OrderReusedError`, `SequenceBrokenError`.
        """
        batch = make_batch(records, self._last_seq, self._options.engine_version)
        self._last_seq += len(batch.drafts)
        if meanwhile is not None and self._writer is not None:
            meanwhile = partial(_call_soon, asyncio.get_running_loop(), meanwhile)
        return self._appended(self._write(lambda: self._store.append(batch, meanwhile)), batch)

    async def _appended(self, written: Awaitable[None], batch: Batch) -> None:
        began_ns = time.monotonic_ns()
        await written
        took_ns = time.monotonic_ns() - began_ns
        self.on_commit(took_ns, len(batch.drafts), sum(len(d.payload) for d in batch.drafts))
        self._tidy_later()

    def keep_snapshot(
        self, seq: int, state: BookState, still: Callable[[], bool] | None = None
    ) -> Awaitable[bool]:
        """Keep the book as of `seq` (handed in before); the newest two are kept.

        `state` is copied before this returns or, with `still`, in slices of about a millisecond
        for as long as it says that nothing has changed. It is encoded and written beside the
        appends, which overtake it; what is returned ends when it is kept, or False given up.
        """
        if seq > self._last_seq:
            raise SequenceBrokenError(f"snapshot of {seq}, but the last record is {self._last_seq}")
        if still is None:
            return self._keep_image(seq, Image.of(state))
        return self._keep_while(still, seq, state)

    async def _keep_while(self, still: Callable[[], bool], seq: int, state: BookState) -> bool:
        image = Image()
        for _ in image.copy(state):
            await asyncio.sleep(0)
            if not still():
                return False
        return await self._keep_image(seq, image)

    async def _keep_image(self, seq: int, image: Image) -> bool:
        writer = self._writer
        if writer is None:
            await self._write(lambda: self._keep(seq, image, lambda work: work()))
        else:
            perform = partial(self._done, writer)
            await asyncio.wrap_future(self._slicer.submit(self._keep, seq, image, perform))
        self._tidy_later()
        return True

    def _keep(self, seq: int, image: Image, perform: Perform) -> None:
        vault = self._store.new_vault()
        digest, part, rest = hashlib.sha256(), 0, bytearray()
        for piece in image.slices():
            rest += piece
            if len(rest) >= _PART_BYTES:
                stored = vault.seal_part(seq, part, bytes(rest))
                digest.update(stored)
                perform(partial(self._store.keep_part, seq, part, stored))
                part, rest = part + 1, bytearray()
        stored = vault.seal_part(seq, part, bytes(rest))
        digest.update(stored)
        version = self._options.engine_version
        perform(partial(self._store.keep_snapshot, seq, version, stored, digest.digest()))

    async def hold_account(self, state_dir: Path, venue: str, key_id: str) -> None:
        """Lock one venue account until `close`; `JournalLockedError` if another process has it.

        `JournalCorruptError` if this journal was longer when it held the account last.
        """
        lock = lock_account(state_dir, venue, key_id)
        try:
            self._refuse_older_copy(lock)
        except JournalCorruptError:
            lock.release()  # and its note stays as it is
            raise
        self._locks.append(lock)
        await self._write(lambda: self._store.note_lock(account_lock_name(venue, key_id)))

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Committed records with seq > `after_seq`, in order; `JournalCorruptError` at a gap."""
        return self._reader.replay(after_seq)

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The newest readable snapshot of this engine version and its seq."""
        return self._reader.latest_snapshot()

    def known_fill(self, key: FillKey) -> bool:
        """True when a committed record holds this execution."""
        return self._reader.known_fill(key)

    def find_fill(self, key: FillKey) -> Record | None:
        """The committed record of this execution; None if there is none."""
        return self._reader.find_fill(key)

    async def close(self, when_closed: Callable[[], None] = _nothing) -> None:
        """Finish what was handed in, move the WAL into the file, release the locks.

        `when_closed` is called once the file is closed and still locked, unless anything failed.
        """
        if self._idle is not None:
            self._idle.cancel()
        at_end = _nothing
        try:
            if self._failure is None:
                await self._write(self._tidy)
                at_end = when_closed
        finally:
            self.abandon(at_end)

    def abandon(self, when_closed: Callable[[], None] = _nothing) -> None:
        """Drop everything as a dying process would: what was committed stays, nothing is tidied."""
        if self._idle is not None:
            self._idle.cancel()
        self._failure = self._failure or "the journal is closed"
        if self._writer is not None:
            self._writer.close()
        self._slicer.shutdown()
        self._reader.close()
        self._store.close()
        try:
            when_closed()
        finally:
            for lock in self._locks:
                lock.release()

    def _write(self, work: Callable[[], None]) -> Awaitable[None]:
        if self._writer is None:
            return self._write_inline(work)
        # Not one future wrapped in the other: a cancelled caller must not take a queued link out
        # of the chain, and a shield would cost the way back one more turn of the loop.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._submit(self._writer, work, lambda error: _call_soon(loop, _settle, done, error))
        return done

    async def _write_inline(self, work: Callable[[], None]) -> None:
        await _pass(self._options.before_commit)
        self._perform(work)
        await _pass(self._options.after_commit)

    def _submit(self, writer: Writer, work: Callable[[], None], told: Told = _unheeded) -> None:
        if self._failure is not None:
            raise JournalError(f"nothing more is written after: {self._failure}")
        writer.do(partial(self._perform, work), told)

    def _done(self, writer: Writer, work: Callable[[], None]) -> None:
        """In another thread: wait until `work` is done."""
        done: Future[None] = Future()
        self._submit(writer, work, partial(_settle, done))
        done.result()

    def _perform(self, work: Callable[[], None]) -> None:
        """Do `work`; whatever it raises, known or not, is the last thing this journal did."""
        if self._failure is not None:
            raise JournalError(f"nothing more is written after: {self._failure}")
        failure: str | None = "a commit whose outcome is unknown"
        try:
            work()
            failure = None
        except FilldError as error:
            failure = str(error)
            raise
        finally:
            if failure is not None:  # not reset: the end may have come meanwhile
                self._failure = failure

    def _tidy(self) -> None:
        """Checkpoint, and note beside the accounts how far the journal reaches."""
        self._store.checkpoint()
        for lock in self._locks[1:]:
            lock.note(f"{self._store.journal_id} {self._store.last_seq}")

    def _refuse_older_copy(self, lock: FileLock) -> None:
        """A backup that was put back: its next orders would have the ids of those it lacks."""
        last_seq = self._store.last_seq
        journal_id, _, seq = lock.noted.partition(" ")
        if journal_id == self._store.journal_id and seq.isdigit() and int(seq) > last_seq:
            raise JournalCorruptError(
                f"{self.path} ends at record {last_seq}, but filld has written {seq} of it:"
                f" this is an older copy, or its end is lost: {RESTORE}"
            )

    def _tidy_later(self) -> None:
        """Checkpoint when the WAL is above its bound, or else after an idle moment."""
        above = self._store.wal_pages > self._options.wal_bound_pages
        if self._writer is None:
            if above:
                self._perform(self._tidy)
            return
        if above:
            self._submit(self._writer, self._tidy)
        elif self._idle is None:
            self._await_idle(self._last_seq)

    def _await_idle(self, seq: int) -> None:
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._options.idle_s, self._when_idle, seq)

    def _when_idle(self, seq: int) -> None:
        self._idle = None
        if self._last_seq != seq:
            self._await_idle(self._last_seq)
        elif self._writer is not None and self._failure is None:
            self._submit(self._writer, self._tidy)


def _call_soon(
    loop: asyncio.AbstractEventLoop, call: Callable[[*Args], None], *args: *Args
) -> None:
    """From the writer's thread; a loop that has ended has nobody who waits."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *args)


def _settle(done: asyncio.Future[None] | Future[None], error: BaseException | None) -> None:
    if done.done():
        return  # nobody waits for it any more
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


async def _pass(hook: Hook | None) -> None:
    if hook is not None:
        await hook()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
