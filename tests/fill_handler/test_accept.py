"""What callers hand in: taken as it was written, within what can be stored and counted with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.fill_handler import BadInputError, accept
from daemon.fill_handler.exchange_manager import ExchangeManager


@pytest.mark.parametrize(
    ("given", "taken"),
    [("1.50", "1.50"), (0.1, "0.1"), (3, "3"), (Decimal("1E+3"), "1E+3"), ("-0.5", "-0.5")],
)
def test_a_number_is_taken_as_it_was_written(given: object, taken: str) -> None:
    assert str(accept.number("amount", given)) == str(accept.exact("amount", given)) == taken


@pytest.mark.parametrize("given", ["1e99", "1e-99", "9" * 29, "NaN", Decimal("sNaN"), "-Infinity"])
def test_what_sums_cannot_carry_is_no_amount(given: object) -> None:
    with pytest.raises(BadInputError, match=r"^amount = .*: accepted: a decimal number"):
        accept.number("amount", given)


@pytest.mark.parametrize("given", [True, None, b"1", [], (0, (1,), 0), "1,5", "", 1j])
def test_what_is_no_number_is_none(given: object) -> None:
    with pytest.raises(BadInputError, match=r"^price = .*: accepted: a decimal number$"):
        accept.exact("price", given)


def test_a_path_is_text_or_a_path_that_the_system_can_have() -> None:
    assert accept.path("path", "a/b") == accept.path("path", Path("a/b")) == Path("a/b")
    assert accept.path_or_none("path", None) is None
    for given in ("", "a\0b", "\ud800", "a/" * 3_000):
        with pytest.raises(BadInputError, match=r"^path = .*: accepted: a path"):
            accept.path("path", given)
    for kind, wrong in (("bytes", b"a"), ("int", 3)):
        with pytest.raises(BadInputError, match=f"^path is {kind}: accepted: a path"):
            accept.path("path", wrong)


def test_a_text_is_one_that_the_journal_can_hold() -> None:
    assert accept.text("symbol", "x" * 200) == "x" * 200
    assert accept.text_or_none("symbol", None) is None
    wrong: tuple[object, ...] = ("", "x" * 201, "\ud800", b"x", 7, None)
    for given in wrong:
        with pytest.raises(BadInputError, match=r"^symbol = .*: accepted: text of 1 to 200"):
            accept.text("symbol", given)


@pytest.mark.parametrize(
    "mistaken",
    [
        lambda: accept.line("overrides", b"kalshi.private_key=geheim"),
        lambda: ExchangeManager.from_config(overrides="alerts.webhook_url=https://x/geheim"),
        lambda: ExchangeManager.from_config(overrides={"control.token": "geheim"}),  # type: ignore[arg-type]
        lambda: ExchangeManager.from_config(config={"control": {"token": "geheim"}}),  # type: ignore[arg-type]
        lambda: ExchangeManager.from_config(env_file=b"TOKEN=geheim"),  # type: ignore[arg-type]
        lambda: ExchangeManager({"control": {"token": "geheim"}}),  # type: ignore[arg-type]
    ],
)
def test_what_may_hold_a_secret_is_not_shown(mistaken: Callable[[], object]) -> None:
    with pytest.raises(BadInputError, match="accepted: ") as raised:
        mistaken()
    assert "geheim" not in str(raised.value)


class _Float(float):
    """As numpy's: its `repr` names its class."""

    def __repr__(self) -> str:
        return f"float64({float(self)})"


def test_a_float_of_another_librarys_is_taken_by_its_value() -> None:
    assert accept.number("amount", _Float(0.05)) == Decimal("0.05")


def test_rows_are_any_that_come_one_after_the_other() -> None:
    assert list(accept.rows("batch", iter(({}, {})))) == [{}, {}]
    wrong: tuple[object, ...] = ({}, "[]", b"", None, 1)
    for given in wrong:
        with pytest.raises(BadInputError, match=r"^batch is \w+: accepted: a list$"):
            accept.rows("batch", given)
