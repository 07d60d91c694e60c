"""Funding as classic bills and as records of the unified account."""

from __future__ import annotations

from daemon.paper.bitget.bills import bills, records
from daemon.paper.bitget.routes import MIX_ROUTES, UTA_ROUTES
from tests.paper.bitget.builders import FUTURES, SYMBOL, a_market
from tests.paper.bitget.test_mix_orders import place as place_mix
from tests.paper.bitget.test_uta_orders import place, rows

BILL, RECORD = "/api/v2/mix/account/bill", "/api/v3/account/financial-records"
FUNDING = f"/instruments/{SYMBOL}/funding"


def test_they_are_served() -> None:
    assert MIX_ROUTES["GET", BILL].handler is bills
    assert UTA_ROUTES["GET", RECORD].handler is records


async def test_a_bill_for_each_funding_the_newest_first() -> None:
    async with a_market(FUTURES) as alice:
        await place_mix(alice, orderType="market")
        for rate in ("0.001", "-0.002"):
            await alice.admin("POST", FUNDING, {"rate": rate})
        asked = {"productType": "USDT-FUTURES", "businessType": "contract_settle_fee"}
        found = (await alice.get(BILL, **asked)).data
        received, paid = found["bills"]
        assert (received["symbol"], received["coin"]) == (SYMBOL, "USDT")
        assert float(paid["amount"]) < 0 < float(received["amount"])
        truth = (await alice.truth())["funding"][SYMBOL]["USDT"]
        assert float(truth) == -float(paid["amount"]) - float(received["amount"])
        older = (await alice.get(BILL, **asked, idLessThan=received["billId"])).data
        assert [row["billId"] for row in older["bills"]] == [paid["billId"]]
        other = (await alice.get(BILL, **asked | {"businessType": "open_long"})).data
        assert other["bills"] is None


async def test_a_record_says_by_its_type_which_way_the_money_went() -> None:
    async with a_market(FUTURES, dialect="uta") as alice:
        await place(alice, orderType="market", price=None)
        for rate in ("0.001", "-0.002"):
            await alice.admin("POST", FUNDING, {"rate": rate})
        asked = {"category": "USDT-FUTURES"}
        found = await rows(alice, RECORD, **asked)
        assert [row["type"][-3:] for row in found] == ["_IN", "OUT"]
        chosen = await rows(alice, RECORD, **asked, type=found[1]["type"])
        assert chosen == [found[1]]
        assert await rows(alice, RECORD, category="SPOT") == []
