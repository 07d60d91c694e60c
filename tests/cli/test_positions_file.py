"""The seed's positions files: what they mean, and every way in which one can be bad."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.cli.positions_file import decode_positions, read_positions
from daemon.control.bodies import BadInputError

SEED = b"""[{
    "market_ticker": "NFL-TEAMWINS-20250101-Y",
    "side": "yes",
    "entry_price": 0.65,
    "stake": 50,
    "original_stake_on_exit": 100,
    "exit_order_id": "order_12345",
    "last_exit_price": 0.58,
    "exit_reason": "stop_loss",
    "closing_in_progress": false,
    "partial_fills": [{"qty": 50, "price": 0.58, "time": "2025-01-01T12:00:00Z",
                       "order_id": "order_12345", "reason": "stop_loss"}],
    "settled": false
}]"""


def bad(document: bytes) -> str:
    with pytest.raises(BadInputError) as error:
        decode_positions(document, "f.json")
    return str(error.value)


def row(**fields: object) -> bytes:
    good = {"market_ticker": "A", "side": "yes", "entry_price": 0.5, "stake": 1}
    return msgspec.json.encode([{**good, **fields}])


def test_the_seeds_own_example() -> None:
    found = decode_positions(SEED, "f.json")
    (position,) = found.rows
    assert position.symbol == "NFL-TEAMWINS-20250101-Y"
    assert (position.position_qty, position.entry_px) == (Decimal(50), Decimal("0.65"))
    assert position.venue_order_id == "order_12345"
    assert found.remarks == []


def test_a_no_is_a_short_at_the_complement() -> None:
    (position,) = decode_positions(row(side="NO", entry_price=0.65, stake=10), "f").rows
    assert (position.position_qty, position.entry_px) == (Decimal(-10), Decimal("0.35"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("0.1", "0.1"), ("0.585", "0.585"), ("1e-2", "0.01"), ('"0.07"', "0.07")],
)
def test_numbers_are_read_as_they_are_written(text: str, wanted: str) -> None:
    document = f'[{{"symbol": "A", "side": "yes", "entry_price": {text}, "stake": 2.25}}]'
    (position,) = decode_positions(document.encode(), "f").rows
    assert (position.entry_px, position.position_qty) == (Decimal(wanted), Decimal("2.25"))


def test_old_files_without_ids_and_in_the_middle_of_an_exit() -> None:
    found = decode_positions(row(closing_in_progress=True, exit_order_id=None), "f")
    assert found.rows[0].venue_order_id is None


def test_what_is_over_is_left_out_and_told() -> None:
    document = msgspec.json.encode(
        [
            {"ticker": "A", "side": "yes", "entry_price": 0.5, "stake": 0},
            {"ticker": "B", "side": "yes", "entry_price": 0.5, "stake": 5, "settled": True},
            {"ticker": "C", "side": "yes", "entry_price": 0.5, "stake": 5, "mood": 1},
        ]
    )
    found = decode_positions(document, "f")
    assert [position.symbol for position in found.rows] == ["C"]
    assert found.remarks == [
        "row 1 (A): left out: stake 0",
        "row 2 (B): left out: settled",
        "row 3 (C): not used: mood",
    ]


def test_rows_of_one_market_are_one_position() -> None:
    rows = [
        {"ticker": "A", "side": "no", "entry_price": 0.60, "stake": 1},
        {"ticker": "A", "side": "no", "entry_price": 0.70, "stake": 3},
    ]
    found = decode_positions(msgspec.json.encode(rows), "f")
    (position,) = found.rows
    assert (position.position_qty, position.entry_px) == (Decimal(-4), Decimal("0.325"))
    assert found.remarks == ["row 2 (A): put together with the row before"]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (row(entry_price=1.2), "entry_price = 1.2: accepted: above 0 and below 1 dollar"),
        (row(entry_price=65), "entry_price = 65: accepted: above 0 and below 1 dollar"),
        (row(entry_price="x"), "entry_price = 'x': accepted: a decimal number"),
        (row(entry_price="NaN"), "entry_price = NaN: accepted: above 0 and below 1 dollar"),
        (row(entry_price=None), "entry_price = null: accepted: a decimal number"),
        (row(stake=-1), "stake = -1: accepted: contracts, 0 or more"),
        (row(stake=[]), "stake = []: accepted: a decimal number"),
        (row(side="maybe"), "side = 'maybe': accepted: yes or no"),
        (row(side=1), "side = 1: accepted: text"),
        (row(settled="no"), "settled = 'no': accepted: true or false"),
        (row(symbol="B"), 'market_ticker = ["A","B"]: accepted: one ticker'),
        (row(market_ticker=" "), 'market_ticker = [" "]: accepted: one ticker'),
        (row(market_ticker=None), "market_ticker: is missing"),
        (b'[{"ticker": "A", "side": "yes", "stake": 1}]', "entry_price: is missing"),
        (b"[5]", "5: accepted: an object"),
    ],
)
def test_each_bad_row_names_row_field_value_and_what_is_accepted(
    document: bytes, line: str
) -> None:
    assert bad(document) == f"f.json: row 1: {line}"


@pytest.mark.parametrize("field", [{"entry_price": "1e-9999999"}, {"stake": "1e9999999"}])
def test_numbers_without_measure_are_refused(field: dict[str, object]) -> None:
    assert "at most 12 digits before the point and 20 after" in bad(row(**field))


def test_a_file_nested_without_end() -> None:
    assert bad(b"[" * 200_000) == "f.json: is nested too deep"


def test_every_bad_row_is_told() -> None:
    rows = [*msgspec.json.decode(row(stake=-1)), *msgspec.json.decode(row(side="x"))]
    assert len(bad(msgspec.json.encode(rows)).splitlines()) == 2


def test_yes_and_no_of_one_market() -> None:
    rows = [*msgspec.json.decode(row()), *msgspec.json.decode(row(side="no"))]
    text = "f.json: row 2: side: A is held yes and no in one file; accepted: one of them"
    assert bad(msgspec.json.encode(rows)) == text


def test_what_is_no_list_and_no_json() -> None:
    assert bad(b'{"a": 1}') == 'f.json = {"a":1}: accepted: a list of positions'
    assert bad(b"[{]").startswith("f.json: is not JSON (")
    assert bad(b'["\xff"]').startswith("f.json: is not JSON (")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        read_positions(tmp_path / "none.json")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_positions(tmp_path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate((8 << 20) + 1)
    with pytest.raises(BadInputError, match="accepted: at most 8 MiB"):
        read_positions(large)
