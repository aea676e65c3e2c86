"""What is written is on the disk before anyone hears of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector import crash
from connector.disk import Syncing

__all__ = ["opened", "sync"]


def sync(*paths: str | Path) -> None:
    """Wait until files' bytes, or directories' names, are on the disk; OSError if not."""
    with ExitStack() as held:
        descriptors = [held.enter_context(opened(path)) for path in paths]
        held.enter_context(Syncing()).begin(descriptors)
    crash.point("durable.synced")


@contextmanager
def opened(path: str | Path) -> Iterator[int]:
    """Hold a file or directory open for reading."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
