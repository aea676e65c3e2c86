"""Files that are being written: each held by a lock, so that only those of the dead are cleared."""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol, Self

from connector import crash
from connector.disk import WRITTEN_AT_ONCE, write_all
from connector.store.border import files, from_files

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["Draft", "Drafts", "Group", "Readable"]


class Readable(Protocol):
    """Anything bytes can be read from piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole file that has no name of its own yet."""

    descriptor: int
    path: str
    sha256: str
    size: int


class Group:
    """Files that are written together and end together: those that got no name are gone then."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._held: list[tuple[int, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor, path in self._held:
            if kind is not None:
                with suppress(OSError):  # it may have got its name, and the next start clears
                    os.unlink(path)  # noqa: PTH108 - a Path costs more than all else here
            os.close(descriptor)

    def of_bytes(self, data: bytes, sha256: str) -> Draft:
        """Write bytes whose digest is known."""
        descriptor, path = self.new()
        try:
            write_all(descriptor, data)
        except OSError as error:
            raise from_files(error, path) from error
        crash.point("spool.written")
        return Draft(descriptor, path, sha256, len(data))

    def of_stream(self, opened: AbstractContextManager[Readable]) -> Draft:
        """Write what a stream yields, piece by piece; what the stream raises passes unchanged."""
        descriptor, path = self.new()
        digest, size = hashlib.sha256(), 0
        with opened as stream:
            while chunk := stream.read(WRITTEN_AT_ONCE):
                digest.update(chunk)
                size += len(chunk)
                with files(path):
                    write_all(descriptor, chunk)
        return Draft(descriptor, path, digest.hexdigest(), size)

    def new(self) -> tuple[int, str]:
        """Return the descriptor and path of a new, empty file that is locked."""
        held = self._drafts.create()
        self._held.append(held)
        return held


class Drafts:
    """The directory of unfinished files."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self._beginning: Final = f"{directory}/{uuid.uuid4().hex}-"
        self._numbers: Final = count()

    def group(self) -> Group:
        """Return a group without files."""
        return Group(self)

    def nameless(self) -> int:
        """Return the descriptor of a new file that nobody can find, and that ends with it."""
        with self.group() as group:
            descriptor, path = group.new()
            with files(path):
                kept = os.dup(descriptor)
                os.unlink(path)  # noqa: PTH108 - there is a str, see `Group`
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

    def create(self) -> tuple[int, str]:
        """Return the descriptor and path of a new, empty file that is locked."""
        with files(str(self.directory)):
            while True:
                path = f"{self._beginning}{next(self._numbers):x}"
                try:
                    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
                except FileExistsError:  # of the process from which this one was forked
                    continue
                if _try_lock(descriptor) and os.fstat(descriptor).st_nlink:
                    return descriptor, path
                os.close(descriptor)  # another process was clearing at this very moment


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
