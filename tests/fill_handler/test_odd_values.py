"""The whole public face against values that nobody should hand in: each is taken, or refused by
an error of the tree that can be printed, and what was taken can be told again."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Final

import msgspec
import pytest

from daemon.core.errors import TheirsError
from daemon.core.events import Fill
from daemon.fill_handler import (
    BadInputError,
    FillHandler,
    HandlerConfig,
    RetryConfig,
    StateError,
    as_dict,
    create_fill_handler,
    process_exchange_fill,
)
from daemon.fill_handler.exchange_manager import ExchangeManager, Progress
from daemon.fill_handler.statefile import Told
from daemon.settings import Settings, SettingsError
from tests import builders as make
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting

TEXT_MOST: Final = 2_000
NESTED: Final = 20_000


def deep(kind: type[list[object] | dict[object, object]]) -> object:
    """Nested beyond what any recursion bears."""
    found: object = kind()
    for _ in range(NESTED):
        found = [found] if kind is list else {"a": found}
    return found


class Silent:
    """An object that cannot even be named."""

    def __repr__(self) -> str:
        raise RuntimeError("unspeakable")


ODD: Final[Mapping[str, object]] = {
    "None": None,
    "zero": 0,
    "negative": -1,
    "huge": 10**5_000,
    "float": 1.5,
    "nan": float("nan"),
    "true": True,
    "bytes": b"\xff\x00",
    "bytearray": bytearray(b"{}"),
    "list": [],
    "list of one": [1],
    "list of a list": [[]],
    "dict": {},
    "odd keys": {1: 2, ("a",): 1, "\ud800": 1},
    "set": set(),
    "signalling": Decimal("sNaN"),
    "quiet": Decimal("NaN"),
    "infinite": Decimal("Infinity"),
    "beyond": Decimal("1e999999"),
    "beneath": Decimal("1e-999999"),
    "signalling text": "sNaN",
    "beyond text": "1e999999999999",
    "many digits": "1" * 10_000,
    "empty": "",
    "nul": "a\0b",
    "surrogate": "\ud800",
    "long": "x" * 100_000,
    "up": "../status",
    "deep list": deep(list),
    "deep dict": deep(dict),
    "deep text": "[" * NESTED,
    "object": object(),
    "silent": Silent(),
    "class": str,
    "path": Path("a\0b"),
}
Call = Callable[..., object]


async def asked(call: Call) -> object:
    """What `call` gives."""
    found = call()
    return await found if inspect.isawaitable(found) else found


async def told(call: Call) -> object:
    """What `call` gives, or None where it is refused as it has to be; anything else goes on."""
    try:
        return await asked(call)
    except SettingsError:  # tells every problem, and every key that is accepted
        return None
    except TheirsError as refused:
        text = str(refused).encode()
    assert len(text) < TEXT_MOST
    return None


def odd_ones(good: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """`good` arguments with one of them odd, each with each, and a name of it."""
    for name in good:
        for odd, value in ODD.items():
            yield f"{name} = {odd}", {**good, name: value}


async def made(**config: object) -> FillHandler:
    handler = await create_fill_handler(config, clock=Counting())
    await handler.process(samples.BINANCE)
    return handler


METHODS: Final[Mapping[str, Mapping[str, object]]] = {
    "process": {"data": samples.BITGET, "venue": "bitget"},
    "process_each": {"batch": [samples.BITGET], "venue": "bitget"},
    "process_fill_event": {"fill": samples.BITGET, "venue": "bitget"},
    "handle_partial_fill": {
        "order_id": samples.BITGET["orderId"], "fill_data": samples.BITGET, "venue": "bitget",
    },
    "track_order": {
        "order_id": "9", "venue": "kalshi", "symbol": "S", "side": "buy", "amount": "3",
        "price": "0.5",
    },
    "get_order_state": {"order_id": "123456789", "venue": "binance", "symbol": "BTCUSDT"},
    "orders": {"active": True},
    "export_file": {"path": Path("/dev/null/none")},
    "import_state": {"state": {}, "replace": False, "dry_run": True},
    "import_file": {"path": Path("/dev/null/none"), "replace": True, "dry_run": True, "told": None},
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an odd name makes a file of lies in no checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("method", METHODS)
async def test_a_handler_takes_it_or_says_what_it_accepts(method: str, tmp_path: Path) -> None:
    async with await made(journal=tmp_path / "fills.db") as handler:
        for name, given in odd_ones(METHODS[method]):
            try:
                await told(lambda: getattr(handler, method)(**given))  # noqa: B023
            except Exception as error:
                raise AssertionError(f"{method}({name})") from error
        shown = [as_dict(state) for state in handler.orders()]
        assert msgspec.json.decode(msgspec.json.encode(shown)) == shown
        assert handler.export_file(tmp_path / "all").fills in {1, 2}
    async with await create_fill_handler({"journal": tmp_path / "fills.db"}) as again:
        assert (await again.import_file(tmp_path / "all")).new_fills == 0


@pytest.mark.parametrize("name", [field.name for field in fields(Fill)])
async def test_so_it_does_with_a_fill_that_is_no_fill(name: str) -> None:
    for odd, value in ODD.items():
        handler = await made()
        fill = replace(make.fill(), **{name: value})  # type: ignore[arg-type]
        try:
            if await told(lambda: handler.process_fill_event(fill)) is not None:  # noqa: B023
                assert [as_dict(state) for state in handler.orders()]
                assert msgspec.json.encode(handler.export_state())
        except Exception as error:
            raise AssertionError(f"Fill({name} = {odd})") from error


async def test_a_configuration_is_read_alike_as_a_mapping_and_as_an_object() -> None:
    for field, (odd, value) in product(fields(HandlerConfig), ODD.items()):
        made_of: dict[str, object] = {field.name: value}
        if field.name == "journal" and isinstance(value, str | Path):
            made_of = {field.name: f"/dev/null/{value}"}
        for config in (made_of, HandlerConfig(**made_of)):  # type: ignore[arg-type]
            handler = await told(lambda: create_fill_handler(config, clock=Counting()))  # noqa: B023
            if isinstance(handler, FillHandler):
                await handler.process(samples.BINANCE)
                assert handler.export_state(), odd
    for field, value in product(fields(RetryConfig), ODD.values()):
        given: dict[str, object] = {field.name: value}
        for one in (given, RetryConfig(**given)):  # type: ignore[arg-type]
            await told(lambda: create_fill_handler({"retry_config": one}))  # noqa: B023
    for value in ODD.values():
        await told(lambda: create_fill_handler(value))  # type: ignore[arg-type] # noqa: B023
        await told(lambda: as_dict(value))  # noqa: B023
        await told(lambda: process_exchange_fill(value, samples.BITGET))  # type: ignore[arg-type] # noqa: B023


async def test_an_export_with_an_odd_part_is_refused() -> None:
    state = (await made()).export_state()
    for name, given in odd_ones(state):
        sealed = given if name.startswith("checksum") else signed(given)
        for odd in (given, sealed):
            handler = await create_fill_handler(clock=Counting())
            report = await told(lambda: handler.import_state(odd))  # noqa: B023
            assert report is None or name in {"steps = list", "tally = dict"}, name


def signed(state: Mapping[str, object]) -> Mapping[str, object]:
    """With a checksum that is right, where there can be one."""
    body = {name: part for name, part in state.items() if name != "checksum"}
    try:
        raw = msgspec.json.encode(body, order="sorted")
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return state
    return {**body, "checksum": hashlib.sha256(raw).hexdigest()}


@pytest.mark.parametrize("number", ["sNaN", "NaN", "Infinity", "1E+999999", "1E-999999", "-1E+40"])
@pytest.mark.parametrize("name", ["last_qty", "last_px", "commission"])
async def test_a_number_that_nothing_can_count_with_is_no_part_of_an_export(
    name: str, number: str
) -> None:
    state = (await made()).export_state()
    steps = msgspec.json.decode(msgspec.json.encode(state["steps"]))
    steps[0][1][name] = number
    handler = await create_fill_handler(clock=Counting())
    with pytest.raises(StateError, match=r"^steps?[\[ ]"):
        await handler.import_state(signed({**state, "steps": steps}))
    assert handler.get_fill_statistics()["total_orders"] == 0


TRADE: Final[Mapping[str, object]] = {
    "exchange": "kalshi",
    "symbol": "S",
    "side": "buy",
    "amount": "1",
    "order_type": "limit",
    "price": "0.5",
    "time_in_force": "ioc",
    "timeout_s": "1",
    "reduce_only": False,
    "position_side": "net",
    "account": "main",
    "token": "t",
    "progress": None,
}


async def test_the_exchange_manager_says_what_it_accepts(tmp_path: Path) -> None:
    for name, given in odd_ones(TRADE):
        try:
            await told(lambda: ExchangeManager(Settings()).execute_trade(**given))  # type: ignore[arg-type] # noqa: B023
        except Exception as error:
            raise AssertionError(f"execute_trade({name})") from error
    for name, given in odd_ones({"config": None, "env_file": None, "overrides": ()}):
        try:
            await told(lambda: ExchangeManager.from_config(**given))  # type: ignore[arg-type] # noqa: B023
        except Exception as error:
            raise AssertionError(f"from_config({name})") from error
    for value in ODD.values():
        await told(lambda: ExchangeManager(Settings()).trade(value))  # type: ignore[arg-type] # noqa: B023
        await told(lambda: ExchangeManager(value).trade("mine"))  # type: ignore[arg-type] # noqa: B023
    file = tmp_path / "deep.toml"
    file.write_text(f"a = {'[' * NESTED}")
    await told(lambda: ExchangeManager.from_config(file))
    await told(lambda: ExchangeManager.from_config(overrides=[f"stops={'[' * NESTED}"]))


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda h: h.process(samples.BITGET, venue=1), r"venue = 1: accepted: kalshi, binance"),
        (lambda h: h.process_each([], venue=b"x"), r"venue = b'x': accepted: kalshi, binance"),
        (lambda h: h.process_each(None), r"batch is NoneType: accepted: a list"),
        (lambda h: h.get_order_state([]), r"order_id = \[\]: accepted: text"),
        (lambda h: h.get_order_state("1", symbol=1), r"symbol = 1: accepted: text"),
        (lambda h: h.import_state({"format": "filld-fills", "version": Decimal("sNaN")}),
         r"version: is sNaN; this filld reads version 1"),
        (lambda _: ExchangeManager.from_config("a\0b"), r"config = 'a\\x00b': accepted: a path"),
        (lambda _: ExchangeManager.from_config(None, 7), r"env_file is int: accepted: a path"),  # type: ignore[arg-type]
        (lambda _: ExchangeManager.from_config(overrides="a=b"), r"overrides is str: accepted: a"),
        (lambda _: ExchangeManager(7), r"settings is int: accepted: Settings"),  # type: ignore[arg-type]
        (lambda _: ExchangeManager(Settings()).trade("../status"), r"token = '../status': accep"),
        (lambda h: h.export_file("a\0b"), r"path = 'a\\x00b': accepted: a path"),
        (lambda h: h.import_file(3), r"path is int: accepted: a path"),
        (lambda h: h.track_order("9", venue="kalshi", symbol="S", side="buy", amount="1e99"),
         r"amount = '1e99': accepted: a decimal number below 1E\+15 of at most 28 digits, 18 of"),
        (lambda h: h.track_order([], venue="kalshi", symbol="S", side="buy", amount=1),
         r"order_id = \[\]: accepted: text"),
        (lambda _: as_dict(7), r"view = 7: accepted: "),
    ],
)  # fmt: skip
async def test_the_error_names_field_value_and_what_is_accepted(ask: Call, says: str) -> None:
    handler = await made()
    with pytest.raises(BadInputError, match=rf"^{says}"):
        await asked(lambda: ask(handler))


async def test_what_is_no_call_back_is_refused_before_anything_is_begun() -> None:
    nothing: Progress = 7  # type: ignore[assignment]
    with pytest.raises(BadInputError, match=r"^progress = 7: accepted: a function"):
        await ExchangeManager(Settings()).execute_trade("kalshi", "S", "buy", 1, progress=nothing)
    never: Told = 7  # type: ignore[assignment]
    handler = await made()
    with pytest.raises(BadInputError, match=r"^told = 7: accepted: a function"):
        await handler.import_file(Path("none"), told=never)
