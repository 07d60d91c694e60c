"""demo and its parts agree with the exchanges, and notice when they do not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from daemon.cli import demo_coins, demo_kalshi
from daemon.cli.demo import SCENES, AnyScene, chosen, filld_toml, paper_toml
from daemon.cli.demo_coins import LONG, SHORT, CoinScene, Market
from daemon.cli.demo_report import Truth, compare, show
from daemon.cli.demo_world import ACCOUNT, DemoError, Json, World
from daemon.control.bodies import BadInputError
from daemon.paper.config import COIN_VENUES, parse_config
from daemon.settings import Settings, load_settings

OURS: Json = {"stake": "0", "fees": {"USD": "3.3049"}, "realized_pnl": "-11.0049", "settled": True}
TRUTH: Json = {"qty": "0.00", "fees": "3.3049", "realized_pnl": "-7.7000", "crossings": []}
SPOT = CoinScene(Market(table="bitget_spot"), LONG)
PERP = CoinScene(Market(table="bitget_usdt_futures"), SHORT)


class StillWorld(World):
    """A world whose doors answer with fixed rows: the same position for every scene."""

    def __init__(self, ours: Json, truth: Json) -> None:
        self.ours, self.truth = ours, truth

    def ask(self, path: str) -> Json:
        """No exits."""
        if path.startswith("/positions"):
            return {
                "positions": [{**self.ours, "venue": s.venue, "symbol": s.symbol} for s in SCENES]
            }
        return {"exits": []}

    def admin(self, method: str, path: str, body: Json | None = None) -> Json:
        """A coin market's truth as it is, Kalshi's for every scene."""
        assert (method, body) == ("GET", None), path
        if not path.startswith("/oracle"):
            return self.truth
        rows = [{**self.truth, "ticker": s.symbol} for s in demo_kalshi.SCENES]
        return {"positions": rows}


def rows_of(ours: Json, truth: Json) -> list[Json]:
    return compare(StillWorld({**OURS, **ours}, {**TRUTH, **truth}), demo_kalshi.SCENES)


def fill(symbol: str, side: str, qty: str, price: str, fee: str, coin: str = "USDT") -> Json:
    numbers = {"qty": qty, "price": price, "fee": fee, "fee_coin": coin}
    return {"symbol": symbol, "side": side, **numbers}


def spot_truth(*fills: Json, total: str = demo_coins.KEPT) -> Truth:
    truth: Json = {"balances": {"ETH": {"total": total}}, "fills": list(fills)}
    return SPOT.truth(StillWorld({}, truth))


def short_truth(*fills: Json, qty: str = "0", highest: str = "0") -> Truth:
    row = {"symbol": "BTCUSDT", "qty": qty, "lowest": "-0.05", "highest": highest}
    other = {"symbol": "ETHUSDT", "qty": "1.5", "lowest": "0", "highest": "1.5"}
    return PERP.truth(StillWorld({}, {"positions": [row, other], "fills": list(fills)}))


def test_equal_books_agree() -> None:
    assert {row["agrees"] for row in rows_of({}, {})} == {True}


@pytest.mark.parametrize(
    ("ours", "truth"),
    [
        ({"settled": False}, {}),
        ({"stake": "1"}, {}),
        ({}, {"qty": "-1.00"}),
        ({"stake": "1"}, {"qty": "1.00"}),
        ({"fees": {"USD": "3.3048"}}, {}),
        ({"fees": {"USD": "3.3049", "BNB": "0.01"}}, {}),
        ({"realized_pnl": "-11.0050"}, {}),
        ({}, {"crossings": [{"before": "1", "after": "-1"}]}),
    ],
)
def test_one_contract_or_a_hundredth_of_a_cent_is_a_difference(ours: Json, truth: Json) -> None:
    assert {row["agrees"] for row in rows_of(ours, truth)} == {False}


def test_a_difference_is_shown_with_both_numbers_on_any_terminal() -> None:
    for width in (80, 134):
        out = io.StringIO()
        show(Console(file=out, width=width), rows_of({"realized_pnl": "-11.0050"}, {})[:1])
        assert "DIFFERS" in out.getvalue()
        assert out.getvalue().index("-11.0050") < out.getvalue().index("-11.0049")


def test_funding_is_part_of_the_truth_and_has_a_column_where_it_was_paid() -> None:
    flat: Json = {"positions": [], "fills": [], "funding": {"BTCUSDT": {"USDT": "1.5"}}}
    books: list[Json] = [{}, {"funding_pnl": "-1.5"}]
    assert PERP.truth(StillWorld({}, flat)).pnl == Decimal("-1.5")
    shown = []
    for ours in books:
        out = io.StringIO()
        show(Console(file=out, width=160), rows_of(ours, {})[:1])
        shown.append("funding PnL" in out.getvalue())
    assert shown == [False, True]


def test_a_fee_in_the_coin_that_is_held_is_less_to_sell() -> None:
    bought = fill("ETHUSDT", "bid", "1.5", "2500", "0.0015", "ETH")
    sold = fill("ETHUSDT", "ask", "1.4985", "2400", "3.5964")
    truth = spot_truth(bought, sold)
    assert truth.fees == {"ETH": Decimal("0.0015"), "USDT": Decimal("3.5964")}
    assert truth.pnl == Decimal("1.4985") * 2400 - Decimal("1.5") * 2500 - Decimal("3.5964")
    assert (truth.left, truth.oversold) == (Decimal(0), False)


def test_a_fee_in_a_third_coin_is_outside_pnl() -> None:
    bought = fill("ETHUSDT", "bid", "1", "2500", "0.004", "BNB")
    sold = fill("ETHUSDT", "ask", "1", "2400", "0.004", "BNB")
    truth = spot_truth(bought, sold)
    assert (truth.pnl, truth.fees) == (Decimal(-100), {"BNB": Decimal("0.008")})


def test_a_short_earns_when_it_is_bought_back_cheaper() -> None:
    sold = fill("BTCUSDT", "ask", "0.05", "60000", "1.2")
    bought = fill("BTCUSDT", "bid", "0.05", "59000", "1.18")
    strange = fill("ETHUSDT", "bid", "1.5", "2500", "1.5")
    truth = short_truth(sold, bought, strange)
    assert truth == Truth(
        left=Decimal(0), fees={"USDT": Decimal("2.38")}, pnl=Decimal("47.62"), oversold=False
    )


def test_what_went_through_zero_was_oversold_and_what_stays_is_left() -> None:
    assert spot_truth(total="0.24").oversold
    assert spot_truth(total="0.30").left == Decimal("0.05")
    assert short_truth(highest="0.01").oversold
    assert short_truth(qty="-0.02").left == Decimal("0.02")


def test_a_stop_is_between_the_calm_book_and_the_first_thin_one() -> None:
    assert SPOT.book("0.2", "7") == {"bids": [("2495.00", "7")], "asks": [("2497.50", "1000")]}
    assert PERP.book("4.4", "7") == {"asks": [("62640.00", "7")], "bids": [("62580.00", "1000")]}


def test_every_coin_market_is_played_spot_long_and_contracts_both_ways() -> None:
    sides = {
        table: [s.side for s in demo_coins.SCENES if s.market.table == table]
        for table in COIN_VENUES
    }
    for table, played in sides.items():
        assert played == (["long"] if table.endswith("spot") else ["long", "short"]), table


@pytest.mark.parametrize(
    ("word", "venues"),
    [
        ("kalshi", {"kalshi"}),
        ("binance", {"binance-spot", "binance-usdm"}),
        ("bitget_spot", {"bitget-spot"}),
        ("bitget-usdt-futures", {"bitget-usdt-futures"}),
        ("phemex", {"phemex-spot", "phemex-usdt-perp"}),
    ],
)
def test_only_some_venues(word: str, venues: set[str], tmp_path: Path) -> None:
    scenes = chosen(word)
    assert {scene.venue for scene in scenes} == venues
    config = parse_config(paper_toml(scenes))
    assert {name.replace("_", "-") for name in config.coin_venues()} == venues - {"kalshi"}
    assert bool(config.accounts) is ("kalshi" in venues)
    assert {rule.venue for rule in settings_of(scenes, tmp_path).stops} == venues


def test_only_an_unknown_venue_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="'spot': accepted: kalshi, binance, binance-spot,"):
        chosen("spot")


def settings_of(scenes: tuple[AnyScene, ...], folder: Path) -> Settings:
    path = folder / "filld.toml"
    path.write_text(filld_toml(scenes, str(folder)))
    return load_settings(path, None, [], {})


def test_the_two_configurations_are_accepted(tmp_path: Path) -> None:
    config = parse_config(paper_toml(SCENES))
    assert [m.ticker for m in config.markets] == [scene.symbol for scene in demo_kalshi.SCENES]
    assert [account.name for account in config.accounts] == [ACCOUNT]
    assert set(config.coin_venues()) == set(COIN_VENUES)
    settings = settings_of(chosen(None), tmp_path)
    assert settings.kalshi.place_live_orders
    assert settings.phemex_usdt_perp.place_live_orders
    assert len(settings.stops) == len(SCENES)


def test_waiting_in_vain_says_for_what(tmp_path: Path) -> None:
    world = World(tmp_path, "", "")
    with pytest.raises(DemoError, match="for a miracle"):
        world.until("a miracle", lambda: None, 0.1)


def test_a_process_that_is_gone_ends_the_demo_with_words(tmp_path: Path) -> None:
    world = World(tmp_path, "", "")
    with pytest.raises(DemoError, match="the daemon does not answer; last line of"):
        world.ask("/status")
    world._admin_url = "http://127.0.0.1:1"
    with pytest.raises(DemoError, match=r"GET /oracle: no answer; last line of .*paper\.log"):
        world.admin("GET", "/oracle")


def test_the_whole_demo_agrees_to_the_last_digit() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--json"],
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout)
    rows = cast("list[Json]", result["positions"])
    assert result["agreed"]
    assert [(r["venue"], r["symbol"], r["left"]) for r in rows] == [
        (scene.venue, scene.symbol, "0") for scene in SCENES
    ]
    for row in rows:
        if row["venue"] != "kalshi":
            assert row["partial_fills"] == 3 <= cast("int", row["orders"]), row
    seed = rows[0]
    assert (seed["qty"], seed["orders"], seed["partial_fills"]) == ("100", 2, 3)
