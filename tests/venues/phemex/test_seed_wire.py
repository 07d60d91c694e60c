"""The second seed document's flat Phemex fill, exactly, and what it may not stand for."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import Fill, Undecodable
from daemon.core.terms import Currency, ExecId, Liquidity, Side, Symbol, VenueOrderId
from daemon.venues.phemex.seed_wire import decode_flat_fill
from tests.venues.phemex.builders import PERP_STAMP, frame

D = Decimal


def flat(**changes: object) -> bytes:
    return json.dumps({**json.loads(frame("flat_fill")), **changes}).encode()


def test_the_documented_input() -> None:
    assert decode_flat_fill(PERP_STAMP, frame("flat_fill")) == (
        Fill(
            **PERP_STAMP,
            symbol=Symbol("BTCUSDT"),
            venue_order_id=VenueOrderId("789123456"),
            exec_id=ExecId("147258369"),
            side=Side.BUY,
            last_qty=D("0.003"),
            last_px=D(52000),
            commission=D("0.156"),
            commission_currency=Currency("USDT"),
            liquidity=Liquidity.TAKER,
        ),
    )


@pytest.mark.parametrize(
    ("changes", "side", "liquidity", "currency"),
    [
        ({"side": "Sell", "execStatus": "MakerFill"}, Side.SELL, Liquidity.MAKER, "USDT"),
        ({"feeCurrency": None, "currency": "USDC"}, Side.BUY, Liquidity.TAKER, "USDC"),
        ({"execStatus": "maker"}, Side.BUY, Liquidity.MAKER, "USDT"),
        ({"execFeeRv": "0", "ptFeeRv": "1.5"}, Side.BUY, Liquidity.TAKER, "PT"),
    ],
)
def test_the_wires_own_spelling(
    changes: dict[str, object], side: Side, liquidity: Liquidity, currency: str
) -> None:
    (found,) = decode_flat_fill(PERP_STAMP, flat(**changes))
    assert isinstance(found, Fill)
    assert (found.side, found.liquidity, found.commission_currency) == (side, liquidity, currency)


@pytest.mark.parametrize(
    "changes",
    [
        {"execStatus": "New"},
        {"execID": "00000000-0000-0000-0000-000000000000"},
        {"execQty": "0"},
        {"side": "hold"},
        {"orderID": 7},
    ],
)
def test_what_is_no_fill_is_told(changes: dict[str, object]) -> None:
    (told,) = decode_flat_fill(PERP_STAMP, flat(**changes))
    assert isinstance(told, Undecodable)
