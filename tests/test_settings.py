"""Settings: sources and precedence, bad input, defaults, the core's view: daemon.settings.errors,
daemon.settings.load, daemon.settings.rules, daemon.settings.sources, daemon.settings.tree."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.core.commands import NoticeKind
from daemon.core.terms import RuleKind, TimeInForce
from daemon.settings import (
    Settings,
    SettingsError,
    account_policies,
    effective,
    ignored,
    load_settings,
    stop_rules,
)
from daemon.settings.sources import KEYS, SECRET_KEYS
from daemon.settings.tree import LEVELS

DEFAULTS = Path(__file__).parents[1] / "config" / "filld.toml"
CANARY = "canary-5f2b"


def load(
    tmp_path: Path,
    toml: str = "",
    *overrides: str,
    env_file: str | None = None,
    **environ: str,
) -> Settings:
    (tmp_path / "filld.toml").write_text(toml)
    if env_file is not None:
        (tmp_path / "filld.env").write_text(env_file)
    return load_settings(
        tmp_path / "filld.toml",
        tmp_path / "filld.env" if env_file is not None else None,
        overrides,
        environ,
    )


def problems(tmp_path: Path, toml: str = "", *overrides: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml, *overrides, **environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def only(found: tuple[str, ...]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_the_file_of_defaults_says_what_the_code_says() -> None:
    assert load_settings(DEFAULTS, None, (), {}).model_dump() == Settings().model_dump()


def test_the_file_of_defaults_has_every_key_with_a_comment() -> None:
    document = tomllib.loads(DEFAULTS.read_text())
    written = {
        f"{name}.{key}" if isinstance(value, dict) else name
        for name, value in document.items()
        for key in (value if isinstance(value, dict) else [name])
    }
    assert written == set(KEYS) - SECRET_KEYS - {"stops", "ignore", "holdings", "alerts.rules"}
    text = DEFAULTS.read_text()
    for level in ("venue", "symbol", *LEVELS):
        assert re.search(rf"^# {level} = .* # ", text, re.MULTILINE), level
    for line in text.splitlines():
        if re.match(r"[a-z_]+ = ", line):
            assert " # " in line, line


def test_its_example_of_a_rule_is_a_rule(tmp_path: Path) -> None:
    example = DEFAULTS.read_text().partition("# [[stops]]")[2]
    keys = dict(re.findall(r"^# ([a-z_]+) = (\S+) ", example, re.MULTILINE))
    for level in LEVELS:
        toml = f'[[stops]]\nsymbol = "NFL-*"\n{level} = {keys[level]}'
        assert len(stop_rules(load(tmp_path, toml))) == 1


def test_nothing_given_is_the_default() -> None:
    settings = load_settings(None, None, (), {"HOME": "/root", "PATH": "/bin"})
    assert settings.model_dump() == Settings().model_dump()
    assert not settings.kalshi.place_live_orders
    assert settings.refresh_active == 2
    assert settings.socket_path == settings.journal.state_dir / "filld.sock"


def test_the_tree_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().kalshi.account = "other"  # type: ignore[misc]


def test_precedence(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "kalshi_key_id").write_text("from-credentials\n")
    toml = '[kalshi]\nkey_id = "from-toml"\naccount = "toml"'
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert load(tmp_path, toml).kalshi.key_id == "from-toml"
    settings = load(tmp_path, toml, **env)
    assert settings.kalshi.key_id == "from-credentials"
    assert settings.source("kalshi.key_id") == "credentials"
    file = "FILLD_KALSHI__KEY_ID=from-file\nOTHER=1\n"
    assert load(tmp_path, toml, env_file=file, **env).kalshi.key_id == "from-file"
    env["FILLD_KALSHI__KEY_ID"] = "from-env"
    assert load(tmp_path, toml, env_file=file, **env).kalshi.key_id == "from-env"
    settings = load(tmp_path, toml, "kalshi.key_id=from-set", env_file=file, **env)
    assert settings.kalshi.key_id == "from-set"
    assert settings.kalshi.account == "toml"
    rows = {row.key: row for row in effective(settings)}
    assert rows["kalshi.key_id"].source == "--set"
    assert rows["kalshi.account"].source == str(tmp_path / "filld.toml")
    assert rows["kalshi.subaccount"].source == "default"


def test_every_key_can_come_from_the_environment(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        FILLD_REFRESH_ACTIVE="0.5",
        FILLD_JOURNAL__PATH="/tmp/x.db",
        FILLD_EXITS__MAX_SLIPPAGE_PX="off",
        FILLD_EXITS__FLOOR_PX="0.30",
        FILLD_KALSHI__PLACE_LIVE_ORDERS="true",
        FILLD_STOPS='[{"symbol": "A*", "stop_px": "0.60"}]',
        FILLD_IGNORE='[{"symbol": "B*"}]',
        FILLD_ALERTS__NOTICES='["dust"]',
        FILLD_ALERTS__COMMAND='["/bin/true", "-x"]',
        FILLD_CONTROL__SOCKET="/run/filld.sock",
        FILLD_KALSHI__KEY_ID="",
        FILLD_CONFIG="ignored",
    )
    assert settings.refresh_active == Decimal("0.5")
    assert settings.exits.max_slippage_px is None
    assert settings.exits.floor_px == Decimal("0.30")
    assert settings.kalshi.place_live_orders
    assert settings.alerts.notices == (NoticeKind.DUST,)
    assert settings.alerts.command == ("/bin/true", "-x")
    assert settings.socket_path == Path("/run/filld.sock")
    assert stop_rules(settings)[0].level == Decimal("0.60")
    assert ignored(settings) == (("kalshi", "B*"),)


@pytest.mark.parametrize(
    "variable", ["kalshi_private_key", "filld_kalshi_private_key", "kalshi.pem"]
)
def test_a_key_from_the_credentials_directory(tmp_path: Path, variable: str) -> None:
    (tmp_path / variable).write_text(f"-----BEGIN {CANARY}\nabc\n")
    settings = load(
        tmp_path,
        '[kalshi]\nprivate_key_file = "kalshi.pem"',
        CREDENTIALS_DIRECTORY=str(tmp_path),
    )
    if variable == "kalshi.pem":
        assert settings.kalshi.private_key_file == tmp_path / "kalshi.pem"
        assert settings.kalshi.private_key is None
    else:
        assert settings.kalshi.private_key is not None
        assert CANARY in settings.kalshi.private_key.get_secret_value()
        assert settings.kalshi.private_key_file is None


def test_a_key_file_of_a_higher_source_wins_over_a_credential(tmp_path: Path) -> None:
    (tmp_path / "kalshi_private_key").write_text(CANARY)
    settings = load(
        tmp_path, "", "kalshi.private_key_file=~/k.pem", CREDENTIALS_DIRECTORY=str(tmp_path)
    )
    assert settings.kalshi.private_key is None
    assert settings.kalshi.private_key_file == Path("~/k.pem").expanduser()


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        FILLD_ALERTS__WEBHOOK_URL=f"https://hooks/{CANARY}",
        FILLD_KALSHI__PRIVATE_KEY=CANARY,
    )
    assert CANARY not in repr(settings) + str(settings) + repr(effective(settings))
    assert CANARY not in settings.model_dump_json()
    rows = {row.key: row.value for row in effective(settings)}
    assert rows["alerts.webhook_url"] == rows["kalshi.private_key"] == "(hidden)"
    found = problems(tmp_path, f'[alerts]\nwebhook_url = ["{CANARY}"]')
    assert CANARY not in str(found)
    assert "alerts.webhook_url = (hidden)" in only(found)
    found = problems(tmp_path, f'[kalshi]\nprivate_key = "{CANARY}"')
    assert CANARY not in only(found)
    assert "private_key_file" in only(found)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[exits]\nordr = 'ioc'", ("exits.ordr", "unknown key", "did you mean exits.order?")),
        ("[exit]\norder = 'ioc'", ("exit (", "unknown key", "did you mean exits?")),
        ("zzz = 1", ("zzz", "accepted: alerts, analytics, binance_spot")),
        ("kalshi = 3", ("kalshi", "is a table, write [kalshi]")),
        ("[exits]\nmax_slippage_px = 0.05", ("exits.max_slippage_px = 0.05", 'quotes, "0.05"')),
        ("[exits]\nmax_slippage_px = true", ("not exact",)),
        ("[exits]\nmax_slippage_px = 'much'", ("'much'", 'a number or "off" or "model"')),
        ("[exits]\nslippage_cap_px = 'much'", ("'much'", 'accepted: a number or "off"')),
        ("[exits]\nmax_slippage_px = '-1'", ("'-1'", "greater than or equal to 0")),
        ("[exits]\nmax_slippage_px = 'nan'", ("'nan'", "finite")),
        ("[exits]\norder = 'fok'", ("exits.order = 'fok'", "'ioc' or 'gtc'")),
        ("[exits]\nmax_attempts = 0", ("exits.max_attempts = 0", "greater than or equal to 1")),
        ("refresh_active = 0", ("refresh_active = 0", "greater than 0")),
        ("refresh_active = 'soon'", ("refresh_active = 'soon'",)),
        ("[kalshi]\nplace_live_orders = 'maybe'", ("kalshi.place_live_orders = 'maybe'",)),
        ("[kalshi]\nrest_url = 'kalshi.com'", ("kalshi.rest_url", "https?")),
        ("[kalshi]\nsubaccount = -1", ("kalshi.subaccount = -1",)),
        ("[logs]\nlevel = 'loud'", ("'debug', 'info', 'warning' or 'error'",)),
        ("[alerts]\nnotices = ['rain']", ("alerts.notices[0] = 'rain'", "first_live_order")),
        ("[alerts]\nwebhook_url = 'https://a'\ncommand = ['b']", ("alerts", "one of them")),
        ("[[stops]]\nsymbol = 'A'", ("stops[0]", "exactly one of stop_px", "has none")),
        (
            "[[stops]]\nsymbol = 'A'\nstop_px = '0.6'\nstop_percent = 3",
            ("stops[0]", "has stop_px and stop_percent"),
        ),
        ("[[stops]]\nsymbol = 'A'\nstop_px = 0.6", ("stops[0].stop_px = 0.6", '"0.6"')),
        ("[[stops]]\nsymbol = 'A'\nstop_px = '60'", ("stop_px = 60", "below 1 dollar")),
        ("[[stops]]\nsymbol = 'A'\nstop_px = '1'", ("stop_px = 1", "below 1 dollar")),
        ("[[stops]]\nsymbol = 'A'\nstop_px = '0'", ("stops[0].stop_px", "greater than 0")),
        ("[[stops]]\nsymbol = 'A'\nstop_percent = '100'", ("stop_percent = 100", "below 100")),
        ("[[stops]]\nstop_px = '0.6'", ("stops[0].symbol", "is missing")),
        (
            "[[stops]]\nsymbol = 'A'\nstop_pix = '0.6'\nstop_px = '0.6'",
            ("stops[0].stop_pix", "did you mean stop_px?"),
        ),
        (
            "[[stops]]\nsymbol = 'A'\nstop_px = '0.6'\nvenue = 'nyse'",
            ("stops[0].venue", "'kalshi'"),
        ),
        (f"[kalshi]\naccount = '{'a' * 129}'", ("kalshi.account = 'aaa", "at most 128")),
        (f"[[ignore]]\nsymbol = '{'A' * 129}'", ("ignore[0].symbol = 'AAA", "at most 128")),
        (
            f"[[stops]]\nsymbol = '{'A' * 129}'\nstop_px = '0.6'",
            ("stops[0].symbol = 'AAA", "at most 128"),
        ),
        ("[[ignore]]\nsymbl = 'A'", ("ignore[0].symbl", "did you mean symbol?")),
        ("[alerts]\nwebhook_url = 'mail'", ("webhook_url = (hidden)", "http:// or https://")),
    ],
)
def test_bad_toml_is_named(tmp_path: Path, toml: str, words: tuple[str, ...]) -> None:
    text = "\n".join(problems(tmp_path, toml))
    for word in words:
        assert word in text, text
    assert str(tmp_path / "filld.toml") in text


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FILLD_EXITS__ORDR", "ioc", ("FILLD_EXITS__ORDR", "did you mean FILLD_EXITS__ORDER?")),
        ("FILLD_STOPS", "A:0.6", ("stops (environment)", "not a JSON list")),
        ("FILLD_STOPS", '[{"symbol": "A", "stop_px": 0.6}]', ("stops[0].stop_px = 0.6", "quotes")),
        ("FILLD_STOPS", '{"symbol": "A"}', ("stops", "write [[stops]]")),
        ("FILLD_REFRESH_ACTIVE", "often", ("refresh_active = 'often' (environment)",)),
        ("VERBOSE", "perhaps", ("VERBOSE=perhaps", "true, false")),
    ],
)
def test_a_bad_environment_is_named(
    tmp_path: Path, variable: str, value: str, words: tuple[str, ...]
) -> None:
    text = "\n".join(problems(tmp_path, **{variable: value}))
    for word in words:
        assert word in text, text


def test_bad_overrides_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "", "exits.order", "exit.order=gtc", "stops=[")
    assert found[0] == "--set exits.order: write it as section.key=value"
    assert "did you mean exits.order?" in found[1]
    assert "not a JSON list" in found[2]


def test_legacy_names_are_accepted(tmp_path: Path) -> None:
    settings = load(tmp_path, PLACE_LIVE_KALSHI_ORDERS="true", REFRESH_ACTIVE="3", VERBOSE="1")
    assert settings.kalshi.place_live_orders
    assert settings.refresh_active == 3
    assert settings.logs.level == "debug"
    assert settings.source("refresh_active") == "environment: REFRESH_ACTIVE"
    assert load(tmp_path, "[logs]\nlevel='info'", VERBOSE="yes").logs.level == "debug"
    assert load(tmp_path, VERBOSE="false").logs.level == "info"
    in_file = load(tmp_path, env_file="PLACE_LIVE_KALSHI_ORDERS=1\n")
    assert in_file.kalshi.place_live_orders


def test_a_legacy_name_that_agrees_is_accepted(tmp_path: Path) -> None:
    toml = "refresh_active = 3\n[kalshi]\nplace_live_orders = true"
    settings = load(tmp_path, toml, PLACE_LIVE_KALSHI_ORDERS="yes", REFRESH_ACTIVE="3.0")
    assert settings.kalshi.place_live_orders


@pytest.mark.parametrize(
    ("toml", "environ", "names"),
    [
        (
            "[kalshi]\nplace_live_orders = false",
            {"PLACE_LIVE_KALSHI_ORDERS": "true"},
            ("kalshi.place_live_orders", "PLACE_LIVE_KALSHI_ORDERS"),
        ),
        (
            "",
            {"PLACE_LIVE_KALSHI_ORDERS": "true", "FILLD_KALSHI__PLACE_LIVE_ORDERS": "false"},
            ("kalshi.place_live_orders", "environment", "PLACE_LIVE_KALSHI_ORDERS"),
        ),
        ("refresh_active = 2", {"REFRESH_ACTIVE": "5"}, ("refresh_active", "REFRESH_ACTIVE")),
        ("", {"VERBOSE": "1", "FILLD_LOGS__LEVEL": "error"}, ("logs.level", "VERBOSE")),
    ],
)
def test_a_legacy_name_that_disagrees_is_an_error(
    tmp_path: Path, toml: str, environ: dict[str, str], names: tuple[str, ...]
) -> None:
    text = only(problems(tmp_path, toml, **environ))
    assert "remove one of them" in text
    for name in names:
        assert name in text


def test_rules_inherit_exits_and_override_them(tmp_path: Path) -> None:
    toml = """
    [exits]
    order = "gtc"
    max_slippage_px = "0.02"
    [[stops]]
    symbol = "NFL-*"
    stop_px = "0.60"
    [[stops]]
    symbol = "NBA-*"
    trailing_percent = 10
    order = "ioc"
    max_slippage_px = "off"
    max_slippage_bps = "500"
    resubmit = "until_flat"
    adopt = "fire"
    own_crossing = "leave"
    fill_check_s = 2.5
    """
    settings = load(tmp_path, toml)
    first, second = stop_rules(settings)
    assert (first.pattern, first.kind, first.level) == ("NFL-*", RuleKind.ABSOLUTE, Decimal("0.60"))
    (kalshi,) = account_policies(settings)
    assert first.exits == kalshi.exits
    assert first.exits.order is TimeInForce.GTC
    assert (second.kind, second.percent, second.level) == (RuleKind.TRAILING, True, Decimal(10))
    assert second.exits.order is TimeInForce.IOC
    assert second.exits.max_slippage_px is None
    assert second.exits.max_slippage_bps == Decimal(500)
    assert second.exits.resubmit_until_flat
    assert second.exits.adopt_fires
    assert not second.exits.own_crossing_cancels
    assert second.exits.fill_check_s == Decimal("2.5")
    rows = {row.key: row.value for row in effective(settings)}
    assert rows["stops[0].stop_px"] == "0.60"
    assert "stops[0].order" not in rows
    assert rows["stops[1].max_slippage_px"] == "off"


@pytest.mark.parametrize(("key", "kind", "percent"), [(k, *v) for k, v in LEVELS.items()])
def test_each_level_is_its_rule(tmp_path: Path, key: str, kind: RuleKind, *, percent: bool) -> None:
    stops = json.dumps([{"symbol": "A", key: "0.5"}])
    (rule,) = stop_rules(load(tmp_path, FILLD_STOPS=stops))
    assert (rule.kind, rule.percent, rule.level) == (kind, percent, Decimal("0.5"))


def test_the_account_policy(tmp_path: Path) -> None:
    toml = """
    on_stop = "cancel"
    grace_s = 7
    [kalshi]
    account = "second"
    place_live_orders = true
    [limits]
    max_exit_notional = 5000
    max_orders_per_minute = 10
    """
    (policy,) = account_policies(load(tmp_path, toml))
    assert (policy.account, policy.venue) == ("second", "kalshi")
    assert policy.place_live_orders
    assert policy.cancel_on_stop
    assert policy.resend_same_id
    assert policy.max_exit_notional == 5000
    assert policy.max_orders_per_minute == 10
    assert policy.grace_s == 7
