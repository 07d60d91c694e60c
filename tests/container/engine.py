"""Images and containers without a daemon and without a registry: buildah, podman, runc.

The base is the Debian that `make test-systemd` boots, imported once; images and containers lie
below .machine/. Needs root; `missing` says what is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.container import compose
from tests.systemd.machine import (
    HOME,
    ROOT,
    STEP_S,
    TELL_VERSION,
    MachineError,
    fetch,
    run,
    tarball,
)

STORE = HOME / "containers"
WHEELS = HOME / "wheels"
BASE = "localhost/filld-base"
IMAGE = "localhost/filld"
NAMED = "filldtest"
# Those that may be raised nowhere here: without them runc asks for more than the machine gives.
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=512:512")
_STORAGE = (
    f"--root={STORE / 'storage'}",
    f"--runroot={STORE / 'run'}",
    "--storage-driver=overlay",
)
_BACKEND_LOCK = "setuptools=="


def missing() -> str | None:
    """Why no container can run here, None if one can."""
    if os.geteuid() != 0:
        return "root is needed to run a container"
    needed = ("buildah", "podman", "runc", "mmdebstrap")
    tools = [tool for tool in needed if not shutil.which(tool)]
    return f"not installed: {', '.join(tools)}" if tools else None


def podman(*words: str) -> str:
    """What podman says; raises MachineError."""
    return run("podman", *_STORAGE, "--runtime=runc", "--cgroup-manager=cgroupfs", *words)


def once(*words: str, user: int | None = None, options: Iterable[str] = ()) -> str:
    """What a command says in a container of its own, without a network."""
    who = () if user is None else (f"--user={user}",)
    shared = ("run", "--rm", "--no-healthcheck", "--network=none", *LIMITS, *who, *options)
    return podman(*shared, f"--entrypoint={words[0]}", IMAGE, *words[1:])


def build() -> None:
    """The image of this checkout on a base of Debian packages, without a network."""
    if BASE not in podman("images", "--format={{.Repository}}").split():
        podman("import", str(tarball()), BASE)
    shutil.rmtree(WHEELS, ignore_errors=True)
    WHEELS.mkdir(parents=True)
    asked = ("run", "--rm", "--network=none", *LIMITS, BASE, "python3", "-c", TELL_VERSION)
    version = podman(*asked).strip()
    fetch(ROOT / "requirements" / "runtime.txt", version, WHEELS)
    fetch(_backend_lock(), version, WHEELS)
    run(
        "buildah",
        *_STORAGE,
        "build",
        "--isolation=chroot",
        "--pull-never",
        "--format=docker",
        f"--build-context=wheels={WHEELS}",
        "--build-arg=PIP_NO_INDEX=1",
        f"--build-arg=BASE_IMAGE={BASE}",
        f"--tag={IMAGE}",
        str(ROOT),
    )
    podman("image", "prune", "--force")


def _backend_lock() -> Path:
    """The build backend's part of the lock, as the Dockerfile takes it."""
    lines = (ROOT / "requirements" / "dev.txt").read_text("utf-8").splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if line.startswith(_BACKEND_LOCK))
    last = next(at for at in range(first, len(lines)) if "# via" in lines[at])
    lock = WHEELS / "build.txt"
    lock.write_text("".join(lines[first:last]), "utf-8")
    return lock


def sizes() -> tuple[int, int]:
    """Bytes of the image, and of its base."""
    image, base = (podman("image", "inspect", "--format={{.Size}}", one) for one in (IMAGE, BASE))
    return int(image), int(base)


class Container:
    """One service of compose.yaml."""

    def __init__(self, service: str) -> None:
        self.name = f"{NAMED}-{service}"
        self.service = compose.read().services[service]

    def create(self) -> None:
        """Run it as the file says."""
        words = compose.options(self.service, NAMED)
        # podman would have systemd ask for its health; `healthy` does so here.
        shared = ("--detach", f"--name={self.name}", "--no-healthcheck", *LIMITS)
        podman("run", *shared, *words, IMAGE, *self.service.command)

    def sh(self, *words: str) -> str:
        """A command inside, as the image's user."""
        return podman("exec", self.name, *words)

    def holds(self, *words: str) -> bool:
        """A command inside ends with 0."""
        try:
            self.sh(*words)
        except MachineError:
            return False
        return True

    def healthy(self) -> bool:
        """The image's own health check, run once."""
        kind, *words = json.loads(
            podman("image", "inspect", "--format={{json .HealthCheck.Test}}", IMAGE)
        )
        assert kind == "CMD"
        return self.holds(*words)

    def show(self, name: str) -> str:
        """One field of its state."""
        return podman("inspect", f"--format={{{{.State.{name}}}}}", self.name).strip()

    def log(self) -> str:
        """What it wrote."""
        return podman("logs", self.name)

    def until(self, what: str, true: Callable[[], bool], limit_s: float) -> float:
        """Wait for it; the seconds it took. Raises with the log's end where it takes longer."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > limit_s:
                raise MachineError(f"{what}: not within {limit_s:g} s\n{self.log()[-2000:]}")
            time.sleep(STEP_S)
        return time.monotonic() - began


def make_volumes() -> None:
    """Those of compose.yaml, empty."""
    for name, volume in compose.read().volumes.items():
        chosen = volume.driver_opts.items() if volume is not None else ()
        podman("volume", "create", *(f"--opt={k}={v}" for k, v in chosen), f"{NAMED}-{name}")


def clear() -> None:
    """Away with what an earlier run or this one left, but for the images."""
    for service in reversed(compose.read().services):
        podman("rm", "--force", "--ignore", "--volumes", "--time=1", f"{NAMED}-{service}")
    for name in compose.read().volumes:
        podman("volume", "rm", "--force", f"{NAMED}-{name}")
