"""What many episodes came to: counts, failures, and how to see each again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from daemon.simulation.episode import Outcome
from daemon.simulation.faults import Fault


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that broke a promise."""

    seed: int
    text: str


@dataclass(slots=True)
class Report:
    """The sum of a run. `wall_s` is real time, `virtual_s` the daemon's."""

    first_seed: int
    episodes: int = 0
    failures: list[Failure] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    records: int = 0
    virtual_s: float = 0.0
    wall_s: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one episode."""
        self.episodes += 1
        self.counts.update(outcome.counts)
        self.steps += outcome.steps
        self.records += outcome.records
        self.virtual_s += outcome.virtual_s
        if outcome.failure is not None:
            self.failures.append(Failure(outcome.seed, outcome.failure))

    @property
    def ok(self) -> bool:
        """True when no promise was broken."""
        return not self.failures

    def unreached(self, least: int) -> list[Fault]:
        """Kinds of fault that happened less than `least` times: the run proves little of them."""
        return [fault for fault in Fault if self.counts[fault.value] < least]

    def lines(self) -> Iterable[str]:
        """For people."""
        rate = self.episodes / self.wall_s if self.wall_s else 0.0
        yield (
            f"{self.episodes} episodes from seed {self.first_seed}: {len(self.failures)} failed;"
            f" {self.wall_s:.1f} s, {rate:.1f} a second, {self.virtual_s / 3600:.0f} virtual hours,"
            f" {self.records} records, {self.counts['orders']} orders,"
            f" {self.counts['lives']} lives"
        )
        faults = sorted(Fault, key=lambda fault: -self.counts[fault.value])
        yield "faults: " + ", ".join(f"{f.value} {self.counts[f.value]}" for f in faults)
        for failure in self.failures:
            yield f"seed {failure.seed}: {failure.text}"
            yield f"  again: filld simulate --seed {failure.seed} --episodes 1"

    def as_json(self) -> str:
        """For machines."""
        return json.dumps(
            {
                "first_seed": self.first_seed,
                "episodes": self.episodes,
                "ok": self.ok,
                "failures": [{"seed": f.seed, "text": f.text} for f in self.failures],
                "counts": dict(sorted(self.counts.items())),
                "steps": self.steps,
                "records": self.records,
                "virtual_s": round(self.virtual_s, 3),
                "wall_s": round(self.wall_s, 3),
            }
        )
