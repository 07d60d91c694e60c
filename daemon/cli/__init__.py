"""The command line. As PID 1 it hears SIGTERM from here on, before the rest is imported.

The kernel drops what PID 1 of a container has no handler for: a stop in the first second would be
lost, and the container killed after its grace. Nothing has begun yet, so the process just ends;
what serves puts its own handler in this one's place.
"""

from __future__ import annotations

import os
import signal
from types import FrameType


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)


if os.getpid() == 1:
    signal.signal(signal.SIGTERM, _end)
