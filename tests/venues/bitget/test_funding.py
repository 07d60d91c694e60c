"""Funding of a Bitget futures account, by REST, in both dialects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest

from daemon.core.events import Event, Fill, FillsRead, Funding, QueryFailed, Undecodable
from daemon.core.terms import Currency, ExecId
from daemon.venues.bitget.funding_wire import PAID, RECEIVED, decode_bill, decode_record
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from tests.venues.bitget.builders import AT_NS, ETH, FUTURES, frame
from tests.venues.bitget.fake_bitget import Answer, FakeBitget, ok, success
from tests.venues.bitget.test_reader import ask_book

BILLS = "GET /api/v2/mix/account/bill"
RECORDS = "GET /api/v3/account/financial-records"
D = Decimal


def listed(name: str, under: str) -> list[bytes]:
    return [json.dumps(row).encode() for row in json.loads(frame(name))["data"][under]]


def payment(exec_id: str, paid: str) -> Funding:
    return Funding(
        **FUTURES,
        symbol=ETH,
        exec_id=ExecId(exec_id),
        funding=D(paid),
        funding_currency=Currency("USDT"),
        transact_time_ns=AT_NS,
    )


def payments(told: Sequence[Event]) -> list[Decimal]:
    return [event.funding for event in told if isinstance(event, Funding)]


def test_a_bill_is_a_payment_with_its_sign_turned() -> None:
    paid, other = listed("mix_rest_bills", "bills")
    assert decode_bill(FUTURES, paid) == (payment("1600000000000000002", "0.004992"),)
    assert decode_bill(FUTURES, other) == ()
    for change in ({"amount": "much"}, {"billId": ""}, {"cTime": "now"}, {"coin": ""}):
        (bad,) = decode_bill(FUTURES, json.dumps(json.loads(paid) | change).encode())
        assert isinstance(bad, Undecodable)


def test_a_record_is_paid_or_received_by_its_type() -> None:
    paid, received, other = listed("uta_rest_records", "list")
    assert decode_record(FUTURES, paid) == (payment("1600000000000000003", "0.25"),)
    assert decode_record(FUTURES, received) == (payment("1600000000000000004", "-0.5"),)
    assert decode_record(FUTURES, other) == ()
    unsigned = json.dumps(json.loads(paid) | {"amount": "0.25"}).encode()
    assert decode_record(FUTURES, unsigned) == decode_record(FUTURES, paid)
    (bad,) = decode_record(FUTURES, json.dumps(json.loads(paid) | {"ts": ""}).encode())
    assert isinstance(bad, Undecodable)


async def test_a_look_at_the_account_asks_for_it_now_and_then(
    fake: FakeBitget, futures: BitgetVenue
) -> None:
    fake.script(BILLS, ok("mix_rest_bills"))
    now_ns = futures.session.venue_ns()
    assert payments(await futures.book(ask_book(Market.FUTURES, now_ns))) == [D("0.004992")]
    asked = fake.last(BILLS).query
    assert (asked["businessType"], asked["productType"]) == ("contract_settle_fee", "USDT-FUTURES")
    assert not payments(await futures.book(ask_book(Market.FUTURES, now_ns)))
    assert len(fake.all(BILLS)) == 1


async def test_a_long_look_back_goes_in_spans_of_thirty_days(
    fake: FakeBitget, futures: BitgetVenue
) -> None:
    await futures.book(ask_book(Market.FUTURES, 0))
    spans = [(int(seen.query["startTime"]), int(seen.query["endTime"])) for seen in fake.all(BILLS)]
    assert len(spans) == 3
    assert all(end - start == 30 * 86_400_000 for start, end in spans)
    assert spans[-1][0] <= futures.session.venue_ns() // 10**6 <= spans[-1][1]


async def test_uta_asks_for_each_type(fake: FakeBitget, futures: BitgetVenue) -> None:
    futures.session.modes.dialect = Dialect.UTA
    fake.script(RECORDS, ok("uta_rest_records"))
    told = await futures.book(ask_book(Market.FUTURES, futures.session.venue_ns()))
    assert set(payments(told)) == {D("0.25"), D("-0.5")}
    assert [seen.query["type"] for seen in fake.all(RECORDS)] == [*RECEIVED, *PAID]


async def test_spot_has_none(fake: FakeBitget, spot: BitgetVenue) -> None:
    await spot.book(ask_book(Market.SPOT, spot.session.venue_ns()))
    assert not fake.all(BILLS)
    assert not fake.all(RECORDS)


@pytest.mark.parametrize(
    "answer",
    [Answer(503), success({}), success({"bills": [{"businessType": "contract_settle_fee"}]})],
)
async def test_without_it_the_fills_are_not_told_complete(
    fake: FakeBitget, futures: BitgetVenue, answer: Answer
) -> None:
    fake.script(BILLS, answer)
    query = ask_book(Market.FUTURES, futures.session.venue_ns())
    told = await futures.book(query)
    assert [event.query for event in told if isinstance(event, QueryFailed)] == ["funding"]
    assert [event for event in told if isinstance(event, Fill)]
    assert not [event for event in told if isinstance(event, FillsRead)]
    fake.script(BILLS, ok("mix_rest_bills"))
    told = await futures.book(query)
    assert payments(told) == [D("0.004992")]
    assert [event for event in told if isinstance(event, FillsRead)]
