"""Errors: a name, a sentence, and whose they are."""

from __future__ import annotations

from daemon.core.errors import FilldError, OursError, TheirsError, UnknownOrderError


def test_an_error_says_its_docstring_unless_it_has_more_to_say() -> None:
    assert str(UnknownOrderError()) == "No order of that id is in the book."
    assert str(UnknownOrderError("x")) == "x"
    assert issubclass(UnknownOrderError, TheirsError)
    assert issubclass(OursError, FilldError)
