"""The interop room: a paper exchange as a real process, and the markets of each client.

Every client has an account and three markets of its own, on two shards, so that none sees what
another left behind.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.door import until

# client -> key type. The two strangers sign with RSA, ours with both kinds elsewhere.
CLIENTS = {"official": "rsa", "community": "rsa", "ours": "ed25519"}
SHARD = 2
_HEAD = """\
tick_ms = 10
shards = [{{ index = 0, description = "Default" }}, {{ index = {shard}, description = "Weather" }}]
[reads]
private_frames = "race"
"""
_MARKET = """\
[[markets]]
ticker = "KX{name}-26DEC31-{which}"
exchange_index = {shard}
settlement_timer_s = {timer_s}
fee_type = "{fee_type}"
bids = [["0.5500", "4"], ["0.5400", "3"], ["0.5000", "100"]]
asks = [["0.5700", "5.5"], ["0.5800", "200"]]
"""
_ACCOUNT = """\
[[accounts]]
name = "{client}"
key_type = "{key_type}"
tier = "prestige"
cash = "5000.00"
positions = [{{ ticker = "KX{name}-26DEC31-A", count = "20", price = "0.60" }}]
"""


# The coin venues' clients; an account in each table. Both sign by HMAC.
COIN_CLIENTS = ("ccxt", "python_binance")
# Table -> symbol, lot, and what else the client needs.
COIN_TABLES = {
    "binance_spot": ("ETHUSDT", "0.0001", ""),
    "binance_usdm": ("ETHUSDT", "0.001", ""),
    "bitget_usdt_futures": ("ETHUSDT", "0.001", ""),
    "phemex_spot": ("sETHUSDT", "0.0001", 'history = "envelope"'),
}
_COIN_TABLE = """\
[{table}]
{more}
[[{table}.instruments]]
symbol = "{symbol}"
base = "ETH"
lot = "{lot}"
"""
_COIN_ACCOUNT = """\
[[{table}.accounts]]
name = "{client}"
balances = {{ USDT = "100000", ETH = "10" }}
"""


def coin_toml() -> str:
    """The tables of the coin venues."""
    parts = []
    for table, (symbol, lot, more) in COIN_TABLES.items():
        parts.append(_COIN_TABLE.format(table=table, symbol=symbol, lot=lot, more=more))
        parts += [_COIN_ACCOUNT.format(table=table, client=client) for client in COIN_CLIENTS]
    return "\n".join(parts)


def ticker(client: str, which: str) -> str:
    """The name of a client's market: A trades, B has maker fees, C is settled."""
    return f"KX{client.upper()}-26DEC31-{which}"


def paper_toml() -> str:
    """The configuration of the exchange."""
    parts = [_HEAD.format(shard=SHARD)]
    for client, key_type in CLIENTS.items():
        name = client.upper()
        for which, fee_type, shard in (
            ("A", "quadratic", SHARD),
            ("B", "quadratic_with_maker_fees", 0),
            ("C", "quadratic", 0),
        ):
            parts.append(
                _MARKET.format(name=name, which=which, shard=shard, timer_s=60, fee_type=fee_type)
            )
        parts.append(_ACCOUNT.format(client=client, key_type=key_type, name=name))
    return "\n".join([*parts, coin_toml()])


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a running paper exchange is found; keys and env files lie in `folder`."""

    rest_url: str
    ws_url: str
    admin_url: str
    folder: Path

    def key_id(self, client: str) -> str:
        """The id of a client's key."""
        return self.settings(client, "kalshi")["KEY_ID"]

    def settings(self, client: str, table: str) -> dict[str, str]:
        """What a client's env file says of one venue: addresses and keys."""
        text = (self.folder / f"{client}.env").read_text(encoding="utf-8")
        prefix = f"FILLD_{table.upper()}__"
        lines = [line for line in text.splitlines() if line.startswith(prefix)]
        return dict(line.removeprefix(prefix).split("=", 1) for line in lines)

    def key_file(self, client: str) -> Path:
        """A client's private key."""
        return self.folder / f"{client}.pem"


@contextmanager
def running_paper(folder: Path) -> Iterator[Paper]:
    """Start `filld paper` as a process of its own, and end it."""
    config, log = folder / "paper.toml", folder / "paper.log"
    config.write_text(paper_toml(), encoding="utf-8")
    verb = ["paper", "--config", str(config), "--env-dir", str(folder)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "daemon", *verb], stdout=output, stderr=subprocess.STDOUT
        )

    def announced() -> Paper | None:
        if process.poll() is not None:
            raise RuntimeError(f"the paper exchange ended: {log.read_text(encoding='utf-8')}")
        words = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
        urls = {pair[0]: pair[1] for pair in words if len(pair) > 1}
        if "admin" not in urls:
            return None
        return Paper(urls["rest"], urls["ws"], urls["admin"], folder)

    try:
        yield until("the paper exchange to start", announced, 30)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
