"""Manifests beside exports: lists of files with their SHA-256, as ``sha256sum`` writes them.

A copy over a network share can be whole in length and wrong in content; what a manifest vouches
for is read only when every file that it names is there, byte for byte.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path
from typing import Final

__all__ = ["objection"]

_LINE: Final = re.compile(r"([0-9A-Fa-f]{64}) [ *]([^\0]+)")
_MOST_BYTES: Final = 4 << 20


def objection(manifest: Path, export: Path) -> str | None:
    """Return why an export must not be read yet; None if all files named are as they should be.

    Names count from the manifest's directory, may not lead out of it and come once each. Raises
    OSError.
    """
    if manifest.stat().st_size > _MOST_BYTES:
        return "the manifest is too large"
    try:
        lines = manifest.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return "the manifest is no UTF-8 text"
    entries = [_LINE.fullmatch(line) for line in lines]
    if None in entries:
        return f"line {entries.index(None) + 1} of the manifest is not `SHA-256  NAME`"
    directory = _real(manifest.parent)
    there: set[Path] = set()
    for digest, name in (each.groups() for each in entries if each is not None):
        path, fault = _checked(directory, name, digest.lower())
        if fault is None and path in there:
            fault = "stands in it more than once"
        if fault is not None:
            return f"{name} {fault}"
        there.add(path)
    return None if _real(export) in there else f"{export.name} is not named in its manifest"


def _checked(directory: Path, name: str, digest: str) -> tuple[Path, str | None]:
    """Return the file that a line names, and what is wrong with it."""
    path = directory / name
    try:
        path = _real(path)
        return path, _fault(directory, path, digest)
    except OSError as error:
        return path, f"cannot be read: {error.strerror}"


def _fault(directory: Path, path: Path, digest: str) -> str | None:
    if not path.is_relative_to(directory):
        return "leads out of the manifest's directory"
    if not path.is_file():
        return "is not there yet"
    return None if _digest(path) == digest else "is not the file that the manifest names"


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:  # links in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
