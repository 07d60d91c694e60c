"""PID 1 has no default handlers: a stop that comes while filld still starts must not be lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HEARD_S = 5.0
# A process that has imported the command line's first module and goes on as if with the others.
STARTING = "import daemon.cli, time; print('on', flush=True); time.sleep(60)"


def namespaced(*words: str) -> subprocess.Popen[str]:
    """A command as PID 1 of a namespace of its own."""
    return subprocess.Popen(
        ["unshare", "--fork", "--pid", *words],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


def missing() -> str:
    """Why no namespace can be made here, "" where one can."""
    if shutil.which("unshare") is None:
        return "no unshare on this machine"
    with namespaced("true") as tried:
        return "" if tried.wait(HEARD_S) == 0 else "no namespace may be made here"


@pytest.fixture
def starting() -> Iterator[subprocess.Popen[str]]:
    why = missing()
    if why:
        pytest.skip(why)
    with namespaced(sys.executable, "-c", STARTING) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_sigterm_in_the_first_second_ends_it(starting: subprocess.Popen[str]) -> None:
    children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children").read_text()
    began_s = time.monotonic()
    os.kill(int(children), signal.SIGTERM)
    assert starting.wait(HEARD_S) == 0
    assert time.monotonic() - began_s < HEARD_S
