"""The demo's two processes and the doors to them: a paper exchange and the daemon. Plain HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from typing_extensions import override

from daemon.core.errors import TheirsError

ACCOUNT = "demo"
STEP_S = 0.05
Json = dict[str, object]
Tell = Callable[[str], None]
Found = TypeVar("Found")


class DemoError(TheirsError):
    """The demo could not go on: a process ended early, or something took too long."""


def toml_table(header: str, **values: object) -> str:
    """A table of TOML; scalars and lists are written as in JSON."""
    lines = [header, *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "".join(f"{line}\n" for line in lines)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the daemon's unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class World:
    """A folder with two real processes over real sockets. Use as `with World(folder) as world`."""

    def __init__(self, folder: Path, paper_toml: str, filld_toml: str) -> None:
        self.folder = folder
        self._paper_toml, self._filld_toml = folder / "paper.toml", folder / "filld.toml"
        self._paper_toml.write_text(paper_toml, encoding="utf-8")
        self._filld_toml.write_text(filld_toml, encoding="utf-8")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._admin_url = ""
        self.starts = 0

    @contextmanager
    def running(self) -> Iterator[World]:
        """Start the paper exchange; end every process at the end."""
        try:
            self._start_paper()
            yield self
        finally:
            for process in self._processes.values():
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _start_paper(self) -> None:
        config, folder = str(self._paper_toml), str(self.folder)
        self._spawn("paper", "paper", "--config", config, "--env-dir", folder)
        log = self.folder / "paper.log"

        def admin_url() -> str | None:
            for line in log.read_text(encoding="utf-8").splitlines():
                word, _, url = line.strip().partition(" ")
                if word == "admin":
                    return url.strip()
            return None

        self._admin_url = self.until("the paper exchange to start", admin_url, 20)

    def start_daemon(self) -> None:
        """Start the daemon and wait until its door answers."""
        self.starts += 1
        env_file = str(self.folder / f"{ACCOUNT}.env")
        self._spawn("daemon", "run", "--config", str(self._filld_toml), "--env-file", env_file)
        self.until("the daemon to start", self._answers, 20)

    def kill_daemon(self) -> None:
        """kill -9."""
        process = self._processes["daemon"]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop_daemon(self) -> int:
        """SIGTERM; the exit code."""
        process = self._processes["daemon"]
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=6)
        except subprocess.TimeoutExpired as error:
            raise DemoError("the daemon did not stop within 6 s") from error

    def _spawn(self, name: str, *argv: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FILLD_")}
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own verbs
                [sys.executable, "-m", "daemon", *argv],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
            )

    def admin(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask the paper exchange's admin door; raises DemoError."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self._admin_url}/admin{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return cast("Json", json.load(answer))
        except urllib.error.HTTPError as error:
            raise DemoError(f"{method} {path}: {error.read().decode()}") from error
        except OSError as error:
            raise DemoError(f"{method} {path}: no answer; {self.tail('paper')}") from error

    def ask(self, path: str) -> Json:
        """Ask the daemon's own door; raises DemoError."""
        connection = _UnixConnection(self.folder / "filld.sock", 5)
        try:
            connection.request("GET", path)
            return cast("Json", json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DemoError(f"the daemon does not answer; {self.tail('daemon')}") from error
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            return bool(self.ask("/status"))
        except DemoError:
            return False

    def until(self, what: str, look: Callable[[], Found | None], limit_s: float = 15) -> Found:
        """Look until something is found; raises DemoError when a process ended or time is up."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            for name, process in self._processes.items():
                if process.poll() not in {None, -signal.SIGKILL}:
                    raise DemoError(f"the {name} process ended early: {self.tail(name)}")
            time.sleep(STEP_S)
        raise DemoError(f"waited {limit_s:g} s in vain for {what}; {self.tail('daemon')}")

    def tail(self, name: str) -> str:
        """The last line that a process wrote."""
        log = self.folder / f"{name}.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        return f"last line of {log}: {lines[-1] if lines else '(nothing)'}"
