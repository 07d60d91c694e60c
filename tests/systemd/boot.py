"""`make test-systemd`: filld.service under a real systemd, watched from the outside.

Start to READY, kill -9 with the book intact, a hang and the watchdog, reload, stop, credentials,
the journal's fields, the unit's exposure, the runbook's lines. Exit code 0: all held; 1: one did
not; 3: not here.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from tests.readme.pages import RUNBOOK, commands
from tests.systemd.machine import ROOT, UNIT, Machine, MachineError, booted, build, missing

CONFIG = """
[kalshi]
place_live_orders = true
[journal]
path = "/var/lib/filld/journal.db"
state_dir = "/var/lib/filld"
[control]
socket = "/run/filld/filld.sock"
[[stops]]
symbol = "*"
stop_percent = "90"
"""
PAPER_UNIT = """
[Service]
ExecStart=/opt/filld/bin/filld paper --config /etc/filld/paper.toml --env-dir /run/paper
"""
FILLD = ("/opt/filld/bin/filld",)
WITH_CONFIG = ("--config", "/etc/filld/filld.toml")
SECRETS = ("KEY_ID", "API_KEY", "API_SECRET", "PASSPHRASE", "PRIVATE_KEY_FILE")
RESTART_S, HANG_S, STOP_S = 10.0, 40.0, 10.0
RUNBOOK_TITLES = (
    "First minute",
    "Your way of running it",
    "The journal's key",
    "A journal lost, damaged, or restored",
)
Check = Callable[[Machine], str]


def install(machine: Machine) -> None:
    """The exchange, the configuration, the secrets as files, the unit; then start it."""
    machine.write("/etc/filld/paper.toml", (ROOT / "config" / "paper.toml").read_text())
    machine.write("/etc/systemd/system/paper.service", PAPER_UNIT)
    machine.write("/etc/filld/filld.toml", CONFIG)
    for unit in sorted((ROOT / "systemd").glob("*.service")):
        machine.write(f"/etc/systemd/system/{unit.name}", unit.read_text())
    machine.sh("systemctl", "daemon-reload")
    machine.sh("systemctl", "restart", "paper.service")
    env = "/run/paper/main.env"
    machine.until(
        "the paper exchange",
        lambda: bool(machine.sh("sh", "-c", f"test -s {env} && echo yes", check=False)),
        20,
    )
    plain, secrets = as_credentials(machine.read(env), machine.read)
    for key, value in secrets.items():
        machine.write(f"/etc/filld/credentials/{key}", value, 0o400)
    machine.write("/etc/filld/filld.env", "\n".join(plain))


def as_credentials(env: str, read: Callable[[str], str]) -> tuple[list[str], dict[str, str]]:
    """The lines of an env file that are no secrets, and the secrets by their credentials' names."""
    plain, secrets = [], {}
    for line in env.splitlines():
        name, _, value = line.partition("=")
        key = name.removeprefix("FILLD_").replace("__", "_").lower()
        if not name.endswith(SECRETS):
            plain.append(line)
        elif key == "kalshi_private_key_file":
            secrets["kalshi_private_key"] = read(value)
        else:
            secrets[key] = value
    return plain, secrets


def starts(machine: Machine) -> str:
    """READY comes after the first comparison with every venue."""
    machine.sh("systemctl", "start", UNIT)
    machine.until("positions to be known", lambda: len(positions(machine)) > 0, 20)
    return f"active, {machine.show('StatusText')}"


def positions(machine: Machine) -> list[dict[str, object]]:
    """What filld says it guards."""
    rows = json.loads(machine.sh(*FILLD, "positions", "--json", *WITH_CONFIG))["positions"]
    assert isinstance(rows, list)
    return [
        {name: row[name] for name in ("venue", "symbol", "stake", "entry_price")} for row in rows
    ]


def survives_kill(machine: Machine) -> str:
    """kill -9: active again with the same book."""
    before, pid = positions(machine), machine.show("MainPID")
    machine.sh("kill", "-9", pid)
    took = machine.until("the restart", lambda: again(machine, pid), RESTART_S)
    after = positions(machine)
    if after != before:
        raise MachineError(f"before {before}, after {after}")
    return f"active again after {took:.1f} s, {len(after)} positions as before"


def again(machine: Machine, pid: str) -> bool:
    """Another process is active."""
    return machine.active() and machine.show("MainPID") not in {pid, "0"}


def survives_hang(machine: Machine) -> str:
    """SIGSTOP: nobody feeds the watchdog, systemd puts a new one in its place."""
    pid = machine.show("MainPID")
    machine.sh("kill", "-STOP", pid)
    took = machine.until("the watchdog", lambda: again(machine, pid), HANG_S)
    if "Watchdog timeout" not in log_of(machine):
        raise MachineError("it was replaced, but not by the watchdog")
    return f"active again after {took:.1f} s, restarts {machine.show('NRestarts')}"


def reloads(machine: Machine) -> str:
    """systemctl reload: a better file comes into force, a broken one changes nothing."""
    pid, before = machine.show("MainPID"), levels(machine)
    machine.write("/etc/filld/filld.toml", CONFIG.replace('"90"', '"80"'))
    machine.sh("systemctl", "reload", UNIT)
    machine.until("the new rules", lambda: machine.active() and levels(machine) != before, 10)
    after = levels(machine)
    machine.write("/etc/filld/filld.toml", CONFIG.replace('"90"', '"many"'))
    machine.sh("systemctl", "reload", UNIT)
    machine.until("the refusal", lambda: "reload_refused" in log_of(machine), 10)
    machine.write("/etc/filld/filld.toml", CONFIG)
    if levels(machine) != after or machine.show("MainPID") != pid:
        raise MachineError("a broken file changed the rules, or ended the process")
    return f"levels {', '.join(before)} became {', '.join(after)}; a broken file is refused"


def levels(machine: Machine) -> list[str]:
    """The level of each position's rule."""
    rows = json.loads(machine.sh(*FILLD, "positions", "--json", *WITH_CONFIG))["positions"]
    return [str(level["level_price"]) for row in rows for level in row["levels"]]


def log_of(machine: Machine) -> str:
    """The unit's lines in the journal."""
    return machine.sh("journalctl", "-u", UNIT, "-o", "cat", "--no-pager")


def keeps_secrets(machine: Machine) -> str:
    """Credentials come as files of the unit, in no environment and no log."""
    pid = machine.show("MainPID")
    log = machine.sh("journalctl", "--no-pager")
    environ = machine.read(f"/proc/{pid}/environ")
    credentials = machine.sh("ls", "/etc/filld/credentials").split()
    for name in credentials:
        secret = machine.read(f"/etc/filld/credentials/{name}").strip()
        if secret in environ or (not name.endswith(("key_id", "api_key")) and secret in log):
            raise MachineError(f"{name} can be read")
    return f"{len(credentials)} credentials, none in the environment or the log"


def logs_fields(machine: Machine) -> str:
    """Each line of the log is one JSON object with a UTC time, a level and an event."""
    text = machine.sh("journalctl", "-u", UNIT, "-o", "json", "--no-pager")
    lines = [json.loads(line) for line in text.splitlines()]
    ours = [
        json.loads(line["MESSAGE"])
        for line in lines
        if str(line.get("MESSAGE", "")).startswith("{")
    ]
    for line in ours:
        if not {"timestamp", "level", "event"} <= line.keys():
            raise MachineError(f"a line without time, level or event: {line}")
    starts = [line for line in ours if line["event"] == "filld_started"]
    found = native(machine, "FILLD_EVENT=filld_started")
    if not starts or [json.loads(str(one["MESSAGE"])) for one in found] != starts:
        raise MachineError(f"{len(starts)} starts, {len(found)} found by FILLD_EVENT")
    priced = native(machine, "FILLD_VENUE=kalshi", "FILLD_LEVEL=info")
    told = [line for line in ours if (line.get("venue"), line["level"]) == ("kalshi", "info")]
    if not told or {(one["PRIORITY"], one["SYSLOG_IDENTIFIER"]) for one in priced} != {
        ("6", "filld")
    }:
        raise MachineError(f"{len(told)} lines of kalshi, {len(priced)} found by FILLD_VENUE")
    return f"{len(ours)} structured lines, {len(priced)} found by their native fields"


def native(machine: Machine, *fields: str) -> list[dict[str, object]]:
    """The unit's entries that have these of journald's own fields."""
    words = ("journalctl", f"_SYSTEMD_UNIT={UNIT}", *fields, "-o", "json", "--no-pager")
    return [json.loads(line) for line in machine.sh(*words).splitlines()]


def is_confined(machine: Machine) -> str:
    """What systemd says of the running unit."""
    text = machine.sh("systemd-analyze", "security", "--no-pager", UNIT)
    pid = machine.show("MainPID")
    status = dict(
        line.split(":\t", 1)
        for line in machine.read(f"/proc/{pid}/status").splitlines()
        if ":\t" in line
    )
    if status["CapEff"].strip("0 ") or status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
        raise MachineError(f"CapEff {status['CapEff']}, NoNewPrivs {status['NoNewPrivs']}")
    return text.strip().splitlines()[-1].removeprefix("→ ")


def stops(machine: Machine) -> str:
    """systemctl stop: exit 0 within the limit, and a second start goes on with the same book."""
    before = positions(machine)
    began = time.monotonic()
    machine.sh("systemctl", "stop", UNIT)
    machine.until("the stop", lambda: machine.show("ActiveState") == "inactive", STOP_S)
    took = time.monotonic() - began
    if machine.show("Result") != "success" or machine.show("ExecMainStatus") != "0":
        raise MachineError(f"{machine.show('Result')}, exit {machine.show('ExecMainStatus')}")
    machine.sh("systemctl", "start", UNIT)
    if positions(machine) != before:
        raise MachineError("another book after the second start")
    return f"clean within {took:.1f} s"


def is_kept(machine: Machine) -> str:
    """The runbook's own lines, typed as root: the service goes on with what root has written."""
    lines = ["export PATH=/opt/filld/bin:$PATH FILLD_ENV_FILE=/etc/filld/filld.env"]
    for title in RUNBOOK_TITLES:
        lines += [command.text for command in commands(RUNBOOK, title)]
    machine.sh("bash", "-euc", "\n".join(lines))
    took = machine.until("every stop again", lambda: healthy(machine), RESTART_S)
    if roots := machine.sh("find", "/var/lib/private/filld", "-user", "root"):
        raise MachineError(f"root's: {roots}")
    return f"{len(lines)} lines; ready after {took:.1f} s"


def healthy(machine: Machine) -> bool:
    """Whether every stop would fire."""
    said = machine.sh(*FILLD, "health", "--json", *WITH_CONFIG, check=False)
    return bool(json.loads(said)["ready"])


CHECKS: tuple[tuple[str, Check], ...] = (
    ("start to READY", starts),
    ("credentials", keeps_secrets),
    ("confinement", is_confined),
    ("kill -9", survives_kill),
    ("reload", reloads),
    ("hang", survives_hang),
    ("log fields", logs_fields),
    ("stop", stops),
    ("runbook", is_kept),
)


def checked(machine: Machine) -> Iterator[tuple[str, str, bool]]:
    """Each check with what it saw."""
    for name, check in CHECKS:
        try:
            yield name, check(machine), True
        except (MachineError, AssertionError) as error:
            yield name, str(error), False


def main() -> int:
    """Build, boot, check, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="JSON for machines")
    options = parser.parse_args()
    why = missing()
    if why is not None:
        print(f"not here: {why}", file=sys.stderr)
        return 3
    build()
    with booted() as machine:
        install(machine)
        rows = list(checked(machine))
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
