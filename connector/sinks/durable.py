"""Files that are on disk when the call returns, or are not there at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from connector.errors import StorageError
from connector.model.content import Content
from connector.sinks import codes

__all__ = ["as_json", "copy", "directory", "locked", "move", "replace_file", "sync", "write"]

_CHUNK: Final = 1 << 20


def write(path: Path, data: bytes) -> None:
    """Write a file of a directory that nobody reads yet, through to the disk."""
    with path.open("wb") as stream:
        stream.write(data)
        _flush(stream)


def copy(content: Content, path: Path) -> None:
    """Copy a content in pieces, through to the disk.

    Raises StorageError if the bytes do not have the digest that was recorded of them.
    """
    digest = hashlib.sha256()
    with content.open() as source, path.open("wb") as stream:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
        _flush(stream)
    if digest.hexdigest() != content.sha256:
        raise StorageError(codes.CONTENT_DAMAGED.at(path.name, name=path.name))


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in place at once: readers see the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    write(temporary, data)
    temporary.replace(path)
    sync(path.parent)


def move(path: Path, target: Path) -> None:
    """Rename a directory, durable in both places."""
    path.rename(target)
    sync(target.parent)
    sync(path.parent)


def directory(path: Path) -> Path:
    """Return a directory, made durable if it was not there."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        sync(path.parent)
    return path


def sync(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return ("".join(_visible(sign) for sign in text) + "\n").encode()


def _visible(sign: str) -> str:
    if ord(sign) < 0x80 or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return sign
    return json.dumps(sign)[1:-1]


def _flush(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
