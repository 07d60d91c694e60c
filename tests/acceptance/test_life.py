"""How filld starts, stops, reads its rules again, and refuses to start."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.events import RulesLoaded
from daemon.paper.faults import FaultKind
from tests.acceptance.play import ACCOUNT, Play
from tests.acceptance.stage import CREATE, STOP_S, Stage, staged

BELOW = [("0.58", "50")], [("0.60", "500")]
DEEP = [("0.57", "500")], [("0.59", "500")]


def received(stage: Stage) -> int:
    """How often anything was handed in at the exchange."""
    return sum(got["times"] for got in stage.truth()["client_order_ids"].values())


def placed(stage: Stage) -> list[PlaceOrder]:
    """Every order that was written down to be sent."""
    return [order for order in stage.decided(PlaceOrder) if isinstance(order, PlaceOrder)]


async def test_sigterm_while_nothing_happens_ends_at_once_with_code_0(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        began = time.monotonic()
        assert await stage.stop() == 0
        assert time.monotonic() - began < 8
        assert stage.lines("filld_stopped")[0]["unanswered"] == 0
        assert not (tmp_path / "filld.sock").exists()


async def test_sigterm_during_an_exit_waits_for_the_answer_sends_nothing_and_goes_on_later(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, seconds=5)
        stage.book(*BELOW)
        await stage.until_left("50")
        stage.book(*DEEP)  # what is left could be sold at once, but for the signal
        assert await stage.stop() == 0
        assert stage.lines("filld_stopped")[-1]["unanswered"] == 0
        await asyncio.sleep(0.3)
        assert (received(stage), stage.left()) == (1, Decimal(50))
        await stage.start()
        await stage.until_left("0")
        await stage.until_agreed()


async def test_sigterm_does_not_wait_for_ever_for_an_answer(tmp_path: Path) -> None:
    play = Play(settings={"kalshi.request_timeout_s": 20})
    async with staged(tmp_path, play) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, seconds=15)
        for channel in ("fill", "user_orders"):
            stage.arm(FaultKind.WS_DROP, count=None, channel=channel)
        stage.book(*BELOW)
        await stage.until_left("50")
        assert await stage.stop() == 0
        assert stage.lines("filld_stopped")[-1]["unanswered"] == 1
        stage.calm()
        await stage.start()
        await stage.until("the order to be looked up", lambda: stage.lines("fill"))
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


@pytest.mark.parametrize(("on_stop", "left"), [("leave", 1), ("cancel", 0)])
async def test_sigterm_treats_a_resting_exit_as_on_stop_says(
    on_stop: str, left: int, tmp_path: Path
) -> None:
    play = Play(
        settings={"on_stop": on_stop, "exits.order": "gtc", "exits.order_timeout_s": 60},
    )
    async with staged(tmp_path, play) as stage:
        await stage.started_and_armed()
        stage.book(*BELOW)
        await stage.until_left("50")
        await stage.until("the rest to rest", lambda: stage.lines("fill"))
        assert await stage.stop() == 0
        resting = [o for o in stage.sent() if o["status"] == "resting"]
        assert len(resting) == left, stage.tail()
        stage.book(*DEEP)
        await stage.start()
        await stage.until_left("0")
        await stage.until_agreed()


async def test_sighup_puts_new_rules_in_force_and_a_broken_file_changes_nothing(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book([("0.62", "500")], [("0.64", "500")])
        good = stage.config.read_text()
        stage.config.write_text(good.replace("0.60", "0.63") + '\nunknown_key = "x"\n')
        stage.signal(signal.SIGHUP)
        refused = await stage.until("a refusal", lambda: stage.lines("reload_refused"))
        assert "unknown_key" in str(refused[0]["problems"])
        stage.config.write_text("this is no TOML")
        stage.signal(signal.SIGHUP)
        await stage.until("a refusal", lambda: len(stage.lines("reload_refused")) == 2)
        await asyncio.sleep(0.5)
        assert (await stage.guard(), received(stage)) == ("ARMED", 0)
        assert len(stage.happened(RulesLoaded)) == 1
        stage.config.write_text("feed_alive_s = 14\n" + good.replace("0.60", "0.63"))
        stage.signal(signal.SIGHUP)
        left = await stage.until("what waits", lambda: stage.lines("restart_needed"))
        assert left[0]["settings"] == ["feed_alive_s"]
        await stage.until_left("0")
        await stage.until_agreed()
        assert len(stage.happened(RulesLoaded)) == 2


async def test_a_second_filld_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        code, said = await stage.run("run")
        assert code == 1
        assert "in use by process" in said
        assert str(stage.process.pid if stage.process else 0) in said
        assert await stage.guard() == "ARMED"


async def test_a_second_filld_on_the_same_account_is_refused_whatever_its_journal(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        other = {"FILLD_JOURNAL__PATH": str(tmp_path / "other.db")}
        code, said = await stage.run("run", env=other)
        assert code == 1
        assert "kalshi account" in said
        assert "in use by process" in said


async def test_a_lost_journal_is_rebuilt_halted_and_sells_only_after_resume(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*BELOW)
        await stage.until_left("50")
        assert await stage.stop() == 0
        for file in tmp_path.glob("journal.db*"):
            file.unlink()
        stage.book([("0.64", "500")], [("0.66", "500")])
        code, said = await stage.run("rebuild")
        assert (code, "1 positions" in said) == (0, True), said
        await stage.start()
        stage.book(*DEEP)
        await asyncio.sleep(1)
        assert (await stage.ask("/status"))["halted"]
        assert stage.left() == 50
        assert (await stage.run("resume"))[0] == 0
        await stage.until_left("0")
        assert not stage.true_position()["crossings"]


async def test_an_account_on_which_another_journal_trades_is_left_alone(
    tmp_path: Path,
) -> None:
    play = Play(settings={"exits.order": "gtc", "exits.order_timeout_s": 60})
    async with staged(tmp_path, play) as stage:
        await stage.started_and_armed()
        stage.book(*BELOW)
        await stage.until_left("50")
        assert await stage.stop() == 0  # the order for the other 50 rests
        stage.settings["journal.path"] = str(tmp_path / "second.db")
        stage.write_config()
        sent = received(stage)
        await stage.start()
        await stage.until("the other writer to be seen", lambda: stage.notices("foreign_writer"))
        stage.book([("0.52", "500")], [("0.56", "500")])
        await asyncio.sleep(1)
        assert received(stage) == sent
        assert (await stage.ask("/status"))["halted"]


async def test_a_halt_survives_kill_9_and_resume_lets_the_exit_go_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        assert (await stage.run("halt", "--reason", "lunch"))[0] == 0
        await stage.kill()
        stage.book(*DEEP)
        await stage.start()
        await asyncio.sleep(1)
        assert (received(stage), stage.left()) == (0, Decimal(100))
        code, said = await stage.run("status")
        assert (code, "HALTED" in said) == (0, True), said
        assert (await stage.run("resume"))[0] == 0
        await stage.until_left("0")
        await stage.until_agreed()


async def test_the_views_work_while_filld_runs_and_after_it_died(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*BELOW)
        await stage.until_left("50")
        await stage.until("the part", lambda: stage.lines("fill")[1:])
        live = [(await stage.run(verb, "--json"))[1] for verb in ("positions", "exits", "orders")]
        await stage.kill()
        dead = [(await stage.run(verb, "--json"))[1] for verb in ("positions", "exits", "orders")]
        for said in (*live, *dead):
            assert "NFL-TEAM-Y" in said
        assert all('"source":"daemon"' in said.replace(" ", "") for said in live)
        assert all('"source":"journal"' in said.replace(" ", "") for said in dead)


def one_line(said: str) -> str:
    """The only plain line that was told; log lines stand beside it."""
    plain = [line for line in said.splitlines() if line and not line.startswith("{")]
    assert len(plain) == 1, said
    return plain[0]


async def test_a_corrupt_journal_is_refused_before_any_order_leaves(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        assert await stage.stop() == 0
        raw = bytearray(stage.journal.read_bytes())
        for at in range(4096, len(raw), 512):
            raw[at : at + 64] = b"\x5a" * min(64, len(raw) - at)
        stage.journal.write_bytes(raw)
        stage.book(*BELOW)
        code, said = await stage.run("run")
        assert code == 1
        told = one_line(said)
        assert str(stage.journal) in told
        assert received(stage) == 0
        assert (await stage.run("replay", "--verify"))[0] == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A folder on a disk of its own, 2 MB; None where nothing may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


async def test_a_full_disk_stops_filld_with_a_message_before_any_order_leaves(
    tmp_path: Path, small_disk: Path | None
) -> None:
    if small_disk is None:
        print("no tmpfs here: a limit on the size of files stands in for the full disk")
    path = (small_disk or tmp_path) / "journal.db"
    async with staged(tmp_path, Play(settings={"journal.path": str(path)})) as stage:
        await stage.started_and_armed()
        assert stage.process is not None
        if small_disk is not None:
            fill(small_disk / "filler")
        else:
            size = Path(f"{path}-wal").stat().st_size  # the log is shorter and may grow
            resource.prlimit(stage.process.pid, resource.RLIMIT_FSIZE, (size, size))
        stage.book(*BELOW)
        assert await stage.ended(STOP_S) == 1
        assert received(stage) == 0
        told = stage.text().splitlines()[-1]
        assert str(path) in told
        assert not told.startswith("{")
        if small_disk is not None:
            (small_disk / "filler").unlink()
            await stage.start()
            await stage.until_left("50")


def fill(file: Path) -> None:
    """Write until there is no room for another byte."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (65536, 4096, 512, 1):
            while True:
                try:
                    os.write(handle, b"\0" * size)
                except OSError:
                    break
    finally:
        os.close(handle)


UNREACHABLE = {"FILLD_KALSHI__REST_URL": "http://127.0.0.1:9/trade-api/v2"}


async def test_an_unreachable_host_is_named(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        code, said = await stage.run("run", env=UNREACHABLE)
        assert code == 1
        assert "http://127.0.0.1:9/trade-api/v2 cannot be reached" in one_line(said)


async def test_a_key_that_the_venue_does_not_know_is_named(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        code, said = await stage.run("run", env={"FILLD_KALSHI__KEY_ID": "not-a-key"})
        assert code == 2
        assert "refuses key not-a-key" in one_line(said)


async def test_a_private_key_of_another_key_id_is_refused(tmp_path: Path) -> None:
    async with staged(tmp_path / "a") as other, staged(tmp_path / "b") as stage:
        pem = {"FILLD_KALSHI__PRIVATE_KEY_FILE": str(other.folder / f"{ACCOUNT}.pem")}
        code, said = await stage.run("run", env=pem)
        assert code == 2
        assert "check the key id, that the private key belongs to it" in one_line(said)


@pytest.mark.parametrize(
    ("content", "wanted"), [(None, "gone.pem"), ("rubbish", "rubbish"), ("", "empty")]
)
async def test_a_missing_or_malformed_key_file_is_named_and_not_shown(
    content: str | None, wanted: str, tmp_path: Path
) -> None:
    async with staged(tmp_path) as stage:
        pem = tmp_path / "gone.pem"
        if content is not None:
            pem.write_text(content)
            pem.chmod(0o600)
        code, said = await stage.run("run", env={"FILLD_KALSHI__PRIVATE_KEY_FILE": str(pem)})
        assert code == 2
        assert str(pem) in one_line(said)
        assert "rubbish" not in said


async def test_a_key_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        (tmp_path / f"{ACCOUNT}.pem").chmod(0o644)
        await stage.started_and_armed()
        (warning,) = stage.lines("key_file_readable_by_others")
        assert "chmod 600" in warning["text"]


@pytest.mark.parametrize("ahead_s", [-4000, 4000])
async def test_a_clock_that_is_wrong_by_an_hour_is_refused(ahead_s: int, tmp_path: Path) -> None:
    async with staged(tmp_path, Play(ahead_s=ahead_s)) as stage:
        code, said = await stage.run("run")
        assert code == 1
        assert f"differs from Kalshi's by {-ahead_s}"[:-1] in one_line(said)
        assert "NTP" in said


@pytest.mark.parametrize("ahead_s", [-100, 100])
async def test_a_clock_that_differs_from_the_venues_loses_nothing_and_repeats_nothing(
    ahead_s: int, tmp_path: Path
) -> None:
    async with staged(tmp_path, Play(ahead_s=ahead_s)) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_LOSE_BEFORE, endpoint=CREATE)
        stage.book(*BELOW)
        await stage.until_left("50")
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE)
        stage.arm(FaultKind.WS_DROP, count=None, channel="fill")
        stage.book([("0.58", "20")], [("0.60", "500")])
        await stage.until_left("30")
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        sent = stage.truth()["client_order_ids"].values()
        assert (len(sent), {got["times"] for got in sent}) == (3, {1})
        assert {order.client_order_id for order in placed(stage)} == set(
            stage.truth()["client_order_ids"]
        ), "the order that was lost before it came is sent again under its own id"
