"""The sign of a fee per channel, one trade by every way, fees in a third coin, the seed's form."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from daemon.core.events import Fill, Undecodable, VenueEvent
from daemon.core.terms import Currency, ExecId, Liquidity, PositionSide, Side, VenueOrderId
from daemon.venues.bitget.fill_wire import (
    PAID_IS_NEGATIVE,
    decode_classic_fill,
    decode_seed_fill,
    decode_uta_fill,
)
from daemon.venues.bitget.push_wire import classic_fills, classic_orders, uta_fills
from daemon.venues.bitget.wire import USDT, Market
from tests.venues.bitget.builders import (
    AT_NS,
    CLIENT_ID,
    ETH,
    FUTURES,
    FUTURES_TOLD,
    HEDGED_TOLD,
    MS,
    SOL,
    SPOT,
    SPOT_TOLD,
    D,
    frame,
    row,
)

Way = Callable[[msgspec.Raw], tuple[VenueEvent, ...]]
WAYS: dict[str, tuple[str, Way]] = {
    "spot orders": (
        "spot_orders_partial",
        lambda raw: classic_orders(SPOT_TOLD, [raw]).events[:1],
    ),
    "spot fill": ("spot_fill", lambda raw: classic_fills(SPOT_TOLD, [raw]).events),
    "spot rest": (
        "spot_rest_fills",
        lambda raw: decode_classic_fill(SPOT, Market.SPOT, raw, PAID_IS_NEGATIVE),
    ),
    "futures orders": (
        "mix_orders_partial",
        lambda raw: classic_orders(FUTURES_TOLD, [raw]).events[:1],
    ),
    "futures fill": ("mix_fill", lambda raw: classic_fills(FUTURES_TOLD, [raw]).events),
    "futures rest": (
        "mix_rest_fills",
        lambda raw: decode_classic_fill(FUTURES, Market.FUTURES, raw, PAID_IS_NEGATIVE),
    ),
    "uta fill": ("uta_fill", lambda raw: uta_fills(HEDGED_TOLD, [raw]).events),
    "uta rest": (
        "uta_rest_fills",
        lambda raw: decode_uta_fill(FUTURES, Market.FUTURES, raw, hedged=True),
    ),
}


def one(way: str, **changes: object) -> Fill:
    name, decode = WAYS[way]
    (fill,) = decode(row(name, **changes))
    assert isinstance(fill, Fill), fill
    return fill


@pytest.mark.parametrize("way", WAYS)
def test_one_trade_is_the_same_by_every_way(way: str) -> None:
    fill = one(way)
    if way.startswith("spot"):
        exec_id, terms = "1300000000000000101", (D("0.75"), D("150.30"), D("0.112725"))
        maker, held, symbol = Liquidity.MAKER, PositionSide.NET, SOL
    else:
        order = "15" if way.startswith("uta") else "14"
        exec_id, terms = f"{order}00000000000000101", (D("0.45"), D(3051), D("0.82377"))
        maker, held, symbol = Liquidity.TAKER, PositionSide.LONG, ETH
    assert (fill.last_qty, fill.last_px, fill.commission) == terms
    assert (fill.exec_id, fill.liquidity, fill.position_side) == (exec_id, maker, held)
    assert (fill.symbol, fill.side, fill.commission_currency) == (symbol, Side.SELL, USDT)
    assert fill.transact_time_ns == AT_NS + 100 * MS
    no_id = way in {"spot fill", "spot rest"}
    assert fill.client_order_id == (None if no_id else CLIENT_ID)


FEES: dict[str, tuple[str, str]] = {
    "spot orders": ("fillFee", "-"),
    "spot fill": ("totalFee", ""),
    "spot rest": ("totalFee", "-"),
    "futures orders": ("fillFee", "-"),
    "futures fill": ("totalFee", "-"),
    "futures rest": ("totalFee", "-"),
    "uta fill": ("fee", ""),
    "uta rest": ("fee", ""),
}


@pytest.mark.parametrize("way", FEES)
def test_the_sign_of_a_fee_is_its_channels(way: str) -> None:
    field, paid = FEES[way]
    rebate = "" if paid else "-"
    for sign, commission in ((paid, "8.9E-8"), (rebate, "-8.9E-8")):
        amount = f"{sign}8.90000000E-8"
        detail = {"feeCoin": "bgb", "deduction": "no", field: amount}
        changes: dict[str, object] = {"feeDetail": [detail]}
        if field == "fillFee":
            changes = {"fillFee": amount, "fillFeeCoin": "bgb"}
        fill = one(way, **changes)
        assert (fill.commission, fill.commission_currency) == (D(commission), "BGB")


def test_a_fee_deducted_in_bgb() -> None:
    detail = {"feeCoin": "BGB", "deduction": "yes", "totalDeductionFee": "-0.31", "totalFee": "-1"}
    fill = one("futures fill", feeDetail=[detail])
    assert (fill.commission, fill.commission_currency) == (D("0.31"), "BGB")
    detail["totalDeductionFee"] = ""
    assert one("futures fill", feeDetail=[detail]).commission == 1


def test_nothing_paid_needs_no_coin() -> None:
    assert one("uta fill", feeDetail=[]).commission == 0
    assert one("uta fill", feeDetail=[{"feeCoin": "", "fee": "0"}]).commission_currency == USDT
    assert one("futures orders", fillFee="", fillFeeCoin="").commission == 0


def test_a_fee_in_a_second_coin_is_told() -> None:
    details = [{"feeCoin": "BGB", "fee": "0"}, {"feeCoin": "USDT", "fee": "0.2"},
               {"feeCoin": "ETH", "fee": "0.001"}, {"feeCoin": "USDT", "fee": "0.3"}]  # fmt: skip
    fill, told = uta_fills(HEDGED_TOLD, [row("uta_fill", feeDetail=details)]).events
    assert isinstance(fill, Fill)
    assert (fill.commission, fill.commission_currency) == (D("0.5"), "USDT")
    assert isinstance(told, Undecodable)
    assert "0.001 ETH" in told.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "damage",
    [
        {"side": "hold"},
        {"tradeScope": "T", "orderId": ""},
        {"feeDetail": 3, "fillFee": "much"},
        {"baseVolume": "-1", "size": "-1", "execQty": "-1"},
        {"fillPrice": "0", "priceAvg": "0", "price": "0", "execPrice": "0"},
        {"fillTime": "soon", "cTime": "soon", "execTime": "soon", "createdTime": "soon"},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_what_cannot_be_read_is_said(way: str, damage: dict[str, object]) -> None:
    name, decode = WAYS[way]
    events = decode(row(name, **damage))
    assert not any(isinstance(event, Fill) for event in events)


def test_a_row_without_a_trade_is_no_fill() -> None:
    for changes in ({"tradeId": ""}, {"tradeId": None}, {"baseVolume": "0"}):
        events = classic_orders(SPOT_TOLD, [row("spot_orders_partial", **changes)]).events
        assert not any(isinstance(event, Fill) for event in events)


def test_uta_rows_of_another_category_are_passed_over() -> None:
    assert decode_uta_fill(SPOT, Market.SPOT, row("uta_fill"), hedged=None) == ()


def test_the_position_of_a_uta_fill_needs_the_mode() -> None:
    (fill,) = decode_uta_fill(FUTURES, Market.FUTURES, row("uta_fill"), hedged=False)
    assert isinstance(fill, Fill)
    assert fill.position_side is PositionSide.NET
    (unread,) = decode_uta_fill(FUTURES, Market.FUTURES, row("uta_fill"), hedged=None)
    assert isinstance(unread, Undecodable)


SEED = Fill(
    **SPOT,
    symbol=SOL,
    venue_order_id=VenueOrderId("2456789"),
    exec_id=ExecId("9654321"),
    side=Side.SELL,
    last_qty=D("0.75"),
    last_px=D("150.30"),
    commission=D("0.112725"),
    commission_currency=Currency("USDT"),
    liquidity=Liquidity.MAKER,
)


def test_the_seeds_form_decodes_exactly_on_spot() -> None:
    assert decode_seed_fill(SPOT, Market.SPOT, frame("seed")) == SEED


def test_the_seeds_form_is_ambiguous_on_futures() -> None:
    unread = decode_seed_fill(FUTURES, Market.FUTURES, frame("seed"))
    assert isinstance(unread, Undecodable)
    assert "ambiguous" in unread.text
    said = frame("seed").replace(b"{", b'{"tradeSide":"close","posMode":"hedge_mode",', 1)
    fill = decode_seed_fill(FUTURES, Market.FUTURES, said)
    assert isinstance(fill, Fill)
    assert (fill.side, fill.position_side) == (Side.BUY, PositionSide.SHORT)


def test_the_seed_documents_sample() -> None:
    """The sample of the first seed's own text, word for word in its values."""
    sample = (
        b'{"orderId":"456789123","tradeId":"321654987","symbol":"BTCUSDT","side":"SELL",'
        b'"baseVolume":"0.002","fillPrice":"51000.00","fillFee":"0.102","fillFeeCoin":"USDT",'
        b'"tradeScope":"maker"}'
    )
    fill = decode_seed_fill(SPOT, Market.SPOT, sample)
    assert isinstance(fill, Fill)
    assert (fill.symbol, fill.side, fill.last_qty) == ("BTCUSDT", Side.SELL, D("0.002"))
    assert (fill.last_px, fill.commission) == (D(51000), D("0.102"))
    assert (fill.venue_order_id, fill.exec_id) == ("456789123", "321654987")
    assert isinstance(decode_seed_fill(SPOT, Market.SPOT, b'{"orderId":1}'), Undecodable)
