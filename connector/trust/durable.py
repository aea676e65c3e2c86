"""Files of trust data: on the disk when the call returns, never half-written."""

from __future__ import annotations

import os
from pathlib import Path

from connector.errors import StorageError
from connector.trust import data_codes as codes

__all__ = ["write_file"]

_MODE = 0o644


def write_file(path: Path, data: bytes, *, new_directory: bool = False) -> None:
    """Put a file in place at once and durably; raises StorageError, then nothing is changed.

    With `new_directory` its directory is made if it is not there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        if new_directory:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise StorageError(codes.FILE_NOT_WRITTEN.at(str(path), reason=reason)) from error


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
