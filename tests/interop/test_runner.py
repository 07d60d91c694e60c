"""The interop runner's own logic, without a network and without the strangers' environments."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.paper.config import parse_config
from daemon.paper.server import PaperServer
from tests.interop import environments, run
from tests.interop.coin_door import CoinDoor
from tests.interop.environments import ENVIRONMENTS, UnavailableError, candidates, stamp_of
from tests.interop.relay import Passed, relaying, write_record
from tests.interop.room import CLIENTS, COIN_CLIENTS, COIN_TABLES, Paper, paper_toml, ticker
from tests.interop.schemas import Document, frame_schema, undeclared, without_nullable
from tests.interop.sheet import (
    Check,
    MismatchError,
    Sheet,
    exit_code,
    read_sheet,
    require,
    same,
    table,
)
from tests.paper.binance.builders import a_market
from tests.paper.builders import Client, a_client


def test_a_check_that_fails_is_kept_and_the_next_is_tried(tmp_path: Path) -> None:
    sheet = Sheet("client", "1.0")
    with sheet.check("right"):
        same("qty", "1.50", Decimal("1.5"))
    with sheet.check("wrong"):
        same("qty", "1.50", Decimal(2))
    with sheet.check("broken"):
        int("no number")
    assert [check.name for check in sheet.failed] == ["wrong", "broken"]
    assert "the client reads Decimal('1.50'), the exchange did Decimal('2')" in str(sheet.failed)
    assert "ValueError" in sheet.failed[1].problem
    sheet.write(tmp_path / "sheet.json")
    assert read_sheet(tmp_path / "sheet.json") == sheet


def test_what_is_not_so_is_a_mismatch() -> None:
    require([1], "something is there")
    with pytest.raises(MismatchError, match="nothing is there"):
        require([], "nothing is there")


def test_the_table_names_versions_counts_skips_and_failures() -> None:
    good = Sheet("good", "3.34.0", [Check("create"), Check("cancel")])
    good.note("topic", "evidence")
    absent = Sheet("absent", skipped={"all": "no Python 3.13"})
    bad = Sheet("bad", "1", [Check("get", "it said 2")])
    text = table([good, absent, bad])
    assert "good    3.34.0   2      2       0       0" in text
    assert "skipped  all: no Python 3.13" in text
    assert "tried    create; cancel" in text
    assert "note     topic: evidence" in text
    assert "FAILED   get: it said 2" in text
    assert (exit_code([good, absent]), exit_code([good, absent, bad])) == (0, 1)


def test_an_override_is_the_only_python_tried(tmp_path: Path) -> None:
    assert candidates({"INTEROP_PYTHON": "/some/python"}, tmp_path) == ["/some/python"]
    made = tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3.13"
    made.parent.mkdir(parents=True)
    made.touch()
    assert str(made) in candidates({"INTEROP_PYTHON": ""}, tmp_path)


async def test_without_a_python_everything_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEROP_PYTHON", "no-such-python")
    sheets = await run.run()
    assert exit_code(sheets) == 0
    assert all("no Python 3.13" in sheet.skipped["all"] for sheet in sheets)


def test_an_environment_is_built_anew_for_another_lock_or_python() -> None:
    official = ENVIRONMENTS["official"]
    assert stamp_of(official, "a") != stamp_of(official, "b")
    assert stamp_of(official, "a") != stamp_of(ENVIRONMENTS["community"], "a")


def test_a_missing_lock_says_how_it_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    with pytest.raises(UnavailableError, match="make interop ARGS=--lock"):
        environments.build(ENVIRONMENTS["spec"], "python")


@pytest.mark.parametrize("name", list(ENVIRONMENTS))
def test_every_lock_is_pinned_by_hash(name: str) -> None:
    lines = ENVIRONMENTS[name].lock.read_text("utf-8").splitlines()
    pins = [line for line in lines if "==" in line and not line.startswith(" ")]
    assert pins
    assert all(line.endswith("\\") for line in pins)


def test_the_specification_is_a_folder_with_both_files(tmp_path: Path) -> None:
    assert run.spec_folder({})[0] is None
    (tmp_path / "openapi.yaml").touch()
    found, why = run.spec_folder({"FILLD_SPEC_DIR": str(tmp_path)})
    assert (found, "asyncapi.yaml" in why) == (None, True)
    (tmp_path / "asyncapi.yaml").touch()
    assert run.spec_folder({"FILLD_SPEC_DIR": str(tmp_path)}) == (tmp_path, "")


async def test_a_relay_writes_down_what_passes(tmp_path: Path) -> None:
    record: list[Passed] = []
    async with a_client() as client:
        server = client.server
        paper = Paper(server.rest_url, server.ws_url, server.admin_url, tmp_path)
        async with relaying("official", paper, record) as seen:
            await _through(client, server, seen)
    write_record(record, tmp_path / "record.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    made = rows[0]
    assert (made["method"], made["status"]) == ("POST", 201)
    assert (json.loads(made["sent"])["count"], "order_id" in made["answer"]) == ("1.00", True)


async def _through(client: Client, server: PaperServer, seen: Paper) -> None:
    server._urls["rest"] = seen.rest_url
    answer = await client.order()
    assert answer.status == 201


def test_the_room_has_markets_and_an_account_for_every_client() -> None:
    config = parse_config(paper_toml())
    assert [account.name for account in config.accounts] == list(CLIENTS)
    names = [market.ticker for market in config.markets]
    assert names == [ticker(client, which) for client in CLIENTS for which in "ABC"]


# Schemas

OPEN = {
    "paths": {
        "/orders/{id}": {"get": {"responses": {"200": {"$ref": "#/components/responses/Ok"}}}},
        "/orders/all": {
            "get": {
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "responses": {"200": {}},
            }
        },
    },
    "components": {
        "responses": {
            "Ok": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
        },
        "schemas": {
            "A": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "nullable": True},
                    "part": {"allOf": [{"$ref": "#/components/schemas/B"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/B"}},
                    "free": {"type": "object"},
                },
            },
            "B": {"type": "object", "properties": {"qty": {"type": "string"}}},
        },
    },
}


def test_the_room_has_every_market_for_every_coin_client(tmp_path: Path) -> None:
    tables = parse_config(paper_toml()).coin_venues()
    assert set(tables) == set(COIN_TABLES)
    for config in tables.values():
        assert {account.name for account in config.accounts} == set(COIN_CLIENTS)
    assert {name for name, _module, _tables in run.COIN_DRIVES} == set(COIN_CLIENTS)
    assert {each for _name, _module, known in run.COIN_DRIVES for each in known} == set(tables)
    lines = ["FILLD_KALSHI__KEY_ID=k", "FILLD_BINANCE_SPOT__API_KEY=a=b", "OTHER=1"]
    (tmp_path / "ccxt.env").write_text("\n".join(lines))
    paper = Paper("", "", "", tmp_path)
    assert paper.settings("ccxt", "binance_spot") == {"API_KEY": "a=b"}
    assert paper.key_id("ccxt") == "k"


async def test_a_coin_client_that_cannot_be_installed_is_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(*_: object) -> None:
        raise UnavailableError("no wheel")

    monkeypatch.setattr(environments, "build", absent)
    sheets = await run.drive_coins(Paper("", "", "", tmp_path), "python3")
    assert [sheet.client for sheet in sheets] == ["ccxt", "ccxt", "ccxt", "python-binance"]
    assert all("no wheel" in sheet.skipped["all"] for sheet in sheets)


async def test_the_coin_door_reads_the_truth_of_one_account() -> None:
    async with a_market() as alice:
        door = CoinDoor(alice.server.admin_url, "binance_spot", "alice")
        await asyncio.to_thread(door.no_bids)
        await asyncio.to_thread(door.sweep, "bid", "2501", "1")
        assert await asyncio.to_thread(door.balance, "USDT") == 10_000
        assert await asyncio.to_thread(door.fills) == []
        assert await asyncio.to_thread(door.position) == 0


def test_an_operation_is_found_by_its_path_the_plain_one_first() -> None:
    document = Document(OPEN)
    every = document.operation("GET", "/orders/all")
    one = document.operation("GET", "/orders/7f1c")
    assert every is not None
    assert one is not None
    assert (every.name, one.name) == ("GET /orders/all", "GET /orders/{id}")
    assert one.response(200) == {"$ref": "#/components/schemas/A"}
    assert document.operation("POST", "/orders/all") is None
    assert list(every.query_problems("limit=5")) == []
    assert list(every.query_problems("limit=x&page=2")) == [
        "limit=x: an integer is wanted",
        "query parameter page is not documented",
    ]


def test_nullable_becomes_a_type() -> None:
    assert without_nullable({"type": "string", "nullable": True})["type"] == ["string", "null"]
    found = without_nullable({"$ref": "#/x", "nullable": True})
    assert found == {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}
    plain = {"properties": {"nullable": {"type": "boolean"}}}
    assert without_nullable(plain) == plain


def test_fields_that_no_schema_knows_are_found() -> None:
    document = Document(OPEN)
    schema = {"$ref": "#/components/schemas/A"}
    instance = {
        "id": None,
        "part": {"qty": "1", "px": "2"},
        "parts": [{"qty": "1"}, {"side": "yes"}],
        "free": {"anything": 1},
        "more": 1,
    }
    assert list(undeclared(document, schema, instance)) == ["part.px", "parts[].side", "more"]


def test_a_frame_is_known_by_its_type_and_a_command_by_its_word() -> None:
    ping = {"properties": {"type": {"const": "ping"}}}
    say = {"properties": {"cmd": {"enum": ["say"]}}}
    messages = {"a": {"payload": ping}, "b": {"payload": say}, "c": {"payload": ping}}
    document = Document({"components": {"messages": messages}})
    assert frame_schema(document, {"type": "ping"}, is_command=False) == ping
    assert frame_schema(document, {"cmd": "say"}, is_command=True) == say
    assert frame_schema(document, {"type": "pong"}, is_command=False) is None
