"""The units as systemd itself reads them, without booting anything; `make test-systemd` boots."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.machine import run

UNITS = Path(__file__).resolve().parents[2] / "systemd"
FILES = sorted(UNITS.glob("*.service"))
NAMES = [unit.name for unit in FILES]
EXPOSURE_LIMIT = "11"  # ten times the score
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd on this machine to ask"
)


def installed(unit: Path, folder: Path) -> Path:
    """The unit with a program that is there."""
    text = unit.read_text().replace("/opt/filld/bin/filld", shutil.which("true") or "/bin/true")
    copy = folder / unit.name
    copy.write_text(text)
    return copy


@needs_systemd
@pytest.mark.parametrize("unit", FILES, ids=NAMES)
def test_systemd_finds_nothing_to_complain_about(unit: Path, tmp_path: Path) -> None:
    words = ["systemd-analyze", "verify", "--man=no", str(installed(unit, tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    # An unknown key is only printed: the exit code stays 0.
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("unit", FILES, ids=NAMES)
def test_what_a_broken_in_filld_could_reach_is_little(unit: Path) -> None:
    words = ("systemd-analyze", "security", "--offline=true", "--no-pager")
    run(*words, f"--threshold={EXPOSURE_LIMIT}", str(unit))


def test_the_template_differs_in_names_only() -> None:
    single, template = (UNITS / name for name in ("filld.service", "filld@.service"))

    def keys(unit: Path) -> dict[str, str]:
        lines = [line for line in unit.read_text().splitlines() if not line.startswith("#")]
        return {f"{at} {line.partition('=')[0]}": line for at, line in enumerate(lines)}

    one, many = keys(single), keys(template)
    assert one.keys() == many.keys()
    named = {key.split()[1] for key, line in many.items() if line != one[key]}
    assert named == {
        "Description",
        "EnvironmentFile",
        "ExecStart",
        "LoadCredential",
        "RuntimeDirectory",
        "StateDirectory",
        "User",
    }
    assert all("%i" in line for key, line in many.items() if line != one[key])


def test_nothing_ever_gives_up_on_the_positions() -> None:
    for unit in FILES:
        text = unit.read_text()
        assert "Restart=always" in text
        assert "StartLimitIntervalSec=0" in text
        assert "WatchdogSec=" in text
