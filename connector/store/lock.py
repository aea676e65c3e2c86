"""One daemon per state directory: the second one ends at once and sends nothing twice."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector.errors import TransientError
from connector.store import codes
from connector.store.border import files

__all__ = ["FILE_NAME", "lock_holder", "node_lock"]

FILE_NAME: Final = "lock"
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.02


@contextmanager
def node_lock(state_dir: Path) -> Iterator[None]:
    """Hold the state directory; TransientError with the other's process id if it is held.

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


def lock_holder(state_dir: Path) -> int | None:
    """Return the process id of the daemon that holds a state directory now, None if none does.

    The lock is not kept, and no file is made. 0 stands for a holder that has not said who it is.
    """
    path = state_dir / FILE_NAME
    with files(str(path)):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(_written(descriptor) or 0)
        finally:
            os.close(descriptor)
    return None


def _written(descriptor: int) -> str:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return text if text.isdigit() else ""


def _lock(descriptor: int, path: Path) -> None:
    try:
        _lock_soon(descriptor)
    except BlockingIOError as error:
        pid = _written(descriptor) or "?"
        raise TransientError(codes.ALREADY_RUNNING.at(str(path), pid=pid)) from error
    with files(str(path)):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _lock_soon(descriptor: int) -> None:
    """Lock, or raise BlockingIOError; whoever only asks (`lock_holder`) is waited for."""
    for _ in range(_TRIES - 1):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
