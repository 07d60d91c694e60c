"""Requests: the operator's word is a fact like a venue's."""

from __future__ import annotations

import inspect

from daemon.core import requests
from daemon.core.events import Event


def test_every_request_carries_our_two_clocks() -> None:
    kinds = [
        kind
        for _name, kind in inspect.getmembers(requests, inspect.isclass)
        if kind.__module__ == requests.__name__
    ]
    assert kinds
    assert all(issubclass(kind, Event) for kind in kinds)
