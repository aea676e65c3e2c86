"""One daemon per state directory: the second one ends at once and sends nothing twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector.errors import UnavailableError
from connector.store import codes
from connector.store.border import files

__all__ = ["FILE_NAME", "node_lock"]

FILE_NAME: Final = "lock"


@contextmanager
def node_lock(state_dir: Path) -> Iterator[None]:
    """Hold the state directory; UnavailableError with the other's process id if it is held.

    The kernel releases the lock with the process, however it ends. The file stays: removing it
    would let two daemons lock two files.
    """
    path = state_dir / FILE_NAME
    with files(str(path)):
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?"
        raise UnavailableError(codes.ALREADY_RUNNING.at(str(path), pid=pid)) from error
    with files(str(path)):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
