"""The demo's coin markets: on each one spot holding, or a long and a short contract, and its exit.

Prices in USDT. A new market is one line in `MARKETS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import cast

from daemon.cli.demo_report import Truth, total
from daemon.cli.demo_world import ACCOUNT, Json, Tell, World, toml_table

QUOTE = "USDT"
STOP_PERCENT = "4"
KEPT = "0.25"  # spot coins that are none of filld's business
PLENTY = "1000"
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Coin:
    """What is held of a coin: quantity, price when it was bought, what the thin books take."""

    base: str
    qty: str
    price: str
    thin: str
    thinner: str
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A venue and market by the name of its table; symbols are `prefix` + base + quote.

    `fee_coin`: what fees are paid with instead of what is received, "" for that.
    """

    table: str
    prefix: str = ""
    fee_coin: str = ""

    @property
    def is_spot(self) -> bool:
        """Holdings of a coin, not contracts."""
        return self.table.endswith("spot")

    def balances(self) -> dict[str, str]:
        """What the account has besides its positions."""
        coins = {QUOTE: "10000"}
        coins |= {LONG.base: KEPT} if self.is_spot else {}
        return coins | ({self.fee_coin: "1"} if self.fee_coin else {})


LONG = Coin("ETH", "1.5", "2500", thin="0.4", thinner="0.3", lot="0.0001")
SHORT = Coin("BTC", "-0.05", "60000", thin="0.02", thinner="0.01", lot="0.001")
MARKETS = (
    Market(table="binance_spot", fee_coin="BNB"),
    Market(table="binance_usdm"),
    Market(table="bitget_spot"),
    Market(table="bitget_usdt_futures"),
    Market(table="phemex_spot", prefix="s"),
    Market(table="phemex_usdt_perp"),
)


@dataclass(frozen=True, slots=True)
class CoinScene:
    """A position on a coin market whose stop fires into a thin book."""

    market: Market
    coin: Coin
    story: str = field(default="thin book, then a little, then the rest", init=False)

    @property
    def venue(self) -> str:
        """As filld calls it."""
        return self.market.table.replace("_", "-")

    @property
    def symbol(self) -> str:
        """As the venue spells it."""
        return f"{self.market.prefix}{self.coin.base}{QUOTE}"

    @property
    def qty(self) -> str:
        """What was bought or sold, unsigned."""
        return self.coin.qty.removeprefix("-")

    @property
    def side(self) -> str:
        """What is held."""
        return "short" if self.coin.qty.startswith("-") else "long"

    def book(self, percent: str, qty: str) -> Json:
        """A book `percent` per cent against the position, with `qty` to get out into."""
        way = 1 if self.side == "short" else -1
        px, step = Decimal(self.coin.price), Decimal(percent)
        out, back = (px + way * px * at / 100 for at in (step, step - Decimal("0.1")))
        sides = [[(f"{out:.2f}", qty)], [(f"{back:.2f}", PLENTY)]]
        names = ("asks", "bids") if self.side == "short" else ("bids", "asks")
        return dict(zip(names, sides, strict=True))

    def play(self, world: World, tell: Tell) -> None:
        """Three parts: two books that are too thin, then one that is not."""
        left = Decimal(self.qty)
        for percent, qty in (("4.4", self.coin.thin), ("4.6", self.coin.thinner)):
            self._show(world, percent, qty)
            left -= Decimal(qty)
            self._wait(world, left)
            tell(f"only {qty} {self.coin.base} found somebody; the rest is guarded again")
        self._show(world, "4.8", PLENTY)
        self._wait(world, Decimal(0))

    def _show(self, world: World, percent: str, qty: str) -> None:
        path = f"/{self.market.table}/instruments/{self.symbol}/book"
        world.admin("PUT", path, self.book(percent, qty))

    def _wait(self, world: World, at_most: Decimal) -> None:
        what = f"{self.venue} {self.symbol} to fall to {at_most}"
        world.until(what, lambda: self.truth(world).left <= at_most, PATIENCE_S)

    def truth(self, world: World) -> Truth:
        """From the exchange's own fills: cash in and out less fees and funding in USDT, once flat.

        A fee in the coin that is held is less to sell; one in a third coin is outside PnL.
        """
        oracle = world.admin("GET", f"/{self.market.table}/oracle/{ACCOUNT}")
        fills = [f for f in cast("list[Json]", oracle["fills"]) if f["symbol"] == self.symbol]
        fees: dict[str, Decimal] = {}
        cash = Decimal(0)
        for fill in fills:
            coin, fee = str(fill["fee_coin"]), Decimal(str(fill["fee"]))
            fees[coin] = fees.get(coin, Decimal(0)) + fee
            worth = Decimal(str(fill["price"])) * Decimal(str(fill["qty"]))
            cash += worth if fill["side"] == "ask" else -worth
        held, crossed = self._held(oracle)
        funding = cast("dict[str, dict[str, str]]", oracle.get("funding", {}))
        paid = Decimal(funding.get(self.symbol, {}).get(QUOTE, "0"))
        pnl = cash - fees.get(QUOTE, Decimal(0)) - paid
        return Truth(left=abs(held), fees=fees, pnl=pnl, oversold=crossed)

    def _held(self, oracle: Json) -> tuple[Decimal, bool]:
        """Signed quantity of the position, and whether it ever went through zero."""
        if self.market.is_spot:
            balances = cast("dict[str, Json]", oracle["balances"])
            held = Decimal(str(balances[self.coin.base]["total"])) - Decimal(KEPT)
            return held, held < 0
        rows = cast("list[Json]", oracle["positions"])
        mine = [row for row in rows if row["symbol"] == self.symbol]
        wrong = "highest" if self.side == "short" else "lowest"
        return total(mine, "qty"), bool(total(mine, wrong))


SCENES = tuple(
    CoinScene(market, coin)
    for market in MARKETS
    for coin in ((LONG,) if market.is_spot else (LONG, SHORT))
)


def paper_toml(scenes: Sequence[CoinScene]) -> str:
    """The coin venues of the paper exchange, calm, with the positions."""
    parts: list[str] = []
    for market, group in groupby(scenes, lambda scene: scene.market):
        played = tuple(group)
        parts.append(toml_table(f"[{market.table}]"))
        for scene in played:
            listed: Json = {"symbol": scene.symbol, "base": scene.coin.base, "lot": scene.coin.lot}
            book = scene.book("0.2", PLENTY)
            parts.append(toml_table(f"[[{market.table}.instruments]]", **listed, **book))
        parts.append(
            toml_table(f"[[{market.table}.accounts]]", name=ACCOUNT, fee_coin=market.fee_coin)
        )
        parts.append(toml_table(f"[{market.table}.accounts.balances]", **market.balances()))
        for scene in played:
            seed: Json = {"symbol": scene.symbol, "qty": scene.coin.qty, "price": scene.coin.price}
            parts.append(toml_table(f"[[{market.table}.accounts.positions]]", **seed, age_s=3600))
    return "".join(parts)


def filld_toml(scenes: Sequence[CoinScene]) -> str:
    """What the daemon is told of them."""
    parts: list[str] = []
    for market, group in groupby(scenes, lambda scene: scene.market):
        parts.append(toml_table(f"[{market.table}]", place_live_orders=True))
        for scene in group:
            named = {"venue": scene.venue, "symbol": scene.symbol}
            parts.append(toml_table("[[stops]]", **named, stop_percent=STOP_PERCENT))
            if market.is_spot:
                parts.append(toml_table("[[holdings]]", **named, kept_qty=KEPT))
    return "".join(parts)
