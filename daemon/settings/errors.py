"""The error of unusable settings."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.errors import TheirsError


class SettingsError(TheirsError):
    """Settings that cannot be used; one line per problem: key, value, source, what is accepted."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
