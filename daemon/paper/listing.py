"""How a market comes to be listed: its price grid, its clocks and its first book.

The specification is what a person writes, in the configuration or at the admin door; unknown keys
are refused. It knows no order of a member.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from daemon.paper.clock import SECOND_NS
from daemon.paper.model import Market, PriceRange
from daemon.paper.units import decimal_of

GRIDS = {
    "linear_cent": (("0", "1", "0.01"),),
    "deci_cent": (("0", "1", "0.001"),),
    "tapered_deci_cent": (
        ("0", "0.1", "0.001"),
        ("0.1", "0.9", "0.01"),
        ("0.9", "1", "0.001"),
    ),
    "centi_cent": (("0", "1", "0.0001"),),
}


class MarketSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One market as a person describes it. Prices and contracts are strings, times seconds."""

    ticker: str
    event_ticker: str = ""
    series_ticker: str = ""
    title: str = ""
    category: str = "Paper"
    market_type: str = "binary"
    exchange_index: int = 0
    price_level_structure: str = "linear_cent"
    opens_in_s: float = 0
    closes_in_s: float = 86_400
    settlement_timer_s: int = 60
    fee_type: str = "quadratic"
    fee_multiplier: str = "1"
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []


def grid_of(structure: str) -> tuple[PriceRange, ...]:
    """The price ranges of a structure's name."""
    if structure not in GRIDS:
        raise ValueError(
            f"price_level_structure = {structure!r}: accepted are {', '.join(sorted(GRIDS))}"
        )
    return tuple(PriceRange(*map(Decimal, bounds)) for bounds in GRIDS[structure])


def market_from(spec: MarketSpec, now_ns: int, market_id: str) -> Market:
    """The market that a specification describes, not yet open."""
    if spec.market_type not in ("binary", "scalar"):
        raise ValueError(f"market_type = {spec.market_type!r}: accepted are binary, scalar")
    event = spec.event_ticker or spec.ticker.rpartition("-")[0] or spec.ticker
    return Market(
        ticker=spec.ticker,
        event_ticker=event,
        series_ticker=spec.series_ticker or event.partition("-")[0],
        market_id=market_id,
        title=spec.title or spec.ticker,
        category=spec.category,
        market_type=spec.market_type,
        exchange_index=spec.exchange_index,
        structure=spec.price_level_structure,
        ranges=grid_of(spec.price_level_structure),
        open_ns=now_ns + int(spec.opens_in_s * SECOND_NS),
        close_ns=now_ns + int(spec.closes_in_s * SECOND_NS),
        settlement_timer_s=spec.settlement_timer_s,
        created_ns=now_ns,
        updated_ns=now_ns,
        fee_type=spec.fee_type,
        fee_multiplier=decimal_of("fee_multiplier", spec.fee_multiplier),
    )
