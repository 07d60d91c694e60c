"""Positions out of what the account says: perpetuals by row, spot holdings out of wallets."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.commands import QueryBook
from daemon.core.events import PositionRow, PositionSnapshot, QueryFailed, Undecodable
from daemon.core.terms import Currency, PositionSide, Symbol, Venue
from daemon.venues.phemex.holdings import holding
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import ACCOUNT, ETH, SOL, SPOTS, frame
from tests.venues.phemex.fake_phemex import Answer, FakePhemex

D = Decimal
COIN = Currency("ETH")
NEW = Symbol("sNEWUSDT")


def book(venue: Venue) -> QueryBook:
    return QueryBook(account=ACCOUNT, venue=venue, since_ns=0)


@pytest.mark.parametrize(
    ("kept", "held", "qty"),
    [("0", "0.9", "0.9"), ("0.25", "0.9", "0.65"), ("2", "0.9", "0"), ("0", None, "0")],
)
def test_a_holding_is_the_wallet_without_what_is_kept(
    kept: str, held: str | None, qty: str
) -> None:
    wallets = {} if held is None else {COIN: D(held)}
    assert holding(ETH, {ETH: D(kept)}, wallets, SPOTS) == PositionRow(
        symbol=ETH, position_qty=D(qty)
    )


def test_a_pair_that_nobody_named_is_set_aside() -> None:
    stranger = holding(ETH, {}, {COIN: D(1)}, SPOTS)
    assert stranger.position_qty is None
    assert "kept_qty" in stranger.text
    assert holding(NEW, {NEW: D(0)}, {}, SPOTS).position_qty is None


async def test_wallets_without_what_is_withdrawn(fake: FakePhemex, spot: PhemexVenue) -> None:
    body = json.loads(frame("spot_wallets"))
    body["data"][0].update(balanceEv=90071992547409931, lockedWithdrawEv=31)
    body["data"].append({"currency": "NEVERSEEN", "balanceEv": 1})
    fake.script("GET /spot/wallets", Answer(body=json.dumps(body).encode()))
    snapshot = (await spot.book(book(SPOT)))[-1]
    assert isinstance(snapshot, PositionSnapshot)
    assert snapshot.rows == (PositionRow(symbol=ETH, position_qty=D("900719925.474099")),)


async def test_a_wallet_that_cannot_be_read_is_no_empty_one(
    fake: FakePhemex, spot: PhemexVenue
) -> None:
    body = json.loads(frame("spot_wallets"))
    body["data"][0]["balanceEv"] = -1
    fake.script("GET /spot/wallets", Answer(body=json.dumps(body).encode()))
    told, failed = (await spot.book(book(SPOT)))[-2:]
    assert isinstance(told, Undecodable)
    assert isinstance(failed, QueryFailed)


async def test_a_position_that_cannot_be_read_is_set_aside_alone(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    body = json.loads(frame("perp_positions"))
    held = body["data"]["positions"]
    held[0]["posMode"] = "Sometimes"
    held.append({**held[1], "posSide": "Long", "side": "Sell"})
    fake.script("GET /g-accounts/accountPositions", Answer(body=json.dumps(body).encode()))
    snapshot = (await perps.book(book(PERP)))[-1]
    assert isinstance(snapshot, PositionSnapshot)
    xrp = Symbol("XRPUSDT")
    assert {(row.symbol, row.position_side): row.position_qty for row in snapshot.rows} == {
        (SOL, PositionSide.NET): None,
        (SOL, PositionSide.LONG): None,
        (SOL, PositionSide.SHORT): None,
        (xrp, PositionSide.NET): None,
        (xrp, PositionSide.LONG): None,
        (xrp, PositionSide.SHORT): D(-150),
    }


@pytest.mark.parametrize("body", [b'{"code":0,"data":{}}', b'{"code":0,"data":{"positions":[{}]}}'])
async def test_no_list_of_positions_is_no_flat_account(
    fake: FakePhemex, perps: PhemexVenue, body: bytes
) -> None:
    fake.script("GET /g-accounts/accountPositions", Answer(body=body))
    assert isinstance((await perps.book(book(PERP)))[-1], QueryFailed)
