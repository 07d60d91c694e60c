"""How a fill handler is made, and the one call that most programs need of it."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.fill_handler import accept
from daemon.fill_handler.config import HandlerConfig, handler_config
from daemon.fill_handler.handler import Data, FillHandler
from daemon.fill_handler.retry import retrying
from daemon.fill_handler.state import FillEvent
from daemon.fill_handler.store import Store, open_store
from daemon.ports import Clock
from daemon.runtime.clock import SystemClock


async def create_fill_handler(
    config: Mapping[str, object] | HandlerConfig | None = None, *, clock: Clock | None = None
) -> FillHandler:
    """A handler for `config` (`HandlerConfig` says its keys; unknown ones are refused).

    With `journal` its facts are read back from that file and kept in it; while another process
    has the file, opening is tried again as `retry_config` says. Raises `ConfigError`,
    `StateError` (a daemon's journal) and `JournalError` and its kin.
    """
    known = handler_config(config)
    clock = clock or SystemClock()
    if known.journal is None:
        return FillHandler(known, clock)
    path, used = known.journal, clock

    async def opened() -> Store:
        return open_store(path, used, known.keys)

    return FillHandler(known, used, await retrying(known.retry_config, used, opened))


async def process_exchange_fill(
    handler: FillHandler, data: Data, venue: str | None = None
) -> tuple[FillEvent, ...]:
    """`handler.process`: the fills that `data`, in any venue's form, hold."""
    if not isinstance(handler, FillHandler):
        raise accept.refused("handler", handler, "what create_fill_handler made")
    return await handler.process(data, venue)
