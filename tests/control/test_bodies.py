"""What each body refuses, wherever it is made: field, value and what is accepted."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from daemon.analytics.scene import View
from daemon.control.bodies import (
    BadInputError,
    Body,
    ExitBody,
    HaltBody,
    ImportBody,
    ImportRow,
    ResolveBody,
    SymbolBody,
    TradeBody,
    UnguardBody,
    typed,
)
from daemon.control.server import REQUEST_BYTES_MAX

ROW: View = {"symbol": "A", "position_qty": "1", "entry_px": "0.5"}
TRADE: View = {"token": "t", "venue": "kalshi", "symbol": "A", "order_qty": "1", "limit_px": "0.5"}
MEASURE = "at most 12 digits before the point and 20 after it"


def imported(**fields: object) -> View:
    return {"rows": [{**ROW, **fields}]}


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (HaltBody, {"reason": "x" * 501}, "reason: 501 characters; accepted: at most 500"),
        (
            ResolveBody,
            {"order": "fdx", "filled": "1", "reason": "x" * 501},
            "reason: 501 characters; accepted: at most 500",
        ),
        (SymbolBody, {"symbol": "N" * 129}, "symbol: 129 characters; accepted: at most 128"),
        (ExitBody, {"symbol": "A", "qty": "-1"}, "qty = -1: accepted: above 0"),
        (ExitBody, {"symbol": "A", "qty": "Infinity"}, "qty = Infinity: accepted: above 0"),
        (ExitBody, {"symbol": "A", "qty": "1e-99"}, f"qty = 1E-99: accepted: {MEASURE}"),
        (
            UnguardBody,
            {"symbol": "A", "for_s": "0"},
            "for_s = 0: accepted: seconds above 0, at most ten years",
        ),
        (ImportBody, {"rows": 1}, "rows = 1: accepted: a list"),
        (
            ImportBody,
            {"rows": [ROW] * 5_001},
            "rows: 5001 of them; accepted: at most 5000",
        ),
        (
            ImportBody,
            {"rows": [ROW, {"symbol": "A", "position_qty": "1"}]},
            "rows[1].entry_px: is missing",
        ),
        (
            ImportBody,
            imported(position_qty="x"),
            "rows[0].position_qty = 'x': accepted: a decimal number",
        ),
        (ImportBody, imported(position_qty="0"), "rows[0].position_qty = 0: accepted: not 0"),
        (
            ImportBody,
            imported(entry_px="-1"),
            "rows[0].entry_px = -1: accepted: above 0 and below 1 dollar",
        ),
        (
            ImportBody,
            imported(entry_px=65),
            "rows[0].entry_px = 65: accepted: above 0 and below 1 dollar",
        ),
        (
            ImportBody,
            imported(symbol="A\n"),
            r"rows[0].symbol = 'A\n': accepted: characters that can be seen",
        ),
        (
            ImportBody,
            imported(venue_order_id=""),
            "rows[0].venue_order_id = '': accepted: characters that can be seen",
        ),
        (TradeBody, {**TRADE, "side": "hold"}, "side = 'hold': accepted: buy, sell"),
    ],
)
def test_each_refusal_names_the_field(kind: type[Body], body: View, text: str) -> None:
    with pytest.raises(BadInputError) as error:
        typed(body, kind, "body")
    assert str(error.value) == text


def test_the_largest_import_fits_through_the_door() -> None:
    name = "\N{PILE OF POO}" * 128
    row = ImportRow(
        symbol=name,
        position_qty=Decimal("-" + "9" * 12 + "." + "9" * 20),
        entry_px=Decimal("0." + "9" * 20),
        venue_order_id=name,
    )
    assert len(msgspec.json.encode(ImportBody(rows=[row] * 5_000))) < REQUEST_BYTES_MAX


@pytest.mark.parametrize("name", ["token", "venue", "account", "symbol", "side", "order_qty"])
@pytest.mark.parametrize("value", ["\ud800", object(), ["\ud800"], [object()]])
def test_what_no_json_can_hold_is_refused_with_its_place(name: str, value: object) -> None:
    with pytest.raises(BadInputError, match=rf"^({name}|trade)\b.*: accepted: ") as refused:
        typed({**TRADE, "side": "buy", name: value}, TradeBody, "trade")
    assert str(refused.value).encode()
