"""Which package serves which table of the configuration. One line a venue, and nothing else."""

from __future__ import annotations

from daemon.paper.binance.spot import make_spot
from daemon.paper.binance.usdm import make_usdm
from daemon.paper.bitget.door import make_bitget_futures, make_bitget_spot
from daemon.paper.clock import Clock
from daemon.paper.config import PaperConfig
from daemon.paper.crypto.door import Door
from daemon.paper.phemex.perp import make_perp
from daemon.paper.phemex.spot import make_spot as make_phemex_spot


def make_doors(config: PaperConfig, clock: Clock) -> dict[str, Door]:
    """The coin venues that are configured, by name; not yet populated, not yet listening."""
    doors: dict[str, Door] = {}
    if config.binance_spot is not None:
        doors["binance_spot"] = make_spot(config.binance_spot, clock, config.seed)
    if config.binance_usdm is not None:
        doors["binance_usdm"] = make_usdm(config.binance_usdm, clock, config.seed)
    if config.bitget_spot is not None:
        doors["bitget_spot"] = make_bitget_spot(config.bitget_spot, clock, config.seed)
    if config.bitget_usdt_futures is not None:
        table = config.bitget_usdt_futures
        doors["bitget_usdt_futures"] = make_bitget_futures(table, clock, config.seed)
    if config.phemex_spot is not None:
        doors["phemex_spot"] = make_phemex_spot(config.phemex_spot, clock, config.seed)
    if config.phemex_usdt_perp is not None:
        doors["phemex_usdt_perp"] = make_perp(config.phemex_usdt_perp, clock, config.seed)
    return doors
