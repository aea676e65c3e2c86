"""Drop folders: which files are complete, and where they go once everything in them is durable.

A file is moved only if it is still what was read, and by a rename where that is possible. Moving
may be begun again at any point: what is at its goal already is only taken away from its source.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.errors import Finding, UnavailableError
from connector.sources import file_codes
from connector.sources.manifest import objection

__all__ = ["NO_DROP", "Drop"]

_CHUNK: Final = 1 << 20
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Drop:
    """What the settings say about a drop folder.

    `marker` and `manifest` have ``{name}`` or ``{stem}`` in them.
    """

    marker: str | None = None
    manifest: str | None = None
    archive: Path | None = None
    rejects: Path | None = None

    @property
    def moves(self) -> bool:
        """Whether files leave the folder."""
        return self.archive is not None or self.rejects is not None

    @property
    def may_be_empty(self) -> bool:
        """Whether an absent file is no fault: it was moved, or is not complete yet."""
        return self.moves or self.marker is not None or self.manifest is not None

    def ready(self, paths: Iterable[Path]) -> list[Path]:
        """Return the files that count: vouched for, no marker or manifest, not moved already."""
        kept = [path for path in paths if not self._is_moved(path)]
        vouching = {each for path in kept for each in self._beside(path)}
        return [
            path
            for path in kept
            if path not in vouching and all(each.is_file() for each in self._beside(path))
        ]

    def objection(self, path: Path) -> Finding | None:
        """Return why a file that counts must not be read yet: its manifest does not agree."""
        if self.manifest is None:
            return None
        manifest = _named(self.manifest, path)
        try:
            reason = objection(manifest, path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        return file_codes.MANIFEST.at(str(manifest), reason=reason) if reason else None

    def take_away(self, path: Path, companions: Iterable[Path], *, rejected: bool) -> None:
        """Move a file, its companions and its manifest; UnavailableError if that fails.

        The marker goes first: left behind it would vouch for the next file of that name.
        """
        directory = self.rejects if rejected else self.archive
        if directory is None:
            return
        manifest = _named(self.manifest, path) if self.manifest else None
        try:
            directory.mkdir(exist_ok=True)
            if self.marker is not None:
                _named(self.marker, path).unlink(missing_ok=True)
            for one in (*companions, path):
                _move(one, directory)
            if manifest is not None and manifest.is_file():
                _move(manifest, directory)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            finding = file_codes.ARCHIVE_FAILED.at(str(path), directory=directory, reason=reason)
            raise UnavailableError(finding) from error

    def _beside(self, path: Path) -> list[Path]:
        return [_named(each, path) for each in (self.marker, self.manifest) if each is not None]

    def _is_moved(self, path: Path) -> bool:
        places = (self.archive, self.rejects)
        return any(place is not None and path.is_relative_to(place) for place in places)


def _named(pattern: str, path: Path) -> Path:
    return path.parent / pattern.replace("{name}", path.name).replace("{stem}", path.stem)


NO_DROP: Final = Drop()
"""Files stay where they are."""


def _move(path: Path, directory: Path) -> None:
    """Move a file without writing over another one; the same content is not kept twice."""
    digest = _digest(path)
    target = directory / path.name
    if target.exists() and _digest(target) != digest:
        target = directory / f"{path.stem}.{digest[:_SHOWN]}{path.suffix}"
    if target.exists():
        path.unlink()
        return
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(path, target)
        path.unlink()
    _sync(directory)


def _copy(path: Path, target: Path) -> None:
    """Copy to another file system, so that the target is whole or not there."""
    unfinished = target.with_name(f".{target.name}.part")
    shutil.copy2(path, unfinished)
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(target)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
