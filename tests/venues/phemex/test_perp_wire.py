"""`aop_p` frames of the perpetuals -> golden events."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSnapshot,
    PositionRow,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import (
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    Liquidity,
    OrdStatus,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.decoding import Stamp
from daemon.venues.phemex.stream_wire import Private, decode_frame
from tests.venues.phemex.builders import (
    ACCOUNT,
    AT_NS,
    CLIENT_ID,
    ORDER_ID,
    PERP_STAMP,
    PERPS,
    SOL,
    frame,
)

D = Decimal
MS = 10**6
USDT = Currency("USDT")
E1 = ExecId("6f1d2c3b-0a9e-5d48-b1c2-77889900aabb")
E2 = ExecId("0b7e55aa-41c0-5f2e-9d11-1234567890ab")


class Ours(Stamp):
    symbol: Symbol
    client_order_id: ClientOrderId | None
    venue_order_id: VenueOrderId | None


OURS: Ours = {
    **PERP_STAMP,
    "symbol": SOL,
    "client_order_id": CLIENT_ID,
    "venue_order_id": ORDER_ID,
}


def state(at_ms: int, status: OrdStatus, cum: str, leaves: str, **changes: object) -> OrderSnapshot:
    fields: dict[str, object] = {
        **OURS,
        "transact_time_ns": AT_NS + at_ms * MS // 10,
        "side": Side.SELL,
        "status": status,
        "order_qty": D(12),
        "cum_qty": D(cum),
        "leaves_qty": D(leaves),
        "limit_px": D(142),
        "time_in_force": TimeInForce.IOC,
        "as_of_ns": AT_NS + at_ms * MS // 10,
        **changes,
    }
    return OrderSnapshot(**fields)  # type: ignore[arg-type]


def fill(exec_id: ExecId, qty: str, px: str, fee: str, **changes: object) -> Fill:
    fields: dict[str, object] = {
        **OURS,
        "transact_time_ns": AT_NS + 25 * MS // 10,
        "exec_id": exec_id,
        "side": Side.SELL,
        "last_qty": D(qty),
        "last_px": D(px),
        "commission": D(fee),
        "commission_currency": USDT,
        "liquidity": Liquidity.TAKER,
        "position_qty": None,
        **changes,
    }
    return Fill(**fields)  # type: ignore[arg-type]


PARTIAL = (
    fill(E1, "4.5", "142", "0.3834", position_qty=D("7.5")),
    state(25, OrdStatus.PARTIALLY_FILLED, "4.5", "7.5"),
)
FUNDS = "11001 TE: no enough available balance"


def read(name: str, **changes: object) -> tuple[VenueEvent, ...]:
    message = json.loads(frame(name))
    message["orders_p"][0].update(changes)
    body = decode_frame(PERP_STAMP, json.dumps(message).encode(), PERPS)
    assert isinstance(body, Private)
    return body.events


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("aop_new", (state(20, OrdStatus.NEW, "0", "12"),)),
        ("aop_partial", PARTIAL),
        ("aop_new_and_fill", (state(20, OrdStatus.NEW, "0", "12"), *PARTIAL)),
        (
            "aop_filled",
            (
                fill(E2, "7.5", "142.2", "0.6399", transact_time_ns=AT_NS + 26 * MS // 10,
                     position_qty=D(0)),
                state(26, OrdStatus.FILLED, "12", "0"),
            ),
        ),
        (
            "aop_canceled",
            (OrderCanceled(**OURS, transact_time_ns=AT_NS + 27 * MS // 10, cum_qty=D("4.5")),),
        ),
        (
            "aop_expired",
            (OrderExpired(**OURS, transact_time_ns=AT_NS + 27 * MS // 10, cum_qty=D(0)),),
        ),
        (
            "aop_aborted",
            (
                OrderCanceled(
                    **OURS, transact_time_ns=AT_NS + 27 * MS // 10, cum_qty=D(0),
                    text="CE_NO_ENOUGH_QTY",
                ),
            ),
        ),
        (
            "aop_rejected",
            (
                OrderRejected(
                    **OURS, transact_time_ns=AT_NS + 2 * MS,
                    reason=RejectReason.INSUFFICIENT_FUNDS, text=FUNDS,
                ),
                state(20, OrdStatus.REJECTED, "0", "0"),
            ),
        ),
        ("aop_funding", ()),
        ("aop_usdc", ()),
    ],
)  # fmt: skip
def test_one_push(name: str, events: tuple[VenueEvent, ...]) -> None:
    assert read(name) == events


def test_a_makers_rebate_and_times_as_text() -> None:
    found, rests = read("aop_rebate")
    assert isinstance(found, Fill)
    assert isinstance(rests, OrderSnapshot)
    assert (found.commission, found.liquidity) == (D("-0.014001"), Liquidity.MAKER)
    assert (found.client_order_id, found.side) == (None, Side.BUY)
    assert found.transact_time_ns == AT_NS + 25 * MS // 10
    assert (rests.time_in_force, rests.leaves_qty) == (TimeInForce.GTC, D(2))


def test_a_fee_in_pt_tokens() -> None:
    found = read("aop_pt_fee")[0]
    assert isinstance(found, Fill)
    assert (found.commission, found.commission_currency) == (D("2.71828"), "PT")


def test_a_fee_in_two_currencies_is_told() -> None:
    found, told, _state = read("aop_pt_fee", execFeeRv="0.5")
    assert isinstance(found, Fill)
    assert (found.commission, found.commission_currency) == (D("0.5"), "USDT")
    assert isinstance(told, Undecodable)
    assert "2.71828 PT" in told.text


@pytest.mark.parametrize(
    ("name", "side", "position_side", "held"),
    [
        ("aop_liquidation", Side.BUY, PositionSide.SHORT, "-0.75"),
        ("aop_adl", Side.SELL, PositionSide.LONG, "11"),
    ],
)
def test_a_liquidation_moves_a_hedged_position(
    name: str, side: Side, position_side: PositionSide, held: str
) -> None:
    found = read(name)[0]
    assert isinstance(found, Fill)
    assert found.cause is (FillCause.ADL if name == "aop_adl" else FillCause.LIQUIDATION)
    assert (found.side, found.position_side) == (side, position_side)
    assert (found.client_order_id, found.position_qty) == (None, D(held))


def test_a_snapshot_repeats_rows_without_their_old_positions() -> None:
    body = decode_frame(PERP_STAMP, frame("aop_snapshot"), PERPS)
    assert isinstance(body, Private)
    assert body.whole
    assert body.sent_ns == AT_NS + 3 * MS
    old, filled, canceled, rests = body.events
    assert isinstance(old, Fill)
    assert old.position_qty is None
    assert isinstance(filled, OrderSnapshot)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.cum_qty == D(0)
    assert isinstance(rests, OrderSnapshot)
    assert (rests.client_order_id, rests.status) == ("hand-2", OrdStatus.NEW)
    assert body.positions == (
        PositionRow(symbol=SOL, position_qty=D(12), cost=D("1716.60")),
        PositionRow(
            symbol=Symbol("XRPUSDT"),
            position_qty=D(-150),
            position_side=PositionSide.SHORT,
            cost=D(375),
        ),
        PositionRow(
            symbol=Symbol("XRPUSDT"), position_qty=D(0), position_side=PositionSide.LONG
        ),
    )  # fmt: skip


def test_conditional_orders_wait_or_go() -> None:
    waits, gone = read("aop_conditional")
    assert isinstance(waits, OrderSnapshot)
    assert waits.status is OrdStatus.PENDING_NEW
    assert isinstance(gone, OrderCanceled)


def test_an_all_zero_execution_is_no_fill() -> None:
    told, found = read("aop_partial", execID="00000000-0000-0000-0000-000000000000")
    assert isinstance(told, Undecodable)
    assert isinstance(found, OrderSnapshot)
    assert found.cum_qty == D("4.5")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"execStatus": "New", "ordStatus": "Asleep"}, "ordStatus 'Asleep'"),
        ({"execStatus": "BlockFill"}, "execStatus 'BlockFill'"),
        ({"tradeType": "Gift"}, "tradeType 'Gift'"),
        ({"execQty": "0"}, "execQty is 0"),
        ({"execPriceRp": "0"}, "execPriceRp is 0"),
        ({"execQty": 4.5}, "Expected `str`"),
        ({"posSide": "Sideways"}, "posSide 'Sideways'"),
        ({"side": "None"}, "side 'None'"),
        ({"orderID": ""}, "orderID is empty"),
        ({"execFeeRv": "NaN"}, "execFeeRv"),
    ],
)
def test_a_row_that_cannot_be_read_is_told(changes: dict[str, object], why: str) -> None:
    (told,) = read("aop_partial", **changes)
    assert isinstance(told, Undecodable)
    assert (told.account, told.source) == (ACCOUNT, "aop_p order")
    assert why in told.text


@pytest.mark.parametrize(
    "changes", [{"curPosSide": "None"}, {"curPosSize": "much"}, {"curPosSize": None}]
)
def test_a_fill_stands_without_the_position_after_it(changes: dict[str, object]) -> None:
    found = read("aop_partial", **changes)
    assert found == (replace(PARTIAL[0], position_qty=None), PARTIAL[1])


def test_a_fill_stands_without_its_orders_state() -> None:
    found, told = read("aop_partial", ordStatus="Asleep")
    assert found == PARTIAL[0]
    assert isinstance(told, Undecodable)
    assert "ordStatus 'Asleep'" in told.text


def test_one_bad_row_spoils_no_other() -> None:
    message = json.loads(frame("aop_new_and_fill"))
    message["orders_p"][0]["ordStatus"] = "Asleep"
    body = decode_frame(PERP_STAMP, json.dumps(message).encode(), PERPS)
    assert isinstance(body, Private)
    assert isinstance(body.events[0], Undecodable)
    assert body.events[1:] == PARTIAL
