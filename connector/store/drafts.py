"""Files that are being written: each held by a lock, so that only those of the dead are cleared."""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from connector import crash
from connector.store.border import files

__all__ = ["Draft", "Drafts", "Readable"]

_CHUNK: Final = 1 << 20


class Readable(Protocol):
    """Anything bytes can be read from piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole file that has no name of its own yet."""

    descriptor: int
    path: Path
    sha256: str
    size: int


class Drafts:
    """The directory of unfinished files."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory

    @contextmanager
    def new(self) -> Iterator[tuple[int, Path]]:
        """Hold a new, empty, locked file; it is gone at the end unless it was renamed."""
        descriptor, path = self._create()
        try:
            yield descriptor, path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    @contextmanager
    def of_bytes(self, data: bytes, sha256: str) -> Iterator[Draft]:
        """Write bytes whose digest is known."""
        with self.new() as (descriptor, path):
            with files(str(path)):
                _write_all(descriptor, data)
            crash.point("spool.written")
            yield Draft(descriptor, path, sha256, len(data))

    @contextmanager
    def of_stream(self, opened: AbstractContextManager[Readable]) -> Iterator[Draft]:
        """Write what a stream yields, piece by piece; what the stream raises passes unchanged."""
        with self.new() as (descriptor, path):
            digest, size = hashlib.sha256(), 0
            with opened as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    with files(str(path)):
                        _write_all(descriptor, chunk)
            yield Draft(descriptor, path, digest.hexdigest(), size)

    def nameless(self) -> int:
        """Return the descriptor of a new file that nobody can find, and that ends with it."""
        with self.new() as (descriptor, path), files(str(path)):
            kept = os.dup(descriptor)
            path.unlink()
        return kept

    def clear(self) -> None:
        """Remove what the dead left behind."""
        for path in self.directory.iterdir():
            with suppress(FileNotFoundError):  # its writer has just finished
                descriptor = os.open(path, os.O_RDWR)
                try:
                    if _try_lock(descriptor):
                        path.unlink(missing_ok=True)
                finally:
                    os.close(descriptor)

    def _create(self) -> tuple[int, Path]:
        with files(str(self.directory)):
            while True:
                path = self.directory / uuid.uuid4().hex
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
                if _try_lock(descriptor) and os.fstat(descriptor).st_nlink:
                    return descriptor, path
                os.close(descriptor)  # another process was clearing at this very moment


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
