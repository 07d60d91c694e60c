"""Whether filld does its work: what /readyz, the watchdog and the status line rest on. Pure.

Two questions, since they have different answers to them. *Ready*: would each stop fire now?
*Stuck*: is there something that only a new process could mend? A venue that answers with errors
makes us not ready; restarting for it would only take the exits of the other venues away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.analytics.guards import GuardState, guarding_of
from daemon.analytics.scene import Scene, View, utc
from daemon.analytics.turns import Turns
from daemon.core.position import Position
from daemon.core.terms import NANOS, Account, Symbol, Venue, proper

Owner = tuple[Account, Venue]
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Seconds. `reconcile_s`: the age of an account's last full comparison with its venue.

    `lag_s`: how late the loop may be for its own appointments.
    """

    reconcile_s: Decimal
    lag_s: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What is known beside the book: the venues not opened yet, the loop's lag in seconds.

    `compared_ns` and `answered_ns` are monotonic ns of the last full comparison of each account,
    and of the last answer of any kind to a look at it.
    """

    lag_s: Decimal = Decimal(0)
    shut: Collection[Owner] = ()
    compared_ns: Mapping[Owner, int] = field(default_factory=dict)
    answered_ns: Mapping[Owner, int] = field(default_factory=dict)
    began_ns: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """`not_ready` and `stuck` are reasons, empty when all is well; `sentence` is for people.

    `time_ns`: as of when, wall clock (UTC ns).
    """

    time_ns: int
    not_ready: tuple[str, ...]
    stuck: tuple[str, ...]
    sentence: str

    @property
    def ready(self) -> bool:
        """Every account is compared, priced and guarded."""
        return not self.not_ready


def health_turns(scene: Scene, pulse: Pulse, bounds: Bounds) -> Turns[Health]:
    """How it stands at the moment of `scene`, made in turns; no rows."""
    held, blind = yield from _held_turns(scene)
    owners = [(p.account, p.venue) for p in (scene.book.rules.accounts if scene.book.rules else ())]
    not_ready, stuck = [], []
    if not owners:
        not_ready.append("no rules are in force yet")
    for owner in owners:
        doubt = _account_doubt(scene, pulse, bounds, owner)
        if doubt is not None:
            not_ready.append(doubt)
        silent_s = _age_s(scene, pulse.answered_ns.get(owner, pulse.began_ns))
        if owner not in pulse.shut and silent_s > bounds.reconcile_s:
            text = f"no look at it was answered for {proper(silent_s)} s, not even by an error"
            stuck.append(f"{_name(owner)}: {text}")
    if pulse.lag_s > bounds.lag_s:
        stuck.append(f"the loop is {proper(pulse.lag_s)} s late")
    if blind:
        more = f" and {len(blind) - _NAMED} more" if len(blind) > _NAMED else ""
        not_ready.append(f"unguarded: {', '.join(blind[:_NAMED])}{more}")
    not_ready += [reason for reason in stuck if reason not in not_ready]
    sentence = _sentence(scene, pulse, held, not_ready)
    return Health(scene.now_ns, tuple(not_ready), tuple(stuck), sentence)


def health_view(health: Health) -> View:
    """The same as plain values."""
    return {
        "time": utc(health.time_ns),
        "ready": health.ready,
        "not_ready": list(health.not_ready),
        "stuck": list(health.stuck),
        "sentence": health.sentence,
    }


def _account_doubt(scene: Scene, pulse: Pulse, bounds: Bounds, owner: Owner) -> str | None:
    if owner in pulse.shut:
        return f"{_name(owner)}: could not be opened yet"
    compared_ns = pulse.compared_ns.get(owner)
    if compared_ns is None:
        return f"{_name(owner)}: not compared with the venue yet"
    age_s = _age_s(scene, compared_ns)
    if age_s > bounds.reconcile_s:
        return f"{_name(owner)}: last compared with the venue {proper(age_s)} s ago"
    state = scene.book.accounts.get(owner)
    if state is not None and not state.stream_up:
        return f"{_name(owner)}: its private stream is down"
    return None


def _held_turns(scene: Scene) -> Turns[tuple[int, list[Symbol]]]:
    """How many positions are held, and the symbols of those that nothing prices."""
    held, blind = 0, list[Symbol]()
    for position in tuple(scene.book.positions.values()):
        held += bool(position.qty)
        if _is_blind(scene, position):
            blind.append(position.key.symbol)
        yield None
    return held, blind


def _is_blind(scene: Scene, position: Position) -> bool:
    """A rule ought to watch it and nothing prices it; the operator's own are his."""
    return (
        bool(position.qty)
        and position.unguarded_until_ns is None
        and guarding_of(scene, position).state is GuardState.UNGUARDED
    )


def _age_s(scene: Scene, since_ns: int) -> Decimal:
    return Decimal((scene.mono_ns - since_ns) // NANOS)


def _name(owner: Owner) -> str:
    account, venue = owner
    return f"{venue} ({account})"


def _sentence(scene: Scene, pulse: Pulse, held: int, not_ready: list[str]) -> str:
    exits = len(scene.book.exits)
    parts = [
        f"{held} position{'' if held == 1 else 's'} held",
        f"{exits} exit{'' if exits == 1 else 's'} at work",
    ]
    halted = [name for name, state in scene.book.accounts.items() if state.halted]
    if halted:
        parts.append(f"exits HALTED on {', '.join(_name(owner) for owner in halted)}")
    if pulse.compared_ns:
        age_s = _age_s(scene, min(pulse.compared_ns.values()))
        parts.append(f"compared with the venues {proper(age_s)} s ago")
    if not_ready:
        parts.append(f"NOT READY: {'; '.join(not_ready)}")
    return ", ".join(parts)
