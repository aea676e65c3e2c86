"""Reading the files that a verb is given, and writing new ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

import click

from connector.cli.codes import NOT_WRITABLE, UNREADABLE
from connector.cli.output import tell_findings
from connector.errors import NoInputError

__all__ = ["cannot_write", "new_directory", "read_file", "write_file", "write_new"]

CANNOT_CREATE: Final = 73


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        NoInputError: it is not there or not readable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoInputError(UNREADABLE.at(str(path), reason=error.strerror)) from error


def write_new(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file that does not exist yet; exit with 73 if it does or cannot be written.

    What `data` raises while it is read goes through, and the file is taken away again.
    """
    try:
        with path.open("xb") as stream:
            _fill(stream, path, data)
    except OSError as error:
        raise cannot_write(path, error) from error


def _fill(stream: BinaryIO, path: Path, data: bytes | Iterable[bytes]) -> None:
    try:
        stream.writelines((data,) if isinstance(data, bytes) else data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_file(path: Path, data: bytes) -> None:
    """Write a file, over what stood there; exit with 73 if it cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise cannot_write(path, error) from error


def new_directory(path: Path) -> None:
    """Create a directory unless it is there; exit with 73 if it cannot be created."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> click.exceptions.Exit:
    """Tell that a path cannot be written and return what ends the verb with 73."""
    tell_findings([NOT_WRITABLE.at(str(path), reason=error.strerror or type(error).__name__)])
    return click.exceptions.Exit(CANNOT_CREATE)
