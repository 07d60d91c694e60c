"""filld doctor and certificates: a real handshake on loopback with a CA made for the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from daemon.app.doctor_venue import venue_checks
from daemon.app.findings import Check, State
from daemon.core.terms import NANOS, Venue
from daemon.runtime.clock import SystemClock
from tests.app.test_launch import settings

KALSHI = Venue("kalshi")


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA and what it signs."""

    key: ec.EllipticCurvePrivateKey
    folder: Path

    def signed(self, days: int, address: str = "127.0.0.1") -> ssl.SSLContext:
        """A server's side with a certificate that ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        built = self._certificate("host", key, timedelta(days=days)).add_extension(
            names, critical=False
        )
        file = self.folder / "host.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + self._pem(built))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def write(self) -> Path:
        """Its own certificate, in a file."""
        built = self._certificate("ca", self.key, timedelta(days=400)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        (self.folder / "ca.pem").write_bytes(self._pem(built))
        return self.folder / "ca.pem"

    def _certificate(
        self, name: str, key: ec.EllipticCurvePrivateKey, lasts: timedelta
    ) -> x509.CertificateBuilder:
        end = datetime.fromtimestamp(SystemClock().wall_ns() // NANOS, UTC) + lasts
        return (
            x509.CertificateBuilder()
            .subject_name(name_of(name))
            .issuer_name(name_of("ca"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=800))
            .not_valid_after(end + timedelta(hours=1))
        )

    def _pem(self, built: x509.CertificateBuilder) -> bytes:
        return built.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this machine trusts, and no other."""
    made = Authority(ec.generate_private_key(ec.SECP256R1()), tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.write()))
    return made


@asynccontextmanager
async def listening(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Somebody who takes connections and says nothing; the port."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def tls_findings(folder: Path, context: ssl.SSLContext) -> list[Check]:
    """What doctor says of a venue at that address, whose key is none."""
    async with listening(context) as port:
        made = settings(
            folder,
            FILLD_KALSHI__REST_URL=f"https://127.0.0.1:{port}/trade-api/v2",
            FILLD_KALSHI__WS_URL=f"wss://127.0.0.1:{port}/trade-api/ws/v2",
        )
        found = await venue_checks(made, KALSHI, made.accounts[KALSHI], SystemClock())
    return [check for check in found if check.item == "tls"]


@pytest.mark.parametrize(("days", "state"), [(90, State.OK), (14, State.OK), (13, State.WARN)])
async def test_the_age_of_a_certificate(
    tmp_path: Path, authority: Authority, days: int, state: State
) -> None:
    (found,) = await tls_findings(tmp_path, authority.signed(days))
    assert found.state is state
    assert f"{days} days" in found.text


async def test_one_that_has_ended_is_no_connection(tmp_path: Path, authority: Authority) -> None:
    (found,) = await tls_findings(tmp_path, authority.signed(-1))
    assert (found.state, found.text) == (State.FAIL, "127.0.0.1: certificate has expired")


async def test_one_of_another_host(tmp_path: Path, authority: Authority) -> None:
    (found,) = await tls_findings(tmp_path, authority.signed(90, "127.0.0.2"))
    assert found.state is State.FAIL
    assert "mismatch" in found.text


async def test_one_that_nobody_vouches_for(tmp_path: Path, authority: Authority) -> None:
    context = authority.signed(90)
    stranger = Authority(ec.generate_private_key(ec.SECP256R1()), tmp_path)
    stranger.write()  # in place of the one that signed
    (found,) = await tls_findings(tmp_path, context)
    assert found.state is State.FAIL
