"""filld trade: what the command line says, and what it refuses before it asks anybody."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from daemon.cli import trading
from daemon.cli.exits import ExitCode
from daemon.cli.main import application

ORDER = ["trade", "kalshi", "NFL-1", "buy", "10"]


@pytest.mark.parametrize("options", [[], ["--market", "--limit", "0.5"]])
def test_a_limit_or_the_market(options: list[str]) -> None:
    done = CliRunner().invoke(application(), [*ORDER, *options])
    assert done.exit_code == ExitCode.BAD_INPUT
    assert "accepted is one of them" in done.stderr


def test_a_refusal_is_no_order(capsys: pytest.CaptureFixture[str]) -> None:
    attempt = {"attempt": 1, "retry_reason": None, "client_order_id": None, "status": None}
    text = "limit_px 1.5: accepted: 0.01 to 0.99"
    trading.tell_progress({"attempts": [{**attempt, "text": text, "cum_qty": None}]})
    assert capsys.readouterr().out == f"attempt 1: refused: {text}\n"


def test_the_verb_is_in_the_help() -> None:
    done = CliRunner().invoke(application(), ["trade", "--help"])
    assert done.exit_code == 0
    assert trading.trade.__doc__ is not None
    assert trading.trade.__doc__.splitlines()[0] in done.stdout
