"""keygen, audit, rekey, and every verb on a sealed journal; no key is ever said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from daemon.journal.audit import audit
from daemon.journal.lock import FileLock
from daemon.journal.sealing import Key
from tests.cli.stage import Said, Stage, invoke, story
from tests.cli.test_positions_file import SEED
from tests.journal.journals import filled, tamper

KEY, OTHER = Key(b"canary-secret-of-32-bytes-long!!"), Key(bytes(range(32)))


@pytest.fixture
def with_keys(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("FILLD_JOURNAL__KEY", KEY.reveal())
    return stage


def silent(_done: int, _total: int) -> None:
    return


def import_positions(stage: Stage, *words: str) -> Said:
    file = stage.config.with_name("positions.json")
    file.write_bytes(SEED)
    return stage.filld("import-positions", str(file), *words)


def test_a_key_is_made(stage: Stage) -> None:
    said = invoke("keygen")
    assert Key.parse(said.out, "x").reveal() == said.out.strip()
    assert said.out != invoke("keygen").out
    file = stage.config.with_name("journal_key")
    said = invoke("keygen", str(file))
    key = Key.parse(file.read_text(), "x")
    assert (said.code, said.out.split()[1]) == (0, key.id)
    assert key.reveal() not in said.out
    assert file.stat().st_mode & 0o777 == 0o600
    again = invoke("keygen", str(file))
    assert (again.code, again.err) == (1, f"filld: {file}: cannot be used (File exists)\n")
    assert Key.parse(file.read_text(), "x").id == key.id
    file.unlink()
    assert invoke("keygen", str(file), "--json").json.keys() == {"id"}
    view = invoke("keygen", "--json").json
    assert Key.parse(str(view["key"]), "x").id == view["id"]


def test_a_sealed_journal_is_read_with_its_key_alone(
    with_keys: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert import_positions(with_keys).code == 0
    assert with_keys.filld("positions", "--json").code == 0
    assert with_keys.filld("replay", "--verify").code == 0
    monkeypatch.delenv("FILLD_JOURNAL__KEY")
    for verb in (["positions"], ["status"], ["replay"], ["replay", "--verify"], ["rekey"]):
        said = with_keys.filld(*verb)
        assert said.code in {1, 2}, verb
        assert "not configured" in said.err or "no key is configured" in said.err
    said = import_positions(with_keys)
    assert (said.code, f"sealed with key {KEY.id}" in said.err) == (1, True)
    assert with_keys.filld("audit").code == 0


def test_the_key_may_be_a_credential(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal_key").write_text(f"{KEY.reveal()}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert import_positions(stage).code == 0
    assert audit(stage.journal, silent).sealed_from == 1


def test_a_changed_key_and_rekey(with_keys: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_keys.keep(story())
    assert import_positions(with_keys).code == 0
    before = with_keys.filld("positions", "--json").json
    monkeypatch.setenv("FILLD_JOURNAL__KEY", OTHER.reveal())
    assert f"key {KEY.id}" in with_keys.filld("rekey").err
    monkeypatch.setenv("FILLD_JOURNAL__FORMER_KEYS", KEY.reveal())
    lock = FileLock(with_keys.journal.with_name("journal.db.lock"), "the journal")
    said = with_keys.filld("rekey")
    assert (said.code, "in use by process" in said.err) == (1, True)
    lock.release()
    said = with_keys.filld("rekey")
    assert (said.code, said.err) == (0, "")
    assert "records sealed anew; head " in said.out
    view = with_keys.filld("rekey", "--json").json
    monkeypatch.delenv("FILLD_JOURNAL__FORMER_KEYS")
    after = with_keys.filld("positions", "--json").json
    assert after["positions"] == before["positions"]
    found = with_keys.filld("audit", "--json").json
    assert (found["sound"], found["head"]) == (True, view["head"])


REQUIRED = ("--set", "journal.require_sealed=true")


def test_an_unsealed_journal_is_refused_where_sealed_ones_are_required(
    with_keys: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key nobody can forge a sealed journal, but anybody an unsealed one."""
    with_keys.keep(story())
    size = with_keys.journal.stat().st_size
    for verb in (["positions"], ["replay"], ["performance"], ["export", "-"], ["rekey"]):
        said = with_keys.filld(*verb, *REQUIRED)
        assert (said.code, "journal.require_sealed is on" in said.err) == (1, True), verb
    assert with_keys.journal.stat().st_size == size
    assert with_keys.filld("rekey", "--set", "journal.require_sealed=false").code == 0
    assert with_keys.filld("positions", *REQUIRED).code == 0
    monkeypatch.delenv("FILLD_JOURNAL__KEY")
    said = with_keys.filld("positions", *REQUIRED)
    assert (said.code, "no key is configured" in said.err) == (2, True)


def test_an_unsealed_journal_that_says_it_is_sealed_is_refused(with_keys: Stage) -> None:
    with_keys.keep(story())
    forged = apsw.Connection(str(with_keys.journal))
    notes = [("sealed_from", "1"), (f"key:{KEY.id}", "")]
    forged.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", notes)
    forged.close()
    said = with_keys.filld("positions", *REQUIRED)
    assert (said.code, "record 1 is not sealed, though all are" in said.err) == (1, True)


def test_a_new_journal_is_sealed_where_that_is_required(with_keys: Stage) -> None:
    for _ in range(2):
        assert import_positions(with_keys, *REQUIRED).code == 0
    assert audit(with_keys.journal, silent).sealed_from == 1


def test_an_audit_of_a_sound_journal(with_keys: Stage) -> None:
    with_keys.keep(story())
    count = len(story().records)
    said = with_keys.filld("audit")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{count} records follow each other, none sealed; head {count}:")
    head = said.out.split()[-1]
    assert with_keys.filld("audit", "--anchor", head).code == 0
    import_positions(with_keys)
    assert f"sealed from {count + 1} on" in with_keys.filld("audit", "--anchor", head).out
    assert with_keys.filld("audit", "--anchor", "5").code == 2
    assert with_keys.filld("audit", "--anchor", "5:" + "00" * 32).code == 4


def test_an_audit_names_the_first_broken_record(stage: Stage) -> None:
    assert stage.filld("audit").code == 3
    assert stage.filld("rekey").code == 3
    asyncio.run(filled(stage.journal))
    tamper(stage.journal, "UPDATE records SET recorded_ns = 1 WHERE seq = 3")
    said = stage.filld("audit")
    assert (said.code, said.err) == (4, "filld: record 3 is altered\n")
    view = stage.filld("audit", "--json").json
    assert (view["sound"], view["broken"]) == (False, {"seq": 3, "what": "altered"})
    tamper(stage.journal, "DELETE FROM records WHERE seq = 2")
    assert stage.filld("audit").err == "filld: record 2 is missing: 3 comes after 1\n"
    tamper(stage.journal, "DELETE FROM records WHERE seq > 1")
    said = stage.filld("audit")
    assert said.err.endswith(
        "record 2 is missing: the head names record 5, the journal was cut off\n"
    )


def test_an_audit_says_what_it_cannot_vouch_for(stage: Stage) -> None:
    asyncio.run(filled(stage.journal))
    tamper(stage.journal, "DELETE FROM meta WHERE name IN ('head', 'chained_from')")
    tamper(stage.journal, "UPDATE records SET row_hash = randomblob(32)")
    tamper(stage.journal, "INSERT INTO snapshots VALUES (5, 1, x'80', x'00')")
    said = stage.filld("audit")
    assert said.out.endswith("not chained before record 6\n")
    assert said.err == "filld: the snapshot of record 5 is damaged; a start passes it over\n"
    assert said.code == 4


@pytest.mark.parametrize("name", ["FILLD_JOURNAL__KEY", "FILLD_JOURNAL__FORMER_KEYS"])
def test_what_is_no_key_is_named_and_not_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "canary")
    setting = name.removeprefix("FILLD_").replace("__", ".").lower()
    for verb in ("check-config", "rekey"):
        asyncio.run(filled(stage.journal, count=0))
        said = stage.filld(verb)
        assert said.code == 2
        assert f"{setting}: is no key; accepted: 32 bytes as base64" in said.err
        assert "canary" not in said.out + said.err


def test_no_verb_says_the_key(with_keys: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILLD_JOURNAL__FORMER_KEYS", OTHER.reveal())
    said = [import_positions(with_keys)]
    said += [
        with_keys.filld(*words)
        for words in (["check-config"], ["check-config", "--json"], ["audit"], ["rekey"])
    ]
    tamper(with_keys.journal, "UPDATE records SET payload = x'00'")
    said += [with_keys.filld(verb) for verb in ("status", "audit", "rekey")]
    text = "".join(one.out + one.err for one in said)
    files = b"".join(file.read_bytes() for file in with_keys.config.parent.iterdir())
    for key in (KEY, OTHER):
        for form in (key.reveal(), key._secret.hex()):
            assert form not in text
            assert form.encode() not in files
    assert "canary" not in text
    assert b"canary" not in files
    assert "journal.former_keys" in text
