"""The write side of REST: create, cancel, amend, decrease, batches, cancel-all.

It translates requests for the order desk and desk answers into Kalshi's bodies; it decides nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import msgspec
from aiohttp import web

from daemon.paper.desk import Amendment, NewOrder, Route
from daemon.paper.kalshi.context import VENUE, Venue
from daemon.paper.kalshi.errors import LEGACY, ApiError, item_error
from daemon.paper.kalshi.gate import MEMBER
from daemon.paper.kalshi.queries import Query
from daemon.paper.kalshi.views import created_view
from daemon.paper.kalshi.wire import Body, Json, answer, decode_object
from daemon.paper.model import Order, Owner, SelfTrade, Side, TimeInForce
from daemon.paper.reading import Received
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import ZERO, count2, millis

E = TypeVar("E", bound=StrEnum)
MAX_SUBACCOUNT = 63
_ID_EXTRA = frozenset("-_")
_MAX_ID = 64


def create_request(body: Body, account: str) -> NewOrder:
    """CreateOrderV2Request, checked for form."""
    for name in ("ticker", "side", "count", "price", "time_in_force"):
        body.text(name)
    body.require("ticker", "side", "count", "price", "time_in_force", "self_trade_prevention_type")
    return NewOrder(
        owner=_owner(account, body.number("subaccount")),
        ticker=body.text("ticker"),
        side=_enum(Side, body.text("side")),
        qty=body.count("count"),
        price=body.price("price"),
        time_in_force=_enum(TimeInForce, body.text("time_in_force")),
        self_trade=_enum(SelfTrade, body.text("self_trade_prevention_type")),
        client_order_id=_client_id(body.text("client_order_id")),
        exchange_index=body.number("exchange_index"),
        expires_s=body.number("expiration_time"),
        post_only=body.flag("post_only"),
        reduce_only=body.flag("reduce_only"),
        cancel_on_pause=body.flag("cancel_order_on_pause"),
        group_id=body.text("order_group_id") or None,
    )


async def create(request: web.Request) -> web.Response:
    """POST /portfolio/events/orders"""
    venue, account = request.app[VENUE], request[MEMBER].account
    body = Body("CreateOrderV2Request", decode_object(await request.read()))
    order = _create_noted(venue, account, body)
    return answer(created_view(order, millis(venue.now_ns())), 201)


def _create_noted(venue: Venue, account: str, body: Body) -> Order:
    """Create, and keep for the oracle that this client_order_id came in and what became of it."""
    received = _note(venue, account, body.fields)
    try:
        order = venue.orders.place(create_request(body, account))
    except RefusalError as refusal:
        received.answers[refusal.code.value] += 1
        raise
    except ApiError as error:
        received.answers[str(error.status)] += 1
        raise
    received.answers["created"] += 1
    return order


def _note(venue: Venue, account: str, fields: Json) -> Received:
    client_id = str(fields.get("client_order_id") or "")
    received = venue.exchange.received[account].setdefault(client_id, Received())
    text = msgspec.json.encode(dict(sorted(fields.items())))
    received.times += 1
    received.first_ns = received.first_ns or venue.now_ns()
    received.bodies.add(hashlib.sha256(text).hexdigest())
    return received


async def cancel(request: web.Request) -> web.Response:
    """DELETE /portfolio/events/orders/{order_id}"""
    venue = request.app[VENUE]
    order, left = venue.orders.cancel(_route_of_query(request, "CancelOrder"))
    return answer(_canceled_view(venue, order, count2(left)))


async def cancel_all(request: web.Request) -> web.Response:
    """DELETE /portfolio/events/orders"""
    venue, account = request.app[VENUE], request[MEMBER].account
    subaccount = Query("CancelAllOrders", request.query).number("subaccount")
    venue.orders.cancel_all(account, subaccount)
    return web.Response(status=204)


async def decrease(request: web.Request) -> web.Response:
    """POST /portfolio/events/orders/{order_id}/decrease"""
    venue = request.app[VENUE]
    body = Body("DecreaseOrderV2Request", decode_object(await request.read()))
    by = body.count("reduce_by") if body.text("reduce_by") else None
    to = body.count("reduce_to") if body.text("reduce_to") else None
    if (by is None) == (to is None):
        raise RefusalError(Code.PARAMETERS, "exactly one of reduce_by and reduce_to is wanted")
    route = Route(
        owner=_owner(request[MEMBER].account, _subaccount(request)),
        order_id=request.match_info["order_id"],
        exchange_index=body.number("exchange_index"),
        ticker=body.text("market_ticker"),
    )
    order = venue.orders.decrease(route, by, to)
    view = _named(order)
    view["remaining_count"] = count2(order.remaining)
    view["ts_ms"] = millis(venue.now_ns())
    return answer(view)


async def amend(request: web.Request) -> web.Response:
    """POST /portfolio/events/orders/{order_id}/amend"""
    venue = request.app[VENUE]
    body = Body("AmendOrderV2Request", decode_object(await request.read()))
    body.require("ticker", "side", "price", "count")
    ticker = body.text("ticker")
    index = body.number("exchange_index")
    route = Route(
        owner=_owner(request[MEMBER].account, _subaccount(request)),
        order_id=request.match_info["order_id"],
        exchange_index=index,
        ticker="" if index is not None else ticker,
    )
    before = venue.exchange.orders.get(route.order_id)
    old = (before.filled, before.remaining) if before else (ZERO, ZERO)
    order = venue.orders.amend(route, _amendment(body))
    view = _named(order)
    if (order.filled, order.remaining) != old:
        view = created_view(order, 0)
    view["ts_ms"] = millis(venue.now_ns())
    return answer(view)


def _amendment(body: Body) -> Amendment:
    return Amendment(
        side=_enum(Side, body.text("side")),
        ticker=body.text("ticker"),
        price=body.price("price"),
        qty=body.count("count"),
        client_order_id=body.text("client_order_id"),
        updated_client_order_id=_client_id(body.text("updated_client_order_id")),
        expires_s=body.number("expiration_time"),
    )


async def batch_create(request: web.Request) -> web.Response:
    """POST /portfolio/events/orders/batched"""
    venue, account = request.app[VENUE], request[MEMBER].account
    whole = Body("BatchCreateOrdersV2Request", decode_object(await request.read()))

    def one(item: Json) -> Json:
        order = _create_noted(venue, account, Body("CreateOrderV2Request", item))
        view = {"average_fill_price": None, "average_fee_paid": None}
        return view | created_view(order, millis(venue.now_ns())) | {"error": None}

    return answer({"orders": [_tried(one, i, _NOT_CREATED) for i in whole.items("orders")]}, 201)


async def batch_cancel(request: web.Request) -> web.Response:
    """DELETE /portfolio/events/orders/batched"""
    venue, account = request.app[VENUE], request[MEMBER].account
    whole = Body("BatchCancelOrdersV2Request", decode_object(await request.read()))

    def one(item: Json) -> Json:
        body = Body("BatchCancelOrdersV2RequestOrder", item)
        route = Route(
            owner=_owner(account, body.number("subaccount")),
            order_id=body.text("order_id"),
            exchange_index=body.number("exchange_index"),
            ticker=body.text("market_ticker"),
        )
        order, left = venue.orders.cancel(route)
        return _canceled_view(venue, order, count2(left)) | {"error": None}

    return answer({"orders": [_tried(one, i, _NOT_CANCELED) for i in whole.items("orders")]})


# No order, no order_id: the one field of a batch's item that is never null.
_NOT_CREATED: Json = {
    "client_order_id": None,
    "fill_count": None,
    "remaining_count": None,
    "average_fill_price": None,
    "average_fee_paid": None,
    "ts_ms": None,
}
_NOT_CANCELED: Json = {
    "order_id": "",
    "client_order_id": None,
    "reduced_by": "0.00",
    "ts_ms": None,
}


def _tried(one: Callable[[Json], Json], item: Json, empty: Json) -> Json:
    """One item of a batch; its refusal does not touch the others."""
    try:
        return one(item)
    except RefusalError as refusal:
        named = {k: item[k] for k in ("order_id", "client_order_id") if k in item and k in empty}
        return empty | named | {"error": item_error(refusal)}
    except ApiError as error:
        return empty | {"error": error.body}


async def legacy(_request: web.Request) -> web.Response:
    """Every write below /portfolio/orders: gone."""
    raise ApiError(410, LEGACY)


def _route_of_query(request: web.Request, struct: str) -> Route:
    query = Query(struct, request.query)
    return Route(
        owner=_owner(request[MEMBER].account, query.number("subaccount")),
        order_id=request.match_info["order_id"],
        exchange_index=query.number("exchange_index"),
        ticker=query.text("market_ticker"),
    )


def _subaccount(request: web.Request) -> int | None:
    return Query("Order", request.query).number("subaccount")


def _canceled_view(venue: Venue, order: Order, reduced_by: str) -> Json:
    return _named(order) | {"reduced_by": reduced_by, "ts_ms": millis(venue.now_ns())}


def _named(order: Order) -> Json:
    return {"order_id": order.order_id, "client_order_id": order.client_order_id}


def _owner(account: str, subaccount: int | None) -> Owner:
    if subaccount is not None and not 0 <= subaccount <= MAX_SUBACCOUNT:
        raise RefusalError(Code.PARAMETERS, "subaccount must be between 0 and 63")
    return Owner(account, subaccount or 0)


def _client_id(text: str) -> str:
    is_plain = all(char.isascii() and (char.isalnum() or char in _ID_EXTRA) for char in text)
    if not is_plain or len(text) > _MAX_ID:
        raise RefusalError(Code.PARAMETERS, "client_order_id is not valid")
    return text


def _enum(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError as error:
        raise RefusalError(Code.PARAMETERS, f"{text!r} is not valid") from error
