"""The one registry of packages that not every installation has: filld[analysis].

Nothing else imports them, and nothing imports them before somebody asks for what they do. It
stands below the command line because the daemon too may ask (the slippage model).
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Final

from daemon.core.errors import TheirsError

# What each does for us, as the operator calls it.
EXTRAS: Final = {"matplotlib": "charts", "river": "the slippage model"}
HOW: Final = 'pip install "filld[analysis]"'


class ExtraMissingError(TheirsError):
    """A package of filld[analysis] is needed and not installed; the text says how to install it."""


def missing(package: str) -> str | None:
    """What to do about a package that is not installed; None where it is."""
    if importlib.util.find_spec(package) is not None:
        return None
    return f"{EXTRAS[package]} needs the package {package}, which is not installed: {HOW}"


def load(module: str) -> ModuleType:
    """A module of one of these packages; raises ExtraMissingError."""
    problem = missing(module.partition(".")[0])
    if problem is not None:
        raise ExtraMissingError(problem)
    return importlib.import_module(module)
