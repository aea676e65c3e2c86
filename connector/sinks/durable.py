"""Files that are on disk when the call returns, or are not there at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from json.encoder import encode_basestring
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from connector import crash
from connector.disk import WRITTEN_AT_ONCE, Syncing, pour, write_all
from connector.errors import StorageError
from connector.model.content import BytesContent, Content
from connector.sinks import codes

__all__ = [
    "Group",
    "as_json",
    "copy",
    "directory",
    "locked",
    "move",
    "replace_file",
    "sync",
    "write",
]

_LARGE: Final = 8 << 20
"""Larger files are not read soon by whoever finds them, and would drive others out of the cache."""
_MOST_OPEN: Final = 256
_SUSPECT: Final = re.compile("[^\x00-\x7e\u00c0-\u024f\u0300-\u036f\u1ea0-\u1ef9]")
"""All that is neither ASCII nor a Latin letter or mark; few such characters are invisible."""

_quoted: Final = encode_basestring
_Place = str | Path


class Group:
    """Files of directories that nobody reads yet, brought through to the disk together.

    Whoever opens them waits once for all of them, at the end of the block, unless they are very
    many.
    """

    def __init__(self) -> None:
        self._open: list[int] = []
        self._directories: list[_Place] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._sync()
        finally:
            for descriptor in self._open:
                os.close(descriptor)

    def mkdir(self, path: _Place) -> None:
        """Make a directory; its names are synced with its files."""
        os.mkdir(path)  # noqa: PTH102 - several times a document, and a Path costs more than that
        self._directories.append(path)

    def write(self, path: _Place, data: bytes) -> None:
        """Write a file."""
        descriptor = self._new(path)
        crash.point("sink.opened")
        write_all(descriptor, data)
        crash.point("sink.written")

    def copy(self, content: Content, path: _Place) -> None:
        """Copy a content in pieces.

        Raises StorageError if the bytes do not have the digest that was recorded of them.
        """
        intact = _copy(content, self._new(path))
        crash.point("sink.copied")
        if not intact:
            name = Path(path).name
            raise StorageError(codes.CONTENT_DAMAGED.at(name, name=name))

    def _new(self, path: _Place) -> int:
        if len(self._open) == _MOST_OPEN:
            self._sync_open()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._open.append(descriptor)
        return descriptor

    def _sync(self) -> None:
        """Sync files and directories; however many they are, few are open at a time."""
        for path in self._directories:
            if len(self._open) == _MOST_OPEN:
                self._sync_open()
            self._open.append(_directory(path))
        self._sync_open()

    def _sync_open(self) -> None:
        with Syncing() as syncing:
            syncing.begin(self._open)
        while self._open:
            os.close(self._open.pop())


def _directory(path: _Place) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def write(path: Path, data: bytes) -> None:
    """Write a file of a directory that nobody reads yet, through to the disk."""
    with Group() as group:
        group.write(path, data)


def copy(content: Content, path: Path) -> None:
    """Copy a content in pieces, through to the disk; StorageError if it is damaged."""
    with Group() as group:
        group.copy(content, path)


def _copy(content: Content, descriptor: int) -> bool:
    """Copy a content; False if it does not have its digest. What is in memory has it."""
    if isinstance(content, BytesContent):
        write_all(descriptor, content.data)
        return True
    digest = hashlib.sha256()
    with content.open() as source:
        if content.size >= _LARGE:
            pour(source, descriptor, digest.update)
        else:
            while chunk := source.read(WRITTEN_AT_ONCE):
                digest.update(chunk)
                write_all(descriptor, chunk)
    return digest.hexdigest() == content.sha256


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in place at once: readers see the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    write(temporary, data)
    temporary.replace(path)
    sync(path.parent)


def move(path: Path, target: Path) -> None:
    """Rename a directory, durable in both places."""
    path.rename(target)
    crash.point("sink.renamed")
    sync(target.parent)
    sync(path.parent)


def directory(path: Path) -> Path:
    """Return a directory, made durable if it was not there."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        sync(path.parent)
    return path


def sync(path: _Place) -> None:
    """Make the names in a directory durable."""
    descriptor = _directory(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash.point("sink.synced")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; other threads and processes wait, a killed holder lets go."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def as_json(data: Any) -> bytes:
    """Return readable JSON in which invisible characters stand as escapes."""
    return (_SUSPECT.sub(_visible, _laid_out(data, "")) + "\n").encode()


def _laid_out(data: Any, margin: str) -> str:
    """Return a value as text; all lines but the first begin with the margin."""
    if type(data) is str:  # by far the most, and Python's calls are dear
        return _quoted(data)
    inner = margin + "  "
    if isinstance(data, dict) and data:
        lines = [
            f"{inner}{_quoted(str(name))}: "
            f"{_quoted(value) if type(value) is str else _laid_out(value, inner)}"
            for name, value in data.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
    if isinstance(data, list | tuple) and data:
        lines = [inner + _laid_out(value, inner) for value in data]
        return "[\n" + ",\n".join(lines) + f"\n{margin}]"
    return _quoted(data) if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def _visible(found: re.Match[str]) -> str:
    sign = found[0]
    if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return sign
    return json.dumps(sign)[1:-1]
