"""REST about the account itself: limits, costs, subaccounts, and moving cash between shards."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from daemon.paper.kalshi.context import VENUE, Venue
from daemon.paper.kalshi.gate import MEMBER
from daemon.paper.kalshi.limits import TIERS, costs_view
from daemon.paper.kalshi.wire import Body, answer, decode_object
from daemon.paper.model import Owner
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import dollars4, seconds

_CENTS = Decimal(100)
_CENTI_CENTS = Decimal(10_000)


async def limits(request: web.Request) -> web.Response:
    """GET /account/limits"""
    venue, account = request.app[VENUE], request[MEMBER].account
    view: dict[str, object] = {"usage_tier": venue.limits.tier(account), "grants": []}
    for kind in ("read", "write"):
        bucket = venue.limits.bucket(account, kind)
        view[kind] = {"refill_rate": bucket.rate, "bucket_capacity": bucket.capacity}
    return answer(view)


async def endpoint_costs(_request: web.Request) -> web.Response:
    """GET /account/endpoint_costs"""
    return answer(costs_view())


async def api_keys(request: web.Request) -> web.Response:
    """GET /api_keys: one key a member, with every right and no region."""
    member = request[MEMBER]
    key = {"api_key_id": member.key_id, "name": member.account, "scopes": ["read", "write"]}
    return answer({"api_keys": [key]})


async def upgrade(request: web.Request) -> web.Response:
    """POST /account/api_usage_level/upgrade: from basic to advanced, for good."""
    venue, account = request.app[VENUE], request[MEMBER].account
    if venue.limits.tier(account) == next(iter(TIERS)):
        venue.limits.set_tier(account, "advanced")
    return answer({}, 201)


async def create_subaccount(request: web.Request) -> web.Response:
    """POST /portfolio/subaccounts"""
    account = request.app[VENUE].exchange.accounts[request[MEMBER].account]
    number = max(account.subaccounts) + 1
    account.subaccounts.add(number)
    return answer({"subaccount_number": number}, 201)


async def subaccount_balances(request: web.Request) -> web.Response:
    """GET /portfolio/subaccounts/balances"""
    venue = request.app[VENUE]
    account = venue.exchange.accounts[request[MEMBER].account]
    rows = [
        {
            "subaccount_number": number,
            "exchange_index": shard,
            "balance": dollars4(venue.exchange.available(Owner(account.name, number), shard)),
            "updated_ts": seconds(venue.now_ns()),
        }
        for number in sorted(account.subaccounts)
        for shard in venue.exchange.shards
    ]
    return answer({"subaccount_balances": rows})


async def subaccount_transfer(request: web.Request) -> web.Response:
    """POST /portfolio/subaccounts/transfer: whole cents between subaccounts of one shard."""
    venue, account = request.app[VENUE], request[MEMBER].account
    body = Body("ApplySubaccountTransferRequest", decode_object(await request.read()))
    body.require("client_transfer_id", "amount_cents")
    shard = body.number("exchange_index") or 0
    source = Owner(account, body.number("from_subaccount") or 0)
    target = Owner(account, body.number("to_subaccount") or 0)
    amount = Decimal(body.number("amount_cents") or 0) / _CENTS
    _move(venue, (source, shard), (target, shard), amount)
    return answer({})


async def shard_transfer(request: web.Request) -> web.Response:
    """POST /portfolio/intra_exchange_instance_transfer: centi-cents from shard to shard."""
    venue, account = request.app[VENUE], request[MEMBER].account
    body = Body("IntraExchangeInstanceTransferRequest", decode_object(await request.read()))
    body.require("source", "destination", "amount")
    source = Owner(account, body.number("source_subaccount") or 0)
    target = Owner(account, body.number("destination_subaccount") or 0)
    from_shard = body.number("source_exchange_shard") or 0
    to_shard = body.number("destination_exchange_shard") or 0
    amount = Decimal(body.number("amount") or 0) / _CENTI_CENTS
    _move(venue, (source, from_shard), (target, to_shard), amount)
    return answer({"transfer_id": venue.exchange.chance.new_id()})


def _move(
    venue: Venue, source: tuple[Owner, int], target: tuple[Owner, int], amount: Decimal
) -> None:
    exchange = venue.exchange
    for owner, shard in (source, target):
        if owner.subaccount not in exchange.accounts[owner.account].subaccounts:
            raise RefusalError(Code.PARAMETERS, f"no subaccount {owner.subaccount}")
        if shard not in exchange.shards:
            raise RefusalError(Code.PARAMETERS, f"no exchange_index {shard}")
    if amount <= 0:
        raise RefusalError(Code.PARAMETERS, "the amount must be positive")
    if amount > exchange.available(*source):
        raise RefusalError(Code.BALANCE)
    exchange.ledger.deposit(*source, -amount)
    exchange.ledger.deposit(*target, amount)
