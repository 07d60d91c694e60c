"""Detection: each venue's messages are its own and nobody else's, and nothing is guessed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.events import Fill
from daemon.core.terms import Liquidity, Side
from daemon.fill_handler.binance_forms import BINANCE as BINANCE_FORMS
from daemon.fill_handler.bitget_forms import BITGET as BITGET_FORMS
from daemon.fill_handler.detect import decode, find_form, read_json, records
from daemon.fill_handler.errors import (
    AmbiguousFormatError,
    FillError,
    UnknownFormatError,
    UnreadableFillError,
)
from daemon.fill_handler.form import Row
from daemon.fill_handler.forms import FORMS
from tests.fill_handler import samples

FRAMES = sorted(samples.VENUES.glob("*/frames/*.json"))
# Of every message whose form is known, how many fills it holds; all others are of no form.
KNOWN = {
    "binance": {
        "seed_order": 1,
        "spot_cancel": 0,
        "spot_canceled": 0,
        "spot_expired_ioc": 0,
        "spot_new": 0,
        "spot_order_full": 2,
        "spot_order_result": 0,
        "spot_prevented": 0,
        "spot_query": 0,
        "spot_rejected": 0,
        "spot_stranger_new": 0,
        "spot_trade_filled": 1,
        "spot_trade_nofee": 1,
        "spot_trade_partial": 1,
        "spot_trades": 2,
        "usdm_amended": 0,
        "usdm_canceled": 0,
        "usdm_expired": 0,
        "usdm_forced": 0,
        "usdm_hedge_short": 1,
        "usdm_liq_fill": 1,
        "usdm_liq_new": 0,
        "usdm_liq_zero": 0,
        "usdm_new": 0,
        "usdm_order_result": 0,
        "usdm_trade_nofee": 1,
        "usdm_trade_partial": 1,
        "usdm_trade_rebate": 1,
        "usdm_trades": 2,
    },
    "bitget": {
        "mix_fill": 1,
        "mix_fill_liquidation": 1,
        "mix_orders_canceled": 0,
        "mix_orders_filled": 1,
        "mix_orders_live": 0,
        "mix_orders_partial": 1,
        "mix_rest_fills": 1,
        "seed": 1,
        "spot_fill": 1,
        "spot_orders_canceled": 0,
        "spot_orders_filled": 0,
        "spot_orders_last_partial": 1,
        "spot_orders_live": 0,
        "spot_orders_market_buy": 1,
        "spot_orders_partial": 1,
        "spot_rest_fills": 1,
        "uta_fill": 1,
        "uta_order": 0,
        "uta_order_canceled": 0,
        "uta_order_spot": 0,
        "uta_rest_fills": 2,
    },
    "kalshi": {"fills": 1, "ws_fill": 1, "ws_user_order": 0},
    "phemex": {
        "aop_aborted": 0,
        "aop_adl": 1,
        "aop_canceled": 0,
        "aop_conditional": 0,
        "aop_expired": 0,
        "aop_filled": 1,
        "aop_funding": 0,
        "aop_liquidation": 1,
        "aop_new": 0,
        "aop_new_and_fill": 1,
        "aop_partial": 1,
        "aop_pt_fee": 1,
        "aop_rebate": 1,
        "aop_rejected": 0,
        "aop_snapshot": 1,
        "aop_usdc": 0,
        "flat_fill": 1,
        "perp_trades": 1,
        "spot_trades": 1,
        "wo_base_fee": 1,
        "wo_canceled": 0,
        "wo_filled": 1,
        "wo_new": 0,
        "wo_partial": 1,
        "wo_rejected": 0,
        "wo_snapshot": 1,
    },
}
# Known forms of which no fill can be made, and the word that says what is wanted.
REFUSED = {
    ("binance", "usdm_trade_lite"): "ORDER_TRADE_UPDATE",
    ("bitget", "uta_fast_fill"): "topic fill",
    ("phemex", "wo_unlisted"): "phemex_products",
}


def read(row: object) -> list[Fill]:
    return [fill for one in records(row) for fill in decode(samples.context(), one).fills]


def test_every_known_message_has_its_frame() -> None:
    named = {(venue, name) for venue, rows in KNOWN.items() for name in rows}
    there = {(path.parent.parent.name, path.stem) for path in FRAMES}
    assert named <= there


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_message_is_its_venues_or_nobodys(path: Path) -> None:
    venue, name = path.parent.parent.name, path.stem
    try:
        message = json.loads(path.read_text())
    except ValueError:
        return
    if (venue, name) in REFUSED:
        with pytest.raises(UnreadableFillError, match=REFUSED[venue, name]):
            read(message)
    elif name not in KNOWN[venue]:
        with pytest.raises(UnknownFormatError, match="no fill of any venue"):
            read(message)
    else:
        found = [decode(samples.context(), row) for row in records(message)]
        assert {one.venue.partition("-")[0] for one in found} == {venue}
        assert sum(len(one.fills) for one in found) == KNOWN[venue][name]
        assert all(fill.venue == one.venue for one in found for fill in one.fills)


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_no_message_is_taken_for_another_venues(path: Path) -> None:
    try:
        message = json.loads(path.read_text())
    except ValueError:
        return
    own = path.parent.parent.name
    for other in {"kalshi", "binance", "bitget", "phemex"} - {own}:
        with pytest.raises(UnknownFormatError):
            [find_form(row, other) for row in records(message)]


def test_the_seed_samples_are_read_exactly() -> None:
    binance, bitget, phemex = (
        read(row)[0] for row in (samples.BINANCE, samples.BITGET, samples.PHEMEX)
    )
    assert (binance.venue, binance.side, binance.last_qty) == (
        "binance-spot",
        Side.BUY,
        Decimal("0.001"),
    )
    assert (binance.venue_order_id, binance.exec_id) == ("123456789", "987654321")
    assert (binance.last_px, binance.commission) == (Decimal("50000.00"), Decimal("0.000001"))
    assert (binance.commission_currency, binance.liquidity) == ("BTC", Liquidity.TAKER)
    assert (bitget.venue, bitget.side, bitget.last_qty) == (
        "bitget-spot",
        Side.SELL,
        Decimal("0.002"),
    )
    assert (bitget.venue_order_id, bitget.exec_id) == ("456789123", "321654987")
    assert (bitget.last_px, bitget.commission) == (Decimal("51000.00"), Decimal("0.102"))
    assert (bitget.commission_currency, bitget.liquidity) == ("USDT", Liquidity.MAKER)
    assert (phemex.venue, phemex.side, phemex.last_qty) == (
        "phemex-usdt-perp",
        Side.BUY,
        Decimal("0.003"),
    )
    assert (phemex.venue_order_id, phemex.exec_id) == ("789123456", "147258369")
    assert (phemex.last_px, phemex.commission) == (Decimal("52000.00"), Decimal("0.156"))
    assert (phemex.commission_currency, phemex.liquidity) == ("USDT", Liquidity.TAKER)


def inner(venue: str, name: str, *keys: str | int) -> object:
    """A part of a recorded message, as somebody may cut it out."""
    found = samples.frame(venue, name)
    for key in keys:
        found = found[key]  # type: ignore[index] # of this one message
    return found


@pytest.mark.parametrize(
    ("whole", "keys"),
    [
        (("kalshi", "fills"), ("fills", 0)),
        (("kalshi", "ws_fill"), ("msg",)),
        (("binance", "spot_trade_partial"), ("event",)),
        (("binance", "spot_trades"), (0,)),
        (("bitget", "mix_rest_fills"), ("data", "fillList", 0)),
        (("bitget", "spot_rest_fills"), ("data", 0)),
        (("bitget", "mix_orders_partial"), ("data", 0)),
        (("bitget", "spot_orders_partial"), ("data", 0)),
        (("bitget", "uta_fill"), ("data", 0)),
        (("phemex", "aop_partial"), ("orders_p", 0)),
        (("phemex", "wo_partial"), ("orders", "fills", 0)),
        (("phemex", "perp_trades"), (1,)),
    ],
)
def test_a_row_alone_says_what_its_message_says(
    whole: tuple[str, str], keys: tuple[str | int, ...]
) -> None:
    row = read(inner(*whole, *keys))[0]
    fill = next(f for f in read(samples.frame(*whole)) if f.exec_id == row.exec_id)
    # A replayed row of orders_p does not tell the position as of now.
    assert row == fill or (row.position_qty is None and row.last_qty == fill.last_qty)
    assert (row.commission, row.side, row.venue) == (fill.commission, fill.side, fill.venue)


def test_a_combined_frame_is_read_as_its_message() -> None:
    frame = samples.frame("binance", "usdm_trade_partial")
    assert read({"stream": "key", "data": frame}) == read(frame)


def test_a_bare_spot_row_of_bitgets_channel_does_not_tell_the_sign_of_its_fee() -> None:
    with pytest.raises(AmbiguousFormatError, match="hand in the whole push"):
        read(inner("bitget", "spot_fill", "data", 0))


def test_a_trade_that_names_no_market_wants_the_venue() -> None:
    trade: Row = {
        "symbol": "SOLUSDT",
        "id": 5,
        "orderId": 7,
        "price": "1",
        "qty": "2",
        "time": 1,
        "commission": "0",
        "side": "BUY",
    }
    with pytest.raises(AmbiguousFormatError, match=r"binance-spot .* or binance-usdm .*name the"):
        find_form(trade)
    assert find_form(trade, "binance-usdm").venue == "binance-usdm"


def test_a_uta_row_wants_the_position_mode() -> None:
    (row,) = records(inner("bitget", "uta_fill", "data", 0))
    with pytest.raises(AmbiguousFormatError, match="position mode"):
        decode(samples.context(hedged=None), row)


def test_a_seed_row_of_bitget_futures_has_to_say_what_it_does() -> None:
    with pytest.raises(UnknownFormatError):
        find_form(samples.BITGET, "bitget-usdt-futures")
    row = {**samples.BITGET, "tradeSide": "close", "posMode": "hedge_mode"}
    assert decode(samples.context(), row).venue == "bitget-usdt-futures"


def test_an_unknown_venue_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownFormatError, match="did you mean binance-usdm"):
        find_form(samples.BINANCE, "binance-usmd")
    with pytest.raises(UnknownFormatError, match="known are kalshi"):
        find_form(samples.BINANCE, "nasdaq")


def test_money_in_a_float_is_refused() -> None:
    row = {**samples.BITGET, "fillPrice": 51000.5}
    with pytest.raises(UnreadableFillError, match="Expected `str`"):
        decode(samples.context(), row)


@pytest.mark.parametrize("data", ["{", b"\xff", "3", "null", '["x"]'])
def test_what_is_no_object_is_no_fill(data: str | bytes) -> None:
    with pytest.raises(UnknownFormatError):
        list(records(read_json(data)))


def test_a_value_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(FillError, match="no JSON"):
        decode(samples.context(), {**samples.BITGET, "more": object()})


def test_a_note_stands_beside_a_sound_fill() -> None:
    push = samples.frame("bitget", "mix_fill")
    assert isinstance(push, dict)
    detail = push["data"][0]["feeDetail"]
    push["data"][0]["feeDetail"] = [*detail, {"feeCoin": "BGB", "totalFee": "-0.2"}]
    found = decode(samples.context(), push)
    assert len(found.fills) == 1
    assert "BGB besides is not booked" in found.notes[0]


def test_forms_of_one_venue_never_overlap() -> None:
    """Each message above was of one form; here: the tables hold all of them."""
    assert set(BINANCE_FORMS) | set(BITGET_FORMS) < set(FORMS)
    assert len({(form.venue, form.name, form.decode) for form in FORMS}) == len(FORMS)
