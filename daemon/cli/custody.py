"""Verbs about what guards the journal: keygen, audit, rekey."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from daemon.app.custody import audit_journal, rekey_journal
from daemon.cli.exits import ExitCode
from daemon.cli.fill_file import with_journal
from daemon.cli.output import progress, tell, tell_error, tell_json
from daemon.cli.verb import Call, verb
from daemon.journal.audit import Audit
from daemon.journal.chain import Head
from daemon.journal.sealing import Key


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "keygen", settings=False)(keygen)
    verb(application, "audit")(audit)
    verb(application, "rekey")(rekey)


def keygen(
    call: Call,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write it, mode 0600.")
    ] = None,
) -> int:
    """Make a key that seals the journal and exports: into FILE, else to standard output."""
    key = Key.generate()
    if file is not None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(key.reveal() + "\n")
    if call.json_output:
        tell_json({"id": key.id, **({"key": key.reveal()} if file is None else {})})
    elif file is None:
        tell(key.reveal())
    else:
        tell(f"key {key.id} is in {file}: keep a copy, without it nothing sealed can be read")
    return ExitCode.OK


def _anchor(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError:
        raise typer.BadParameter("accepted: SEQ:HASH, the head that an audit showed") from None


def audit(
    call: Call,
    anchor: Annotated[
        Head | None,
        typer.Option(parser=_anchor, metavar="SEQ:HASH", help="A head of an earlier audit."),
    ] = None,
) -> int:
    """Check the chain of records; needs no key (exit code 4: it names the first broken record)."""
    settings = with_journal(call.settings())
    with progress("audit") as told:
        found = audit_journal(settings, told, anchor)
    sound = found.broken is None and not found.snapshots_damaged
    if call.json_output:
        tell_json({"sound": sound, **_view(found)})
    else:
        _tell(found)
    return ExitCode.OK if sound else ExitCode.DISAGREES


def _view(found: Audit) -> dict[str, object]:
    broken = found.broken
    return {
        "records": found.head.seq,
        "head": found.head.text(),
        "chained_from": found.chained_from,
        "sealed_from": found.sealed_from,
        "broken": None if broken is None else {"seq": broken.seq, "what": broken.what},
        "snapshots_damaged": list(found.snapshots_damaged),
    }


def _tell(found: Audit) -> None:
    sealed = "none sealed" if found.sealed_from is None else f"sealed from {found.sealed_from} on"
    tell(f"{found.head.seq} records follow each other, {sealed}; head {found.head.text()}")
    if found.chained_from > 1:
        tell(f"not chained before record {found.chained_from}")
    for seq in found.snapshots_damaged:
        tell_error(f"the snapshot of record {seq} is damaged; a start passes it over")
    if found.broken is not None:
        tell_error(f"record {found.broken.seq} is {found.broken.what}")


def rekey(call: Call) -> int:
    """Seal the whole journal anew with journal.key; the daemon must not run."""
    settings = with_journal(call.settings())
    with progress("rekey") as told:
        head = rekey_journal(settings, told)
    if call.json_output:
        tell_json({"records": head.seq, "head": head.text()})
    else:
        what = f"{head.seq} records sealed anew; head {head.text()}"
        tell(f"{what}; journal.former_keys is needed for older backups only")
    return ExitCode.OK
