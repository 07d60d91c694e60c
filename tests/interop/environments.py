"""The strangers' virtual environments: which Python, which locks, built when the lock changed.

They live under .interop/, apart from .venv, so that no package of theirs is ever imported by us.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".interop"
WANTED = (3, 13)
OVERRIDE = "INTEROP_PYTHON"
LOCK_COMMAND = "make interop ARGS=--lock"


@dataclass(frozen=True, slots=True)
class Environment:
    """One virtual environment: its name, what is asked for, and whose version the table shows."""

    name: str
    packages: tuple[str, ...]
    client: str

    @property
    def lock(self) -> Path:
        """The hash-pinned lock."""
        return ROOT / "requirements" / f"interop-{self.name}.txt"

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return HOME / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("official", ("kalshi_python_async>=3.34.0",), "kalshi_python_async"),
        Environment("community", ("kalshi-sdk>=22.4.0",), "kalshi-sdk"),
        Environment("ccxt", ("ccxt>=4.5.90",), "ccxt"),
        Environment("python_binance", ("python-binance>=1.0.37",), "python-binance"),
        Environment(
            "spec",
            ("jsonschema>=4.26.0", "pyyaml>=6.0.3", "rfc3339-validator>=0.1.4"),
            "jsonschema",
        ),
    )
}


class UnavailableError(Exception):
    """A client cannot be tried on this machine: a skip, not a failure."""


def candidates(environ: Mapping[str, str], home: Path) -> list[str]:
    """Interpreters to try, best first; the override is the only one where it is set."""
    if environ.get(OVERRIDE):
        return [environ[OVERRIDE]]
    name = f"python{WANTED[0]}.{WANTED[1]}"
    pyenv = Path(environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(environ.get("XDG_DATA_HOME", home / ".local" / "share")) / "uv" / "python"
    found = [
        *sorted(pyenv.glob(f"{WANTED[0]}.{WANTED[1]}*/bin/{name}"), reverse=True),
        *sorted(uv.glob(f"cpython-{WANTED[0]}.{WANTED[1]}*/bin/{name}"), reverse=True),
    ]
    return [sys.executable, name, *map(str, found)]


def version_of(command: str) -> tuple[int, int] | None:
    """An interpreter's version, None where it does not run (a pyenv shim may not)."""
    path = shutil.which(command)
    if path is None:
        return None
    text = "import sys; print(*sys.version_info[:2])"
    found = subprocess.run([path, "-c", text], capture_output=True, text=True, check=False)
    words = found.stdout.split()
    return (int(words[0]), int(words[1])) if found.returncode == 0 and len(words) > 1 else None


def find_python() -> str:
    """An interpreter that the clients accept."""
    tried = candidates(os.environ, Path.home())
    for command in tried:
        version = version_of(command)
        if version is not None and version >= WANTED:
            return str(shutil.which(command))
    wanted = ".".join(map(str, WANTED))
    raise UnavailableError(
        f"no Python {wanted} or later here (tried {', '.join(tried)}); name one: {OVERRIDE}=..."
    )


def stamp_of(environment: Environment, python: str) -> str:
    """Changes when the lock or the interpreter does."""
    text = environment.lock.read_bytes() + python.encode()
    return hashlib.sha256(text).hexdigest()


def build(environment: Environment, python: str) -> None:
    """Make the environment unless it stands already."""
    stamp = environment.folder / ".stamp"
    if not environment.lock.is_file():
        raise UnavailableError(f"{environment.lock.name} is missing: {LOCK_COMMAND}")
    wanted = stamp_of(environment, python)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"building {environment.folder.relative_to(ROOT)}", flush=True)
    shutil.rmtree(environment.folder, ignore_errors=True)
    _run([python, "-m", "venv", str(environment.folder)])
    pip = [str(environment.python), "-m", "pip", "install", "--quiet"]
    pip += [
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    _run([*pip, "--requirement", str(environment.lock)])
    stamp.write_text(wanted, encoding="utf-8")


def version_in(environment: Environment) -> str:
    """The installed version of the client."""
    text = f"from importlib.metadata import version; print(version({environment.client!r}))"
    found = subprocess.run(
        [str(environment.python), "-c", text], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def lock_all() -> None:
    """Pin every environment anew, with hashes and without addresses."""
    uv = Path(sys.executable).with_name("uv")
    options = ["--quiet", "--universal", "--python-version", ".".join(map(str, WANTED))]
    options += ["--generate-hashes", "--upgrade"]
    options += ["--custom-compile-command", LOCK_COMMAND]
    for environment in ENVIRONMENTS.values():
        print(f"locking {environment.lock.relative_to(ROOT)}", flush=True)
        subprocess.run(
            [str(uv), "pip", "compile", *options, "--output-file", str(environment.lock), "-"],
            input="\n".join(environment.packages),
            text=True,
            check=True,
            cwd=ROOT,
        )


def _run(command: list[str]) -> None:
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if found.returncode:
        lines = (found.stderr or found.stdout).strip().splitlines()
        raise UnavailableError(lines[-1] if lines else f"{command[0]} failed")
