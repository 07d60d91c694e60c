"""What `filld doctor` looks at on this machine: files and modes, journal, lock, socket, limits.

It changes nothing: it takes no lock and makes no file.
"""

from __future__ import annotations

import os
import resource
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.app.custody import journal_keys
from daemon.app.findings import Check, Findings
from daemon.control.client import DoorClient
from daemon.control.door import DoorError, DoorRefusedError, NoDaemonError
from daemon.core.errors import TheirsError
from daemon.journal.lock import holder_of
from daemon.journal.opening import sqlite_version
from daemon.journal.sqlite import lock_path, read_only
from daemon.settings import Settings
from daemon.settings.sources import CREDENTIALS

# A unix socket's path has to fit into sun_path, its final NUL included.
_SOCKET_PATH_BYTES: Final = 107
_FILES_LEAST: Final = 1_024
_MB: Final = 1_000_000
# The ballast alone takes 64 MB; a day of 300 markets makes some hundred.
_FREE_LEAST: Final = 100 * _MB
_FREE_WANTED: Final = 1_000 * _MB
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


async def machine_checks(
    settings: Settings, files: Mapping[str, Path], environ: Mapping[str, str]
) -> list[Check]:
    """Every check of this machine; `files` are what settings were read from, by what they are."""
    found = Findings("machine")
    for name, path in files.items():
        _file(found, name, path)
    _credentials(found, environ.get("CREDENTIALS_DIRECTORY"))
    _journal(found, settings)
    await _daemon(found, settings)
    _limits(found)
    return found.checks


def _file(found: Findings, name: str, path: Path) -> None:
    """A file of settings; one that may hold secrets is nobody else's."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        found.fail(name, f"{path}: {error.strerror}", "check the path")
        return
    if not os.access(path, os.R_OK):
        found.fail(name, f"{path} cannot be read", "give the user of filld the right to read it")
    elif mode & _OTHERS and name == "env file":
        found.warn(name, f"{path} has mode {mode:04o}: others read it", f"chmod 600 {path}")
    elif mode & (stat.S_IWGRP | stat.S_IWOTH):
        found.warn(name, f"{path} has mode {mode:04o}: others write it", f"chmod go-w {path}")
    else:
        found.ok(name, f"{path} (mode {mode:04o})")


def _credentials(found: Findings, directory: str | None) -> None:
    item = "credentials"
    if directory is None:
        found.ok(item, "none: not started by systemd with LoadCredential")
        return
    try:
        names = sorted(entry.name for entry in Path(directory).iterdir())
    except OSError as error:
        found.fail(item, f"{directory}: {error.strerror}", "check LoadCredential of the unit")
        return
    strange = [name for name in names if name.removeprefix("filld_") not in CREDENTIALS]
    if strange:
        text = f"{directory} has {', '.join(strange)}, which is no setting"
        found.warn(item, text, "name a credential like its key: kalshi_private_key")
    else:
        found.ok(item, f"{directory}: {', '.join(names) or 'empty'}")


def _journal(found: Findings, settings: Settings) -> None:
    path = settings.journal.path
    for name, place in (("journal", path.parent), ("state", settings.journal.state_dir)):
        near = next(one for one in (place, *place.parents) if one.exists())
        if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
            advice = f"give the user of filld (uid {os.getuid()}) the right to write {near}"
            found.fail(name, f"{place} cannot be written", advice)
            continue
        free = shutil.disk_usage(near).free
        text = f"{place}: {free // _MB} MB free"
        if free < _FREE_WANTED:
            (found.fail if free < _FREE_LEAST else found.warn)(name, text, "free some space")
        else:
            found.ok(name, text)
    try:
        found.ok("sqlite", sqlite_version())
        if not path.exists():
            found.ok("records", f"{path} is not there yet: the first run makes it")
            return
        reader = read_only(path, keys=journal_keys(settings))
        found.ok("records", f"{path} opens: {reader.head().seq} records")
    except TheirsError as error:
        found.fail("records", str(error), "filld audit says more")


async def _daemon(found: Findings, settings: Settings) -> None:
    """Who holds the journal, and whether the door answers."""
    holder, door = holder_of(lock_path(settings.journal.path)), settings.socket_path
    if len(os.fsencode(door)) > _SOCKET_PATH_BYTES:
        text = f"{door} is longer than {_SOCKET_PATH_BYTES} bytes"
        found.fail("socket", text, "set control.socket to a shorter path")
        return
    mode = door.parent.stat().st_mode if door.parent.exists() else 0
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
        text = f"{door.parent} can be written by others, who can put a socket of theirs there"
        found.warn("socket", text, f"chmod go-w {door.parent}")
    try:
        async with DoorClient(door) as client:
            await client.get("/status")
        running = True
    except NoDaemonError:
        running = False
    except (DoorError, DoorRefusedError) as error:
        found.warn("socket", f"{door}: {error}", "look at the daemon's log")
        return
    if holder is not None and not running:
        text = f"process {holder} holds the journal and {door} does not answer"
        found.warn("daemon", text, "it is starting, or another filld: filld status, ps")
    elif running:
        found.ok("daemon", f"one runs (process {holder or 'unknown'}), {door} answers")
    else:
        found.ok("daemon", "none runs; the lock is free")


def _limits(found: Findings) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES_LEAST:
        text = f"{soft} open files (at most {hard})"
        found.warn("ulimit", text, f"ulimit -n {_FILES_LEAST}, or LimitNOFILE of the unit")
    else:
        found.ok("ulimit", f"{soft} open files")
