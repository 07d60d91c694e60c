"""One market of Bitget on one port: REST v2 and v3, private and public websockets of both.

Its accounts are of one kind, classic or unified, as the table says; a unified account sees one
market a port.
"""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from daemon.paper.bitget.calls import FUTURES, SPOT
from daemon.paper.bitget.config import BitgetConfig
from daemon.paper.bitget.errors import MIX as MIX_ERRORS
from daemon.paper.bitget.errors import SPOT as SPOT_ERRORS
from daemon.paper.bitget.front import Front
from daemon.paper.bitget.limits import Limits
from daemon.paper.bitget.mix_pushes import MixTeller
from daemon.paper.bitget.private_hub import PrivateHub
from daemon.paper.bitget.public_hub import PublicHub
from daemon.paper.bitget.pushes import Teller
from daemon.paper.bitget.routes import MIX_ROUTES, SPOT_ROUTES, UTA_ROUTES
from daemon.paper.bitget.spot_pushes import SpotTeller
from daemon.paper.bitget.uta_pushes import UtaTeller
from daemon.paper.clock import Clock
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.venue import CoinVenue, Nature, make_venue
from daemon.paper.faults import Fault, FaultKind


class BitgetDoor:
    """REST and websockets over one venue."""

    def __init__(self, venue: CoinVenue, config: BitgetConfig) -> None:
        self.venue = venue
        market = FUTURES if venue.is_contract else SPOT
        routes = (MIX_ROUTES if venue.is_contract else SPOT_ROUTES) | UTA_ROUTES
        refusals = MIX_ERRORS if venue.is_contract else SPOT_ERRORS
        limits = Limits(config.rate_limits)
        self._front = Front(venue, config.dialect, limits, refusals, routes)
        self._is_unified = config.dialect == "uta"
        teller: Teller = UtaTeller(venue)
        if not self._is_unified:
            teller_of = MixTeller if venue.is_contract else SpotTeller
            teller = teller_of(venue, echoes=config.echo_last_fill)
        told = "UTA" if self._is_unified else market
        self._private = PrivateHub(venue, config, teller, told)
        self._public = {
            version: PublicHub(venue, market, is_unified=version == "v3")
            for version in ("v2", "v3")
        }

    def make_app(self) -> web.Application:
        """Everything on one port; the private websocket is that of the accounts' kind."""
        app = web.Application()
        version = "v3" if self._is_unified else "v2"
        app.router.add_get(f"/{version}/ws/private", self._private.serve)
        for name, hub in self._public.items():
            app.router.add_get(f"/{name}/ws/public", hub.serve)
        self._front.add_routes(app)
        return app

    def urls(self, address: str) -> dict[str, str]:
        """What a client's settings call them."""
        return {"REST_URL": f"http://{address}", "WS_URL": f"ws://{address}"}

    def strike(self, fault: Fault) -> int:
        """Disconnects, of one account or of all."""
        public = sum(hub.strike(fault) for hub in self._public.values())
        return self._private.strike(fault) + public

    def tick(self) -> None:
        """Let the other traders move."""
        self.venue.tick()

    def close(self) -> None:
        """Cut every websocket."""
        self.strike(Fault(kind=FaultKind.WS_DISCONNECT))


def make_bitget_spot(config: BitgetConfig, clock: Clock, seed: int) -> BitgetDoor:
    """Spot with its door, not yet populated and not yet listening."""
    return _make("bitget_spot", config, clock, seed)


def make_bitget_futures(config: BitgetConfig, clock: Clock, seed: int) -> BitgetDoor:
    """USDT-futures with their door, not yet populated and not yet listening."""
    return _make("bitget_usdt_futures", config, clock, seed)


def _make(name: str, config: BitgetConfig, clock: Clock, seed: int) -> BitgetDoor:
    # What cannot stay is accepted, and canceled on the stream. BGB takes a fifth off a fee.
    rules = Rules(
        refuses_fok=False,
        refuses_post_only=False,
        ids_are_for_ever=config.client_ids == "for_ever",
        fee_coin_share=Decimal("0.8"),
        liquidation_id="{ms}",
        adl_id="{ms}",
    )
    is_contract = name == "bitget_usdt_futures"
    nature = Nature(name=name, is_contract=is_contract, rules=rules, needs_passphrase=True)
    return BitgetDoor(make_venue(nature, config, clock, seed), config)
