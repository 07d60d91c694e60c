"""One tree of errors: what it holds, what each carries, and that the documents draw the same."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from daemon.cli.exits import code_of
from daemon.core.terms import RejectReason
from daemon.fill_handler import FillHandler, create_fill_handler, errors
from daemon.fill_handler.errors import (
    ERRORS,
    BadInputError,
    DoorRefusedError,
    ExchangeError,
    FilldError,
    JournalLockedError,
    NetworkError,
    TradeRefusedError,
    exchange_error,
)
from daemon.fill_handler.exchange_manager import ExchangeManager
from daemon.settings import Settings
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting

README = Path(__file__).resolve().parent.parent.parent / "README.md"
NAMED = {
    name: kind
    for name, kind in vars(errors).items()
    if name in errors.__all__ and isinstance(kind, type)
}
NAMES = {kind: name for name, kind in NAMED.items()}


def tree(kind: type[FilldError] = FilldError, depth: int = 0) -> Iterator[tuple[str, str, int]]:
    """Each class below `kind` as it is drawn, its sentence and its exit code."""
    sentence = (kind.__doc__ or "").splitlines()[0]
    drawn = f"{'  ' * depth}{NAMES[kind]}{' *' * kind.retryable}"
    error = kind.__new__(kind)
    if isinstance(error, DoorRefusedError):
        error.status = 500  # one that blames the caller comes as a BadInputError
    yield drawn, sentence, code_of(error)
    below = [one for one in NAMES if parent(one) is kind]
    for one in sorted(below, key=NAMES.__getitem__):
        yield from tree(one, depth + 1)


def parent(kind: type[FilldError]) -> type[FilldError] | None:
    """The nearest class above it that is in the tree."""
    return next((one for one in kind.__mro__[1:] if one in NAMES), None)


def test_the_modules_own_words_draw_the_tree_as_it_is() -> None:
    drawn = [line.rstrip() for line in (errors.__doc__ or "").splitlines() if line[:4] == "    "]
    assert drawn == [f"    {name}" for name, _, _ in tree()]


def test_the_readme_draws_the_tree_as_it_is() -> None:
    block = re.search(r"```\n(FilldError.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block is not None
    rows = [(f"{name:<26} {code}", sentence) for name, sentence, code in tree()]
    assert block[1].splitlines() == [f"{left}  {sentence}" for left, sentence in rows]


def test_every_class_is_in_the_tree_and_hangs_together() -> None:
    assert len(list(tree())) == len(NAMED)
    assert parent(FilldError) is None
    assert issubclass(BadInputError, ValueError)
    assert not issubclass(BadInputError, ExchangeError)


@pytest.mark.parametrize("reason", RejectReason)
def test_each_reason_has_a_class_that_carries_all_of_it(reason: RejectReason) -> None:
    error = exchange_error(reason, "why", venue="kalshi", code=reason.value, tried=("1: no",))
    assert type(error) is ERRORS[reason]
    assert (error.venue, error.code, error.tried) == ("kalshi", reason.value, ("1: no",))
    assert str(error) == error.text == "why"
    own = {"halted", "in_doubt", "limit_exceeded", "not_live", "operator", "stopped"}
    assert isinstance(error, TradeRefusedError) is (reason.value in own)


def test_who_gives_no_code_and_no_venue_is_honest_about_it() -> None:
    error = NetworkError()
    assert (error.venue, error.code, error.retryable, error.tried) == (None, "network", True, ())
    locked = JournalLockedError("held")
    assert (locked.venue, locked.code, locked.retryable) == (None, "journal_locked", True)


def nonsense(handler: FillHandler, path: Path) -> list[Callable[[], Awaitable[object]]]:
    """Calls of the library that cannot be done, whoever is to blame."""
    known = samples.BINANCE
    return [
        lambda: handler.process({"no": "fill"}),
        lambda: handler.process("{"),
        lambda: handler.process(b"\xff"),
        lambda: handler.process(3),  # type: ignore[arg-type]
        lambda: handler.process({"orderId": object()}),
        lambda: handler.process(known, "coinbase"),
        lambda: handler.process_fill_event([known, samples.BITGET]),
        lambda: handler.handle_partial_fill("nobody's", known),
        lambda: handler.handle_partial_fill("1", {}),
        lambda: handler.import_state({}),
        lambda: handler.import_state([]),  # type: ignore[arg-type]
        lambda: handler.import_state({"format": "filld-fills", "version": 9}),
        lambda: handler.import_file(path / "none"),
        lambda: handler.import_file(path),
        lambda: create_fill_handler({"retry_confg": {}}),
        lambda: create_fill_handler([]),  # type: ignore[arg-type]
        lambda: create_fill_handler({"journal": path}),
        lambda: create_fill_handler({"journal": "/dev/null/fills.db"}),
        lambda: create_fill_handler({"phemex_products": b"{"}),
    ]


@pytest.mark.parametrize("number", range(19))
async def test_whatever_the_library_raises_is_of_the_tree(tmp_path: Path, number: int) -> None:
    handler = await create_fill_handler(clock=Counting())
    calls = nonsense(handler, tmp_path)
    assert len(calls) == 19
    with pytest.raises(FilldError) as raised:
        await calls[number]()
    whole(raised.value)


async def test_so_is_what_it_raises_at_once_and_when_it_is_closed(tmp_path: Path) -> None:
    handler = await create_fill_handler(clock=Counting())
    for ask in (
        lambda: handler.get_order_state("nobody's"),
        lambda: handler.export_file(tmp_path / "no" / "such" / "folder"),
    ):
        with pytest.raises(FilldError) as raised:
            ask()
        whole(raised.value)
    await handler.close()
    with pytest.raises(FilldError) as raised:
        await handler.process(samples.BINANCE)
    whole(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"exchange": "coinbase"},
        {"exchange": None},
        {"symbol": ""},
        {"symbol": 7},
        {"side": "up"},
        {"side": 7},
        {"amount": "much"},
        {"amount": None},
        {"amount": []},
        {"amount": "NaN"},
        {"amount": -1},
        {"amount": "1e99"},
        {"order_type": "stop"},
        {"order_type": "limit"},
        {"price": "1"},
        {"time_in_force": "day"},
        {"timeout_s": 0},
        {"timeout_s": "1e9"},
        {"position_side": "both"},
        {"token": "\n"},
        {"token": "a" * 200},
        {"reduce_only": "perhaps"},
    ],
    ids=str,
)
async def test_a_callers_mistake_names_the_field_the_value_and_what_is_accepted(
    changes: dict[str, object],
) -> None:
    asked = {"exchange": "kalshi", "symbol": "NFL-1", "side": "buy", "amount": 1} | changes
    with pytest.raises(BadInputError, match=r"accepted: ") as raised:
        await ExchangeManager(Settings()).execute_trade(**asked)  # type: ignore[arg-type]
    whole(raised.value)
    (field,) = changes
    names = {"amount": "order_qty", "order_type": "ord_type|limit_px"}
    assert re.match(rf"(?:{field}|{names.get(field, 'limit_px')})\b", str(raised.value))


async def test_a_manager_that_was_not_entered_says_so() -> None:
    with pytest.raises(FilldError, match="enter the exchange manager first") as raised:
        await ExchangeManager(Settings()).trade("mine")
    whole(raised.value)


async def test_what_was_tried_again_says_how_often(tmp_path: Path) -> None:
    config = {
        "journal": str(tmp_path / "fills.db"),
        "retry_config": {"max_retries": 2, "base_delay": 0, "max_delay": 0},
    }
    async with await create_fill_handler(config):
        with pytest.raises(JournalLockedError) as raised:
            await create_fill_handler(config)
    assert [line[:10] for line in raised.value.tried] == [f"attempt {n}:" for n in (1, 2, 3)]
    whole(raised.value)


def whole(error: FilldError) -> None:
    """Everything that an error of the tree carries is there and of its kind."""
    assert any(isinstance(error, kind) for kind in NAMES if kind is not FilldError), type(error)
    assert error.venue is None or error.venue
    assert re.fullmatch(r"[a-z0-9_]+", error.code), error.code
    assert error.retryable in {True, False}
    assert all(error.tried)
    assert str(error)
