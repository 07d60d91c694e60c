"""Alerts to services that Apprise knows: telegram, slack, mail and a hundred more.

The one home of Apprise. It blocks, so each delivery has a thread, which may never end: it is no
part of the loop's executor and keeps no process from ending. What Apprise logs may quote an
address, a secret: only a status is taken of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from collections.abc import Callable
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyType
from typing_extensions import override

from daemon.telemetry.alerts import Alert, AlertFailedError
from daemon.telemetry.errors import UnknownServiceError

_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_IDS: Final = ("account", "venue", "symbol", "client_order_id")


class _Ear(logging.Handler):
    """Keeps the last HTTP status of each thread, and the log of Apprise from everybody else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.statuses: dict[int, str] = {}

    @override
    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found is not None and record.thread is not None:
            self.statuses[record.thread] = found[1]


_EAR: Final = _Ear()


def _hush() -> None:
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if _EAR not in logger.handlers:
        logger.addHandler(_EAR)


class AppriseSender:
    """One target. `name` stands for its address, which is never shown; raises UnknownServiceError.

    A delivery that does not end in `timeout_s` counts as failed, and while its thread lives the
    next one fails at once: there is one thread a target.
    """

    def __init__(self, name: str, url: str, timeout_s: float) -> None:
        _hush()
        asset = AppriseAsset(service_timeout=0)  # the waiting, and the thread, are ours
        asset.app_id, asset.app_desc, asset.app_url = "filld", "filld", ""
        service = Apprise.instantiate(url, asset=asset)
        if service is None:
            text = f"alerts.targets: {name}: not an address that Apprise knows a service for"
            raise UnknownServiceError(f"{text} (the address is not shown)")
        self._name = name
        self._timeout_s = timeout_s
        self._apprise = Apprise(service, asset=asset)
        self._busy = threading.Lock()

    async def send(self, alert: Alert) -> None:
        """Deliver in a thread; AlertFailedError says nothing of the address."""
        if not self._busy.acquire(blocking=False):
            raise AlertFailedError("the delivery before this one hangs")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()

        def tell(failure: str) -> None:
            if not done.done():
                done.set_result(failure)

        threading.Thread(
            target=self._deliver,
            args=(alert, _from_thread(loop, tell)),
            name=f"filld-alert-{self._name}",
            daemon=True,
        ).start()
        try:
            async with asyncio.timeout(self._timeout_s):
                failure = await done
        except TimeoutError:
            failure = f"no end after {self._timeout_s:g} s"
        if failure:
            raise AlertFailedError(failure)

    def _deliver(self, alert: Alert, tell: Callable[[str], None]) -> None:
        """Runs in the thread. Apprise turns what its services raise into a refusal."""
        me = threading.get_ident()
        failure = "ended by an error"
        try:
            taken = self._apprise.notify(
                body=_body(alert),
                title=_title(alert),
                notify_type=NotifyType.FAILURE if alert.urgent else NotifyType.WARNING,
            )
            status = _EAR.statuses.pop(me, "")
            failure = (
                "" if taken else f"not reached, or not taken{f' (HTTP {status})' if status else ''}"
            )
        finally:
            self._busy.release()
            tell(failure)


def _from_thread(
    loop: asyncio.AbstractEventLoop, tell: Callable[[str], None]
) -> Callable[[str], None]:
    def told(failure: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, failure)

    return told


def _title(alert: Alert) -> str:
    urgent = "URGENT " if alert.urgent else ""
    symbol = f" {alert.symbol}" if alert.symbol else ""
    return f"filld: {urgent}{alert.kind}{symbol}"


def _body(alert: Alert) -> str:
    ids = [f"{name}: {value}" for name in _IDS if (value := getattr(alert, name))]
    return "\n".join((alert.text, *ids, f"seq: {alert.seq}"))
