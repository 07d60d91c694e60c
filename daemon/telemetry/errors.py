"""What the ways out may refuse: apart from Apprise, which takes long to import."""

from __future__ import annotations

from daemon.core.errors import TheirsError


class UnknownServiceError(TheirsError):
    """An address that no service takes; the text does not quote it."""
