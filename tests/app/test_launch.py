"""What daemon.app makes of settings: keys, rules, senders; wrong ones are refused by name."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daemon.app.launch import Daemon, Launch, Telemetry, first_error
from daemon.app.opening import open_journal, rules_loaded
from daemon.app.venues import check_keys
from daemon.core.errors import TheirsError
from daemon.core.terms import RuleKind
from daemon.journal.errors import JournalLockedError
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings, load_settings
from daemon.venues.errors import WrongKeyError

CLOCK = SystemClock()


def settings(folder: Path, **environ: str) -> Settings:
    """Settings with a journal in `folder` and whatever else a test sets."""
    places = {
        "FILLD_JOURNAL__PATH": str(folder / "journal.db"),
        "FILLD_JOURNAL__STATE_DIR": str(folder),
    }
    return load_settings(None, None, [], {**places, **environ})


def launch_of(made: Settings) -> Launch:
    """A run whose settings never change."""
    return Launch(made, lambda: made)


def key_file(folder: Path, mode: int = 0o600) -> Path:
    """An Ed25519 key in a file."""
    path = folder / "key.pem"
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)
    return path


def test_a_missing_key_id_or_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongKeyError, match="key_id is not set"):
        check_keys(settings(tmp_path))
    with pytest.raises(WrongKeyError, match="private_key_file is not set"):
        check_keys(settings(tmp_path, FILLD_KALSHI__KEY_ID="k"))


def test_a_key_comes_from_its_file_with_a_warning_or_from_a_credential(tmp_path: Path) -> None:
    path = key_file(tmp_path, 0o644)
    names = {"FILLD_KALSHI__KEY_ID": "k"}
    of_file = settings(tmp_path, **names, FILLD_KALSHI__PRIVATE_KEY_FILE=str(path))
    assert len(check_keys(of_file)) == 1
    assert not check_keys(settings(tmp_path, **names, FILLD_KALSHI__PRIVATE_KEY=path.read_text()))


def test_rules_become_one_fact(tmp_path: Path) -> None:
    stops = '[{"symbol": "NFL-*", "stop_px": "0.60"}, {"symbol": "*", "trailing_percent": "5"}]'
    made = settings(tmp_path, FILLD_STOPS=stops, FILLD_REFRESH_ACTIVE="3")
    fact = rules_loaded(made, CLOCK)
    assert [rule.kind for rule in fact.rules] == [RuleKind.ABSOLUTE, RuleKind.TRAILING]
    (policy,) = fact.accounts
    assert (policy.refresh_active_s, policy.place_live_orders) == (Decimal(3), False)


async def test_a_command_or_a_webhook_makes_alerts_and_nothing_makes_none(tmp_path: Path) -> None:
    for names, wanted in (
        ({}, False),
        ({"FILLD_ALERTS__COMMAND": f'["{sys.executable}"]'}, True),
        ({"FILLD_ALERTS__WEBHOOK_URL": "http://127.0.0.1:9/hook"}, True),
    ):
        made = settings(tmp_path, **names)
        telemetry = Telemetry(launch_of(made), CLOCK)
        assert bool(telemetry.alerts) is wanted
        telemetry.sink.close()


def test_pretty_lines_are_for_the_eye_and_the_door_gives_json(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    made = settings(tmp_path)
    telemetry = Telemetry(Launch(made, lambda: made, pretty=True), CLOCK)
    telemetry.log.info("said", symbol="KXRAIN")
    kept, _ = telemetry.sink.after(0, 9)
    telemetry.sink.close()
    assert [json.loads(line)["event"] for line in kept] == ["said"]
    assert b"\x1b[" in capsysbinary.readouterr().out


async def test_one_journal_serves_one_process_and_a_daemon_is_made_of_it(tmp_path: Path) -> None:
    names = {
        "FILLD_KALSHI__KEY_ID": "k",
        "FILLD_KALSHI__PRIVATE_KEY_FILE": str(key_file(tmp_path)),
    }
    made = settings(tmp_path, **names)
    journal = open_journal(made, CLOCK)
    with pytest.raises(JournalLockedError, match="in use by process"):
        open_journal(made, CLOCK)
    launch = launch_of(made)
    telemetry = Telemetry(launch, CLOCK)
    daemon = Daemon(launch, telemetry, journal, CLOCK)
    assert daemon.driver.watermark == 0
    await daemon.fleet.close()
    await journal.close()
    telemetry.sink.close()


def test_the_first_named_error_is_found_however_deep() -> None:
    error = TheirsError("the disk is full")
    inner: BaseExceptionGroup[TheirsError] = ExceptionGroup("inner", [error])
    nested: BaseExceptionGroup[TheirsError] = ExceptionGroup("outer", [inner])  # type: ignore[list-item]
    assert first_error(nested) is error
