"""Messages damaged at random, for the decoders of all venues: only what is named may raise."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, cast

from hypothesis import strategies as st

Json = dict[str, object] | list[object] | str | int | float | bool | None
Step = str | int
DEEP: Final = b"[" * 100_000

_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from([
        "NaN", "-1", "1e9", "1E-99", "0", "0.0000", "9" * 60, "SELL", "TRADE", "yes", "close",
        "hedge_mode", "TakerFill", "Filled",
    ]),
    st.lists(st.integers()), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fed:
    """A decoder, what it is fed (a frame, or the part of one at a path), and all it may raise.

    `read` calls `decode` with the bytes and with whatever else it takes.
    """

    decode: Callable[..., object]
    read: Callable[[bytes], object]
    frames: Sequence[tuple[str, tuple[Step, ...]]]
    raises: tuple[type[Exception], ...] = ()

    def take(self, raw: bytes) -> None:
        """Decode; an error that is not named gets out."""
        with suppress(*self.raises):
            self.read(raw)


def fed(
    decode: Callable[..., object],
    read: Callable[[bytes], object],
    *names: str,
    at: Iterable[Step] = (),
    raises: type[Exception] | None = None,
) -> Fed:
    """A decoder that is fed the part at `at` of each of these frames."""
    frames = [(name, tuple(at)) for name in names]
    return Fed(decode, read, frames, () if raises is None else (raises,))


def decoders(package: ModuleType) -> set[Callable[..., object]]:
    """Every public `decode_...` of a venue's wire modules."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(package.__path__)
        if found.name.endswith("_wire")
    ]
    return {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("decode_") and function.__module__ == module.__name__
    }


def whole(frame: Callable[[str], bytes], name: str, path: tuple[Step, ...]) -> bytes:
    """The message, or the part of it, undamaged."""
    return _bytes(_part(json.loads(frame(name)), path))


def damaged(data: st.DataObject, frame: Callable[[str], bytes], one: Fed) -> bytes:
    """One of its messages with one to three values changed or taken away."""
    name, path = data.draw(st.sampled_from(list(one.frames)))
    body = _part(json.loads(frame(name)), path)
    for _ in range(data.draw(st.integers(1, 3))):
        paths = [leaf for leaf in _leaves(body) if leaf]
        if not paths:
            break
        *way, last = data.draw(st.sampled_from(paths))
        inside: Any = _part(body, tuple(way))
        if isinstance(inside, dict) and data.draw(st.booleans()):
            del inside[last]
        else:
            inside[last] = data.draw(_VALUES)
    return _bytes(body)


def _bytes(body: Json) -> bytes:
    return json.dumps(body).encode()


def _part(body: Json, path: tuple[Step, ...]) -> Json:
    for step in path:
        body = cast("Mapping[Step, Json]", body)[step]
    return body


def _leaves(value: Json, path: tuple[Step, ...] = ()) -> list[tuple[Step, ...]]:
    items: Iterable[tuple[Step, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    found = [_leaves(cast("Json", inner), (*path, step)) for step, inner in items]
    return [path, *(leaf for part in found for leaf in part)]
