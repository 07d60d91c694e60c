"""Keys out of settings: read, and shown nowhere."""

from __future__ import annotations

import pytest

from daemon.app.custody import journal_keys
from daemon.journal.sealing import NO_KEYS, Key, SealKeyError
from daemon.settings import Settings, effective, load_settings

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))


def loaded(**values: str) -> Settings:
    environ = {f"FILLD_JOURNAL__{name}": value for name, value in values.items()}
    return load_settings(None, None, (), environ)


def test_without_a_key_nothing_is_sealed() -> None:
    assert journal_keys(Settings()) == NO_KEYS


def test_keys_are_read_and_not_shown() -> None:
    settings = loaded(KEY=KEY.reveal(), FORMER_KEYS=f"{OTHER.reveal()} {KEY.reveal()}")
    ring = journal_keys(settings)
    assert ring.require().id == KEY.id
    assert [key.id for key in ring.former] == [OTHER.id, KEY.id]
    rows = {row.key: row.value for row in effective(settings)}
    assert rows["journal.key"] == rows["journal.former_keys"] == "(hidden)"
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {rows}"
    for key in (KEY, OTHER):
        assert key.reveal() not in shown


def test_what_is_no_key_is_named() -> None:
    with pytest.raises(SealKeyError, match=r"journal\.former_keys: is no key"):
        journal_keys(loaded(FORMER_KEYS="abc"))
