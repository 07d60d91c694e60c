"""Bitget's funding: a row of the account's bills (classic) or financial records (UTA). Pure.

Bitget docs, get account bills: `businessType` `contract_settle_fee` is funding, its `amount` is
+ where the account received. UTA enumeration: `..._SETTLE_FEE_USER_IN` is received and `..._OUT`
paid, in cross (CONTRACT_MAIN) and isolated margin (FIXED); whether `amount` is signed there is not
said, so the type decides. Neither names the position side.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.events import Funding, Undecodable
from daemon.core.terms import ZERO, ExecId
from daemon.venues.bitget.wire import coin, millis_ns, name, number, symbol, word
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable

BILL: Final = "contract_settle_fee"
RECEIVED: Final = ("CONTRACT_MAIN_SETTLE_FEE_USER_IN", "FIXED_SETTLE_FEE_USER_IN")
PAID: Final = ("CONTRACT_MAIN_SETTLE_FEE_USER_OUT", "FIXED_SETTLE_FEE_USER_OUT")


class _BillRow(msgspec.Struct, rename="camel"):
    bill_id: str | int
    symbol: str
    amount: str
    business_type: str
    coin: str
    c_time: str | int


class _RecordRow(msgspec.Struct):
    id: str | int
    symbol: str
    amount: str
    type: str
    coin: str
    ts: str | int


_BILL: Final = msgspec.json.Decoder(_BillRow)
_RECORD: Final = msgspec.json.Decoder(_RecordRow)


def decode_bill(stamp: Stamp, raw: bytes | msgspec.Raw) -> tuple[Funding | Undecodable, ...]:
    """A row of GET /api/v2/mix/account/bill; nothing where it is no funding."""
    try:
        row = decode_as(_BILL, raw)
        if word(row.business_type) != BILL:
            return ()
        return (
            Funding(
                **stamp,
                symbol=symbol(row.symbol),
                exec_id=ExecId(name(row.bill_id, "billId")),
                funding=ZERO - number(row.amount, "amount"),
                funding_currency=coin(row.coin, "coin"),
                transact_time_ns=millis_ns(row.c_time, "cTime"),
            ),
        )
    except UnreadableError as error:
        return (undecodable(stamp, "bill row", bytes(raw), str(error)),)


def decode_record(stamp: Stamp, raw: bytes | msgspec.Raw) -> tuple[Funding | Undecodable, ...]:
    """A row of GET /api/v3/account/financial-records; nothing where it is no funding."""
    try:
        row = decode_as(_RECORD, raw)
        if row.type not in {*RECEIVED, *PAID}:
            return ()
        size = abs(number(row.amount, "amount"))
        return (
            Funding(
                **stamp,
                symbol=symbol(row.symbol),
                exec_id=ExecId(name(row.id, "id")),
                funding=size if row.type in PAID else ZERO - size,
                funding_currency=coin(row.coin, "coin"),
                transact_time_ns=millis_ns(row.ts, "ts"),
            ),
        )
    except UnreadableError as error:
        return (undecodable(stamp, "financial record", bytes(raw), str(error)),)
