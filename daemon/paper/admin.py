"""The operator's door of the paper exchange: tests and people change the world through it.

JSON in, JSON out, on a loopback port of its own, without signatures. Errors of the caller are 400
{"error": sentence}. What members may do goes through the order desk, not through here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
from aiohttp import web

from daemon.paper.admin_bodies import (
    BookBody,
    CashBody,
    CloseBody,
    DetermineBody,
    OrderBody,
    ReadsBody,
    SeedBody,
    StructureBody,
    SwitchBody,
)
from daemon.paper.admission import add_account, add_market, seed_from
from daemon.paper.clock import SECOND_NS
from daemon.paper.config import AccountConfig
from daemon.paper.doors import DONE, FaultDoor, Routes, ScriptDoor, answer, body_of, errors
from daemon.paper.kalshi.context import Venue
from daemon.paper.kalshi.hub import Hub
from daemon.paper.kalshi.views import market_view, orderbook_view
from daemon.paper.lifecycle import Switches
from daemon.paper.listing import MarketSpec
from daemon.paper.model import Owner, Side
from daemon.paper.oracle import account_truth, plain, truth
from daemon.paper.seeding import seed_position
from daemon.paper.units import decimal_of, levels_of


class Admin:
    """All of /admin."""

    def __init__(self, venue: Venue, hub: Hub) -> None:
        self._venue = venue
        self._faults = FaultDoor(venue.exchange.faults, hub.strike)
        self._scripts = ScriptDoor(venue.traders)

    def make_app(self) -> web.Application:
        """The admin application."""
        app = web.Application(middlewares=[errors])
        for method, path, handler in self._routes():
            app.router.add_route(method, f"/admin{path}", handler)
        return app

    def _routes(self) -> Routes:
        return (
            ("GET", "/oracle", self.oracle),
            ("GET", "/oracle/{account}", self.oracle),
            ("PUT", "/reads", self.set_reads),
            ("PUT", "/exchange", self.switch),
            ("GET", "/markets", self.list_markets),
            ("POST", "/markets", self.create_market),
            ("PUT", "/markets/{ticker}/book", self.set_book),
            ("POST", "/markets/{ticker}/orders", self.send_order),
            ("POST", "/markets/{ticker}/pause", self.pause),
            ("POST", "/markets/{ticker}/activate", self.activate),
            ("POST", "/markets/{ticker}/close", self.close),
            ("POST", "/markets/{ticker}/determine", self.determine),
            ("POST", "/markets/{ticker}/settle", self.settle),
            ("POST", "/markets/{ticker}/structure", self.structure),
            ("POST", "/accounts", self.create_account),
            ("GET", "/accounts/{account}/key", self.key),
            ("POST", "/accounts/{account}/cash", self.cash),
            ("POST", "/accounts/{account}/positions", self.seed),
            *self._faults.routes(),
            *self._scripts.routes(),
        )

    # The truth

    async def oracle(self, request: web.Request) -> web.Response:
        """Everything, or everything about one account."""
        self._venue.tick()
        name = request.match_info.get("account")
        if name is None:
            return answer(truth(self._venue.exchange))
        self._venue.exchange.account(name)
        return answer(account_truth(self._venue.exchange, name))

    async def set_reads(self, request: web.Request) -> web.Response:
        """Change read lags and the timing of private frames."""
        body = await body_of(request, ReadsBody)
        for name, value in msgspec.structs.asdict(body).items():
            if value is not None:
                setattr(self._venue.exchange.reads, name, value)
        return answer(DONE)

    # The exchange and its markets

    async def switch(self, request: web.Request) -> web.Response:
        """Pause or resume the exchange or its trading."""
        body = await body_of(request, SwitchBody)
        self._venue.markets.switch(
            Switches(
                exchange_active=body.exchange_active,
                trading_active=body.trading_active,
                shards=tuple(body.shards),
            )
        )
        return answer(DONE)

    async def list_markets(self, _request: web.Request) -> web.Response:
        """Every market with its book."""
        exchange = self._venue.exchange
        rows = [
            {
                "market": market_view(m, exchange.books[t], self._venue.open_interest(t)),
                "orderbook_fp": orderbook_view(exchange.books[t], 0),
            }
            for t, m in exchange.markets.items()
        ]
        return answer({"markets": rows})

    async def create_market(self, request: web.Request) -> web.Response:
        """List a market."""
        spec = await body_of(request, MarketSpec)
        add_market(self._venue, spec)
        return answer({"ticker": spec.ticker}, 201)

    async def set_book(self, request: web.Request) -> web.Response:
        """Replace the other traders' liquidity on each side given."""
        body, ticker = await body_of(request, BookBody), request.match_info["ticker"]
        self._venue.tick()
        self._venue.traders.set_book(
            ticker,
            None if body.bids is None else levels_of("bids", body.bids),
            None if body.asks is None else levels_of("asks", body.asks),
        )
        book = self._venue.exchange.books[ticker]
        return answer({"orderbook_fp": orderbook_view(book, 0)})

    async def send_order(self, request: web.Request) -> web.Response:
        """Another trader's IoC order."""
        body, ticker = await body_of(request, OrderBody), request.match_info["ticker"]
        self._venue.tick()
        price, qty = decimal_of("price", body.price), decimal_of("count", body.count)
        order = self._venue.traders.send(ticker, Side(body.side), price, qty)
        return answer({"order_id": order.order_id, "filled": plain(order.filled)}, 201)

    async def pause(self, request: web.Request) -> web.Response:
        """active -> inactive."""
        self._venue.markets.pause(request.match_info["ticker"])
        return answer(DONE)

    async def activate(self, request: web.Request) -> web.Response:
        """inactive -> active; resting orders are canceled."""
        self._venue.markets.activate(request.match_info["ticker"])
        return answer(DONE)

    async def close(self, request: web.Request) -> web.Response:
        """Move the closing time."""
        body = await body_of(request, CloseBody)
        close_ns = self._venue.now_ns() + int(body.in_s * SECOND_NS)
        self._venue.markets.move_close(request.match_info["ticker"], close_ns)
        return answer(DONE)

    async def determine(self, request: web.Request) -> web.Response:
        """Fix the outcome; settles when the market's timer has run."""
        body = await body_of(request, DetermineBody)
        value: Decimal | None = None
        if body.settlement_value is not None:
            value = decimal_of("settlement_value", body.settlement_value)
        self._venue.markets.determine(request.match_info["ticker"], body.result, value)
        return answer(DONE)

    async def settle(self, request: web.Request) -> web.Response:
        """Pay out a determined market now."""
        self._venue.markets.settle_now(request.match_info["ticker"])
        return answer(DONE)

    async def structure(self, request: web.Request) -> web.Response:
        """Change a market's price grid."""
        body = await body_of(request, StructureBody)
        self._venue.markets.set_structure(request.match_info["ticker"], body.price_level_structure)
        return answer(DONE)

    # Members

    async def create_account(self, request: web.Request) -> web.Response:
        """Admit a member; the private key is in the answer and nowhere else."""
        config = await body_of(request, AccountConfig)
        add_account(self._venue, config)
        return answer(self._key_view(config.name), 201)

    async def key(self, request: web.Request) -> web.Response:
        """A member's key."""
        return answer(self._key_view(request.match_info["account"]))

    def _key_view(self, name: str) -> dict[str, str]:
        self._venue.exchange.account(name)
        known = self._venue.credentials[name]
        return {"account": name, "key_id": known.key_id, "private_key_pem": known.private_pem}

    async def cash(self, request: web.Request) -> web.Response:
        """Deposit dollars, or withdraw with a minus."""
        body, name = await body_of(request, CashBody), request.match_info["account"]
        self._venue.exchange.account(name)
        dollars = decimal_of("dollars", body.dollars.removeprefix("-"))
        sign = -1 if body.dollars.startswith("-") else 1
        owner = Owner(name, body.subaccount)
        self._venue.exchange.ledger.deposit(owner, body.exchange_index, sign * dollars)
        return answer({"cash": plain(self._venue.exchange.ledger.cash[owner, body.exchange_index])})

    async def seed(self, request: web.Request) -> web.Response:
        """Give a member a position by a real trade against the house."""
        body, name = await body_of(request, SeedBody), request.match_info["account"]
        seed_position(self._venue.exchange, seed_from(self._venue, name, body))
        return answer(DONE, 201)
