"""A Debian with a real systemd as PID 1, booted by systemd-nspawn, with filld installed in /opt.

The root is made once from Debian packages and kept under .machine/. Nothing in it has a network
but its own loopback. Needs root, systemd-container and mmdebstrap; `missing`
says what is not there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".machine"
TARBALL = HOME / "rootfs.tar"
TREE = HOME / "root"
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,procps,ca-certificates"
UNIT = "filld.service"
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
TELL_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
STEP_S = 0.05
LIMIT_S = 300


class MachineError(Exception):
    """What the machine did not do."""


def missing() -> str | None:
    """Why no machine can be booted here, None if it can."""
    if os.geteuid() != 0:
        return "root is needed to boot a machine"
    tools = [tool for tool in ("systemd-nspawn", "mmdebstrap", "nsenter") if not shutil.which(tool)]
    return f"not installed: {', '.join(tools)}" if tools else None


def run(*words: str, check: bool = True) -> str:
    """A command's output; raises with what it wrote."""
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # systemctl looks for a terminal, and is stopped for it in a job
        timeout=LIMIT_S,
    )
    if check and done.returncode:
        raise MachineError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tarball() -> Path:
    """A Debian with systemd and Python, fetched once."""
    HOME.mkdir(exist_ok=True)
    if not TARBALL.exists():
        run(
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={PACKAGES}",
            "bookworm",
            str(TARBALL),
        )
    return TARBALL


def fetch(lock: Path, version: str, folder: Path) -> None:
    """The wheels of a lock for a Python of that version, checked by hash."""
    run(
        *PIP,
        "download",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--python-version",
        version,
        "--dest",
        str(folder),
        "--requirement",
        str(lock),
    )


def build() -> None:
    """The root with filld in /opt/filld, its packages by hash, without a network."""
    packed = tarball()
    if not (TREE / "usr").exists():
        TREE.mkdir(exist_ok=True)
        run("tar", "-C", str(TREE), "-xf", str(packed))
    wheels = TREE / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    version = run("chroot", str(TREE), "python3", "-c", TELL_VERSION).strip()
    fetch(ROOT / "requirements" / "runtime.txt", version, wheels)
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT))
    # The lock has been checked by hash at the download; the machine itself reaches no network.
    inside = (
        "python3 -m venv --clear /opt/filld"
        " && /opt/filld/bin/pip install --quiet --no-index --no-deps /wheels/*.whl"
    )
    run("chroot", str(TREE), "sh", "-c", inside)


class Machine:
    """A running one. Use `booted`."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def sh(self, *words: str, check: bool = True) -> str:
        """A command inside."""
        return run("nsenter", "-t", str(self._leader), "-a", *words, check=check)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file inside."""
        at = Path(f"/proc/{self._leader}/root{path}")
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
        at.chmod(mode)

    def read(self, path: str) -> str:
        """A file's text."""
        return self.sh("cat", path)

    def show(self, name: str, unit: str = UNIT) -> str:
        """One property of a unit."""
        return self.sh("systemctl", "show", unit, "--value", "-p", name).strip()

    def until(self, what: str, true: Callable[[], bool], limit_s: float) -> float:
        """Wait for it; the seconds it took. Raises with the journal's end where it takes longer."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > limit_s:
                log = self.sh("journalctl", "--no-pager", "-n", "30", check=False)
                raise MachineError(f"{what}: not within {limit_s:g} s\n{log}")
            time.sleep(STEP_S)
        return time.monotonic() - began

    def active(self, unit: str = UNIT) -> bool:
        """READY was seen."""
        return self.show("ActiveState", unit) == "active"


@contextlib.contextmanager
def booted() -> Iterator[Machine]:
    """Boot, hand over, power off."""
    log = (HOME / "console.log").open("wb")
    guest = subprocess.Popen(
        [
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--kill-signal=SIGRTMIN+3",
            "--volatile=overlay",
            "--boot",
            "-D",
            str(TREE),
            "--machine=filldtest",
            "--console=pipe",
        ],
        start_new_session=True,  # no terminal: it would be stopped for touching it
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        machine = Machine(_leader(guest))
        ready = ("running", "degraded")
        machine.until(
            "the boot",
            lambda: machine.sh("systemctl", "is-system-running", check=False).strip() in ready,
            60,
        )
        yield machine
    finally:
        guest.terminate()
        guest.wait(30)
        log.close()


def _leader(guest: subprocess.Popen[bytes]) -> int:
    """PID 1 of the machine, as the host sees it."""
    children = Path(f"/proc/{guest.pid}/task/{guest.pid}/children")
    for _ in range(400):
        for child in children.read_text().split() if children.exists() else ():
            # The first child is a helper that goes away; PID 1 is the one that became systemd.
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
        time.sleep(STEP_S)
    raise MachineError("systemd-nspawn started nothing; see .machine/console.log")
