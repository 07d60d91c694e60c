"""How big a process is: what Linux says of its memory and its open descriptors."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory of a process; raises OSError when it is gone."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE_BYTES


def descriptors(pid: int | str = "self") -> int:
    """How many files and sockets a process has open; raises OSError when it is gone."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def file_bytes(path: Path) -> int:
    """The size of a journal with its write-ahead log; 0 before there is one."""
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.is_file())
