"""Each sealed text belongs to one place of one journal; a wrong one opens nothing."""

from __future__ import annotations

import pytest

from daemon.journal.chain import GENESIS, Head, Row, followed
from daemon.journal.errors import JournalCorruptError, JournalSealedError
from daemon.journal.rows import Draft
from daemon.journal.sealing import KeyRing, SealBrokenError, UnknownKeyError
from daemon.journal.vault import Vault
from tests.journal.journals import KEYS, OTHER_KEY

START = Head(0, GENESIS)
DRAFTS = [Draft(seq, 1, 1_000 + seq, b"Fill", b"payload %d" % seq) for seq in range(1, 4)]
SEALING, PLAIN = Vault("j1", KEYS), Vault("j1")
FOREIGN, KEYLESS = Vault("j2", KEYS), Vault("j1", KeyRing(OTHER_KEY))


@pytest.mark.parametrize("vault", [SEALING, PLAIN], ids=["sealed", "plain"])
def test_rows_are_chained_and_opened(vault: Vault) -> None:
    rows, last = vault.rows(DRAFTS, START)
    assert list(followed(rows, START, 1)) == rows
    for draft, row in zip(DRAFTS, rows, strict=True):
        assert vault.payload(row) == draft.payload
        assert (draft.payload in row.payload) == (vault is PLAIN)
    assert last == Head(rows[-1].seq, rows[-1].row_hash)
    assert vault.rows([], last) == ([], last)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 9},
        {"engine_version": 2},
        {"recorded_ns": 1},
        {"kind": b"Quote"},
        {"prev_hash": bytes(32)},
    ],
)
def test_a_record_is_bound_to_its_columns_and_its_past(change: dict[str, bytes]) -> None:
    rows, _ = SEALING.rows(DRAFTS, START)
    moved: Row = rows[1]._replace(**change)  # type: ignore[arg-type]
    with pytest.raises(JournalCorruptError, match="altered or truncated, or belongs elsewhere"):
        SEALING.payload(moved)


def test_another_journal_or_key_opens_nothing() -> None:
    rows, _ = SEALING.rows(DRAFTS, START)
    with pytest.raises(JournalCorruptError, match="record 1 was altered"):
        FOREIGN.payload(rows[0])
    with pytest.raises(JournalSealedError, match="record 1 was written with key"):
        KEYLESS.payload(rows[0])


def test_a_part_of_a_snapshot_is_bound_to_its_number() -> None:
    sealed = SEALING.seal_part(7, 1, b"part")
    assert SEALING.open_part(7, 1, sealed) == b"part"
    for seq, part in ((7, 0), (8, 1)):
        with pytest.raises(SealBrokenError):
            SEALING.open_part(seq, part, sealed)
    with pytest.raises(UnknownKeyError):
        PLAIN.open_part(7, 1, sealed)
    with pytest.raises(SealBrokenError):  # whoever has no key could put it there
        SEALING.open_part(7, 1, b"part")
    assert PLAIN.open_part(7, 1, PLAIN.seal_part(7, 1, b"part")) == b"part"


def test_the_digest_of_an_order_is_bound_to_its_id() -> None:
    sealed = SEALING.seal_order("fd1", b"digest")
    assert SEALING.open_order("fd1", sealed) == b"digest"
    assert SEALING.open_order("fd1", PLAIN.seal_order("fd1", b"digest")) == b"digest"
    with pytest.raises(JournalCorruptError, match="order fd2 was altered"):
        SEALING.open_order("fd2", sealed)
    with pytest.raises(JournalSealedError, match="order fd1 was written with key"):
        KEYLESS.open_order("fd1", sealed)
