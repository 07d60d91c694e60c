"""The README's ten lines, run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from daemon import fill_handler
from tests.fill_handler.samples import BINANCE, BITGET, PHEMEX

README = Path(__file__).resolve().parent.parent.parent / "README.md"


def _block() -> str:
    section = README.read_text("utf-8").partition("## As a library")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_ten_lines_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    block = _block()
    code = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
    assert len(code) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, Callable[..., Awaitable[dict[str, object]]]] = {}
    exec(compile(block, str(README), "exec"), names)
    stats = await names["main"]([BINANCE, BITGET, PHEMEX])
    assert stats["total_fills_processed"] == 3
    assert stats["total_fees"] == {"BTC": Decimal("0.000001"), "USDT": Decimal("0.258")}
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("0.001 50000 partially_filled 50000")
    assert (await names["main"](PHEMEX))["total_fills_processed"] == 3  # once, over restarts too


def test_what_the_library_promises_is_there() -> None:
    assert not [name for name in fill_handler.__all__ if not hasattr(fill_handler, name)]
