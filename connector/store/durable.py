"""What is written is on the disk before anyone hears of it."""

from __future__ import annotations

import os
from pathlib import Path

from connector import crash

__all__ = ["sync"]


def sync(path: str | Path) -> None:
    """Wait until a file's bytes, or a directory's names, are on the disk; OSError if not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash.point("durable.synced")
