"""check-config: what is in force and where it came from, and everything that is wrong with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import typer

from daemon.app.alerting import alert_routes
from daemon.app.custody import journal_keys
from daemon.app.estimating import model_problems
from daemon.app.venues import check_keys
from daemon.cli.exits import ExitCode
from daemon.cli.output import table, tell, tell_error, tell_json
from daemon.cli.verb import Call, verb
from daemon.core.rules import StopRule
from daemon.core.terms import RuleKind, proper
from daemon.journal.sealing import SealKeyError
from daemon.settings import Settings, effective, stop_rules
from daemon.telemetry.errors import UnknownServiceError
from daemon.venues.errors import WrongKeyError


def add_verbs(application: typer.Typer) -> None:
    """Register it."""
    verb(application, "check-config")(check_config)


def check_config(call: Call) -> int:
    """Print every setting with its source; exit code 2 with a line for each problem."""
    settings, problems = call.usable()
    rows = [] if problems else effective(settings)
    # Rules that could not be read would be missed here.
    warnings = [] if problems else [*rule_warnings(settings), *alert_warnings(settings)]
    problems += [*rule_problems(settings), *key_problems(settings), *alert_problems(settings)]
    problems += model_problems(settings)
    try:
        warnings += check_keys(settings)
    except WrongKeyError as error:
        problems.append(str(error))
    if call.json_output:
        shown = [row._asdict() for row in rows]
        tell_json({"settings": shown, "problems": problems, "warnings": warnings})
    elif rows:
        table("settings", ("key", "value", "source"), [tuple(row) for row in rows])
    for warning in warnings:
        tell_error(f"warning: {warning}")
    for problem in problems:
        tell_error(problem)
    if not problems and not call.json_output:
        for venue, section in settings.accounts.items():
            mode = "ON" if section.place_live_orders else "off: exits are only recorded"
            tell(f"usable; live orders are {mode} ({venue})")
    return ExitCode.BAD_INPUT if problems else ExitCode.OK


def rule_problems(settings: Settings) -> Iterator[str]:
    """Rules that contradict each other."""
    rules = stop_rules(settings)
    for stop in (rule for rule in rules if rule.kind is RuleKind.ABSOLUTE):
        for profit in (rule for rule in rules if rule.kind is RuleKind.TAKE_PROFIT):
            if _same(stop, profit) and stop.level >= profit.level:
                levels = f"stop_px {proper(stop.level)}, take_profit_px {proper(profit.level)}"
                yield f"stops for {stop.pattern}: {levels}: accepted: the stop below the profit"
    for number, rule in enumerate(rules):
        policy = rule.exits
        if policy.retry_delay_max_s < policy.retry_delay_s:
            yield (
                f"stops[{number}]: retry_delay_max_s = {policy.retry_delay_max_s}: accepted: at"
                f" least retry_delay_s, {policy.retry_delay_s}"
            )


def key_problems(settings: Settings) -> Iterator[str]:
    """Keys of the journal that are none."""
    try:
        journal_keys(settings)
    except SealKeyError as error:
        yield str(error)


def alert_problems(settings: Settings) -> Iterator[str]:
    """Addresses that no service takes."""
    try:
        alert_routes(settings.alerts)
    except UnknownServiceError as error:
        yield str(error)


def alert_warnings(settings: Settings) -> Iterator[str]:
    """Alerts that would reach nobody."""
    alerts = settings.alerts
    if alerts.command and shutil.which(alerts.command[0]) is None:
        yield f"alerts.command = {alerts.command[0]}: there is no such program"
    live = any(section.place_live_orders for section in settings.accounts.values())
    if live and not alerts.command and alerts.webhook_url is None and alerts.targets is None:
        yield "live orders are on and there is no [alerts]: problems stand in the log alone"


def _same(one: StopRule, other: StopRule) -> bool:
    return (one.venue, one.pattern) == (other.venue, other.pattern)


def rule_warnings(settings: Settings) -> Iterator[str]:
    """What is allowed and probably not meant."""
    rules = stop_rules(settings)
    if not rules:
        yield "there is no [[stops]]: nothing will be guarded"
    seen: list[StopRule] = []
    for number, rule in enumerate(rules):
        if any(_same(rule, other) and rule.kind is other.kind for other in seen):
            yield f"stops[{number}]: never used: an earlier one of its kind has the same symbol"
        if rule.exits.max_slippage_px is None and rule.exits.max_slippage_bps is None:
            yield f"stops[{number}]: exits at any price: max_slippage_px and _bps are both off"
        seen.append(rule)
