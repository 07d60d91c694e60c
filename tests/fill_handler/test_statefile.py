"""Exports as files: the same again of any length, or a clear word on what is wrong."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from daemon.fill_handler import FillHandler, StateError, create_fill_handler, statefile
from daemon.fill_handler.statefile import StateFile, write_steps
from daemon.fill_handler.tally import Tally
from daemon.journal.frames import is_framed
from daemon.journal.sealing import Key, KeyRing, SealBrokenError, UnknownKeyError
from daemon.ports import Record
from tests import builders as make
from tests.cli.stage import story
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting, placed, stands

MANY = 40


async def handler(**config: object) -> FillHandler:
    return await create_fill_handler(config, clock=Counting())


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Many steps, and frames so small that they make many."""
    monkeypatch.setattr(statefile, "_CHUNK_BYTES", 2_000)
    monkeypatch.setattr(statefile, "_TOLD_EVERY", 10)
    return [Record(n, *(r.event, r.commands)) for n, r in enumerate(story().records * 3, start=1)]


def exported(path: Path, steps: list[Record], ring: KeyRing | None = None) -> bytes:
    write_steps(path, steps, Tally(), ring)
    return path.read_bytes()


def read(path: Path, ring: KeyRing | None = None) -> list[Record]:
    return list(StateFile(path, ring).steps())


@pytest.mark.parametrize("ring", [None, KeyRing(Key.generate())], ids=["plain", "sealed"])
def test_every_step_of_a_daemon_comes_back(
    tmp_path: Path, steps: list[Record], ring: KeyRing | None
) -> None:
    path = tmp_path / "e"
    written = write_steps(path, iter(steps), Tally(orders=3), ring)
    assert (written.steps, written.fills, written.sealed) == (len(steps), 6, ring is not None)
    assert path.stat().st_mode & 0o777 == 0o600
    assert is_framed(path.read_bytes()) is (ring is not None)
    told: list[tuple[int, int]] = []
    file = StateFile(path, ring, lambda done, size: told.append((done, size)))
    assert list(file.steps()) == list(file.steps()) == steps
    assert file.tally == Tally(orders=3)
    assert told[0][0] <= told[0][1] == path.stat().st_size


def test_any_byte_of_a_plain_file_that_is_changed_is_told(
    tmp_path: Path, steps: list[Record]
) -> None:
    path = tmp_path / "e"
    data = exported(path, steps[:5])
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(StateError):
            read(path)
    for end in range(2, len(data), 11):  # without its last newline it is whole
        path.write_bytes(data[:-end])
        with pytest.raises(StateError):
            read(path)


def test_lines_left_out_or_moved_are_told(tmp_path: Path, steps: list[Record]) -> None:
    path = tmp_path / "e"
    head, one, two, *rest = exported(path, steps).splitlines(keepends=True)
    for lines in ([head, two, *rest], [head, two, one, *rest], [head, one, two, *rest, one]):
        path.write_bytes(b"".join(lines))
        with pytest.raises(StateError, match=r"checksum: does not match|goes on after its end"):
            read(path)
    path.write_bytes(b"".join([head, one, two, *rest[:-1]]))
    with pytest.raises(StateError, match=f"is cut off after {len(steps)} steps"):
        read(path)


def frames_of(data: bytes) -> tuple[bytes, list[bytes]]:
    head, rest, found = data[:21], data[21:], []
    while rest:
        size = 4 + int.from_bytes(rest[:4], "big")
        found.append(rest[:size])
        rest = rest[size:]
    return head, found


def test_frames_cannot_be_moved_dropped_repeated_or_lent(
    tmp_path: Path, steps: list[Record]
) -> None:
    ring, path = KeyRing(Key.generate()), tmp_path / "e"
    head, frames = frames_of(exported(path, steps, ring))
    _, others = frames_of(exported(path, steps, ring))
    one, two, *rest = frames
    assert len(rest) > 1
    wrong = {
        "swapped": [two, one, *rest],
        "dropped": [one, *rest],
        "cut off": [one, two, *rest[:-1]],
        "repeated": [one, one, two, *rest],
        "longer": [*frames, rest[-1]],
        "of another file": [one, others[1], *rest],
        "altered": [one, two[:-1] + bytes([two[-1] ^ 1]), *rest],
        "none": [],
        "half": [one, two[:9]],
        "half a length": [one, two[:3]],
        "a huge length": [one, b"\xff\xff\xff\xff", two],
    }
    for name, found in wrong.items():
        path.write_bytes(head + b"".join(found))
        with pytest.raises(SealBrokenError):
            pytest.fail(f"{name}: {len(read(path, ring))} steps")
    path.write_bytes(head[:9])
    with pytest.raises(SealBrokenError, match="is truncated"):
        read(path, ring)
    path.write_bytes(head[:4] + b"\x02" + head[5:])
    with pytest.raises(SealBrokenError, match="newer filld"):
        read(path, ring)


def test_a_sealed_file_wants_its_key(tmp_path: Path, steps: list[Record]) -> None:
    path, key = tmp_path / "e", Key.generate()
    exported(path, steps, KeyRing(key))
    with pytest.raises(UnknownKeyError, match=f"{path} frame 1 was written with key {key.id}"):
        read(path)
    assert read(path, KeyRing(Key.generate(), (key,))) == steps


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[]", "is no export"),
        (b"\0" * 64, "is no JSON"),
        (statefile._HEAD, "is cut off after 0 steps"),
        (statefile._HEAD + b"{}\n", "checksum: does not match"),
        (statefile._HEAD + b"7\n", r"steps\[0\]: is no step"),
        (statefile._HEAD + b"[" * 100_000, "line 2: is no JSON"),
        (statefile._HEAD + b" " * (1 << 24), "line 2: is longer than any step"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(StateError, match=said):
        read(path)


def test_a_failing_export_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, steps: list[Record]
) -> None:
    path = tmp_path / "e"
    before = exported(path, steps)

    def failing() -> object:
        yield steps[0]
        raise StateError("no more")

    with pytest.raises(StateError, match="no more"):
        write_steps(path, failing(), Tally())  # type: ignore[arg-type] # a generator of one
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


async def test_a_dict_that_a_program_dumped_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    async with await handler() as made:
        await made.process([samples.BITGET, samples.PHEMEX])
        path.write_text(json.dumps(made.export_state(), indent=2))
        state = made.export_state()
    async with await handler() as again:
        assert (await again.import_file(path)).new_fills == 2
        assert again.export_state() == state


async def test_a_file_carries_more_than_memory_keeps(tmp_path: Path) -> None:
    """Import twice is once, also for orders and fills that memory has let go of."""
    done: list[object] = [
        placed(str(n), n + 1, "1", order=stands("1", "1", "FILLED")) for n in range(MANY)
    ]
    first, second = tmp_path / "first", tmp_path / "second"
    async with await handler(journal=tmp_path / "a.db", fill_history_limit=5) as made:
        await made.process(done)
        assert made.export_file(first).fills == MANY
    async with await handler(journal=tmp_path / "b.db", fill_history_limit=5) as made:
        for new in (MANY, 0):
            report = await made.import_file(first)
            assert (report.new_fills, report.known_fills) == (new, MANY - new)
            assert made.get_fill_statistics()["total_orders"] == MANY
        made.export_file(second)
    assert first.read_bytes() == second.read_bytes()


async def test_a_contradiction_to_what_memory_has_forgotten_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal's index knew the fill, and its content was never looked at."""
    monkeypatch.setattr("daemon.core.known_fills.FILL_KEYS_LIMIT", 10)
    done: list[object] = [
        placed(str(n), n + 1, "1", order=stands("1", "1", "FILLED")) for n in range(MANY)
    ]
    async with await handler() as made:
        await made.process(placed("0", 1, "1", px="99"))
        made.export_file(tmp_path / "wrong")
    async with await handler(journal=tmp_path / "a.db", fill_history_limit=5) as made:
        await made.process(done)
        report = await made.import_file(tmp_path / "wrong")
        assert report.contradictions == ("order 0: fill 1: last_px: known 100, now 99",)
        assert made.get_fill_statistics()["total_fills_processed"] == MANY


@pytest.mark.parametrize("ring", [None, KeyRing(Key.generate())], ids=["plain", "sealed"])
def test_a_long_file_takes_little_memory(tmp_path: Path, ring: KeyRing | None) -> None:
    """15,000 fills are 5 MB as a file; a million of them pass likewise."""
    path, count = tmp_path / "e", 15_000
    fills = (make.fill(exec_id=f"t{number}") for number in range(count))
    tracemalloc.start()
    write_steps(path, (Record(n, fill, ()) for n, fill in enumerate(fills, 1)), Tally(), ring)
    assert sum(1 for _ in StateFile(path, ring).steps()) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 5_000_000
    assert peak < 2_500_000
