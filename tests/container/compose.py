"""compose.yaml as types, and what its services mean to podman.

An unknown key is refused: what the file says is what the test runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml  # type: ignore[import-untyped]  # it brings no types

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "compose.yaml"


class Check(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a service that does not use the image's own."""

    test: list[str]
    interval: str
    timeout: str
    retries: int


class Condition(msgspec.Struct, forbid_unknown_fields=True):
    """What a service waits for."""

    condition: str


class Service(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One service."""

    image: str
    build: str
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    pids_limit: int
    mem_limit: str
    network_mode: str
    volumes: list[str]
    command: list[str] = []
    depends_on: dict[str, Condition] = {}
    environment: dict[str, str] = {}
    healthcheck: Check | None = None
    restart: str = "no"
    tmpfs: list[str] = []


class Volume(msgspec.Struct, forbid_unknown_fields=True):
    """A named volume; `driver_opts` are those of mount(8)."""

    driver_opts: dict[str, str] = {}


class Compose(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole file. `confined`: what the services share, which stands in each as well."""

    name: str
    confined: dict[str, object] = msgspec.field(name="x-confined")
    services: dict[str, Service]
    volumes: dict[str, Volume | None]


def read() -> Compose:
    """The file; raises where it says what this module does not know."""
    return msgspec.convert(yaml.safe_load(FILE.read_text("utf-8")), Compose)


def options(service: Service, named: str) -> Iterator[str]:
    """A service's words to `podman run`; containers and volumes are called `named`-NAME."""
    kind, _, other = service.network_mode.partition(":")
    yield from ("--network", f"container:{named}-{other}" if kind == "service" else kind)
    if service.read_only:
        # podman would mount tmpfs of its own on /tmp and /run.
        yield from ("--read-only", "--read-only-tmpfs=false")
    yield from (f"--cap-drop={one}" for one in service.cap_drop)
    yield from (f"--security-opt={one}" for one in service.security_opt)
    yield from (f"--pids-limit={service.pids_limit}", f"--memory={service.mem_limit}")
    yield from (f"--tmpfs={one}" for one in service.tmpfs)
    yield from (f"--env={name}={value}" for name, value in service.environment.items())
    for volume in service.volumes:
        at_home = volume.startswith("./")
        yield f"--volume={ROOT}/{volume[2:]}" if at_home else f"--volume={named}-{volume}"
