"""`filld`, and `python -m daemon`."""

from __future__ import annotations

from daemon.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
