"""Disk space held in reserve: given back when the disk is full, so that exits can finish."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

DEFAULT_BYTES: Final = 64 * 1024 * 1024


class Ballast:
    """A file of real blocks beside the journal; `size_bytes` 0 keeps none."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self.held = False

    def take(self) -> bool:
        """Reserve the space unless that would leave less than as much again; True if held.

        On a disk that is nearly full the journal needs the space more than the reserve does.
        """
        if self._size_bytes == 0:
            return False
        try:
            self.held = self._take()
        except OSError:
            self.free()
        return self.held

    def _take(self) -> bool:
        if self._path.exists() and self._path.stat().st_size == self._size_bytes:
            return True
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < 2 * self._size_bytes:
            return False
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        finally:
            os.close(descriptor)
        return True

    def free(self) -> bool:
        """Give the space back; True if there was any."""
        self.held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
