"""Sealed bytes: every altered bit, cut, foreign key and foreign place is an error; no key shows."""

from __future__ import annotations

import base64
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal import sealing
from daemon.journal.sealing import (
    NO_KEYS,
    OVERHEAD_BYTES,
    Key,
    KeyRing,
    SealBrokenError,
    Sealer,
    SealKeyError,
    UnknownKeyError,
    is_sealed,
    seal,
    unseal,
)

SECRET = bytes(range(100, 132))
KEY, OTHER = Key(SECRET), Key(bytes(32))
RING = KeyRing(KEY)
PLACE = b"export\0j1"


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_what_is_sealed_comes_back(plain: bytes, place: bytes) -> None:
    sealed = seal(plain, KEY, place)
    assert is_sealed(sealed)
    assert len(sealed) == len(plain) + OVERHEAD_BYTES
    assert unseal(sealed, RING, place) == plain
    assert unseal(sealed, KeyRing(OTHER, (KEY,)), place) == plain


@given(st.binary(max_size=64), st.data())
def test_any_altered_bit_is_found(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(plain, KEY, PLACE))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(SealBrokenError):
        unseal(bytes(sealed), RING, PLACE)


@given(st.binary(max_size=64), st.data())
def test_any_cut_is_found(plain: bytes, data: st.DataObject) -> None:
    sealed = seal(plain, KEY, PLACE)
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    with pytest.raises(SealBrokenError, match=r"truncated|not sealed"):
        unseal(cut, RING, PLACE)
    with pytest.raises(SealBrokenError, match="altered or truncated"):
        unseal(sealed + b"\0", RING, PLACE)


def test_errors_say_what_is_wrong() -> None:
    sealed = seal(b"x", KEY, PLACE)
    with pytest.raises(UnknownKeyError, match=f"key {KEY.id}, which is not configured"):
        unseal(sealed, KeyRing(OTHER), PLACE)
    with pytest.raises(UnknownKeyError):
        unseal(sealed, NO_KEYS, PLACE)
    with pytest.raises(SealBrokenError, match="belongs elsewhere"):
        unseal(sealed, RING, b"export\0j2")
    with pytest.raises(SealBrokenError, match="newer filld"):
        unseal(sealed[:4] + b"\x02" + sealed[5:], RING, PLACE)
    with pytest.raises(SealBrokenError, match="not sealed by filld"):
        unseal(b"{}", RING, PLACE)


def test_a_sealer_never_repeats_a_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Sealer(KEY), Sealer(KEY)
    sealed = [one.seal(b"x", PLACE) for _ in range(300)] + [two.seal(b"x", PLACE)]
    assert len({text[13:25] for text in sealed}) == 301
    assert unseal(sealed[299], RING, PLACE) == b"x"
    monkeypatch.setattr(sealing, "_COUNTER_BYTES", 0)
    assert one.seal(b"x", PLACE)[13:21] != sealed[0][13:21]  # used up: the other bits are new


@pytest.mark.parametrize(
    "text",
    [
        SECRET.hex(),
        SECRET.hex().upper(),
        base64.b64encode(SECRET).decode(),
        base64.urlsafe_b64encode(SECRET).decode().rstrip("="),
        f"  {SECRET.hex()}\n",
    ],
)
def test_a_key_is_read_as_hex_or_base64(text: str) -> None:
    assert Key.parse(text, "journal.key").id == KEY.id
    assert Key.parse(KEY.reveal(), "journal.key").id == KEY.id


@pytest.mark.parametrize("text", ["", "canary", "canary" * 9, SECRET.hex()[2:], "ä" * 64, "z" * 64])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SealKeyError, match=r"^journal\.key: is no key; accepted: 32 bytes") as info:
        Key.parse(text, "journal.key")
    shown = "".join(traceback.format_exception(info.value))
    assert "canary" not in shown
    assert "ä" not in shown
    with pytest.raises(SealKeyError, match="32 bytes, this one 3"):
        Key(b"abc")


def test_a_ring_is_read_from_settings() -> None:
    assert KeyRing.parse("", "", "journal.") == NO_KEYS
    ring = KeyRing.parse(KEY.reveal(), f"{OTHER.reveal()},\n{SECRET.hex()} ", "journal.")
    assert ring.require().id == KEY.id
    assert [key.id for key in ring.former] == [OTHER.id, KEY.id]
    with pytest.raises(SealKeyError, match=r"journal\.former_keys: is no key"):
        KeyRing.parse("", "abc", "journal.")
    with pytest.raises(SealKeyError, match="no key is configured"):
        NO_KEYS.require()


def test_no_key_is_shown() -> None:
    shown = f"{KEY} {KEY!r} {RING} {RING!r} {Sealer(KEY).__dict__} {vars(sealing)['NO_KEYS']}"
    with pytest.raises(UnknownKeyError) as info:
        unseal(seal(b"x", OTHER, PLACE), RING, PLACE)
    shown += "".join(traceback.format_exception(info.value))
    for form in (SECRET.hex(), KEY.reveal(), repr(SECRET)):
        assert form not in shown
    assert KEY.id in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_the_form_stays_readable() -> None:
    """Written by the first version; a later one must still open it."""
    sealed = bytes.fromhex(
        "89464453016efce5ab4fc05961000102030405060708090a0be0ae5f3e6f127579"
        "e24af16399f6798e24786c4a61"
    )
    assert unseal(sealed, KeyRing(OTHER), PLACE) == b"hello"
