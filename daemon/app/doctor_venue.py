"""What `filld doctor` asks of one venue: its key, its hosts, its clock, what the key may do.

Only reads are sent.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from daemon.app.findings import Check, Findings
from daemon.app.venues import Client, Section, check_key, make_client
from daemon.core.terms import NANOS, Venue
from daemon.ports import Clock
from daemon.settings import Settings
from daemon.venues.errors import VenueSetupError, WrongClockError, WrongKeyError
from daemon.venues.rights import KeyRights

# All that is asked of one venue together, and of one host, in seconds.
_PATIENCE_S: Final = 60.0
_HOST_S: Final = 10.0
# An answer's date names a second, so that less than this may be no difference at all.
_SKEW_S: Final = 2.0
_CERTIFICATE_DAYS: Final = 14
_DAY_S: Final = 86_400
_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}


async def venue_checks(
    settings: Settings, venue: Venue, section: Section, clock: Clock
) -> list[Check]:
    """Every check of one venue; without a usable key only its hosts."""
    found = Findings(f"{venue} ({section.account})")
    usable = _key(found, venue, section)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reached = [await _host(found, url, clock) for url in _urls(section)]
            if usable and reached[0]:
                client = make_client(settings, venue, section, clock, lambda _: None)
                try:
                    await _account(found, client)
                finally:
                    await client.close()
    except TimeoutError:
        found.fail("time", f"not done within {_PATIENCE_S:.0f} s", "try again; check the network")
    if section.place_live_orders:
        found.ok("live orders", "ON: exits are sent")
    else:
        found.ok("live orders", "off: exits are recorded and not sent")
    return found.checks


def _key(found: Findings, venue: Venue, section: Section) -> bool:
    warnings: list[str] = []
    try:
        check_key(venue, section, warnings.append)
    except WrongKeyError as error:
        found.fail("key", str(error), "filld init writes where each key and secret goes")
        return False
    for text in warnings:
        found.warn("key file", text, "chmod 600 the key file")
    if not warnings:
        found.ok("key", "readable, and of a kind that the venue takes")
    return True


def _urls(section: Section) -> Iterator[str]:
    """Of each host once, the REST host first."""
    seen: set[str] = set()
    for name in ("rest_url", "ws_url", "public_ws_url"):
        url = getattr(section, name, "")
        parts = urlsplit(url)
        if url and parts.netloc not in seen:
            seen.add(parts.netloc)
            yield url


async def _host(found: Findings, url: str, clock: Clock) -> bool:
    """Name, connection, certificate; False where the host cannot be reached."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    loop = asyncio.get_running_loop()
    tls = ssl.create_default_context() if parts.scheme in {"https", "wss"} else None
    began_s = loop.time()
    try:
        async with asyncio.timeout(_HOST_S):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
    except socket.gaierror as error:
        found.fail("dns", f"{host}: {error.strerror}", "check the address and the name server")
        return False
    except ssl.SSLError as error:
        # Of a certificate OpenSSL says what is wrong with it; the reason is only that something is.
        text = f"{host}: {getattr(error, 'verify_message', '') or error.reason or error}"
        found.fail("tls", text, "check the machine's date, its CA certificates, and any proxy")
        return False
    except (OSError, TimeoutError) as error:
        text = f"{host} port {port}: {getattr(error, 'strerror', None) or type(error).__name__}"
        found.fail("tcp", text, "check the address, the network and the firewall")
        return False
    found.ok("reached", f"{host} port {port} in {1000 * (loop.time() - began_s):.0f} ms")
    if tls is not None:
        _certificate(found, host, writer, clock)
    writer.close()
    return True


def _certificate(found: Findings, host: str, writer: asyncio.StreamWriter, clock: Clock) -> None:
    until_s = ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"])
    days = (until_s - clock.wall_ns() // NANOS) // _DAY_S
    if days < _CERTIFICATE_DAYS:
        found.warn("tls", f"{host}: certificate ends in {days} days", "ask the venue, or wait")
    else:
        found.ok("tls", f"{host}: certificate is good for {days} days")


async def _account(found: Findings, client: Client) -> None:
    """What `open` proves before every run, and what the key may do."""
    try:
        await client.open()
    except WrongClockError as error:
        found.fail("clock", str(error), "run an NTP client (chrony, systemd-timesyncd)")
        return
    except WrongKeyError as error:
        found.fail("key", str(error), "make a new key at the venue, or correct this one")
        return
    except VenueSetupError as error:
        found.fail("account", str(error), "see the text")
        return
    found.ok("account", "the key reads it")
    skew_s = client.skew_ns / NANOS
    if abs(skew_s) > _SKEW_S:
        text = f"{skew_s:+.1f} s against the venue's"
        found.warn("clock", text, "run an NTP client (chrony, systemd-timesyncd)")
    else:
        found.ok("clock", f"within {_SKEW_S:.0f} s of the venue's")
    _rights(found, await client.rights())


def _rights(found: Findings, rights: KeyRights) -> None:
    if rights.trade is None:
        found.ok("trading", "the venue does not tell what the key may do")
    elif rights.trade:
        found.ok("trading", "the key may trade")
    else:
        text = "the key may not trade: no exit would be taken"
        found.fail("trading", text, "give the key the right to trade")
    if rights.withdraw:
        text = "the key may WITHDRAW"
        found.warn("withdrawing", text, "take that right away: filld never needs it")
    elif rights.withdraw is not None:
        found.ok("withdrawing", "the key may not withdraw")
    if rights.bound is False:
        text = "the key works from every address"
        found.warn("addresses", text, "bind the key to this machine's address at the venue")
    if rights.tier:
        found.ok("rate limit", rights.tier)
