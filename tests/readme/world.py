"""Where the documents' commands are typed: a folder that stands for the machine's root.

A paper exchange and one filld are processes of their own. `/etc`, `/var`, `/run`, `/opt` and `/srv`
lead into the folder, and systemctl's words for filld are carried out on that one process: the real
systemd is `make test-systemd`'s. A plain `filld VERB` runs in this process, which saves a second.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.cli.stage import Said, invoke
from tests.readme.pages import ROOT

BIN: Final = Path(sys.executable).parent
PATIENCE_S: Final = 60.0
_ROOTS: Final = re.compile(r"(?<![\w./}])/(?=(?:etc|var|run|opt|srv)\b)|(?<=-C )/(?= )")
_SHELL: Final = re.compile(r"[|&;<>$*~`\n]|^\w+=")


class World:
    """One folder; use `end`. `words` are what the documents leave to the reader, e.g. SYMBOL."""

    def __init__(self, folder: Path, setenv: Callable[[str, str], None]) -> None:
        self.folder = folder
        self._setenv = setenv
        self.words: dict[str, str] = {}
        self.service: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []
        for name in ("systemd", "requirements"):
            (folder / name).symlink_to(ROOT / name)
        for place in ("etc/filld", "etc/systemd/system", "var/lib", "run", "srv"):
            (folder / place).mkdir(parents=True)
        for place in ("opt/filld", ".venv"):
            (folder / place).mkdir(parents=True)
            (folder / place / "bin").symlink_to(BIN)
        (folder / "config").mkdir()
        paper = calm((ROOT / "config" / "paper.toml").read_text("utf-8"))
        (folder / "config" / "paper.toml").write_text(paper)

    def here(self, text: str) -> str:
        """A command with the reader's words filled in, and with this folder for a root."""
        for word, meant in self.words.items():
            text = re.sub(rf"\b{word}\b", meant, text)
        return _ROOTS.sub(f"{self.folder}/", text)

    def type(self, text: str) -> Said:
        """Type one command, as a reader would."""
        text = self.here(text)
        if text.endswith(" &"):
            self._others.append(self._spawn(text[:-2], "background"))
            return self._until(self.env_file.exists, "the paper exchange")
        words = shlex.split(text.partition("\n")[0])
        match words[0]:
            case "export":
                name, _, value = words[1].partition("=")
                self._setenv(name, os.path.expandvars(value))
                return Said(0, "", "")
            case "systemctl":
                return self._manage(words[1:])
            case "filld" if words[1] == "run":
                return self.start(text)
            case "filld" if not _SHELL.search(text):
                return invoke(*words[1:])
        done = subprocess.run(
            ["/bin/bash", "-euc", text], capture_output=True, text=True, check=False, timeout=60
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, text: str, env: Mapping[str, str] | None = None) -> Said:
        """Start the one filld and wait until every stop would fire."""
        self.service = self._spawn(text, "filld", env)
        config = re.findall(r"--config \S+", text)
        health = ["health", *shlex.split(" ".join(config))]
        return self._until(lambda: invoke(*health).code == 0, "filld to be ready")

    def stop(self) -> Said:
        """Stop it; the exit code is its own."""
        assert self.service is not None
        self.service.terminate()
        return Said(self.service.wait(PATIENCE_S), "", "")

    def end(self) -> None:
        """Everything that was started."""
        for process in [*self._others, *([self.service] if self.service else [])]:
            if process.poll() is None:
                process.kill()
            process.wait()
        for ballast in self.folder.rglob("*.ballast"):
            ballast.unlink()  # 64 MB each

    def log(self, name: str = "filld") -> str:
        """What a process wrote."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    @property
    def env_file(self) -> Path:
        """What the paper exchange writes for filld."""
        return self.folder / "paper" / "main.env"

    def written(self, name: str) -> str:
        """One value of it, e.g. KALSHI__KEY_ID."""
        lines = self.env_file.read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)[f"FILLD_{name}"]

    def _spawn(
        self, text: str, name: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                shlex.split(text),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )

    def _until(self, true: Callable[[], bool], what: str) -> Said:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:g} s"
            time.sleep(0.1)
        return Said(0, "", "")

    def _manage(self, words: list[str]) -> Said:
        """What the service manager does on these words, done to the one process."""
        runs = self.service is not None and self.service.poll() is None
        match [word for word in words if word != "filld"]:
            case ["start"] | ["enable", "--now"]:
                assert not runs
                return self._start_service()
            case ["stop"] | ["disable", "--now"]:
                return self.stop()
            case ["restart"]:
                self.stop()
                return self._start_service()
            case ["reload"]:
                assert self.service is not None
                self.service.send_signal(signal.SIGHUP)
                return Said(0, "", "")
            case ["status"]:
                return Said(0 if runs else 3, "", "")
            case ["daemon-reload"]:
                return Said(0, "", "")
            case _:
                raise AssertionError(f"systemctl {words}: nothing stands for it")

    def _start_service(self) -> Said:
        """As the unit does: its directories, the secrets as credentials."""
        unit = (self.folder / "etc/systemd/system/filld.service").read_text("utf-8")
        found = re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)
        assert found is not None
        for place in ("var/lib/filld", "run/filld"):
            (self.folder / place).mkdir(exist_ok=True)
        secrets = {"CREDENTIALS_DIRECTORY": f"{self.folder}/etc/filld/credentials"}
        return self.start(self.here(found[1]), secrets)


def calm(paper: str) -> str:
    """The paper exchange's file with free ports, and with nobody who moves a price."""
    paper = re.sub(r"(?m)^((?:admin_)?port) = \d+", r"\1 = 0", paper)
    blocks = re.split(r"(?m)^(?=\[)", paper)
    return "".join(block for block in blocks if "scripts]]" not in block.partition("\n")[0])


def tools() -> str | None:
    """A tool that the documents use and this machine lacks, None where it has them all."""
    wanted = ("curl", "tar", "install")
    return next((name for name in wanted if shutil.which(name) is None), None)
