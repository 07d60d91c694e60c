"""[alerts]: where notices go, which of them, how often; and who is told that filld lives.

Addresses of services hold tokens: they are one secret with a name for each, and rules say names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from daemon.core.commands import NoticeKind
from daemon.settings.kinds import Name, Pattern, Seconds, Section, none, web

# What semantics.md wants alerted; urgent notices always are.
DEFAULT_NOTICES: Final = (
    NoticeKind.FIRST_LIVE_ORDER,
    NoticeKind.EXIT_STALLED,
    NoticeKind.EXIT_AT_FLOOR,
    NoticeKind.ORDER_IN_DOUBT,
    NoticeKind.STOP_REFUSED,
    NoticeKind.UNCONFIRMED,
    NoticeKind.NO_RULE,
    NoticeKind.UNGUARDED,
    NoticeKind.MISSED_CLOSE,
    NoticeKind.PAUSE_AHEAD,
    NoticeKind.OWN_CROSSING,
    NoticeKind.FOREIGN_WRITER,
    NoticeKind.HALTED,
    NoticeKind.LIMIT_EXCEEDED,
    NoticeKind.SETTLEMENT_DIFFERENCE,
    NoticeKind.UNDECODABLE,
    NoticeKind.SLIPPAGE,
)
URGENT: Final = "urgent"

_TARGET: Final = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})=(?P<url>[a-zA-Z0-9]+://\S*)")


def _targets(text: str) -> dict[str, str]:
    """Addresses by name; raises ValueError, which quotes nothing of them."""
    found: dict[str, str] = {}
    for number, part in enumerate(text.split(), 1):
        target = _TARGET.fullmatch(part)
        if target is None:
            raise ValueError(f"number {number}: accepted: NAME=ADDRESS, white space between two")
        if target["name"] in found:
            raise ValueError(f"number {number}: {target['name']} is there twice")
        found[target["name"]] = target["url"]
    return found


def _check_targets(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        _targets(value.get_secret_value())
    return value


class AlertRule(Section):
    """[[alerts.rules]]: these notices, of these venues and symbols, to these targets.

    `urgent` among `notices` stands for every urgent one. A notice of no symbol in particular
    matches every pattern. Beyond `per_minute` they are told together, as soon as there is room.
    """

    name: Name
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    notices: tuple[NoticeKind | Literal["urgent"], ...] = (URGENT, *DEFAULT_NOTICES)
    venues: tuple[Pattern, ...] = ("*",)
    symbols: tuple[Pattern, ...] = ("*",)
    per_minute: Annotated[int, Field(ge=1, le=600)] = 20


class AlertSettings(Section):
    """[alerts]: a webhook or a command, services by rules, and the dead man's switch.

    `notices` are sent besides urgent ones where there is no rule. `targets`: NAME=ADDRESS of
    services as Apprise writes them, white space between two.
    """

    webhook_url: Annotated[SecretStr | None, BeforeValidator(none), AfterValidator(web)] = None
    command: tuple[str, ...] = ()
    timeout_s: Seconds = Decimal(10)
    notices: tuple[NoticeKind, ...] = DEFAULT_NOTICES
    targets: Annotated[SecretStr | None, BeforeValidator(none), AfterValidator(_check_targets)] = (
        None
    )
    rules: tuple[AlertRule, ...] = ()
    ping_url: Annotated[SecretStr | None, BeforeValidator(none), AfterValidator(web)] = None
    ping_every_s: Seconds = Decimal(60)

    @property
    def addresses(self) -> Mapping[str, str]:
        """The services' addresses by name. They are secrets."""
        return {} if self.targets is None else _targets(self.targets.get_secret_value())

    @model_validator(mode="after")
    def _check_one(self) -> AlertSettings:
        if self.webhook_url is not None and self.command:
            raise ValueError("webhook_url and command are both given: accepted is one of them")
        return self

    @model_validator(mode="after")
    def _check_rules(self) -> AlertSettings:
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"rules: {twice} is there twice")
        known = self.addresses
        for rule in self.rules:
            lost = next((name for name in rule.to if name not in known), None)
            if lost is not None:
                accepted = ", ".join(known) or "none, since alerts.targets is not set"
                raise ValueError(f"rules: {rule.name}: to {lost}: accepted: {accepted}")
        return self
