"""The keys of the settings, and what is done to a whole journal: audit, rekey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from daemon.journal.audit import Audit, audit
from daemon.journal.chain import Head
from daemon.journal.rekey import rekey
from daemon.journal.sealing import KeyRing
from daemon.settings import Settings

Told = Callable[[int, int], None]


def journal_keys(settings: Settings) -> KeyRing:
    """The keys of [journal], none where none is set; raises `SealKeyError`.

    Also where journals are to be sealed and there is no key to do it.
    """
    secrets = (settings.journal.key, settings.journal.former_keys)
    current, former = ("" if one is None else one.get_secret_value() for one in secrets)
    ring = KeyRing.parse(current, former, "journal.")
    if not settings.journal.require_sealed:
        return ring
    ring.require()
    return replace(ring, sealed_only=True)


def audit_journal(settings: Settings, told: Told, anchor: Head | None = None) -> Audit:
    """What `journal.audit.audit` says of the journal of these settings; needs no key."""
    return audit(settings.journal.path, told, anchor)


def rekey_journal(settings: Settings, told: Told) -> Head:
    """Seal the journal of these settings anew, as `journal.rekey.rekey` says.

    What was kept beside it is of the old key, or of none: it goes.
    """
    head = rekey(settings.journal.path, journal_keys(settings), told)
    figures_path(settings).unlink(missing_ok=True)
    return head


def figures_path(settings: Settings) -> Path:
    """Where the figures of a journal are kept beside it."""
    return settings.journal.path.with_name(f"{settings.journal.path.name}.figures")
