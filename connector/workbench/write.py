"""Writes a new adapter; never over anything that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connector.errors import ConfigError, StorageError
from connector.workbench import codes

__all__ = ["check_free", "write_files"]


def check_free(directory: Path, names: Mapping[str, object] | tuple[str, ...]) -> None:
    """Raise ConfigError, with a finding for each, if a file that is to be written exists."""
    there = [directory / name for name in names if (directory / name).exists()]
    if there:
        raise ConfigError(*(codes.EXISTS.at(str(path)) for path in there))


def write_files(directory: Path, files: Mapping[str, str | bytes]) -> None:
    """Write new files below a directory, made where needed.

    Raises ConfigError if one exists already (then nothing was written), StorageError if the disk
    refuses.
    """
    check_free(directory, tuple(files))
    for name, content in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                stream.write(content.encode() if isinstance(content, str) else content)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(codes.UNWRITABLE.at(str(path), reason=reason)) from error
