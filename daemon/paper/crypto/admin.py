"""A coin venue's part of the admin door: tests and people change its world below /admin/NAME.

What members may do goes through the order desk, not through here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from aiohttp import web

from daemon.paper.crypto.config import (
    Bounds,
    CoinAccountConfig,
    CoinSeedConfig,
    InstrumentConfig,
    Levels,
    seed_from,
    signed_of,
)
from daemon.paper.crypto.model import Order, Origin, Phase, PositionSide
from daemon.paper.crypto.oracle import account_truth, order_truth, plain, truth
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.doors import DONE, FaultDoor, Routes, ScriptDoor, answer, body_of
from daemon.paper.faults import Fault
from daemon.paper.matching import Book
from daemon.paper.model import Side
from daemon.paper.units import decimal_of, levels_of


class CoinReadsBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Read lags, [least, most] ms, and the timing of private frames. Absent keys stay."""

    order_lag_ms: Bounds | None = None
    fill_lag_ms: Bounds | None = None
    position_lag_ms: Bounds | None = None
    private_frames: Literal["before_ack", "after_ack", "race"] | None = None
    after_ack_ms: int | None = None


class CoinBookBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """[[price, quantity], ...] for each side to replace; [] empties a side."""

    bids: Levels | None = None
    asks: Levels | None = None


class CoinOrderBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Another trader's IoC order."""

    side: Literal["bid", "ask"]
    price: str
    qty: str


class PhaseBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the instrument lets happen from now on."""

    phase: Literal["trading", "no_opening", "halted"]


class MarkBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The mark price; null follows the last trade again."""

    mark_px: str | None


class FundingBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rate of one funding: longs pay shorts when it is above zero."""

    rate: str


class CoinCashBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Coins to add; a minus takes away."""

    coin: str
    qty: str


class CloseBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A position that the exchange closes, all of it unless `qty` is given."""

    symbol: str
    price: str
    origin: Literal["liquidation", "adl"] = "liquidation"
    position_side: Literal["both", "long", "short"] = "both"
    qty: str = ""


class CoinAdmin:
    """All of /admin/NAME. `strike` carries out the faults that do not wait."""

    def __init__(self, venue: CoinVenue, strike: Callable[[Fault], int]) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._faults = FaultDoor(venue.exchange.faults, strike)
        self._scripts = ScriptDoor(venue.traders)

    def routes(self) -> Routes:
        """Method, path below /admin, handler."""
        own: Routes = (
            ("GET", "/oracle", self.oracle),
            ("GET", "/oracle/{account}", self.oracle),
            ("PUT", "/reads", self.set_reads),
            ("GET", "/instruments", self.list_instruments),
            ("POST", "/instruments", self.create_instrument),
            ("PUT", "/instruments/{symbol}/book", self.set_book),
            ("POST", "/instruments/{symbol}/orders", self.send_order),
            ("PUT", "/instruments/{symbol}/phase", self.set_phase),
            ("PUT", "/instruments/{symbol}/mark", self.set_mark),
            ("POST", "/instruments/{symbol}/funding", self.pay_funding),
            ("POST", "/accounts", self.create_account),
            ("GET", "/accounts/{account}/key", self.key),
            ("POST", "/accounts/{account}/cash", self.cash),
            ("POST", "/accounts/{account}/positions", self.seed),
            ("POST", "/accounts/{account}/close", self.force_close),
        )
        rows = (*own, *self._faults.routes(), *self._scripts.routes())
        return tuple((method, f"/{self._venue.name}{path}", each) for method, path, each in rows)

    async def oracle(self, request: web.Request) -> web.Response:
        """Everything, or everything about one account."""
        self._venue.tick()
        name = request.match_info.get("account")
        found = truth(self._exchange) if name is None else account_truth(self._exchange, name)
        return answer(found)

    async def set_reads(self, request: web.Request) -> web.Response:
        """Change read lags and the timing of private frames."""
        body = await body_of(request, CoinReadsBody)
        for name, value in msgspec.structs.asdict(body).items():
            if value is not None:
                setattr(self._exchange.reads, name, value)
        return answer(DONE)

    # Instruments

    async def list_instruments(self, _request: web.Request) -> web.Response:
        """Every instrument with its book and its last price."""
        rows = [
            {
                "symbol": symbol,
                "phase": instrument.phase.value,
                "last_px": plain(instrument.last_px),
                "mark_px": plain(self._exchange.mark_px(symbol)),
                "book": book_view(self._exchange.books[symbol]),
            }
            for symbol, instrument in self._exchange.instruments.items()
        ]
        return answer({"instruments": rows})

    async def create_instrument(self, request: web.Request) -> web.Response:
        """List an instrument."""
        spec = await body_of(request, InstrumentConfig)
        self._venue.add_instrument(spec)
        return answer({"symbol": spec.symbol}, 201)

    async def set_book(self, request: web.Request) -> web.Response:
        """Replace the other traders' liquidity on each side given."""
        body, symbol = await body_of(request, CoinBookBody), request.match_info["symbol"]
        self._venue.tick()
        self._venue.traders.set_book(
            symbol,
            None if body.bids is None else levels_of("bids", body.bids),
            None if body.asks is None else levels_of("asks", body.asks),
        )
        return answer(book_view(self._exchange.books[symbol]))

    async def send_order(self, request: web.Request) -> web.Response:
        """Another trader's IoC order."""
        body, symbol = await body_of(request, CoinOrderBody), request.match_info["symbol"]
        self._venue.tick()
        price, qty = decimal_of("price", body.price), decimal_of("qty", body.qty)
        order = self._venue.traders.send(symbol, Side(body.side), price, qty)
        return answer({"order_id": order.order_id, "filled": plain(order.filled)}, 201)

    async def set_phase(self, request: web.Request) -> web.Response:
        """Halt, resume, or let it only be closed."""
        body = await body_of(request, PhaseBody)
        self._venue.upkeep.set_phase(request.match_info["symbol"], Phase(body.phase))
        return answer(DONE)

    async def set_mark(self, request: web.Request) -> web.Response:
        """Fix the mark price."""
        body = await body_of(request, MarkBody)
        price = None if body.mark_px is None else decimal_of("mark_px", body.mark_px)
        self._exchange.instrument(request.match_info["symbol"]).mark_px = price
        return answer(DONE)

    async def pay_funding(self, request: web.Request) -> web.Response:
        """One funding of a contract."""
        body = await body_of(request, FundingBody)
        rate = signed_of("rate", body.rate)
        paid = self._venue.upkeep.pay_funding(request.match_info["symbol"], rate)
        return answer({"accounts": paid})

    # Members

    async def create_account(self, request: web.Request) -> web.Response:
        """Admit a member; its secret is in the answer."""
        config = await body_of(request, CoinAccountConfig)
        self._venue.add_account(config)
        return answer(self._key_view(config.name), 201)

    async def key(self, request: web.Request) -> web.Response:
        """A member's key."""
        return answer(self._key_view(request.match_info["account"]))

    def _key_view(self, name: str) -> dict[str, str]:
        self._exchange.account(name)
        key = self._venue.keys[name]
        return {
            "account": name,
            "api_key": key.api_key,
            "api_secret": key.secret,
            "passphrase": key.passphrase,
            "private_key_pem": key.pair.private_pem if key.pair else "",
        }

    async def cash(self, request: web.Request) -> web.Response:
        """Deposit a coin, or withdraw it with a minus."""
        body, name = await body_of(request, CoinCashBody), request.match_info["account"]
        self._venue.upkeep.deposit(name, body.coin, signed_of("qty", body.qty))
        return answer({"total": plain(self._exchange.holdings.total(name, body.coin))})

    async def seed(self, request: web.Request) -> web.Response:
        """Give a member a holding by a trade against the house; nobody is told."""
        body, name = await body_of(request, CoinSeedConfig), request.match_info["account"]
        self._venue.upkeep.seed(seed_from(name, body))
        return answer(DONE, 201)

    async def force_close(self, request: web.Request) -> web.Response:
        """Liquidate a position, or take part of it in an auto-deleveraging."""
        body, name = await body_of(request, CloseBody), request.match_info["account"]
        self._exchange.account(name)
        order = self._venue.upkeep.force_close(
            name,
            body.symbol,
            PositionSide(body.position_side),
            Origin(body.origin),
            decimal_of("price", body.price),
            decimal_of("qty", body.qty) if body.qty else None,
        )
        return answer(order_truth(order), 201)


def book_view(book: Book[Order]) -> dict[str, list[tuple[str, str]]]:
    """A whole book, best first."""
    return {
        name: [(plain(price), plain(qty)) for price, qty in book.levels(side)]
        for name, side in (("bids", Side.BID), ("asks", Side.ASK))
    }
