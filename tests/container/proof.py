"""`make test-container`: the image and compose.yaml, run without a container daemon.

What the image holds, who runs in it and with which rights, health, secrets as files, kill -9 with
the book intact, the time of a stop. Exit code 0: all held; 1: one did not; 3: not here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.container.engine import (
    Container,
    build,
    clear,
    make_volumes,
    missing,
    once,
    podman,
    sizes,
)
from tests.systemd.boot import as_credentials
from tests.systemd.machine import HOME, MachineError

UID = 65532
READY_S, STOP_S = 60.0, 5.0
ENV = "/run/paper/main.env"
# A stop that fires between two looks at the book would make it another one.
FAR_STOPS = '[{"symbol": "*", "stop_percent": "90"}]'
COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "as", "ld", "make", "rustc", "cargo")
LEFTOVERS = ("*/.cache/*", "/var/cache/apt/*", "/var/lib/apt/lists/*", "/tmp/*", "/var/lib/filld/*")
STAGES = ("/src/*", "/tools/*", "/wheels/*", "/dist/*", "/opt/filld/bin/pip*")
Check = Callable[[Container], str]


def image_is_lean(_filld: Container) -> str:
    """Nothing in it that only its making needed, and no program that changes the user."""
    programs = "".join(f"command -v {name};" for name in COMPILERS)
    paths = " -o ".join(f"-path '{one}'" for one in (*LEFTOVERS, *STAGES))
    files = f"find / -xdev -type f \\( -perm /6000 -o -size +0 \\( {paths} \\) \\)"
    found = once("sh", "-c", f"{programs} {files}", user=0).split()
    if found:
        raise MachineError(f"in the image: {', '.join(found)}")
    image, base = (size / 1e6 for size in sizes())
    return f"{image:.0f} MB, {image - base:.0f} MB of it above the base"


def becomes_ready(filld: Container) -> str:
    """The image's health check says so once every venue is compared and each position priced."""
    took = filld.until("health", filld.healthy, READY_S)
    return f"after {took:.1f} s, {filld.sh('filld', 'health').strip()}"


def is_confined(filld: Container) -> str:
    """PID 1 is filld itself, as nobody, with nothing."""
    text = filld.sh("cat", "/proc/1/status")
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "Uid": f"{UID}\t" * 3 + f"{UID}"}
    wanted |= dict.fromkeys(("CapEff", "CapPrm", "CapBnd"), "0" * 16)
    wrong = [f"{name} {status[name]}" for name, value in wanted.items() if status[name] != value]
    if wrong or "filld" not in filld.sh("cat", "/proc/1/cmdline"):
        raise MachineError(", ".join(wrong) or "PID 1 is not filld")
    return f"uid {UID}, no capability, NoNewPrivs, seccomp"


def root_is_read_only(filld: Container) -> str:
    """State and socket have places of their own; nothing else can be written."""
    for place in ("/etc", "/opt/filld", "/home", "/run/paper", "/var/log"):
        if filld.holds("touch", f"{place}/x"):
            raise MachineError(f"{place} can be written")
    filld.sh("test", "-s", "/var/lib/filld/journal.db")
    mounts = filld.sh("cat", "/proc/mounts").splitlines()
    writable = [m.split()[1] for m in mounts if m.split()[3].startswith("rw")]
    return f"state in {next(one for one in writable if one.startswith('/var'))}"


def positions(filld: Container) -> list[dict[str, object]]:
    """What filld says it guards."""
    rows = json.loads(filld.sh("filld", "positions", "--json"))["positions"]
    assert isinstance(rows, list)
    return [{name: row[name] for name in ("venue", "symbol", "side", "stake")} for row in rows]


def survives_kill(filld: Container) -> str:
    """kill -9 and a new start: the same book."""
    before = positions(filld)
    podman("kill", "--signal=KILL", filld.name)
    podman("wait", filld.name)
    if filld.show("ExitCode") != "137":
        raise MachineError(f"exit {filld.show('ExitCode')}")
    podman("start", filld.name)
    took = filld.until("health", filld.healthy, READY_S)
    after = positions(filld)
    if after != before:
        raise MachineError(f"before {before}, after {after}")
    return f"ready again after {took:.1f} s, {len(after)} positions as before"


def stops(filld: Container) -> str:
    """SIGTERM to PID 1 ends it in order, and a new start goes on with the same book."""
    before = positions(filld)
    began = time.monotonic()
    podman("stop", "--time=20", filld.name)
    took = time.monotonic() - began
    if filld.show("ExitCode") != "0" or "filld_stopped" not in filld.log():
        raise MachineError(f"exit {filld.show('ExitCode')}\n{filld.log()[-500:]}")
    if took > STOP_S:
        raise MachineError(f"only after {took:.1f} s")
    podman("start", filld.name)
    filld.until("health", filld.healthy, READY_S)
    if positions(filld) != before:
        raise MachineError("another book after the second start")
    return f"exit 0 after {took:.1f} s"


def hears_an_early_stop(filld: Container) -> str:
    """SIGTERM while PID 1 still imports ends it too: the kernel drops what has no handler."""
    podman("stop", "--time=20", filld.name)
    podman("start", filld.name)
    began = time.monotonic()
    podman("stop", "--time=20", filld.name)
    took = time.monotonic() - began
    if filld.show("ExitCode") != "0" or took > STOP_S:
        raise MachineError(f"exit {filld.show('ExitCode')} after {took:.1f} s")
    podman("start", filld.name)
    filld.until("health", filld.healthy, READY_S)
    return f"exit 0 after {took:.1f} s"


def tells_bad_health(filld: Container) -> str:
    """The paper exchange as PID 1 hears SIGTERM too; without it filld says why it is not ready."""
    paper = Container("paper")
    began = time.monotonic()
    podman("stop", "--time=20", paper.name)
    took = time.monotonic() - began
    if paper.show("ExitCode") != "0" or took > STOP_S:
        raise MachineError(f"exit {paper.show('ExitCode')} after {took:.1f} s")
    filld.until("bad health", lambda: not filld.healthy(), READY_S)
    said = filld.sh("sh", "-c", "filld health --json || true")
    return f"not ready: {json.loads(said)['not_ready'][0]}"


def keeps_secrets(filld: Container) -> str:
    """Files in /run/secrets are settings; no secret is in the environment or the log."""
    _, secrets = as_credentials(filld.sh("cat", ENV), lambda path: filld.sh("cat", path))
    hidden = {name: s for name, s in secrets.items() if not name.endswith(("key_id", "api_key"))}
    said = filld.log() + filld.sh("cat", "/proc/1/environ")
    folder = _folder_of(secrets)
    mounted = (f"--volume={folder}:/run/secrets:ro",)
    shown = once("filld", "check-config", "--json", options=mounted)
    shutil.rmtree(folder)
    rows = json.loads(shown)["settings"]
    sources = {row["key"].replace(".", "_"): row["source"] for row in rows}
    for name, secret in secrets.items():
        if sources[name] != "credentials":
            raise MachineError(f"{name} comes from {sources[name]}")
        if name in hidden and secret.strip() in said + shown:
            raise MachineError(f"{name} can be read")
    return f"{len(secrets)} files in /run/secrets, none in the environment or the log"


def _folder_of(secrets: dict[str, str]) -> Path:
    folder = HOME / "secrets"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, secret in secrets.items():
        file = folder / name
        file.write_text(secret, "utf-8")
        file.chmod(0o400)
        os.chown(file, UID, UID)
    os.chown(folder, UID, UID)
    return folder


CHECKS: tuple[tuple[str, Check], ...] = (
    ("the image", image_is_lean),
    ("ready", becomes_ready),
    ("confinement", is_confined),
    ("read-only root", root_is_read_only),
    ("secrets", keeps_secrets),
    ("kill -9", survives_kill),
    ("stop", stops),
    ("early stop", hears_an_early_stop),
    ("exchange gone", tells_bad_health),
)


def checked() -> Iterator[tuple[str, str, bool]]:
    """Each check with what it saw."""
    paper, filld = Container("paper"), Container("filld")
    wait = paper.service.healthcheck
    assert wait is not None
    filld.service.environment["FILLD_STOPS"] = FAR_STOPS
    make_volumes()
    paper.create()
    paper.until("the paper exchange", lambda: paper.holds(*wait.test[1:]), READY_S)
    filld.create()
    for name, check in CHECKS:
        try:
            yield name, check(filld), True
        except (MachineError, AssertionError) as error:
            yield name, str(error), False


def main() -> int:
    """Build, run, check, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="JSON for machines")
    options = parser.parse_args()
    why = missing()
    if why is not None:
        print(f"not here: {why}", file=sys.stderr)
        return 3
    clear()
    build()
    try:
        rows = list(checked())
    finally:
        clear()
    if options.json:
        print(json.dumps([{"check": n, "seen": s, "held": ok} for n, s, ok in rows]))
    else:
        table = Table("check", "seen", "held")
        for name, seen, held in rows:
            table.add_row(name, seen.splitlines()[0], "[green]yes" if held else "[red]NO")
        Console().print(table)
        print("\n".join(f"{name}: {seen}" for name, seen, held in rows if not held))
    return 0 if all(held for _, _, held in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
