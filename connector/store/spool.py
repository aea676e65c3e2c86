"""Packet bodies and attachments as files named by their digest; a file is whole or absent (G1, G8).

Written as temporary file, fsync, rename, fsync of the directory. Temporary files of a process
that died are removed when the spool is opened; those of a living one are held by a lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from connector.errors import Bug, StorageError
from connector.store import codes
from connector.store.border import files, from_files
from connector.store.durable import sync

__all__ = ["Readable", "Spool", "Spooled"]

_CHUNK: Final = 1 << 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """Anything bytes can be read from piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Spooled:
    """Content in the spool, durable before anyone holds one of these."""

    sha256: str
    size: int
    path: Path

    def open(self) -> io.BufferedReader:
        """Return a new stream at the first byte; StorageError if the file is gone."""
        try:
            return self.path.open("rb")
        except FileNotFoundError as error:
            raise StorageError(codes.BODY_MISSING.at(str(self.path), sha256=self.sha256)) from error
        except OSError as error:
            raise from_files(error, str(self.path)) from error


class Spool:
    """A directory of contents by digest: ``ab/cdef…``, readable by the daemon's user only."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self._temporary: Final = directory / "tmp"
        with files(str(directory)):
            self._prepare()
            self._clean()

    def put(self, data: bytes) -> Spooled:
        """Make bytes durable; the same bytes are kept once. StorageError if that fails."""
        known = self._durable(hashlib.sha256(data).hexdigest(), len(data))
        return known or self.put_stream(io.BytesIO(data))

    def put_stream(self, stream: Readable) -> Spooled:
        """Make a stream's bytes durable without holding them in memory."""
        with self._new_file() as (descriptor, path):
            digest, size = _copy(stream, descriptor, str(path))
            with files(str(path)):
                os.fsync(descriptor)
                target = self._path(digest)
                path.replace(target)
                sync(target.parent)
        return Spooled(digest, size, target)

    def get(self, sha256: str) -> Spooled:
        """Return what was put under a digest; StorageError if it is not there."""
        path = self._path(sha256)
        try:
            return Spooled(sha256, path.stat().st_size, path)
        except FileNotFoundError as error:
            raise StorageError(codes.BODY_MISSING.at(str(path), sha256=sha256)) from error
        except OSError as error:
            raise from_files(error, str(path)) from error

    def exists(self, sha256: str) -> bool:
        """Tell whether a content is there."""
        return self._path(sha256).is_file()

    def remove(self, sha256: str) -> None:
        """Remove a content that nothing refers to any more; its absence is no error."""
        path = self._path(sha256)
        with files(str(path)):
            path.unlink(missing_ok=True)

    def verify(self, sha256: str) -> Spooled:
        """Read a content again and compare; StorageError if it is gone or was changed."""
        spooled = self.get(sha256)
        with spooled.open() as stream, files(str(spooled.path)):
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != sha256:
            place = str(spooled.path)
            raise StorageError(codes.BODY_CHANGED.at(place, sha256=sha256, found=found))
        return spooled

    def digests(self) -> Iterator[str]:
        """Yield the digests of all contents, in no order."""
        with files(str(self.directory)):
            for path in self.directory.glob("??/*"):
                yield path.parent.name + path.name

    def _path(self, sha256: str) -> Path:
        if _DIGEST.fullmatch(sha256) is None:
            raise Bug(codes.MISUSE.at(reason=f"not a digest: {sha256!r}"))
        return self.directory / sha256[:2] / sha256[2:]

    def _durable(self, sha256: str, size: int) -> Spooled | None:
        """Return a content that is whole; its name may be so new that it has to be synced."""
        path = self._path(sha256)
        with files(str(path)):
            if not path.is_file() or path.stat().st_size != size:
                return None
            sync(path.parent)
        return Spooled(sha256, size, path)

    def _prepare(self) -> None:
        """Make all directories at once, so that later only their content has to be synced."""
        for directory in (self.directory, self._temporary):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted = (self.directory / f"{first:02x}" for first in range(256))
        missing = [path for path in wanted if not path.is_dir()]
        for path in missing:
            path.mkdir(mode=0o700, exist_ok=True)
        if missing:
            sync(self.directory)
            sync(self.directory.parent)

    def _clean(self) -> None:
        for path in self._temporary.iterdir():
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue  # its writer has just finished
            try:
                if _try_lock(descriptor):
                    path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    @contextmanager
    def _new_file(self) -> Iterator[tuple[int, Path]]:
        with files(str(self._temporary)):
            descriptor, path = self._locked_file()
        try:
            yield descriptor, path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def _locked_file(self) -> tuple[int, Path]:
        while True:
            path = self._temporary / uuid.uuid4().hex
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            if _try_lock(descriptor) and os.fstat(descriptor).st_nlink:
                return descriptor, path
            os.close(descriptor)  # another process was cleaning at this very moment


def _copy(stream: Readable, descriptor: int, place: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(descriptor, "wb", buffering=0, closefd=False) as target:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            with files(place):
                _write_all(target, chunk)
    return digest.hexdigest(), size


def _write_all(target: io.FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[target.write(rest) :]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
