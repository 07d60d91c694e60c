"""The documented file, config/filld.toml, read for its comments: what each key is, in one place.

It lies beside this module too, so that an installed filld can say what its keys mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

_HEADER: Final = re.compile(r"(# )?\[+(?P<name>[\w.]+)\]+(\s+#.*)?")
_ENTRY: Final = re.compile(r'(# )?(?P<key>\w+) = (?P<value>("[^"]*"|[^"#])+?)\s+# (?P<text>.+)')
# What stands in no file, since it is a secret.
_SECRET: Final = re.compile(r"# (?P<key>[a-z]\w*): (?P<text>.+)")
_MORE: Final = re.compile(r"(#? {12,}|#\s{10,})(# )?(?P<text>\S.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: its lines as they stand in the file, and its comment as one line."""

    lines: tuple[str, ...]
    text: str


def documented() -> str:
    """The whole file."""
    return (resources.files("daemon.settings") / "filld.toml").read_text(encoding="utf-8")


def defaults() -> Mapping[str, object]:
    """The values that it gives, which are the defaults."""
    return tomllib.loads(documented())


def entries() -> dict[str, Entry]:
    """By dotted key, `stops.symbol` for what a rule may have."""
    found: dict[str, Entry] = {}
    table, last = "", ""
    for line in documented().splitlines():
        header = _HEADER.fullmatch(line)
        if header is not None:
            table, last = f"{header['name']}.", ""
            continue
        more = _MORE.fullmatch(line) if last else None
        if more is not None:
            known = found[last]
            found[last] = Entry((*known.lines, line), f"{known.text} {more['text']}")
            continue
        entry = _ENTRY.fullmatch(line) or _SECRET.fullmatch(line)
        last = table + entry["key"] if entry is not None else ""
        if entry is not None:
            found[last] = Entry((line,), entry["text"])
    return found
